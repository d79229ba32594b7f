// Zigzag variable-length integers, as Kafka writes them inside the records of a batch.
//
// A signed n becomes the unsigned (n << 1) ^ (n >> 63), so that small magnitudes stay short, and is
// written seven bits at a time, lowest first; bit 7 says that another byte follows.
// Example: 0 -> 00, -1 -> 01, 1 -> 02, 64 -> 80 01, 300 -> d8 04.
// Source: Kafka protocol guide, "Protocol primitive types" (VARINT, VARLONG).
#pragma once

#include "broker_core/base/bytes.h"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace broker::partition {

constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63U);
}
constexpr std::int64_t unzigzag(std::uint64_t raw) {
    return static_cast<std::int64_t>((raw >> 1U) ^ (~(raw & 1U) + 1U));
}

/// Bytes that `value` takes when written, 1 to 10.
constexpr std::size_t varint_size_bytes(std::int64_t value) {
    auto const bits = static_cast<std::size_t>(std::bit_width(zigzag(value) | 1U));
    return (bits + 6) / 7;
}

/// Writes `value` at `target`, which must hold varint_size_bytes(value); returns the place after.
inline std::byte* store_varint(std::byte* target, std::int64_t value) {
    std::uint64_t raw = zigzag(value);
    while (raw >= 0x80U) {
        *target++ = static_cast<std::byte>((raw & 0x7fU) | 0x80U);
        raw >>= 7U;
    }
    *target++ = static_cast<std::byte>(raw);
    return target;
}

/// Reads a VARLONG. On failure (short input, more than ten bytes, bits beyond 64) the reader
/// fails and the result is 0.
inline std::int64_t read_varlong(ByteReader& reader) {
    std::uint64_t raw = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        auto const byte = reader.be<std::uint8_t>();
        if (shift == 63 && byte > 1) {
            break;
        }
        raw |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
        if ((byte & 0x80U) == 0) {
            return reader.ok() ? unzigzag(raw) : 0;
        }
    }
    reader.fail();
    return 0;
}

/// Reads a VARINT: as read_varlong, and the value must fit 32 bits.
inline std::int32_t read_varint(ByteReader& reader) {
    std::int64_t const value = read_varlong(reader);
    if (value < INT32_MIN || value > INT32_MAX) {
        reader.fail();
        return 0;
    }
    return static_cast<std::int32_t>(value);
}

}  // namespace broker::partition
