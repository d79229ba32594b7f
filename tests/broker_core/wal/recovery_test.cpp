// Tests of recovery: one file of small damaged logs per row of the decision table in recovery.h.
//
// A file of tests/datadriven/recovery builds one log after another with these commands:
//   new                           an empty log: segment 1; nothing is known durable
//   append size=N [term=T] [count=K] [fill=B]   entries of N bytes B, behind each other
//   truncate from=I               a frame that removes entry I and all behind it
//   sync                          all that was appended is known durable to frames from here on
//   rotate                        the next segment, whose header ends this one
//   fork from=S                   the next segment, which ends segment S at its header
//   grow to=N                     zeros up to N bytes, as preallocation leaves them
//   flip frame=I [part=payload]   one bit of the I-th frame of the log (header, if not said)
//   flip segment=S                one bit of that segment's header
//   rechain frame=I               a frame that is sound, but names another predecessor
//   zero frame=I                  the whole frame reads as zeros
//   zero sector=K                 sector K of the last segment reads as zeros
//   garbage bytes=N [segment=S]   bytes that mean nothing, behind the last frame
//   cut by=N                      the last segment ends N bytes earlier
//   drop segment=S                the file is not there
//   foreign disk=D                whoever asks has another disk
//   recover                       verdict; kept, copied and cut; what the fresh segment says
#include "broker_core/wal/recovery.h"

#include "tests/support/datadriven.h"

#include <fmt/core.h>

namespace broker::wal {
namespace {

class LogScript {
public:
    std::string run(test::Command const& command) {
        if (command.name == "new") {
            begin();
        } else if (command.name == "append") {
            for (std::int64_t i = 0; i < command.number("count", 1); ++i) {
                append_entry(command);
            }
        } else if (command.name == "truncate") {
            last_index_ = LogIndex{unsigned_of(command, "from")}.previous();
            frame(frame_truncate, LogIndex{unsigned_of(command, "from")}, term_, {});
        } else if (command.name == "sync") {
            frontier_ = header_.base + image().bytes.size();
        } else if (command.name == "rotate") {
            rotate();
        } else if (command.name == "fork") {
            fork(images_.at(unsigned_of(command, "from") - 1));
        } else if (command.name == "recover") {
            return recover();
        } else {
            return damage(command);
        }
        return "";
    }

private:
    struct Place {
        std::size_t image;
        std::uint64_t offset;
        std::uint64_t end;
    };

    static std::uint64_t unsigned_of(test::Command const& command, std::string const& key) {
        return static_cast<std::uint64_t>(command.number(key));
    }
    SegmentImage& image() { return images_.back(); }

    void begin() {
        *this = LogScript{};
        open_segment(SegmentHeader{identity_.cluster, identity_.node, identity_.disk, PartitionId{},
                                   SegmentId{1}, WalPosition{}, LogIndex{1}, Term{}, SegmentId{}});
    }
    void open_segment(SegmentHeader const& header) {
        header_ = header;
        images_.push_back(
            {segment_name(PartitionId{}, header.segment), encode_segment_header(header)});
        chain_ = segment_header_crc(image().bytes);
    }
    void rotate() {
        SegmentHeader next = header_;
        next.segment = header_.segment.next();
        next.base = header_.base + image().bytes.size();
        next.first_index = last_index_.next();
        next.term_before = last_index_ == LogIndex{} ? Term{} : term_;
        next.previous = header_.segment;
        next.previous_length = image().bytes.size();
        next.previous_chain = chain_;
        open_segment(next);
    }
    void fork(SegmentImage const& from) {
        SegmentHeader next = *decode_segment_header(from.bytes);
        last_index_ = next.first_index.previous();
        next.base = next.base + segment_header_bytes;
        next.previous = next.segment;
        next.previous_length = segment_header_bytes;
        next.previous_chain = segment_header_crc(from.bytes);
        next.segment = header_.segment.next();
        open_segment(next);
    }
    void append_entry(test::Command const& command) {
        term_ = Term{static_cast<std::uint64_t>(command.number("term", 1))};
        ++last_index_;
        auto const fill = static_cast<std::byte>(command.number("fill", 0x70));
        Bytes const payload(unsigned_of(command, "size"), fill);
        frame(frame_entry, last_index_, term_, payload);
    }
    void frame(std::uint16_t flags, LogIndex index, Term term, ByteSpan payload) {
        Bytes& bytes = image().bytes;
        bytes.resize(frame_start(bytes.size()));
        FrameHeader header;
        header.flags = flags;
        header.index = index;
        header.term = term;
        header.frontier = frontier_;
        header.previous = chain_;
        std::uint64_t const offset = bytes.size();
        chain_ = encode_frame(bytes, header, payload, header_.segment, offset);
        frames_.push_back(Place{images_.size() - 1, offset, bytes.size()});
    }

