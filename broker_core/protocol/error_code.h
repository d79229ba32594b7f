// The Kafka error codes this broker answers with, and which of them a client may retry.
#pragma once

#include <cstdint>
#include <string_view>

namespace broker::protocol {

/// Values as on the wire. Source: Kafka protocol guide, "Error Codes".
enum class KafkaError : std::int16_t {
    unknown_server_error = -1,
    none = 0,
    offset_out_of_range = 1,
    corrupt_message = 2,
    unknown_topic_or_partition = 3,
    leader_not_available = 5,
    not_leader_or_follower = 6,
    request_timed_out = 7,
    message_too_large = 10,
    network_exception = 13,  // never sent: what a client reports of a broken connection
    record_list_too_large = 18,
    not_enough_replicas = 19,
    not_enough_replicas_after_append = 20,
    invalid_required_acks = 21,
    unsupported_version = 35,
    invalid_request = 42,
    out_of_order_sequence_number = 45,
    duplicate_sequence_number = 46,
    invalid_producer_epoch = 47,
    kafka_storage_error = 56,
    unknown_producer_id = 59,
    fenced_leader_epoch = 74,
    unknown_leader_epoch = 75,
    offset_not_available = 78,
    invalid_record = 87,
};

/// Kafka's name, such as "NOT_LEADER_OR_FOLLOWER"; "UNLISTED" for a code of no broker of ours.
[[nodiscard]] std::string_view name_of(KafkaError error);

/// True if the client model sends the same attempt again. 45, 47 and 59 are final here:
/// what a producer does about them depends on its flavour.
[[nodiscard]] bool retriable(KafkaError error);

}  // namespace broker::protocol
