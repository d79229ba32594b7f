// Metadata (key 3): the layouts of request and response.
#include "broker_core/protocol/metadata.h"

namespace broker::protocol {

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<MetadataRequest> request,
                   std::int16_t version) {
    codec.nullable_array(request.topics, [&](auto& name) { codec.string(name); });
    if (version >= 4) {
        codec.field(request.allow_auto_topic_creation);
    }
}

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<MetadataResponse> response,
                   std::int16_t version) {
    auto const node = [&](auto& node_id) { codec.field(node_id); };
    if (version >= 3) {
        codec.field(response.throttle_time_ms);
    }
    codec.array(response.brokers, [&](auto& broker) {
        codec.field(broker.node_id);
        codec.string(broker.host);
        codec.field(broker.port);
        codec.nullable_string(broker.rack);
    });
    if (version >= 2) {
        codec.nullable_string(response.cluster_id);
    }
    codec.field(response.controller_id);
    codec.array(response.topics, [&](auto& topic) {
        codec.field(topic.error);
        codec.string(topic.name);
        codec.field(topic.is_internal);
        codec.array(topic.partitions, [&](auto& partition) {
            codec.field(partition.error);
            codec.field(partition.index);
            codec.field(partition.leader_id);
            codec.array(partition.replica_nodes, node);
            codec.array(partition.isr_nodes, node);
        });
    });
}

Result<MetadataRequest> decode_metadata_request(ByteSpan body, std::int16_t version) {
    return decode_body<MetadataRequest>(body, version, "protocol: metadata request");
}
Result<MetadataResponse> decode_metadata_response(ByteSpan body, std::int16_t version) {
    return decode_body<MetadataResponse>(body, version, "protocol: metadata response");
}
void encode(Bytes& target, const MetadataRequest& request, std::int16_t version) {
    encode_body(target, request, version);
}
void encode(Bytes& target, const MetadataResponse& response, std::int16_t version) {
    encode_body(target, response, version);
}

}  // namespace broker::protocol
