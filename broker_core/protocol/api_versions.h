// ApiVersions (key 18, versions 0 to 3): what a client asks first, to learn what it may ask.
//
// Source: Kafka protocol guide, "ApiVersions API"; KIP-35 (v0), KIP-482 and KIP-511 (v3: flexible,
// client software, and the answer to versions we do not know).
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/result.h"
#include "broker_core/protocol/wire.h"

#include <cstdint>
#include <string_view>

namespace broker::protocol {

struct ApiVersionsRequest {
    static constexpr ApiKey api = ApiKey::api_versions;

    std::string_view client_software_name{};     // from v3
    std::string_view client_software_version{};  // from v3

    friend bool operator==(const ApiVersionsRequest&, const ApiVersionsRequest&) = default;
};

struct ApiVersionRange {
    std::int16_t api_key = 0;
    std::int16_t version_min = 0;
    std::int16_t version_max = 0;

    friend bool operator==(const ApiVersionRange&, const ApiVersionRange&) = default;
};

struct ApiVersionsResponse {
    static constexpr ApiKey api = ApiKey::api_versions;

    KafkaError error = KafkaError::none;
    List<ApiVersionRange> api_keys{};
    std::int32_t throttle_time_ms = 0;  // from v1

    friend bool operator==(const ApiVersionsResponse&, const ApiVersionsResponse&) = default;
};

/// The answer to a version we know: the whole of api_table.h.
[[nodiscard]] ApiVersionsResponse offered_api_versions();
/// The answer to one we do not know: (35) and the range of ApiVersions itself, so that the client
/// can ask again. To be encoded as version 0, which every client reads (KIP-511).
[[nodiscard]] ApiVersionsResponse unsupported_api_versions();

/// Bodies without frame and header; see decode_body and encode_body for errors and requirements.
[[nodiscard]] Result<ApiVersionsRequest> decode_api_versions_request(ByteSpan body,
                                                                     std::int16_t version);
[[nodiscard]] Result<ApiVersionsResponse> decode_api_versions_response(ByteSpan body,
                                                                       std::int16_t version);
void encode(Bytes& target, const ApiVersionsRequest& request, std::int16_t version);
void encode(Bytes& target, const ApiVersionsResponse& response, std::int16_t version);

}  // namespace broker::protocol