    std::string damage(test::Command const& command) {
        if (command.name == "grow") {
            image().bytes.resize(unsigned_of(command, "to"));
        } else if (command.name == "garbage") {
            std::size_t const which =
                command.has("segment") ? unsigned_of(command, "segment") : images_.size();
            Bytes& bytes = images_.at(which - 1).bytes;
            bytes.resize(bytes.size() + unsigned_of(command, "bytes"), std::byte{0xa5});
        } else if (command.name == "cut") {
            image().bytes.resize(image().bytes.size() - unsigned_of(command, "by"));
        } else if (command.name == "base") {
            base_ = Base{LogIndex{unsigned_of(command, "index")},
                         Term{unsigned_of(command, "term")},
                         command.has("installed"),
                         {}};
        } else if (command.name == "foreign") {
            identity_.disk = DiskUuid{unsigned_of(command, "disk")};
        } else if (command.name == "drop") {
            std::erase_if(images_, [&](SegmentImage const& segment) {
                return segment.name ==
                       segment_name(PartitionId{}, SegmentId{unsigned_of(command, "segment")});
            });
        } else if (command.name == "flip" && command.has("segment")) {
            images_.at(unsigned_of(command, "segment") - 1).bytes[20] ^= std::byte{1};
        } else if (command.name == "flip") {
            Place const& place = frames_.at(unsigned_of(command, "frame") - 1);
            std::uint64_t const within = command.text("part") == "payload" ? 48 : 17;
            images_[place.image].bytes[place.offset + within] ^= std::byte{1};
        } else if (command.name == "rechain") {
            Place const& place = frames_.at(unsigned_of(command, "frame") - 1);
            Bytes& bytes = images_[place.image].bytes;
            FrameHeader header =
                *decode_frame_header(bytes, SegmentId{place.image + 1}, place.offset);
            header.previous ^= 1U;
            Bytes const payload(
                bytes.begin() + static_cast<std::ptrdiff_t>(place.offset + 48),
                bytes.begin() + static_cast<std::ptrdiff_t>(place.offset + 48 + header.length));
            Bytes frame;
            encode_frame(frame, header, payload, SegmentId{place.image + 1}, place.offset);
            std::copy(frame.begin(), frame.end(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(place.offset));
        } else if (command.name == "zero" && command.has("sector")) {
            zero(image().bytes, 512 * unsigned_of(command, "sector"), 512);
        } else if (command.name == "zero") {
            Place const& place = frames_.at(unsigned_of(command, "frame") - 1);
            zero(images_[place.image].bytes, place.offset, place.end - place.offset);
        } else {
            return "no such command: " + command.name;
        }
        return "";
    }
    static void zero(Bytes& bytes, std::uint64_t from, std::uint64_t count) {
        REQUIRE(from < bytes.size());
        auto const begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
        std::fill_n(begin, std::min<std::uint64_t>(count, bytes.size() - from), std::byte{0});
    }

    [[nodiscard]] std::string recover() const {
        auto const log = recover_log(images_, identity_, PartitionId{}, header_.segment, base_);
        if (!log) {
            const char* const code = log.error().code == ErrorCode::foreign ? "foreign" : "damaged";
            return fmt::format("{}: {}", code, log.error().where);
        }
        std::string text =
            fmt::format("entries={} kept={} copied={} cut={} torn={}", log->entries.size(),
                        log->report.frames_kept, log->report.frames_copied, log->report.bytes_cut,
                        log->report.torn ? "yes" : "no");
        if (!log->entries.empty()) {
            text += fmt::format(" last_term={}", log->entries.back().term.value());
        }
        text += fmt::format("\nsegment {} follows {} at {}, first_index={}, base={}",
                            log->fresh.segment.value(), log->fresh.previous.value(),
                            log->fresh.previous_length, log->fresh.first_index.value(),
                            log->fresh.base.value());
        if (log->report.replaced) {
            text += "\nthe log was void";
        }
        for (std::string const& name : log->stale) {
            text += "\nstale " + name;
        }
        return text;
    }

    Base base_;
    DiskIdentity identity_{ClusterId{1}, BrokerId{1}, DiskUuid{1}};
    std::vector<SegmentImage> images_;
    std::vector<Place> frames_;
    SegmentHeader header_;
    std::uint32_t chain_ = 0;
    LogIndex last_index_;
    Term term_;
    WalPosition frontier_;
};

void run_script(const char* name) {
    LogScript script;
    test::run_datadriven(std::filesystem::path{BROKERSIM_DATADRIVEN_DIR} / "recovery" / name,
                         [&](test::Command const& command) { return script.run(command); });
}

}  // namespace

TEST_CASE("recovery: a base ends the chain, or makes a log void", "[wal]") {
    run_script("base.txt");
}

TEST_CASE("recovery: a bad frame before the stated end of a sealed segment is damage", "[wal]") {
    run_script("sealed_segment.txt");
}

TEST_CASE("recovery: a missing segment of the chain, or a bad header, is damage", "[wal]") {
    run_script("missing_segment.txt");
}

TEST_CASE("recovery: a bad frame that a later frame claims durable is damage", "[wal]") {
    run_script("claimed_durable.txt");
}

TEST_CASE("recovery: a bad frame that nobody claims durable is a torn tail, and is cut", "[wal]") {
    run_script("torn_tail.txt");
}

TEST_CASE("recovery: zeros behind the last frame are a clean end", "[wal]") {
    run_script("clean_end.txt");
}

TEST_CASE("recovery: what is not proven durable is written again", "[wal]") {
    run_script("copied_tail.txt");
}

TEST_CASE("recovery: truncations are replayed", "[wal]") {
    run_script("truncations.txt");
}

TEST_CASE("recovery: foreign segments are refused and stale ones are named", "[wal]") {
    run_script("foreign_and_stale.txt");
}

TEST_CASE("recovery: one image gives one log, however often and in whatever order it is read",
          "[wal]") {
    LogScript script;
    for (const char* line : {"new", "append size=100 count=3", "sync", "append size=600", "rotate",
                             "append size=40", "garbage bytes=9"}) {
        script.run(test::parse_command(line));
    }

    std::string const once = script.run(test::parse_command("recover"));
    std::string const twice = script.run(test::parse_command("recover"));

    CHECK(once == twice);
    CHECK(once.starts_with("entries=5 "));
}

}  // namespace broker::wal
