// What a client may conclude from the code of a produce response.
#pragma once

#include "broker_core/protocol/error_code.h"

namespace brokersim {

/// Whether an answer with this code proves that the attempt was not appended. All others leave it
/// open: NOT_LEADER_OR_FOLLOWER too, as a leader may lose its leadership with the batch in its log
/// (KAFKA-13574).
[[nodiscard]] bool definitely_not_appended(broker::protocol::KafkaError error);

}  // namespace brokersim
