// Kafka's primitive types in both directions, so that each message layout is written down once.
//
// A layout is a function template `layout(codec, message, version)` that names the fields in wire
// order. With an Encoder it writes a const message; with a Decoder it fills a fresh one. The two
// directions therefore cannot disagree; golden bytes in the tests keep both honest.
//
// Types (Kafka protocol guide, "Protocol primitive types"), all big-endian:
//   STRING          int16 length, bytes            NULLABLE_STRING  length -1 is null
//   ARRAY           int32 count, elements          nullable         count -1 is null
//   RECORDS         int32 length (-1 is null), bytes
//   COMPACT_STRING  uvarint length + 1, bytes      COMPACT_ARRAY    uvarint count + 1, elements
//   tagged fields   uvarint count, (uvarint tag, uvarint length, bytes)*      (KIP-482)
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/number.h"
#include "broker_core/base/result.h"
#include "broker_core/protocol/api_table.h"
#include "broker_core/protocol/error_code.h"
#include "broker_core/protocol/list.h"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace broker::protocol {

/// Which records a consumer may see (KIP-98). The broker treats both alike.
enum class IsolationLevel : std::int8_t { read_uncommitted = 0, read_committed = 1 };

/// Content equality, which std::span lacks; for the operator== of messages that carry batches.
inline bool same_bytes(ByteSpan left, ByteSpan right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

/// Appends fields to a buffer of the caller. Lengths beyond what the type can say are a failed
/// CHECK, since every string and list we send is bounded.
class Encoder {
public:
    template <class Message>
    using Ref = const Message&;

    explicit Encoder(Bytes& target) : target_{target} {}

    template <std::integral T>
    void field(T value) {
        append_be(target_, value);
    }
    void field(bool value) { append_be<std::int8_t>(target_, value ? 1 : 0); }
    template <class Enum>
        requires std::is_enum_v<Enum>
    void field(Enum value) {
        append_be(target_, static_cast<std::underlying_type_t<Enum>>(value));
    }
    template <class Tag, class Rep>
    void field(Number<Tag, Rep> value) {
        append_be(target_, value.value());
    }
    void string(std::string_view text);
    void nullable_string(const std::optional<std::string_view>& text);
    void compact_string(std::string_view text);
    void records(ByteSpan bytes);
    void no_tags() { uvarint(0); }

    template <class T, class Each>
    void array(const List<T>& list, Each&& each) {
        field(checked_count(list.size()));
        each_of(list, each);
    }
    template <class T, class Each>
    void nullable_array(std::optional<List<T>> const& list, Each&& each) {
        if (list) {
            array(*list, each);
        } else {
            field(std::int32_t{-1});
        }
    }
    template <class T, class Each>
    void compact_array(const List<T>& list, Each&& each) {
        uvarint(static_cast<std::uint32_t>(checked_count(list.size())) + 1);
        each_of(list, each);
    }

private:
    static std::int32_t checked_count(std::size_t count);
    template <class T, class Each>
    static void each_of(const List<T>& list, Each&& each) {
        for (const T& element : list) {
            each(element);
        }
    }
    void uvarint(std::uint32_t value);

    Bytes& target_;
};

/// Reads fields from bytes it does not trust. Strings and records are views into those bytes.
/// Once anything is malformed everything reads as zero or empty, and finished() is false.
class Decoder {
public:
    template <class Message>
    using Ref = Message&;

    explicit Decoder(ByteSpan source) : reader_{source} {}

    template <std::integral T>
    void field(T& value) {
        value = reader_.be<T>();
    }
    void field(bool& value) { value = reader_.be<std::int8_t>() != 0; }
    void field(KafkaError& value) { value = static_cast<KafkaError>(reader_.be<std::int16_t>()); }
    void field(IsolationLevel& value);
    template <class Tag, class Rep>
    void field(Number<Tag, Rep>& value) {
        value = Number<Tag, Rep>{reader_.be<Rep>()};
    }
    void string(std::string_view& text);
    void nullable_string(std::optional<std::string_view>& text);
    void compact_string(std::string_view& text);
    /// Null reads as empty: neither can be a batch.
    void records(ByteSpan& bytes);
    /// Skips tagged fields, none of which this broker knows.
    void no_tags();

    template <class T, class Each>
    void array(List<T>& list, Each&& each) {
        fill(list, reader_.be<std::int32_t>(), each);
    }
    template <class T, class Each>
    void nullable_array(std::optional<List<T>>& list, Each&& each) {
        auto const count = reader_.be<std::int32_t>();
        if (count != -1) {
            fill(list.emplace(), count, each);
        }
    }
    template <class T, class Each>
    void compact_array(List<T>& list, Each&& each) {
        fill(list, std::int64_t{uvarint()} - 1, each);
    }

    [[nodiscard]] bool ok() const { return reader_.ok(); }
    [[nodiscard]] ByteSpan rest() { return reader_.bytes(reader_.remaining()); }
    /// True if every field was sound and nothing is left over.
    [[nodiscard]] bool finished() const { return reader_.ok() && reader_.remaining() == 0; }

private:
    /// The list grows element by element, each of which has to be there: memory stays in
    /// proportion to the frame, whatever count it claims.
    template <class T, class Each>
    void fill(List<T>& list, std::int64_t count, Each&& each) {
        if (count < 0) {
            reader_.fail();
        }
        for (std::int64_t i = 0; i < count && reader_.ok(); ++i) {
            if (reader_.remaining() == 0) {
                reader_.fail();
                return;
            }
            each(list.add());
        }
    }
    std::string_view text_of(std::int64_t length);
    std::uint32_t uvarint();

    ByteReader reader_;
};

/// Decodes one message body by its layout(). where: static text for the error.
/// Errors: unsupported (version not offered), corrupt (malformed, or bytes left over).
template <class Message>
Result<Message> decode_body(ByteSpan body, std::int16_t version, const char* where) {
    if (!offers(Message::api, version)) {
        return fail(ErrorCode::unsupported, where);
    }
    Message message;
    Decoder decoder{body};
    layout(decoder, message, version);
    if (!decoder.finished()) {
        return fail(ErrorCode::corrupt, where);
    }
    return message;
}

/// Appends one message body by its layout(). Requires: the version is offered.
template <class Message>
void encode_body(Bytes& target, const Message& message, std::int16_t version) {
    require_offered(Message::api, version);
    Encoder encoder{target};
    layout(encoder, message, version);
}

}  // namespace broker::protocol
