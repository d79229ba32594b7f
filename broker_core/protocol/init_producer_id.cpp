// InitProducerId (key 22): the layouts of request and response.
#include "broker_core/protocol/init_producer_id.h"

namespace broker::protocol {

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<InitProducerIdRequest> request,
                   std::int16_t /*version: 0 and 1 are the same*/) {
    codec.nullable_string(request.transactional_id);
    codec.field(request.transaction_timeout_ms);
}

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<InitProducerIdResponse> response,
                   std::int16_t /*version*/) {
    codec.field(response.throttle_time_ms);
    codec.field(response.error);
    codec.field(response.producer_id);
    codec.field(response.producer_epoch);
}

Result<InitProducerIdRequest> decode_init_producer_id_request(ByteSpan body, std::int16_t version) {
    return decode_body<InitProducerIdRequest>(body, version, "protocol: init producer id request");
}
Result<InitProducerIdResponse> decode_init_producer_id_response(ByteSpan body,
                                                                std::int16_t version) {
    return decode_body<InitProducerIdResponse>(body, version,
                                               "protocol: init producer id response");
}
void encode(Bytes& target, const InitProducerIdRequest& request, std::int16_t version) {
    encode_body(target, request, version);
}
void encode(Bytes& target, const InitProducerIdResponse& response, std::int16_t version) {
    encode_body(target, response, version);
}

}  // namespace broker::protocol
