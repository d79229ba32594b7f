// ListOffsets (key 2): the layouts of request and response.
#include "broker_core/protocol/list_offsets.h"

namespace broker::protocol {

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<ListOffsetsRequest> request,
                   std::int16_t version) {
    codec.field(request.replica_id);
    if (version >= 2) {
        codec.field(request.isolation_level);
    }
    codec.array(request.topics, [&](auto& topic) {
        codec.string(topic.name);
        codec.array(topic.partitions, [&](auto& partition) {
            codec.field(partition.index);
            codec.field(partition.timestamp_ms);
        });
    });
}

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<ListOffsetsResponse> response,
                   std::int16_t version) {
    if (version >= 2) {
        codec.field(response.throttle_time_ms);
    }
    codec.array(response.topics, [&](auto& topic) {
        codec.string(topic.name);
        codec.array(topic.partitions, [&](auto& partition) {
            codec.field(partition.index);
            codec.field(partition.error);
            codec.field(partition.timestamp_ms);
            codec.field(partition.offset);
        });
    });
}

Result<ListOffsetsRequest> decode_list_offsets_request(ByteSpan body, std::int16_t version) {
    return decode_body<ListOffsetsRequest>(body, version, "protocol: list offsets request");
}
Result<ListOffsetsResponse> decode_list_offsets_response(ByteSpan body, std::int16_t version) {
    return decode_body<ListOffsetsResponse>(body, version, "protocol: list offsets response");
}
void encode(Bytes& target, const ListOffsetsRequest& request, std::int16_t version) {
    encode_body(target, request, version);
}
void encode(Bytes& target, const ListOffsetsResponse& response, std::int16_t version) {
    encode_body(target, response, version);
}

}  // namespace broker::protocol
