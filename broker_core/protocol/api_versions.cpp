// ApiVersions (key 18): the layouts of request and response, and the two answers.
#include "broker_core/protocol/api_versions.h"

namespace broker::protocol {

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<ApiVersionsRequest> request,
                   std::int16_t version) {
    if (is_flexible(ApiKey::api_versions, version)) {
        codec.compact_string(request.client_software_name);
        codec.compact_string(request.client_software_version);
        codec.no_tags();
    }
}

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<ApiVersionsResponse> response,
                   std::int16_t version) {
    bool const flexible = is_flexible(ApiKey::api_versions, version);
    auto const range = [&](auto& api) {
        codec.field(api.api_key);
        codec.field(api.version_min);
        codec.field(api.version_max);
        if (flexible) {
            codec.no_tags();
        }
    };
    codec.field(response.error);
    if (flexible) {
        codec.compact_array(response.api_keys, range);
    } else {
        codec.array(response.api_keys, range);
    }
    if (version >= 1) {
        codec.field(response.throttle_time_ms);
    }
    if (flexible) {
        codec.no_tags();
    }
}

namespace {

ApiVersionRange range_of(const OfferedApi& api) {
    return {static_cast<std::int16_t>(api.key), api.version_min, api.version_max};
}

}  // namespace

ApiVersionsResponse offered_api_versions() {
    ApiVersionsResponse response;
    for (const OfferedApi& api : offered_apis) {
        response.api_keys.push_back(range_of(api));
    }
    return response;
}

ApiVersionsResponse unsupported_api_versions() {
    ApiVersionsResponse response;
    response.error = KafkaError::unsupported_version;
    response.api_keys.push_back(
        range_of(*find_api(static_cast<std::int16_t>(ApiKey::api_versions))));
    return response;
}

Result<ApiVersionsRequest> decode_api_versions_request(ByteSpan body, std::int16_t version) {
    return decode_body<ApiVersionsRequest>(body, version, "protocol: api versions request");
}
Result<ApiVersionsResponse> decode_api_versions_response(ByteSpan body, std::int16_t version) {
    return decode_body<ApiVersionsResponse>(body, version, "protocol: api versions response");
}
void encode(Bytes& target, const ApiVersionsRequest& request, std::int16_t version) {
    encode_body(target, request, version);
}
void encode(Bytes& target, const ApiVersionsResponse& response, std::int16_t version) {
    encode_body(target, response, version);
}

}  // namespace broker::protocol
