// Bytes as hexadecimal text and back, for golden bytes that a person can compare with a guide.
#pragma once

#include "broker_core/base/bytes.h"

#include <string>
#include <string_view>

namespace broker::test {

/// "00 1f" to two bytes. Spaces and line breaks are ignored; anything else is the test's mistake.
inline Bytes from_hex(std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    Bytes bytes;
    bool high = true;
    for (char const c : text) {
        std::size_t const digit = digits.find(c);
        if (digit == std::string_view::npos) {
            continue;
        }
        if (high) {
            bytes.push_back(static_cast<std::byte>(digit << 4U));
        } else {
            bytes.back() |= static_cast<std::byte>(digit);
        }
        high = !high;
    }
    return bytes;
}

inline std::string to_hex(ByteSpan bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::byte const b : bytes) {
        text += text.empty() ? "" : " ";
        text += digits[static_cast<std::size_t>(b >> 4U)];
        text += digits[static_cast<std::size_t>(b & std::byte{0x0f})];
    }
    return text;
}

}  // namespace broker::test
