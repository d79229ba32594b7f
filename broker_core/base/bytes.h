// Byte buffers, and readers and writers of fixed-width integers in both byte orders.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace broker {

using Bytes = std::vector<std::byte>;
using ByteSpan = std::span<const std::byte>;
using MutableByteSpan = std::span<std::byte>;

inline ByteSpan as_bytes(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

inline void append(Bytes& target, ByteSpan source) {
    target.insert(target.end(), source.begin(), source.end());
}

namespace detail {
template <std::integral T>
constexpr T swap_bytes(T value) {
    if constexpr (sizeof(T) == 1) {
        return value;
    } else if constexpr (sizeof(T) == 2) {
        return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
    } else if constexpr (sizeof(T) == 4) {
        return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
    } else {
        return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
    }
}
}  // namespace detail

// The supported machines are little endian; the four functions below are the only place that
// knows it.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

/// Reads or writes an integer at `data`, which must hold sizeof(T) bytes; no alignment needed.
template <std::integral T>
T load_le(const std::byte* data) {
    T value;
    std::memcpy(&value, data, sizeof value);
    return value;
}
template <std::integral T>
T load_be(const std::byte* data) {
    return detail::swap_bytes(load_le<T>(data));
}
template <std::integral T>
void store_le(std::byte* data, T value) {
    std::memcpy(data, &value, sizeof value);
}
template <std::integral T>
void store_be(std::byte* data, T value) {
    store_le(data, detail::swap_bytes(value));
}

template <std::integral T>
void append_le(Bytes& target, T value) {
    std::byte raw[sizeof(T)];
    store_le(raw, value);
    target.insert(target.end(), raw, raw + sizeof raw);
}
template <std::integral T>
void append_be(Bytes& target, T value) {
    std::byte raw[sizeof(T)];
    store_be(raw, value);
    target.insert(target.end(), raw, raw + sizeof raw);
}

/// Walks over bytes that may be too short or hostile: after the first read past the end every
/// further read gives zero and ok() stays false, so that a decoder checks once, at its end.
class ByteReader {
public:
    explicit ByteReader(ByteSpan bytes) : bytes_{bytes} {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] std::size_t remaining() const { return bytes_.size() - position_; }

    template <std::integral T>
    T le() {
        return take(sizeof(T)) ? load_le<T>(bytes_.data() + position_ - sizeof(T)) : T{0};
    }
    template <std::integral T>
    T be() {
        return take(sizeof(T)) ? load_be<T>(bytes_.data() + position_ - sizeof(T)) : T{0};
    }
    /// The next `count` bytes, or an empty span (and ok() false) if there are fewer.
    ByteSpan bytes(std::size_t count) {
        return take(count) ? bytes_.subspan(position_ - count, count) : ByteSpan{};
    }
    void fail() { ok_ = false; }

private:
    bool take(std::size_t count) {
        if (!ok_ || count > remaining()) {
            ok_ = false;
            return false;
        }
        position_ += count;
        return true;
    }

    ByteSpan bytes_;
    std::size_t position_ = 0;  // Invariant: position_ <= bytes_.size().
    bool ok_ = true;
};

}  // namespace broker
