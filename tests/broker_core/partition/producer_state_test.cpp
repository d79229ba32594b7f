// The producer table: dialogues rule by rule, and rollback against the fold from scratch.
#include "broker_core/partition/producer_state.h"

#include "tests/support/datadriven.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include <sstream>
#include <string>
#include <vector>

using namespace broker;
using namespace broker::partition;
using broker::test::Command;

namespace {

/// A batch as a test speaks of it.
struct Sent {
    std::int64_t pid = -1;
    std::int16_t epoch = 0;
    std::int32_t first = 0;
    std::int32_t count = 1;
    std::int64_t time_ms = 0;
};

Bytes encode(const Sent& sent) {
    Bytes bytes;
    bool const idempotent = sent.pid >= 0;
    RecordBatchBuilder builder{
        bytes,
        {ProducerId{sent.pid}, ProducerEpoch{idempotent ? sent.epoch : std::int16_t{-1}},
         Sequence{idempotent ? sent.first : -1}}};
    for (std::int32_t i = 0; i < sent.count; ++i) {
        builder.add({.timestamp_ms = sent.time_ms});
    }
    builder.finish();
    return bytes;
}

/// One partition with a log of batches and its table, driven by the commands of a file.
class Dialogue {
public:
    std::string run(const Command& command) {
        if (command.name == "options") {
            return options(command);
        }
        if (command.name == "check") {
            return show(state_.check(range(command)));
        }
        if (command.name == "send") {
            return send(command);
        }
        if (command.name == "log_start") {
            ++end_;  // an entry like any other of the broker's: nobody is forgotten
            return "";
        }
        if (command.name == "truncate") {
            end_ = Offset{command.number("to")};
            state_.truncate_to(end_);
            return "";
        }
        if (command.name == "stable") {
            state_.forget_undo_below(Offset{command.number("below")});
            return "undo " + std::to_string(state_.undo_size());
        }
        if (command.name == "show") {
            return show_table();
        }
        return "unknown command " + command.name;
    }

private:
    std::string options(const Command& command) {
        state_ = ProducerState{
            {.unknown_producer = command.text("unknown") == "permissive"
                                     ? UnknownProducer::permissive
                                     : UnknownProducer::strict,
             .expiry = Duration{command.number("expiry_ms", 86'400'000) * 1'000'000}}};
        end_ = Offset{0};
        return "";
    }

    /// seq=4..6 or seq=4; the last may be smaller than the first, after a wrap.
    static Sent sent(const Command& command) {
        std::string const text = command.text("seq", "0");
        std::size_t const dots = text.find("..");
        auto const first = static_cast<std::int32_t>(std::stoll(text));
        auto const last = dots == std::string::npos
                              ? first
                              : static_cast<std::int32_t>(std::stoll(text.substr(dots + 2)));
        auto const distance =
            (static_cast<std::uint32_t>(last) - static_cast<std::uint32_t>(first)) & 0x7fffffffU;
        return {.pid = command.number("pid", -1),
                .epoch = static_cast<std::int16_t>(command.number("epoch")),
                .first = first,
                .count = static_cast<std::int32_t>(distance) + 1,
                .time_ms = command.number("time")};
    }

    static ProducedRange range(const Command& command) {
        Sent const batch = sent(command);
        return {ProducerId{batch.pid}, ProducerEpoch{batch.epoch}, Sequence{batch.first},
                sequence_after(Sequence{batch.first}, batch.count - 1)};
    }

    /// What a leader does: check, and append only if the verdict is to append. With `force`
    /// what a follower does: apply whatever the log holds.
    std::string send(const Command& command) {
        Sent const batch = sent(command);
        if (batch.pid >= 0 && !command.has("force")) {
            ProducerCheck const check = state_.check(range(command));
            if (check.verdict != ProducerVerdict::append) {
                return show(check);
            }
        }
        Bytes const bytes = encode(batch);
        state_.apply(RecordBatchView{bytes}, end_);
        std::string const text = "appended at " + std::to_string(end_.value());
        end_ = end_ + batch.count;
        return text;
    }

    static std::string show(const ProducerCheck& check) {
        std::string text = name_of(check.verdict);
        if (check.verdict == ProducerVerdict::duplicate) {
            text += " of " + std::to_string(check.first_offset.value()) + ".." +
                    std::to_string(check.last_offset.value());
        }
        return text;
    }

    std::string show_table() const {
        std::ostringstream text;
        text << "log time " << state_.log_time_ms() << ", undo " << state_.undo_size() << "\n";
        for (const auto& [id, entry] : state_.producers()) {
            text << "pid " << id.value() << " epoch " << entry.epoch().value() << " used "
                 << entry.last_use_ms() << ":";
            for (const ProducerBatch& batch : entry.batches()) {
                text << " " << batch.first_sequence.value() << ".." << batch.last_sequence.value()
                     << "@" << batch.first_offset.value();
            }
            text << "\n";
        }
        return text.str();
    }

