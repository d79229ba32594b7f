// ListOffsets (key 2, versions 1 and 2): the ends of a log, and offsets by time.
//
// Source: Kafka protocol guide, "ListOffsets API"; KIP-79 (v1), KIP-98 (v2 isolation level).
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/result.h"
#include "broker_core/protocol/wire.h"

#include <cstdint>
#include <string_view>

namespace broker::protocol {

/// Timestamps that ask for a place instead of a time.
inline constexpr std::int64_t timestamp_latest = -1;    // the high watermark
inline constexpr std::int64_t timestamp_earliest = -2;  // the log start

struct ListOffsetsPartition {
    std::int32_t index = 0;
    std::int64_t timestamp_ms = timestamp_latest;

    friend bool operator==(const ListOffsetsPartition&, const ListOffsetsPartition&) = default;
};

struct ListOffsetsTopic {
    std::string_view name{};
    List<ListOffsetsPartition> partitions{};

    friend bool operator==(const ListOffsetsTopic&, const ListOffsetsTopic&) = default;
};

struct ListOffsetsRequest {
    static constexpr ApiKey api = ApiKey::list_offsets;

    std::int32_t replica_id = -1;                                       // -1: a consumer
    IsolationLevel isolation_level = IsolationLevel::read_uncommitted;  // from v2
    List<ListOffsetsTopic> topics{};

    friend bool operator==(const ListOffsetsRequest&, const ListOffsetsRequest&) = default;
};

struct ListOffsetsPartitionResponse {
    std::int32_t index = 0;
    KafkaError error = KafkaError::none;
    std::int64_t timestamp_ms = -1;  // of the record found by time, else -1
    Offset offset{-1};               // -1: no record is that young, or an error

    friend bool operator==(const ListOffsetsPartitionResponse&,
                           const ListOffsetsPartitionResponse&) = default;
};

struct ListOffsetsTopicResponse {
    std::string_view name{};
    List<ListOffsetsPartitionResponse> partitions{};

    friend bool operator==(const ListOffsetsTopicResponse&,
                           const ListOffsetsTopicResponse&) = default;
};

struct ListOffsetsResponse {
    static constexpr ApiKey api = ApiKey::list_offsets;

    std::int32_t throttle_time_ms = 0;  // from v2
    List<ListOffsetsTopicResponse> topics{};

    friend bool operator==(const ListOffsetsResponse&, const ListOffsetsResponse&) = default;
};

/// Bodies without frame and header; see decode_body and encode_body for errors and requirements.
[[nodiscard]] Result<ListOffsetsRequest> decode_list_offsets_request(ByteSpan body,
                                                                     std::int16_t version);
[[nodiscard]] Result<ListOffsetsResponse> decode_list_offsets_response(ByteSpan body,
                                                                       std::int16_t version);
void encode(Bytes& target, const ListOffsetsRequest& request, std::int16_t version);
void encode(Bytes& target, const ListOffsetsResponse& response, std::int16_t version);

}  // namespace broker::protocol
