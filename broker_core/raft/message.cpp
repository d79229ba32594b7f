// Encoding of Raft messages.
#include "broker_core/raft/message.h"

#include "broker_core/base/check.h"

namespace broker::raft {
namespace {

constexpr std::size_t fixed_bytes = 2 + 4 + 4 + 5 * 8 + 4;
constexpr std::size_t entry_fixed_bytes = 8 + 1 + 4;

}  // namespace

std::size_t encoded_bytes(const Message& message, const Log& log) {
    std::size_t size = fixed_bytes;
    for (std::uint32_t i = 0; i < message.count; ++i) {
        size += entry_fixed_bytes + log.at(message.first + i).payload.size();
    }
    return size;
}

void encode(Bytes& target, const Message& message, const Log& log) {
    append_le(target, static_cast<std::uint8_t>(message.kind));
    append_le(target, static_cast<std::uint8_t>(message.reject ? 1 : 0));
    append_le(target, message.from.value());
    append_le(target, message.to.value());
    append_le(target, message.term.value());
    append_le(target, message.index.value());
    append_le(target, message.log_term.value());
    append_le(target, message.commit.value());
    append_le(target, message.hint.value());
    append_le(target, message.count);
    for (std::uint32_t i = 0; i < message.count; ++i) {
        const Entry& entry = log.at(message.first + i);
        append_le(target, entry.term.value());
        append_le(target, static_cast<std::uint8_t>(entry.control ? 1 : 0));
        append_le(target, static_cast<std::uint32_t>(entry.payload.size()));
        append(target, entry.payload);
    }
}

Result<void> decode(ByteSpan bytes, Received& into) {
    ByteReader reader{bytes};
    Message& message = into.message;
    auto const kind = reader.le<std::uint8_t>();
    message.reject = reader.le<std::uint8_t>() != 0;
    message.from = BrokerId{reader.le<std::uint32_t>()};
    message.to = BrokerId{reader.le<std::uint32_t>()};
    message.term = Term{reader.le<std::uint64_t>()};
    message.index = LogIndex{reader.le<std::uint64_t>()};
    message.log_term = Term{reader.le<std::uint64_t>()};
    message.commit = LogIndex{reader.le<std::uint64_t>()};
    message.hint = LogIndex{reader.le<std::uint64_t>()};
    message.count = reader.le<std::uint32_t>();
    message.first = message.index.next();
    into.entries.clear();
    if (!reader.ok() || kind > static_cast<std::uint8_t>(MessageKind::heartbeat_reply)) {
        return fail(ErrorCode::corrupt, "raft: message");
    }
    message.kind = static_cast<MessageKind>(kind);
    for (std::uint32_t i = 0; i < message.count && reader.ok(); ++i) {
        EntryView entry;
        entry.term = Term{reader.le<std::uint64_t>()};
        entry.control = reader.le<std::uint8_t>() != 0;
        auto const length = reader.le<std::uint32_t>();
        entry.payload = reader.bytes(length);
        into.entries.push_back(entry);
    }
    if (!reader.ok() || reader.remaining() != 0) {
        return fail(ErrorCode::corrupt, "raft: message entries");
    }
    return {};
}

}  // namespace broker::raft
