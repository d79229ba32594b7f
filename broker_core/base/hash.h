// 64-bit mixing: seeds of streams, chains of entries, and the rolling hash of a run.
#pragma once

#include "broker_core/base/bytes.h"

#include <bit>
#include <cstdint>
#include <string_view>

namespace broker {

/// Steele, Lea, Flood: SplitMix64's output function; a bijection of 64-bit words.
constexpr std::uint64_t mix64(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

/// Folds `word` into `state`. For a fixed word it is a bijection of the state, so that no event
/// can erase the history before it.
constexpr std::uint64_t fold64(std::uint64_t state, std::uint64_t word) {
    state = (state ^ word) * 0x9fb21c651e98df25ULL;
    return std::rotl(state, 29) + 0xd6e8feb86659fd93ULL;
}

/// Hash of bytes; equal bytes of equal length give equal hashes, also across machines.
inline std::uint64_t hash_bytes(ByteSpan bytes, std::uint64_t seed = 0) {
    std::uint64_t state = fold64(seed, bytes.size());
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
        state = fold64(state, load_le<std::uint64_t>(bytes.data() + i));
    }
    std::uint64_t tail = 0;
    for (std::size_t shift = 0; i < bytes.size(); ++i, shift += 8) {
        tail |= static_cast<std::uint64_t>(bytes[i]) << shift;
    }
    return mix64(fold64(state, tail));
}

constexpr std::uint64_t hash_text(std::string_view text) {
    std::uint64_t state = 0xcbf29ce484222325ULL;
    for (char const c : text) {
        state = fold64(state, static_cast<unsigned char>(c));
    }
    return mix64(state);
}

}  // namespace broker
