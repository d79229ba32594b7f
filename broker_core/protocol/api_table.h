// The offered Kafka APIs and their version ranges: one table, which ApiVersions answers with.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace broker::protocol {

enum class ApiKey : std::int16_t {
    produce = 0,
    fetch = 1,
    list_offsets = 2,
    metadata = 3,
    api_versions = 18,
    init_producer_id = 22,
};

struct OfferedApi {
    ApiKey key;
    std::int16_t version_min;
    std::int16_t version_max;
    std::string_view name;
};

/// Ordered by key: what librdkafka 2.0 needs to produce and consume. Produce must contain 3 and
/// Fetch 4, or librdkafka falls back to message formats that this broker does not store.
inline constexpr std::array offered_apis{
    OfferedApi{ApiKey::produce, 3, 7, "Produce"},
    OfferedApi{ApiKey::fetch, 4, 11, "Fetch"},
    OfferedApi{ApiKey::list_offsets, 1, 2, "ListOffsets"},
    OfferedApi{ApiKey::metadata, 1, 4, "Metadata"},
    OfferedApi{ApiKey::api_versions, 0, 3, "ApiVersions"},
    OfferedApi{ApiKey::init_producer_id, 0, 1, "InitProducerId"},
};

/// The row of a key as it came from the wire; nothing if that API is not offered.
constexpr const OfferedApi* find_api(std::int16_t key) {
    for (const OfferedApi& api : offered_apis) {
        if (static_cast<std::int16_t>(api.key) == key) {
            return &api;
        }
    }
    return nullptr;
}

constexpr bool offers(ApiKey key, std::int16_t version) {
    const OfferedApi* const api = find_api(static_cast<std::int16_t>(key));
    return api != nullptr && version >= api->version_min && version <= api->version_max;
}

/// Flexible versions (KIP-482) have compact lengths, tagged fields and request header v2.
constexpr bool is_flexible(ApiKey key, std::int16_t version) {
    return key == ApiKey::api_versions && version >= 3;
}

/// A failed CHECK unless `version` of `key` is offered: encoding anything else is our fault.
void require_offered(ApiKey key, std::int16_t version);

}  // namespace broker::protocol
