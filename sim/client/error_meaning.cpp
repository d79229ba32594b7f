// Meaning of produce errors, code by code.
#include "sim/client/error_meaning.h"

namespace brokersim {

using broker::protocol::KafkaError;

bool definitely_not_appended(KafkaError error) {
    switch (error) {
        case KafkaError::corrupt_message:
        case KafkaError::unknown_topic_or_partition:
        case KafkaError::message_too_large:
        case KafkaError::record_list_too_large:
        case KafkaError::not_enough_replicas:
        case KafkaError::invalid_required_acks:
        case KafkaError::unsupported_version:
        case KafkaError::invalid_request:
        case KafkaError::out_of_order_sequence_number:
        case KafkaError::invalid_producer_epoch:
        case KafkaError::unknown_producer_id:
        case KafkaError::invalid_record:
            return true;
        case KafkaError::unknown_server_error:
        case KafkaError::none:
        case KafkaError::offset_out_of_range:
        case KafkaError::leader_not_available:
        case KafkaError::not_leader_or_follower:
        case KafkaError::request_timed_out:
        case KafkaError::network_exception:
        case KafkaError::not_enough_replicas_after_append:
        case KafkaError::duplicate_sequence_number:
        case KafkaError::kafka_storage_error:
        case KafkaError::fenced_leader_epoch:
        case KafkaError::unknown_leader_epoch:
        case KafkaError::offset_not_available:
            return false;
    }
    return false;
}

}  // namespace brokersim