    ProducerState state_;
    Offset end_{0};
};

/// One entry of a test log: a batch, or one of the broker's own.
struct Entry {
    Offset offset;
    Bytes batch;
    Offset log_start;
};

void apply(ProducerState& state, const Entry& entry) {
    if (!entry.batch.empty()) {  // else one of the broker's own
        state.apply(RecordBatchView{entry.batch}, entry.offset);
    }
}

/// Few producers, epochs and times that often collide, expire and bump.
Sent drawn_batch() {
    Sent batch;
    batch.pid = *rc::gen::inRange(-1, 4);
    batch.epoch = *rc::gen::inRange<std::int16_t>(0, 2);
    batch.first = *rc::gen::inRange(0, 20);
    batch.count = *rc::gen::inRange(1, 4);
    batch.time_ms = *rc::gen::inRange(0, 400);
    return batch;
}

}  // namespace

TEST_CASE("producer state: the dialogues", "[partition]") {
    test::for_each_datadriven(std::string{BROKERSIM_DATADRIVEN_DIR} + "/producer_state",
                              [](const std::filesystem::path& path) {
                                  Dialogue dialogue;
                                  test::run_datadriven(path, [&](const Command& command) {
                                      return dialogue.run(command);
                                  });
                              });
}

TEST_CASE("producer state: rollback equals the fold of what remains", "[partition]") {
    rc::prop("after any applies, truncations and stable marks", [] {
        ProducerStateOptions const options{.expiry = Duration{100'000'000}};
        ProducerState state{options};
        std::vector<Entry> log;
        std::size_t stable_count = 0;
        Offset end{0};
        auto const boundary = [&](std::size_t count) {
            return count < log.size() ? log[count].offset : end;
        };
        auto const steps = *rc::gen::inRange(1, 60);
        for (int step = 0; step < steps; ++step) {
            auto const choice = *rc::gen::inRange(0, 10);
            auto const count = *rc::gen::inRange(stable_count, log.size() + 1);
            if (choice < 7) {
                Sent const batch = drawn_batch();
                log.push_back({end, encode(batch), Offset{0}});
                end = end + batch.count;
                apply(state, log.back());
            } else if (choice == 7) {
                log.push_back({end, {}, boundary(count)});
                ++end;
                apply(state, log.back());
            } else if (choice == 8) {
                end = boundary(count);
                log.resize(count);
                state.truncate_to(end);
            } else {
                stable_count = count;
                state.forget_undo_below(boundary(count));
            }

            ProducerState scratch{options};
            for (const Entry& entry : log) {
                apply(scratch, entry);
            }
            RC_ASSERT(state.producers().size() == scratch.producers().size());
            bool const same = state == scratch;
            RC_ASSERT(same);
            RC_ASSERT(state.hash() == scratch.hash());
        }
    });
}

TEST_CASE("producer state: a check changes nothing", "[partition]") {
    rc::prop("whatever is asked", [] {
        ProducerState state;
        Bytes const bytes = encode(drawn_batch());
        state.apply(RecordBatchView{bytes}, Offset{0});
        std::uint64_t const before = state.hash();

        Sent const asked = drawn_batch();
        static_cast<void>(state.check({ProducerId{asked.pid}, ProducerEpoch{asked.epoch},
                                       Sequence{asked.first}, Sequence{asked.first}}));

        RC_ASSERT(state.hash() == before);
    });
}

TEST_CASE("producer state: a snapshot holds the table and is refused when damaged", "[partition]") {
    rc::prop("for any log", [] {
        ProducerState state;
        auto const batches_count = *rc::gen::inRange(0, 12);
        for (int i = 0; i < batches_count; ++i) {
            Bytes const batch = encode(drawn_batch());
            state.apply(RecordBatchView{batch}, state.next_offset());
        }
        Bytes bytes;
        state.encode(bytes);

        Result<ProducerState> const decoded =
            ProducerState::decode(bytes, state.next_offset(), ProducerStateOptions{});
        RC_ASSERT(decoded.has_value());
        bool const same = *decoded == state;
        RC_ASSERT(same);
        RC_ASSERT(decoded->hash() == state.hash());
        bool const at_end = decoded->next_offset() == state.next_offset();
        RC_ASSERT(at_end);

        for (std::size_t size = 0; size < bytes.size(); ++size) {
            Bytes const cut{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
            RC_ASSERT(!ProducerState::decode(cut, state.next_offset(), {}).has_value());
        }
        bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] ^= std::byte{0x80};
        static_cast<void>(ProducerState::decode(bytes, state.next_offset(), {}));
    });
}

TEST_CASE("producer state: the undo log is released as entries become stable", "[partition]") {
    ProducerState state;
    for (std::int32_t i = 0; i < 1000; ++i) {
        Bytes const bytes = encode({.pid = 1, .first = i});
        state.apply(RecordBatchView{bytes}, Offset{i});
        state.forget_undo_below(Offset{i - 9});
        CHECK(state.undo_size() <= 10);
    }
    CHECK(state.next_offset() == Offset{1000});
}
