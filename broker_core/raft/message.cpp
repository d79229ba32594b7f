// Encoding of Raft messages.
#include "broker_core/raft/message.h"

#include "broker_core/base/check.h"

namespace broker::raft {
namespace {

constexpr std::size_t fixed_bytes = 2 + 4 + 4 + 5 * 8;
constexpr std::size_t entry_fixed_bytes = 8 + 1 + 4;

enum Flag : std::uint8_t { flag_reject = 1, flag_force = 2 };

void encode_entries(Bytes& target, const Message& message, const Log& log) {
    append_le(target, message.count);
    for (std::uint32_t i = 0; i < message.count; ++i) {
        const Entry& entry = log.at(message.first + i);
        append_le(target, entry.term.value());
        append_le(target, static_cast<std::uint8_t>(entry.control ? 1 : 0));
        append_le(target, static_cast<std::uint32_t>(entry.payload.size()));
        append(target, entry.payload);
    }
}

void decode_entries(ByteReader& reader, Received& into) {
    into.message.count = reader.le<std::uint32_t>();
    for (std::uint32_t i = 0; i < into.message.count && reader.ok(); ++i) {
        EntryView entry;
        entry.term = Term{reader.le<std::uint64_t>()};
        entry.control = reader.le<std::uint8_t>() != 0;
        auto const length = reader.le<std::uint32_t>();
        entry.payload = reader.bytes(length);
        into.entries.push_back(entry);
    }
}

void decode_tail(ByteReader& reader, Received& into) {
    Message& message = into.message;
    switch (message.kind) {
        case MessageKind::append:
            message.commit = LogIndex{reader.le<std::uint64_t>()};
            decode_entries(reader, into);
            break;
        case MessageKind::append_reply:
            message.hint = LogIndex{reader.le<std::uint64_t>()};
            break;
        case MessageKind::heartbeat:
            message.commit = LogIndex{reader.le<std::uint64_t>()};
            message.round = reader.le<std::uint64_t>();
            break;
        case MessageKind::heartbeat_reply:
            message.round = reader.le<std::uint64_t>();
            break;
        case MessageKind::snapshot: {
            message.offset = reader.le<std::uint64_t>();
            message.total = reader.le<std::uint64_t>();
            message.count = reader.le<std::uint32_t>();
            into.chunk = reader.bytes(message.count);
            bool const inside =
                message.offset <= message.total && message.count <= message.total - message.offset;
            if (!inside) {
                reader.fail();
            }
            break;
        }
        case MessageKind::snapshot_reply:
            message.offset = reader.le<std::uint64_t>();
            break;
        case MessageKind::pre_vote:
        case MessageKind::pre_vote_reply:
        case MessageKind::vote:
        case MessageKind::vote_reply:
        case MessageKind::timeout_now:
            break;
    }
}

}  // namespace

std::size_t encoded_bytes(const Message& message, const Log& log) {
    switch (message.kind) {
        case MessageKind::append: {
            std::size_t size = fixed_bytes + 8 + 4;
            for (std::uint32_t i = 0; i < message.count; ++i) {
                size += entry_fixed_bytes + log.at(message.first + i).payload.size();
            }
            return size;
        }
        case MessageKind::heartbeat:
            return fixed_bytes + 16;
        case MessageKind::append_reply:
        case MessageKind::heartbeat_reply:
        case MessageKind::snapshot_reply:
            return fixed_bytes + 8;
        case MessageKind::snapshot:
            return fixed_bytes + 20 + message.count;
        case MessageKind::pre_vote:
        case MessageKind::pre_vote_reply:
        case MessageKind::vote:
        case MessageKind::vote_reply:
        case MessageKind::timeout_now:
            break;
    }
    return fixed_bytes;
}

void encode(Bytes& target, const Message& message, const Log& log) {
    append_le(target, static_cast<std::uint8_t>(message.kind));
    auto const flags = static_cast<std::uint8_t>((message.reject ? flag_reject : 0) |
                                                 (message.force ? flag_force : 0));
    append_le(target, flags);
    append_le(target, message.from.value());
    append_le(target, message.to.value());
    append_le(target, message.from_disk.value());
    append_le(target, message.to_disk.value());
    append_le(target, message.term.value());
    append_le(target, message.index.value());
    append_le(target, message.log_term.value());
    switch (message.kind) {
        case MessageKind::append:
            append_le(target, message.commit.value());
            encode_entries(target, message, log);
            break;
        case MessageKind::append_reply:
            append_le(target, message.hint.value());
            break;
        case MessageKind::heartbeat:
            append_le(target, message.commit.value());
            append_le(target, message.round);
            break;
        case MessageKind::heartbeat_reply:
            append_le(target, message.round);
            break;
        case MessageKind::snapshot:
            CHECK(message.index == log.start());
            append_le(target, message.offset);
            append_le(target, message.total);
            append_le(target, message.count);
            append(target, log.snapshot_bytes().subspan(message.offset, message.count));
            break;
        case MessageKind::snapshot_reply:
            append_le(target, message.offset);
            break;
        case MessageKind::pre_vote:
        case MessageKind::pre_vote_reply:
        case MessageKind::vote:
        case MessageKind::vote_reply:
        case MessageKind::timeout_now:
            break;
    }
}

Result<void> decode(ByteSpan bytes, Received& into) {
    ByteReader reader{bytes};
    into.entries.clear();
    into.chunk = {};
    into.message = Message{};
    Message& message = into.message;
    auto const kind = reader.le<std::uint8_t>();
    auto const flags = reader.le<std::uint8_t>();
    message.reject = (flags & flag_reject) != 0;
    message.force = (flags & flag_force) != 0;
    message.from = BrokerId{reader.le<std::uint32_t>()};
    message.to = BrokerId{reader.le<std::uint32_t>()};
    message.from_disk = DiskUuid{reader.le<std::uint64_t>()};
    message.to_disk = DiskUuid{reader.le<std::uint64_t>()};
    message.term = Term{reader.le<std::uint64_t>()};
    message.index = LogIndex{reader.le<std::uint64_t>()};
    message.log_term = Term{reader.le<std::uint64_t>()};
    message.first = message.index.next();
    if (!reader.ok() || kind > static_cast<std::uint8_t>(MessageKind::timeout_now)) {
        return fail(ErrorCode::corrupt, "raft: message");
    }
    message.kind = static_cast<MessageKind>(kind);
    decode_tail(reader, into);
    if (!reader.ok() || reader.remaining() != 0) {
        return fail(ErrorCode::corrupt, "raft: message entries");
    }
    return {};
}

}  // namespace broker::raft
