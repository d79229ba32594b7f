// Produce (key 0): the layouts of request and response.
#include "broker_core/protocol/produce.h"

namespace broker::protocol {

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<ProduceRequest> request,
                   std::int16_t /*version: the request is the same from 3 to 7*/) {
    codec.nullable_string(request.transactional_id);
    codec.field(request.acks);
    codec.field(request.timeout_ms);
    codec.array(request.topics, [&](auto& topic) {
        codec.string(topic.name);
        codec.array(topic.partitions, [&](auto& partition) {
            codec.field(partition.index);
            codec.records(partition.records);
        });
    });
}

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<ProduceResponse> response,
                   std::int16_t version) {
    codec.array(response.topics, [&](auto& topic) {
        codec.string(topic.name);
        codec.array(topic.partitions, [&](auto& partition) {
            codec.field(partition.index);
            codec.field(partition.error);
            codec.field(partition.base_offset);
            codec.field(partition.log_append_time_ms);
            if (version >= 5) {
                codec.field(partition.log_start_offset);
            }
        });
    });
    codec.field(response.throttle_time_ms);
}

Result<ProduceRequest> decode_produce_request(ByteSpan body, std::int16_t version) {
    return decode_body<ProduceRequest>(body, version, "protocol: produce request");
}
Result<ProduceResponse> decode_produce_response(ByteSpan body, std::int16_t version) {
    return decode_body<ProduceResponse>(body, version, "protocol: produce response");
}
void encode(Bytes& target, const ProduceRequest& request, std::int16_t version) {
    encode_body(target, request, version);
}
void encode(Bytes& target, const ProduceResponse& response, std::int16_t version) {
    encode_body(target, response, version);
}

}  // namespace broker::protocol
