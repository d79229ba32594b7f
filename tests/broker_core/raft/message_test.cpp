// Tests of Raft messages as bytes.
#include "broker_core/raft/message.h"

#include "tests/support/hex.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace broker::raft {
namespace {

Bytes drawn_bytes(std::size_t size_max) {
    auto const size = *rc::gen::inRange<std::size_t>(0, size_max + 1);
    Bytes bytes(size);
    for (std::byte& b : bytes) {
        b = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    }
    return bytes;
}

Log drawn_log() {
    Log log{{}, Snapshot{}};
    auto const entries = *rc::gen::inRange(0, 6);
    for (int i = 0; i < entries; ++i) {
        log.append(Entry{Term{*rc::gen::arbitrary<std::uint64_t>()}, *rc::gen::arbitrary<bool>(),
                         drawn_bytes(40)});
    }
    return log;
}

/// A message that carries all entries of `log` behind the first `index`.
Message drawn_message(Log const& log) {
    Message message;
    message.kind = static_cast<MessageKind>(*rc::gen::inRange(0, 11));
    message.from = BrokerId{*rc::gen::arbitrary<std::uint32_t>()};
    message.to = BrokerId{*rc::gen::arbitrary<std::uint32_t>()};
    message.term = Term{*rc::gen::arbitrary<std::uint64_t>()};
    message.reject = *rc::gen::arbitrary<bool>();
    message.force = *rc::gen::arbitrary<bool>();
    message.from_disk = DiskUuid{*rc::gen::arbitrary<std::uint64_t>()};
    message.to_disk = DiskUuid{*rc::gen::arbitrary<std::uint64_t>()};
    message.log_term = Term{*rc::gen::arbitrary<std::uint64_t>()};
    std::uint64_t const last = log.last_index().value();
    message.index = LogIndex{*rc::gen::inRange<std::uint64_t>(0, last + 1)};
    message.first = message.index.next();
    switch (message.kind) {
        case MessageKind::append:
            message.commit = LogIndex{*rc::gen::arbitrary<std::uint64_t>()};
            message.count = static_cast<std::uint32_t>(last - message.index.value());
            break;
        case MessageKind::append_reply:
            message.hint = LogIndex{*rc::gen::arbitrary<std::uint64_t>()};
            break;
        case MessageKind::heartbeat:
            message.commit = LogIndex{*rc::gen::arbitrary<std::uint64_t>()};
            message.round = *rc::gen::arbitrary<std::uint64_t>();
            break;
        case MessageKind::heartbeat_reply:
            message.round = *rc::gen::arbitrary<std::uint64_t>();
            break;
        case MessageKind::snapshot:
            message.index = log.start();
            message.first = message.index.next();
            message.total = log.snapshot_bytes().size();
            message.offset = *rc::gen::inRange<std::uint64_t>(0, message.total + 1);
            message.count = static_cast<std::uint32_t>(message.total - message.offset);
            break;
        case MessageKind::snapshot_reply:
            message.offset = *rc::gen::arbitrary<std::uint64_t>();
            break;
        case MessageKind::pre_vote:
        case MessageKind::pre_vote_reply:
        case MessageKind::vote:
        case MessageKind::vote_reply:
        case MessageKind::timeout_now:
            break;
    }
    return message;
}

}  // namespace

TEST_CASE("raft message: the bytes are those of the layout", "[raft]") {
    Log log;
    log.append(Entry{Term{1}, true, {}});
    log.append(Entry{Term{2}, false, Bytes{std::byte{0xab}, std::byte{0xcd}}});
    Message const message{.kind = MessageKind::append,
                          .from = BrokerId{1},
                          .to = BrokerId{2},
                          .term = Term{3},
                          .from_disk = DiskUuid{7},
                          .to_disk = DiskUuid{9},
                          .index = LogIndex{1},
                          .log_term = Term{1},
                          .commit = LogIndex{1},
                          .first = LogIndex{2},
                          .count = 1};
    Bytes bytes;

    encode(bytes, message, log);

    CHECK(test::to_hex(bytes) ==
          test::to_hex(test::from_hex(
              "04 00  01 00 00 00  02 00 00 00  07 00 00 00 00 00 00 00  09 00 00 00 00 00 00 00"
              "03 00 00 00 00 00 00 00  01 00 00 00 00 00 00 00  01 00 00 00 00 00 00 00"
              "01 00 00 00 00 00 00 00  01 00 00 00  02 00 00 00 00 00 00 00  00  02 00 00 00  ab "
              "cd")));
    CHECK(bytes.size() == encoded_bytes(message, log));
}

