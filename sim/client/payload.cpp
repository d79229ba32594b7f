// Making and reading the values of simulated messages.
#include "sim/client/payload.h"

#include "broker_core/base/crc32c.h"
#include "broker_core/base/hash.h"

#include <algorithm>

namespace brokersim {
namespace {

constexpr std::size_t checksum_at = 16;
constexpr std::size_t zero_run = 64;  // bytes

std::uint32_t checksum_of(broker::ByteSpan value) {
    std::uint32_t const head = broker::crc32c(value.first(checksum_at));
    return broker::crc32c(value.subspan(payload_identity_bytes), head);
}

}  // namespace

void append_payload(broker::Bytes& target, const MessageIdentity& identity, std::size_t size_bytes,
                    PayloadContent content) {
    std::size_t const begin = target.size();
    std::size_t const size = std::max(size_bytes, payload_identity_bytes);
    target.resize(begin + size);
    std::byte* const value = target.data() + begin;
    broker::store_le(value, identity.run);
    broker::store_le(value + 8, identity.client);
    broker::store_le(value + 12, identity.sequence);
    std::uint64_t state =
        broker::mix64(identity.run ^ (std::uint64_t{identity.client} << 32U) ^ identity.sequence);
    std::size_t at = payload_identity_bytes;
    for (; at + 8 <= size; at += 8) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        broker::store_le(value + at, state);
    }
    for (; at < size; ++at) {
        value[at] = static_cast<std::byte>(at);
    }
    if (content != PayloadContent::random) {
        std::size_t const step = content == PayloadContent::zeros ? zero_run : 2 * zero_run;
        for (at = payload_identity_bytes; at < size; at += step) {
            std::fill_n(value + at, std::min(zero_run, size - at), std::byte{0});
        }
    }
    broker::store_le(value + checksum_at, checksum_of({value, size}));
}

std::optional<MessageIdentity> read_payload(broker::ByteSpan value) {
    if (value.size() < payload_identity_bytes ||
        broker::load_le<std::uint32_t>(value.data() + checksum_at) != checksum_of(value)) {
        return std::nullopt;
    }
    return MessageIdentity{broker::load_le<std::uint64_t>(value.data()),
                           broker::load_le<std::uint32_t>(value.data() + 8),
                           broker::load_le<std::uint32_t>(value.data() + 12)};
}

}  // namespace brokersim
