// The frame around every Kafka message: its length, then the request or response header.
//
//   frame    := int32 length of the rest, header, body
//   request  := int16 api key, int16 api version, int32 correlation id, nullable client id
//               [, tagged fields: header v2, only with flexible versions]
//   response := int32 correlation id          (header v0, which ApiVersions keeps at every version)
//
// Example, an ApiVersions v0 request with correlation id 7 and client id "c":
//   00 00 00 0b  00 12  00 00  00 00 00 07  00 01 63
// Source: Kafka protocol guide, "Message structure" and "Headers"; KIP-482, KIP-511.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/result.h"
#include "broker_core/protocol/api_table.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace broker::protocol {

inline constexpr std::size_t frame_length_size_bytes = 4;

/// The first frame of a stream: what follows its length field, or nothing while more bytes must
/// arrive. A frame takes frame_length_size_bytes + payload size from the stream.
/// size_max_bytes: limit on the payload, so that a bad length cannot make us wait forever.
/// Errors: corrupt (negative length), limit.
[[nodiscard]] Result<std::optional<ByteSpan>> next_frame(ByteSpan stream,
                                                         std::size_t size_max_bytes);

struct RequestHeader {
    std::int16_t api_key = 0;  // as on the wire; may be an API that is not offered
    std::int16_t api_version = 0;
    std::int32_t correlation_id = 0;
    std::optional<std::string_view> client_id{};

    friend bool operator==(const RequestHeader&, const RequestHeader&) = default;
};

/// A request split into header and body; both borrow the payload it was read from.
struct RequestFrame {
    RequestHeader header;
    ByteSpan body{};
};

struct ResponseFrame {
    std::int32_t correlation_id = 0;
    ByteSpan body{};
};

/// Splits the payload of a frame. Whether key and version are offered is the caller's question.
/// Errors: corrupt.
[[nodiscard]] Result<RequestFrame> decode_request_frame(ByteSpan payload);
[[nodiscard]] Result<ResponseFrame> decode_response_frame(ByteSpan payload);

/// Starts a frame at the end of `target`; returns where, for end_frame.
[[nodiscard]] std::size_t begin_frame(Bytes& target);
/// Writes the length of everything appended since begin_frame.
void end_frame(Bytes& target, std::size_t begun_at);

void encode(Bytes& target, const RequestHeader& header);

/// Who asks, beside the message itself.
struct RequestInfo {
    std::int16_t api_version = 0;
    std::int32_t correlation_id = 0;
    std::optional<std::string_view> client_id{};
};

/// Appends a whole request frame. Message: one of the request structs of this folder.
template <class Message>
void append_request(Bytes& target, const RequestInfo& info, const Message& request) {
    std::size_t const begun_at = begin_frame(target);
    encode(target, RequestHeader{.api_key = static_cast<std::int16_t>(Message::api),
                                 .api_version = info.api_version,
                                 .correlation_id = info.correlation_id,
                                 .client_id = info.client_id});
    encode(target, request, info.api_version);
    end_frame(target, begun_at);
}

/// Appends a whole response frame. Message: one of the response structs of this folder.
template <class Message>
void append_response(Bytes& target, std::int32_t correlation_id, const Message& response,
                     std::int16_t api_version) {
    std::size_t const begun_at = begin_frame(target);
    append_be(target, correlation_id);
    encode(target, response, api_version);
    end_frame(target, begun_at);
}

}  // namespace broker::protocol
