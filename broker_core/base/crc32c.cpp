// CRC-32C by the SSE4.2 instruction where the machine has it, by slicing tables elsewhere.
#include "broker_core/base/crc32c.h"

#include <array>

namespace broker {
namespace {

constexpr std::uint32_t reflected_polynomial = 0x82f63b78U;
constexpr std::size_t slices = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, slices>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? reflected_polynomial : 0U);
        }
        tables[0][byte] = crc;
    }
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        for (std::size_t slice = 1; slice < slices; ++slice) {
            std::uint32_t const before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8U) ^ tables[0][before & 0xffU];
        }
    }
    return tables;
}

constexpr Tables tables = make_tables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(ByteSpan data, std::uint32_t seed) {
    std::uint64_t crc = ~seed;
    const std::byte* at = data.data();
    std::size_t left = data.size();
    for (; left >= 8; left -= 8, at += 8) {
        crc = __builtin_ia32_crc32di(crc, load_le<std::uint64_t>(at));
    }
    auto crc32 = static_cast<std::uint32_t>(crc);
    for (; left > 0; --left, ++at) {
        crc32 = __builtin_ia32_crc32qi(crc32, static_cast<unsigned char>(*at));
    }
    return ~crc32;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(ByteSpan data, std::uint32_t seed) {
    std::uint32_t crc = ~seed;
    const std::byte* at = data.data();
    std::size_t left = data.size();
    for (; left >= slices; left -= slices, at += slices) {
        std::uint64_t const word = load_le<std::uint64_t>(at) ^ crc;
        crc = 0;
        for (std::size_t i = 0; i < slices; ++i) {
            crc ^= tables[slices - 1 - i][(word >> (8U * i)) & 0xffU];
        }
    }
    for (; left > 0; --left, ++at) {
        crc = (crc >> 8U) ^ tables[0][(crc ^ static_cast<std::uint32_t>(*at)) & 0xffU];
    }
    return ~crc;
}

std::uint32_t crc32c(ByteSpan data, std::uint32_t seed) {
#if defined(__x86_64__)
    // Which path runs is the one thing here that depends on the machine; both give equal bits.
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    if (has_sse42) {
        return crc32c_sse42(data, seed);
    }
#endif
    return crc32c_portable(data, seed);
}

}  // namespace broker
