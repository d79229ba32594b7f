// InitProducerId (key 22, versions 0 and 1): the identity of an idempotent producer.
//
// Source: Kafka protocol guide, "InitProducerId API"; KIP-98.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/result.h"
#include "broker_core/protocol/wire.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace broker::protocol {

struct InitProducerIdRequest {
    static constexpr ApiKey api = ApiKey::init_producer_id;

    std::optional<std::string_view> transactional_id{};  // must be null here, else (42)
    std::int32_t transaction_timeout_ms = 0;

    friend bool operator==(const InitProducerIdRequest&, const InitProducerIdRequest&) = default;
};

struct InitProducerIdResponse {
    static constexpr ApiKey api = ApiKey::init_producer_id;

    std::int32_t throttle_time_ms = 0;
    KafkaError error = KafkaError::none;
    ProducerId producer_id{-1};
    ProducerEpoch producer_epoch{-1};

    friend bool operator==(const InitProducerIdResponse&, const InitProducerIdResponse&) = default;
};

/// Bodies without frame and header; see decode_body and encode_body for errors and requirements.
[[nodiscard]] Result<InitProducerIdRequest> decode_init_producer_id_request(ByteSpan body,
                                                                            std::int16_t version);
[[nodiscard]] Result<InitProducerIdResponse> decode_init_producer_id_response(ByteSpan body,
                                                                              std::int16_t version);
void encode(Bytes& target, const InitProducerIdRequest& request, std::int16_t version);
void encode(Bytes& target, const InitProducerIdResponse& response, std::int16_t version);

}  // namespace broker::protocol
