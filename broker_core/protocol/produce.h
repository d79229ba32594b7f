// Produce (key 0, versions 3 to 7): record batches on their way in, and where they were stored.
//
// Source: Kafka protocol guide, "Produce API"; KIP-98 (v3), KIP-110 (v7 allows zstd).
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/result.h"
#include "broker_core/protocol/wire.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace broker::protocol {

struct ProducePartition {
    std::int32_t index = 0;
    ByteSpan records{};  // one batch if the client is sound; borrowed from the frame

    friend bool operator==(const ProducePartition& left, const ProducePartition& right) {
        return left.index == right.index && same_bytes(left.records, right.records);
    }
};

struct ProduceTopic {
    std::string_view name{};
    List<ProducePartition> partitions{};

    friend bool operator==(const ProduceTopic&, const ProduceTopic&) = default;
};

struct ProduceRequest {
    static constexpr ApiKey api = ApiKey::produce;

    std::optional<std::string_view> transactional_id{};  // must be null here: no transactions
    std::int16_t acks = -1;                              // 0, 1, -1; anything else is (21)
    std::int32_t timeout_ms = 0;
    List<ProduceTopic> topics{};

    friend bool operator==(const ProduceRequest&, const ProduceRequest&) = default;
};

struct ProducePartitionResponse {
    std::int32_t index = 0;
    KafkaError error = KafkaError::none;
    Offset base_offset{-1};                // of the first record; -1 with an error
    std::int64_t log_append_time_ms = -1;  // -1: the producer's timestamps were kept
    Offset log_start_offset{-1};           // from v5

    friend bool operator==(const ProducePartitionResponse&,
                           const ProducePartitionResponse&) = default;
};

struct ProduceTopicResponse {
    std::string_view name{};
    List<ProducePartitionResponse> partitions{};

    friend bool operator==(const ProduceTopicResponse&, const ProduceTopicResponse&) = default;
};

struct ProduceResponse {
    static constexpr ApiKey api = ApiKey::produce;

    List<ProduceTopicResponse> topics{};
    std::int32_t throttle_time_ms = 0;

    friend bool operator==(const ProduceResponse&, const ProduceResponse&) = default;
};

/// Bodies without frame and header; see decode_body and encode_body for errors and requirements.
[[nodiscard]] Result<ProduceRequest> decode_produce_request(ByteSpan body, std::int16_t version);
[[nodiscard]] Result<ProduceResponse> decode_produce_response(ByteSpan body, std::int16_t version);
void encode(Bytes& target, const ProduceRequest& request, std::int16_t version);
void encode(Bytes& target, const ProduceResponse& response, std::int16_t version);

}  // namespace broker::protocol
