// Fetch (key 1): the layouts of request and response.
#include "broker_core/protocol/fetch.h"

namespace broker::protocol {

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<FetchRequest> request,
                   std::int16_t version) {
    codec.field(request.replica_id);
    codec.field(request.max_wait_ms);
    codec.field(request.min_bytes);
    codec.field(request.max_bytes);
    codec.field(request.isolation_level);
    if (version >= 7) {
        codec.field(request.session_id);
        codec.field(request.session_epoch);
    }
    codec.array(request.topics, [&](auto& topic) {
        codec.string(topic.name);
        codec.array(topic.partitions, [&](auto& partition) {
            codec.field(partition.index);
            if (version >= 9) {
                codec.field(partition.current_leader_epoch);
            }
            codec.field(partition.fetch_offset);
            if (version >= 5) {
                codec.field(partition.log_start_offset);
            }
            codec.field(partition.max_bytes);
        });
    });
    if (version >= 7) {
        codec.array(request.forgotten_topics, [&](auto& topic) {
            codec.string(topic.name);
            codec.array(topic.partitions, [&](auto& index) { codec.field(index); });
        });
    }
    if (version >= 11) {
        codec.string(request.rack_id);
    }
}

template <class Codec>
static void layout(Codec& codec, typename Codec::template Ref<FetchResponse> response,
                   std::int16_t version) {
    codec.field(response.throttle_time_ms);
    if (version >= 7) {
        codec.field(response.error);
        codec.field(response.session_id);
    }
    codec.array(response.topics, [&](auto& topic) {
        codec.string(topic.name);
        codec.array(topic.partitions, [&](auto& partition) {
            codec.field(partition.index);
            codec.field(partition.error);
            codec.field(partition.high_watermark);
            codec.field(partition.last_stable_offset);
            if (version >= 5) {
                codec.field(partition.log_start_offset);
            }
            codec.nullable_array(partition.aborted_transactions, [&](auto& aborted) {
                codec.field(aborted.producer_id);
                codec.field(aborted.first_offset);
            });
            if (version >= 11) {
                codec.field(partition.preferred_read_replica);
            }
            codec.records(partition.records);
        });
    });
}

Result<FetchRequest> decode_fetch_request(ByteSpan body, std::int16_t version) {
    return decode_body<FetchRequest>(body, version, "protocol: fetch request");
}
Result<FetchResponse> decode_fetch_response(ByteSpan body, std::int16_t version) {
    return decode_body<FetchResponse>(body, version, "protocol: fetch response");
}
void encode(Bytes& target, const FetchRequest& request, std::int16_t version) {
    encode_body(target, request, version);
}
void encode(Bytes& target, const FetchResponse& response, std::int16_t version) {
    encode_body(target, response, version);
}

}  // namespace broker::protocol