TEST_CASE("raft message: decoding gives back what was encoded", "[raft]") {
    rc::prop("any message", [] {
        Log const log = drawn_log();
        Message const message = drawn_message(log);
        Bytes bytes;
        encode(bytes, message, log);

        Received received;
        RC_ASSERT(decode(bytes, received).has_value());

        RC_ASSERT(bytes.size() == encoded_bytes(message, log));
        Message const& back = received.message;
        RC_ASSERT(back.kind == message.kind);
        RC_ASSERT(back.from == message.from);
        RC_ASSERT(back.to == message.to);
        RC_ASSERT(back.term == message.term);
        RC_ASSERT(back.reject == message.reject);
        RC_ASSERT(back.force == message.force);
        RC_ASSERT(back.from_disk == message.from_disk);
        RC_ASSERT(back.to_disk == message.to_disk);
        RC_ASSERT(back.round == message.round);
        RC_ASSERT(back.offset == message.offset);
        RC_ASSERT(back.total == message.total);
        RC_ASSERT(back.index == message.index);
        RC_ASSERT(back.log_term == message.log_term);
        RC_ASSERT(back.commit == message.commit);
        RC_ASSERT(back.hint == message.hint);
        RC_ASSERT(back.first == message.first);
        RC_ASSERT(back.count == message.count);
        if (message.kind == MessageKind::snapshot) {
            ByteSpan const chunk = log.snapshot_bytes().subspan(message.offset);
            RC_ASSERT(std::equal(received.chunk.begin(), received.chunk.end(), chunk.begin(),
                                 chunk.end()));
            return;
        }
        RC_ASSERT(received.entries.size() == message.count);
        for (std::uint32_t i = 0; i < message.count; ++i) {
            Entry const& entry = log.at(message.first + i);
            RC_ASSERT(received.entries[i].term == entry.term);
            RC_ASSERT(received.entries[i].control == entry.control);
            RC_ASSERT(std::equal(received.entries[i].payload.begin(),
                                 received.entries[i].payload.end(), entry.payload.begin(),
                                 entry.payload.end()));
        }
    });
}

TEST_CASE("raft message: every proper prefix and every added byte is corrupt", "[raft]") {
    rc::prop("any message", [] {
        Log const log = drawn_log();
        Bytes bytes;
        encode(bytes, drawn_message(log), log);
        Received received;

        for (std::size_t size = 0; size < bytes.size(); ++size) {
            RC_ASSERT_FALSE(decode(ByteSpan{bytes}.first(size), received).has_value());
        }
        bytes.push_back(std::byte{0});
        RC_ASSERT_FALSE(decode(bytes, received).has_value());
    });
}

TEST_CASE("raft message: hostile bytes are refused or mean something, and stay in bounds",
          "[raft]") {
    rc::prop("random bytes", [] {
        Bytes const bytes = drawn_bytes(200);
        Received received;

        if (decode(bytes, received).has_value()) {
            RC_ASSERT(received.entries.size() + received.chunk.size() == received.message.count);
            for (EntryView const& entry : received.entries) {
                RC_ASSERT(entry.payload.size() <= bytes.size());
            }
        }
    });
    rc::prop("a message with damaged bytes", [] {
        Log const log = drawn_log();
        Bytes bytes;
        encode(bytes, drawn_message(log), log);
        bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] =
            static_cast<std::byte>(*rc::gen::inRange(0, 256));
        Received received;

        if (decode(bytes, received).has_value()) {
            RC_ASSERT(received.entries.size() + received.chunk.size() == received.message.count);
        }
    });
}

}  // namespace broker::raft
