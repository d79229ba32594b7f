// Kafka's primitive types: strings, records and the compact forms.
#include "broker_core/protocol/wire.h"

#include "broker_core/base/check.h"

#include <cstring>

namespace broker::protocol {

void Encoder::string(std::string_view text) {
    CHECK(text.size() <= std::size_t{INT16_MAX});
    field(static_cast<std::int16_t>(text.size()));
    append(target_, as_bytes(text));
}

void Encoder::nullable_string(const std::optional<std::string_view>& text) {
    if (text) {
        string(*text);
    } else {
        field(std::int16_t{-1});
    }
}

void Encoder::compact_string(std::string_view text) {
    CHECK(text.size() <= std::size_t{INT16_MAX});
    uvarint(static_cast<std::uint32_t>(text.size()) + 1);
    append(target_, as_bytes(text));
}

void Encoder::records(ByteSpan bytes) {
    CHECK(bytes.size() <= std::size_t{INT32_MAX});
    field(static_cast<std::int32_t>(bytes.size()));
    append(target_, bytes);
}

std::int32_t Encoder::checked_count(std::size_t count) {
    CHECK(count < std::size_t{INT32_MAX});
    return static_cast<std::int32_t>(count);
}

void Encoder::uvarint(std::uint32_t value) {
    while (value >= 0x80U) {
        field(static_cast<std::uint8_t>((value & 0x7fU) | 0x80U));
        value >>= 7U;
    }
    field(static_cast<std::uint8_t>(value));
}

void Decoder::field(IsolationLevel& value) {
    auto const raw = reader_.be<std::int8_t>();
    if (raw != 0 && raw != 1) {
        reader_.fail();
    }
    value = raw == 1 ? IsolationLevel::read_committed : IsolationLevel::read_uncommitted;
}

std::string_view Decoder::text_of(std::int64_t length) {
    if (length < 0) {
        reader_.fail();
        return {};
    }
    ByteSpan const bytes = reader_.bytes(static_cast<std::size_t>(length));
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

void Decoder::string(std::string_view& text) {
    text = text_of(reader_.be<std::int16_t>());
}

void Decoder::nullable_string(std::optional<std::string_view>& text) {
    auto const length = reader_.be<std::int16_t>();
    if (length == -1) {
        text.reset();
    } else {
        text = text_of(length);
    }
}

void Decoder::compact_string(std::string_view& text) {
    text = text_of(std::int64_t{uvarint()} - 1);
}

void Decoder::records(ByteSpan& bytes) {
    auto const length = reader_.be<std::int32_t>();
    if (length < -1) {
        reader_.fail();
    }
    bytes = reader_.bytes(length > 0 ? static_cast<std::size_t>(length) : 0);
}

void Decoder::no_tags() {
    std::uint32_t const count = uvarint();
    for (std::uint32_t i = 0; i < count && reader_.ok(); ++i) {
        uvarint();
        reader_.bytes(uvarint());
    }
}

std::uint32_t Decoder::uvarint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        auto const byte = reader_.be<std::uint8_t>();
        value |= std::uint64_t{byte & 0x7fU} << shift;
        if ((byte & 0x80U) == 0) {
            if (value > UINT32_MAX) {
                break;
            }
            return static_cast<std::uint32_t>(value);
        }
    }
    reader_.fail();
    return 0;
}

}  // namespace broker::protocol
