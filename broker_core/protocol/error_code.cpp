// The Kafka error codes as one table: code, name, retriable.
#include "broker_core/protocol/error_code.h"

namespace broker::protocol {

namespace {

enum class Retry : bool { no, yes };

struct ErrorRow {
    KafkaError code;
    std::string_view name;
    Retry retry;
};

constexpr ErrorRow error_rows[] = {
    {KafkaError::unknown_server_error, "UNKNOWN_SERVER_ERROR", Retry::no},
    {KafkaError::none, "NONE", Retry::no},
    {KafkaError::offset_out_of_range, "OFFSET_OUT_OF_RANGE", Retry::no},
    {KafkaError::corrupt_message, "CORRUPT_MESSAGE", Retry::yes},
    {KafkaError::unknown_topic_or_partition, "UNKNOWN_TOPIC_OR_PARTITION", Retry::yes},
    {KafkaError::leader_not_available, "LEADER_NOT_AVAILABLE", Retry::yes},
    {KafkaError::not_leader_or_follower, "NOT_LEADER_OR_FOLLOWER", Retry::yes},
    {KafkaError::request_timed_out, "REQUEST_TIMED_OUT", Retry::yes},
    {KafkaError::message_too_large, "MESSAGE_TOO_LARGE", Retry::no},
    {KafkaError::network_exception, "NETWORK_EXCEPTION", Retry::yes},
    {KafkaError::record_list_too_large, "RECORD_LIST_TOO_LARGE", Retry::no},
    {KafkaError::not_enough_replicas, "NOT_ENOUGH_REPLICAS", Retry::yes},
    {KafkaError::not_enough_replicas_after_append, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", Retry::yes},
    {KafkaError::invalid_required_acks, "INVALID_REQUIRED_ACKS", Retry::no},
    {KafkaError::unsupported_version, "UNSUPPORTED_VERSION", Retry::no},
    {KafkaError::invalid_request, "INVALID_REQUEST", Retry::no},
    {KafkaError::out_of_order_sequence_number, "OUT_OF_ORDER_SEQUENCE_NUMBER", Retry::no},
    {KafkaError::duplicate_sequence_number, "DUPLICATE_SEQUENCE_NUMBER", Retry::no},
    {KafkaError::invalid_producer_epoch, "INVALID_PRODUCER_EPOCH", Retry::no},
    {KafkaError::kafka_storage_error, "KAFKA_STORAGE_ERROR", Retry::yes},
    {KafkaError::unknown_producer_id, "UNKNOWN_PRODUCER_ID", Retry::no},
    {KafkaError::fenced_leader_epoch, "FENCED_LEADER_EPOCH", Retry::yes},
    {KafkaError::unknown_leader_epoch, "UNKNOWN_LEADER_EPOCH", Retry::yes},
    {KafkaError::offset_not_available, "OFFSET_NOT_AVAILABLE", Retry::yes},
    {KafkaError::invalid_record, "INVALID_RECORD", Retry::no},
};

/// The row of `error`, or nothing: a code from the wire may be any int16.
constexpr const ErrorRow* find_row(KafkaError error) {
    for (const ErrorRow& row : error_rows) {
        if (row.code == error) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace

std::string_view name_of(KafkaError error) {
    const ErrorRow* const row = find_row(error);
    return row != nullptr ? row->name : "UNLISTED";
}

bool retriable(KafkaError error) {
    const ErrorRow* const row = find_row(error);
    return row != nullptr && row->retry == Retry::yes;
}

}  // namespace broker::protocol
