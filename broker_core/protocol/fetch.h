// Fetch (key 1, versions 4 to 11): reading whole batches below the high watermark.
//
// Source: Kafka protocol guide, "Fetch API"; KIP-227 (v7 sessions, which this broker refuses by
// answering session id 0), KIP-320 (v9 leader epoch), KIP-392 (v11 rack, read replica).
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/result.h"
#include "broker_core/protocol/wire.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace broker::protocol {

struct FetchPartition {
    std::int32_t index = 0;
    std::int32_t current_leader_epoch = -1;  // from v9; -1: do not check
    Offset fetch_offset{0};
    Offset log_start_offset{-1};  // from v5; of a follower, -1 from a consumer
    std::int32_t max_bytes = 0;

    friend bool operator==(const FetchPartition&, const FetchPartition&) = default;
};

struct FetchTopic {
    std::string_view name{};
    List<FetchPartition> partitions{};

    friend bool operator==(const FetchTopic&, const FetchTopic&) = default;
};

/// Partitions that leave a fetch session (v7); ignored here, where no session exists.
struct ForgottenTopic {
    std::string_view name{};
    List<std::int32_t> partitions{};

    friend bool operator==(const ForgottenTopic&, const ForgottenTopic&) = default;
};

struct FetchRequest {
    static constexpr ApiKey api = ApiKey::fetch;

    std::int32_t replica_id = -1;  // -1: a consumer
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = INT32_MAX;
    IsolationLevel isolation_level = IsolationLevel::read_uncommitted;
    std::int32_t session_id = 0;      // from v7
    std::int32_t session_epoch = -1;  // from v7; -1: no session wanted
    List<FetchTopic> topics{};
    List<ForgottenTopic> forgotten_topics{};  // from v7
    std::string_view rack_id{};               // from v11

    friend bool operator==(const FetchRequest&, const FetchRequest&) = default;
};

struct AbortedTransaction {
    ProducerId producer_id{-1};
    Offset first_offset{-1};

    friend bool operator==(const AbortedTransaction&, const AbortedTransaction&) = default;
};

struct FetchPartitionResponse {
    std::int32_t index = 0;
    KafkaError error = KafkaError::none;
    Offset high_watermark{-1};
    Offset last_stable_offset{-1};  // always the high watermark here
    Offset log_start_offset{-1};    // from v5
    std::optional<List<AbortedTransaction>> aborted_transactions{};  // null: none
    std::int32_t preferred_read_replica = -1;                        // from v11
    ByteSpan records{};  // whole batches, or empty; borrowed

    friend bool operator==(const FetchPartitionResponse& left,
                           const FetchPartitionResponse& right) {
        return left.index == right.index && left.error == right.error &&
               left.high_watermark == right.high_watermark &&
               left.last_stable_offset == right.last_stable_offset &&
               left.log_start_offset == right.log_start_offset &&
               left.aborted_transactions == right.aborted_transactions &&
               left.preferred_read_replica == right.preferred_read_replica &&
               same_bytes(left.records, right.records);
    }
};

struct FetchTopicResponse {
    std::string_view name{};
    List<FetchPartitionResponse> partitions{};

    friend bool operator==(const FetchTopicResponse&, const FetchTopicResponse&) = default;
};

struct FetchResponse {
    static constexpr ApiKey api = ApiKey::fetch;

    std::int32_t throttle_time_ms = 0;
    KafkaError error = KafkaError::none;  // from v7
    std::int32_t session_id = 0;          // from v7; 0: no session
    List<FetchTopicResponse> topics{};

    friend bool operator==(const FetchResponse&, const FetchResponse&) = default;
};

/// Bodies without frame and header; see decode_body and encode_body for errors and requirements.
[[nodiscard]] Result<FetchRequest> decode_fetch_request(ByteSpan body, std::int16_t version);
[[nodiscard]] Result<FetchResponse> decode_fetch_response(ByteSpan body, std::int16_t version);
void encode(Bytes& target, const FetchRequest& request, std::int16_t version);
void encode(Bytes& target, const FetchResponse& response, std::int16_t version);

}  // namespace broker::protocol
