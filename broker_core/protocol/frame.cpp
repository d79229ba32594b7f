// The frame around every Kafka message: splitting a stream, reading and writing the headers.
#include "broker_core/protocol/frame.h"

#include "broker_core/base/check.h"
#include "broker_core/protocol/wire.h"

namespace broker::protocol {

namespace {

/// Tags follow the client id only in header v2. A version above our own is answered without
/// reading further than the correlation id (KIP-511), so its tags stay unread in the body.
bool has_tags(const RequestHeader& header) {
    auto const key = static_cast<ApiKey>(header.api_key);
    return offers(key, header.api_version) && is_flexible(key, header.api_version);
}

template <class Codec>
void header_layout(Codec& codec, typename Codec::template Ref<RequestHeader> header) {
    codec.field(header.api_key);
    codec.field(header.api_version);
    codec.field(header.correlation_id);
    codec.nullable_string(header.client_id);
    if (has_tags(header)) {
        codec.no_tags();
    }
}

}  // namespace

Result<std::optional<ByteSpan>> next_frame(ByteSpan stream, std::size_t size_max_bytes) {
    if (stream.size() < frame_length_size_bytes) {
        return std::nullopt;
    }
    auto const length = load_be<std::int32_t>(stream.data());
    if (length < 0) {
        return fail(ErrorCode::corrupt, "protocol: frame length");
    }
    auto const size_bytes = static_cast<std::size_t>(length);
    if (size_bytes > size_max_bytes) {
        return fail(ErrorCode::limit, "protocol: frame length");
    }
    ByteSpan const rest = stream.subspan(frame_length_size_bytes);
    return rest.size() < size_bytes ? std::nullopt : std::optional{rest.first(size_bytes)};
}

Result<RequestFrame> decode_request_frame(ByteSpan payload) {
    RequestFrame frame;
    Decoder decoder{payload};
    header_layout(decoder, frame.header);
    if (!decoder.ok()) {
        return fail(ErrorCode::corrupt, "protocol: request header");
    }
    frame.body = decoder.rest();
    return frame;
}

Result<ResponseFrame> decode_response_frame(ByteSpan payload) {
    ResponseFrame frame;
    Decoder decoder{payload};
    decoder.field(frame.correlation_id);
    if (!decoder.ok()) {
        return fail(ErrorCode::corrupt, "protocol: response header");
    }
    frame.body = decoder.rest();
    return frame;
}

std::size_t begin_frame(Bytes& target) {
    std::size_t const begun_at = target.size();
    target.resize(begun_at + frame_length_size_bytes);
    return begun_at;
}

void end_frame(Bytes& target, std::size_t begun_at) {
    CHECK(target.size() >= begun_at + frame_length_size_bytes);
    std::size_t const size_bytes = target.size() - begun_at - frame_length_size_bytes;
    CHECK(size_bytes <= std::size_t{INT32_MAX});
    store_be(target.data() + begun_at, static_cast<std::int32_t>(size_bytes));
}

void encode(Bytes& target, const RequestHeader& header) {
    Encoder encoder{target};
    header_layout(encoder, header);
}

}  // namespace broker::protocol
