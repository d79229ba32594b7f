// Tests of reading entries back from the log's files while the log goes on.
#include "tests/broker_core/wal/log_bench.h"
#include "tests/support/manual_disk.h"

#include <rapidcheck.h>

#include <array>

namespace broker::wal {
namespace {

using test::LogBench;
using Kind = test::ScriptedDisk::Kind;

std::vector<EntriesRead> take_read(Wal& log) {
    Wal::Output output;
    log.take(output);
    return std::move(output.read);
}

/// A log of `count` stored entries, each in a group of its own.
struct FilledLog : LogBench {
    explicit FilledLog(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            append_group();
        }
        settle();
        take_read(log());
    }
};

}  // namespace

TEST_CASE("log reader: a run of entries comes back as it was appended", "[wal]") {
    FilledLog bench{5};

    std::uint64_t const number = bench.log().read(LogIndex{2}, LogIndex{4}, 1 << 20);
    CHECK(take_read(bench.log()).empty());
    bench.complete(Kind::read);
    std::vector<EntriesRead> const read = take_read(bench.log());

    REQUIRE(read.size() == 1);
    CHECK(read[0].number == number);
    REQUIRE(read[0].entries.size() == 3);
    CHECK(read[0].entries.front().index == LogIndex{2});
    CHECK(read[0].entries.back().index == LogIndex{4});
    CHECK(read[0].entries[1].payload == Bytes(40, std::byte{0x70}));
    CHECK(bench.probes.count(Probe::log_read_again) == 0);
}

TEST_CASE("log reader: a limit of bytes ends the run, but never before one entry", "[wal]") {
    FilledLog bench{5};
    struct Row {
        std::uint64_t max_bytes;
        std::size_t entries;
    };
    auto const row = GENERATE(Row{0, 1}, Row{1, 1}, Row{2 * frame_bytes(40), 2},
                              Row{2 * frame_bytes(40) + 1, 2}, Row{1 << 20, 5});

    bench.log().read(LogIndex{1}, LogIndex{5}, row.max_bytes);
    bench.complete(Kind::read);

    CHECK(take_read(bench.log()).at(0).entries.size() == row.entries);
}

TEST_CASE("log reader: a reading that comes in parts is asked for to its end", "[wal]") {
    FilledLog bench{5};
    bench.disk.longest_read = 30;

    bench.log().read(LogIndex{1}, LogIndex{5}, 1 << 20);
    while (bench.disk.count(Kind::read) > 0) {
        bench.complete(Kind::read);
    }

    CHECK(take_read(bench.log()).at(0).entries.size() == 5);
    CHECK(bench.probes.count(Probe::log_read_again) == 0);
}

TEST_CASE("log reader: what fails once, or is wrong once, is read again", "[wal]") {
    FilledLog bench{3};
    std::string const file = "p0-0000000000000001.log";
    bench.log().read(LogIndex{1}, LogIndex{3}, 1 << 20);
    SECTION("an error") {
        bench.complete(Kind::read, DiskOutcome::io_error);
    }
    SECTION("bytes that are not what was written") {
        Bytes const right = bench.disk.content(file);
        std::size_t const place = GENERATE(as<std::size_t>{}, 512, 530, 512 + 48, 612, 700);
        bench.disk.content(file)[place] ^= std::byte{4};
        bench.complete(Kind::read);
        bench.disk.content(file) = right;
    }
    SECTION("an end that is too early") {
        Bytes const right = bench.disk.content(file);
        bench.disk.content(file).resize(600);
        bench.complete(Kind::read);  // a part
        bench.complete(Kind::read);  // nothing
        bench.disk.content(file) = right;
    }
    CHECK(take_read(bench.log()).empty());
    CHECK(bench.probes.count(Probe::log_read_again) == 1);
    bench.complete(Kind::read);

    CHECK(take_read(bench.log()).at(0).entries.size() == 3);
    CHECK_FALSE(bench.log().failed());
}

TEST_CASE("log reader: what stays wrong fails the log, and is never handed out", "[wal]") {
    FilledLog bench{3};
    Bytes& content = bench.disk.content("p0-0000000000000001.log");
    bool const is_error = GENERATE(false, true);
    if (!is_error) {
        // Another frame of the same log, whole and valid for where it was written.
        std::size_t const first = frame_start(segment_header_bytes);
        std::size_t const second = frame_start(first + frame_bytes(40));
        std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(second), frame_bytes(40),
                    content.begin() + static_cast<std::ptrdiff_t>(first));
    }

    bench.log().read(LogIndex{1}, LogIndex{3}, 1 << 20);
    for (std::uint32_t i = 0; i < LogReader::attempts_max; ++i) {
        CHECK_FALSE(bench.log().failed());
        bench.complete(Kind::read, is_error ? DiskOutcome::io_error : DiskOutcome::ok);
    }

    CHECK(bench.log().failed());
    CHECK(bench.disk.count(Kind::read) == 0);
    CHECK(take_read(bench.log()).empty());
}

