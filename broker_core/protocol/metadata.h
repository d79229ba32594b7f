// Metadata (key 3, versions 1 to 4): which brokers exist and who leads which partition.
//
// Source: Kafka protocol guide, "Metadata API"; KIP-4 (v1), KIP-78 (v2), KIP-204 (v4).
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/result.h"
#include "broker_core/protocol/wire.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace broker::protocol {

struct MetadataRequest {
    static constexpr ApiKey api = ApiKey::metadata;

    std::optional<List<std::string_view>> topics{};  // null: all topics; empty: brokers only
    bool allow_auto_topic_creation = true;           // from v4; ignored, clients create nothing

    friend bool operator==(const MetadataRequest&, const MetadataRequest&) = default;
};

struct MetadataBroker {
    std::int32_t node_id = 0;
    std::string_view host{};
    std::int32_t port = 0;
    std::optional<std::string_view> rack{};

    friend bool operator==(const MetadataBroker&, const MetadataBroker&) = default;
};

struct MetadataPartition {
    KafkaError error = KafkaError::none;
    std::int32_t index = 0;
    std::int32_t leader_id = -1;  // -1: none known, with error leader_not_available
    List<std::int32_t> replica_nodes{};
    List<std::int32_t> isr_nodes{};  // the voters: there is no ISR

    friend bool operator==(const MetadataPartition&, const MetadataPartition&) = default;
};

struct MetadataTopic {
    KafkaError error = KafkaError::none;
    std::string_view name{};
    bool is_internal = false;
    List<MetadataPartition> partitions{};

    friend bool operator==(const MetadataTopic&, const MetadataTopic&) = default;
};

struct MetadataResponse {
    static constexpr ApiKey api = ApiKey::metadata;

    std::int32_t throttle_time_ms = 0;  // from v3
    List<MetadataBroker> brokers{};
    std::optional<std::string_view> cluster_id{};  // from v2
    std::int32_t controller_id = -1;
    List<MetadataTopic> topics{};

    friend bool operator==(const MetadataResponse&, const MetadataResponse&) = default;
};

/// Bodies without frame and header; see decode_body and encode_body for errors and requirements.
[[nodiscard]] Result<MetadataRequest> decode_metadata_request(ByteSpan body, std::int16_t version);
[[nodiscard]] Result<MetadataResponse> decode_metadata_response(ByteSpan body,
                                                                std::int16_t version);
void encode(Bytes& target, const MetadataRequest& request, std::int16_t version);
void encode(Bytes& target, const MetadataResponse& response, std::int16_t version);

}  // namespace broker::protocol
