// Fuzz target of the wire decoder: any frame a client can send, and what decodes encodes the same.
#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/api_versions.h"
#include "broker_core/protocol/fetch.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/init_producer_id.h"
#include "broker_core/protocol/list_offsets.h"
#include "broker_core/protocol/metadata.h"
#include "broker_core/protocol/produce.h"
#include "tests/fuzz/fuzz_target.h"

#include <cstdlib>

namespace broker::protocol {
namespace {

/// What was decoded must survive encoding: decoded again it is equal.
template <class Request, class Decode>
void round_trip(const RequestFrame& frame, const Request& request, Decode decode) {
    if (!request) {
        return;
    }
    Bytes body;
    encode(body, *request, frame.header.api_version);
    auto const again = decode(ByteSpan{body}, frame.header.api_version);
    if (!again || !(*again == *request)) {
        std::abort();
    }
}

void decode_one(const RequestFrame& frame) {
    std::int16_t const version = frame.header.api_version;
    switch (static_cast<ApiKey>(frame.header.api_key)) {
        case ApiKey::api_versions:
            round_trip(frame, decode_api_versions_request(frame.body, version),
                       decode_api_versions_request);
            break;
        case ApiKey::metadata:
            round_trip(frame, decode_metadata_request(frame.body, version),
                       decode_metadata_request);
            break;
        case ApiKey::produce: {
            auto const request = decode_produce_request(frame.body, version);
            round_trip(frame, request, decode_produce_request);
            for (std::size_t t = 0; request && t < request->topics.size(); ++t) {
                const ProduceTopic& topic = request->topics[t];
                for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
                    (void)partition::validate_produced(topic.partitions[p].records, 1 << 20);
                }
            }
            break;
        }
        case ApiKey::fetch:
            round_trip(frame, decode_fetch_request(frame.body, version), decode_fetch_request);
            break;
        case ApiKey::list_offsets:
            round_trip(frame, decode_list_offsets_request(frame.body, version),
                       decode_list_offsets_request);
            break;
        case ApiKey::init_producer_id:
            round_trip(frame, decode_init_producer_id_request(frame.body, version),
                       decode_init_producer_id_request);
            break;
    }
}

}  // namespace
}  // namespace broker::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace broker;
    ByteSpan const payload{reinterpret_cast<const std::byte*>(data), size};
    auto const frame = protocol::decode_request_frame(payload);
    if (frame && protocol::find_api(frame->header.api_key) != nullptr &&
        protocol::offers(static_cast<protocol::ApiKey>(frame->header.api_key),
                         frame->header.api_version)) {
        protocol::decode_one(*frame);
    }
    (void)protocol::next_frame(payload, 1 << 20);
    return 0;
}