TEST_CASE("log reader: a file that is gone fails the log only if nobody removed it", "[wal]") {
    WalTuning tuning = test::manual_groups();
    LogBench bench{tuning};
    for (int i = 0; i < 60; ++i) {
        bench.append_group(1, 200);
    }
    bench.settle();
    take_read(bench.log());
    bool const is_removed = GENERATE(true, false);
    if (is_removed) {
        bench.log().compact(Base{LogIndex{20}, Term{1}, false, Bytes(10)});
    }
    bench.settle();
    take_read(bench.log());
    LogIndex const first = is_removed ? LogIndex{21} : LogIndex{1};

    bench.log().read(first, LogIndex{60}, 1 << 20);
    REQUIRE(bench.disk.count(Kind::read) == 1);
    if (is_removed) {
        // Meanwhile the rest goes as well.
        bench.log().compact(Base{LogIndex{60}, Term{1}, false, Bytes(10)});
        while (bench.disk.pending().size() > 1) {
            bench.log().on_disk_done(bench.now, bench.disk.complete_at(1));
        }
    }
    bench.log().on_disk_done(bench.now, bench.disk.complete(Kind::read, DiskOutcome::not_found));

    CHECK_FALSE(bench.log().failed() == is_removed);
}

namespace {

/// A log on the simulated disk, and what its entries ought to be.
class Twin : brokersim::test::ManualDisk {
public:
    explicit Twin(std::uint64_t seed) : ManualDisk{seed} { boot(); }

    void append(std::size_t size, std::uint64_t term) {
        term_ = std::max(term_, term);
        Bytes payload(size);
        for (std::byte& byte : payload) {
            byte = static_cast<std::byte>(++drawn_ * 37);
        }
        log_->append(Time{}, log_->last_index().next(), Term{term_}, size % 3 == 0, payload);
        model_.push_back({Term{term_}, size % 3 == 0, std::move(payload)});
    }
    void flush() {
        log_->flush();
        run();
    }
    void cut(std::uint64_t count) {
        if (model_.empty()) {
            return;
        }
        std::size_t const kept = model_.size() - 1 - count % model_.size();
        model_.resize(kept);
        log_->truncate(Time{}, start_ + kept + 1, kept == 0 ? start_term_ : model_.back().term);
        flush();
    }
    void compact(std::uint64_t count) {
        flush();
        std::size_t const gone = model_.empty() ? 0 : count % model_.size();
        if (gone == 0 || log_->compacting()) {
            return;
        }
        start_term_ = model_[gone - 1].term;
        start_ = start_ + gone;
        model_.erase(model_.begin(), model_.begin() + static_cast<std::ptrdiff_t>(gone));
        log_->compact(Base{start_, start_term_, false, Bytes(5)});
        run();
    }
    void restart() {
        flush();
        crash_process();
        boot();
    }
    /// Every entry that is stored, in runs of at most max_bytes.
    void check(std::uint64_t max_bytes) {
        for (LogIndex next = start_.next(); next <= log_->stored();) {
            log_->read(next, log_->stored(), max_bytes);
            run();
            RC_ASSERT(!log_->failed());
            std::vector<EntriesRead> const read = take_read(*log_);
            RC_ASSERT(read.size() == 1U);
            RC_ASSERT(!read[0].entries.empty());
            for (const RecoveredEntry& entry : read[0].entries) {
                const Entry& right = model_.at(next.value() - start_.value() - 1);
                RC_ASSERT(entry.index == next);
                RC_ASSERT(entry.term == right.term);
                RC_ASSERT(entry.control == right.control);
                RC_ASSERT(entry.payload == right.payload);
                next = next.next();
            }
        }
        RC_ASSERT(probes_.count(Probe::log_read_again) == 0U);
    }

private:
    struct Entry {
        Term term;
        bool control;
        Bytes payload;
    };
    void boot() {
        WalTuning tuning;
        tuning.segment_bytes = 4096;
        tuning.group_window = 1'000_s;
        tuning.pad_groups = model_.size() % 2 == 1;
        log_.emplace(tuning, LogBench::identity, PartitionId{}, disk, ops_, probes_);
        Result<Booted> const booted = log_->boot();
        RC_ASSERT(booted.has_value());
        run();
        RC_ASSERT(log_->open());
        RC_ASSERT(booted->entries.size() == model_.size());
        take_read(*log_);
    }
    void run() {
        while (pending() > 0) {
            log_->on_disk_done(Time{}, complete_at(0));
        }
    }

    OpIds ops_;
    Probes probes_;
    std::optional<Wal> log_;
    LogIndex start_;
    Term start_term_;
    std::vector<Entry> model_;  // of the entry start_ + 1 + i at i
    std::uint64_t term_ = 1;
    std::uint64_t drawn_ = 0;
};

}  // namespace

TEST_CASE("log reader: after any life of a log all of it reads back byte for byte", "[wal]") {
    bool const held = rc::check("lives", [] {
        auto const steps = *rc::gen::container<std::vector<std::array<std::uint32_t, 2>>>(
            rc::gen::container<std::array<std::uint32_t, 2>>(
                rc::gen::inRange<std::uint32_t>(0, 20'000)));
        Twin twin{7};
        for (const auto& [what, how] : steps) {
            switch (what % 8) {
                case 0:
                    twin.flush();
                    break;
                case 1:
                    twin.cut(how);
                    break;
                case 2:
                    twin.compact(how);
                    break;
                case 3:
                    twin.restart();
                    break;
                default:
                    twin.append(how % 1'500, 1 + what % 5);
                    break;
            }
        }
        twin.flush();
        twin.check(1 + steps.size() * 100);
    });
    CHECK(held);
}

}  // namespace broker::wal
