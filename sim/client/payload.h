// The value of a simulated message: who it is, and bytes that prove it was not altered.
//
// value := run u64, client u32, sequence u32, checksum u32 (little endian), filler. The checksum is
// the CRC-32C of everything else, so that a reader knows a message by itself: nothing is ever
// compared by bare number (the incident's script did, and reported a foreign log as a loss).
#pragma once

#include "broker_core/base/bytes.h"
#include "scenarios/scenario.h"

#include <cstdint>
#include <optional>

namespace brokersim {

struct MessageIdentity {
    std::uint64_t run = 0;
    std::uint32_t client = 0;    // producer, from 1
    std::uint32_t sequence = 0;  // per producer, from 0

    friend auto operator<=>(const MessageIdentity&, const MessageIdentity&) = default;
};

inline constexpr std::size_t payload_identity_bytes = 20;

/// Appends a value of `size_bytes`, at least payload_identity_bytes. content: of the filler; zeros
/// look like a disk that was never written, which must not fool recovery.
void append_payload(broker::Bytes& target, const MessageIdentity& identity, std::size_t size_bytes,
                    PayloadContent content = PayloadContent::random);
/// Who a value is, or nothing if it is no intact value of any run.
std::optional<MessageIdentity> read_payload(broker::ByteSpan value);

}  // namespace brokersim
