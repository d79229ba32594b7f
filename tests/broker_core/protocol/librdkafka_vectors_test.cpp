// Request frames of a real client: each decodes, and encodes again to the very same bytes.
#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/api_versions.h"
#include "broker_core/protocol/fetch.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/init_producer_id.h"
#include "broker_core/protocol/list_offsets.h"
#include "broker_core/protocol/metadata.h"
#include "broker_core/protocol/produce.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <set>
#include <string>

namespace broker::protocol {
namespace {

template <class Decoded>
void same_again(const RequestFrame& frame, ByteSpan payload, const Decoded& decoded) {
    REQUIRE(decoded.has_value());
    Bytes again;
    RequestInfo const info{frame.header.api_version, frame.header.correlation_id,
                           frame.header.client_id};
    append_request(again, info, *decoded);
    CHECK(same_bytes(ByteSpan{again}.subspan(frame_length_size_bytes), payload));
}

void check(ByteSpan payload, std::set<ApiKey>& seen) {
    auto const frame = decode_request_frame(payload);
    REQUIRE(frame.has_value());
    CHECK(frame->header.client_id == "capture");
    auto const key = static_cast<ApiKey>(frame->header.api_key);
    std::int16_t const version = frame->header.api_version;
    seen.insert(key);
    switch (key) {
        case ApiKey::api_versions: {
            auto const request = decode_api_versions_request(frame->body, version);
            same_again(*frame, payload, request);
            CHECK(request->client_software_name == "librdkafka");
            break;
        }
        case ApiKey::metadata:
            same_again(*frame, payload, decode_metadata_request(frame->body, version));
            break;
        case ApiKey::produce: {
            auto const request = decode_produce_request(frame->body, version);
            same_again(*frame, payload, request);
            ByteSpan const records = request->topics[0].partitions[0].records;
            auto const batch = partition::validate_produced(records, 1 << 20);
            REQUIRE(batch.has_value());
            CHECK(batch->records_count() == 3);
            CHECK(batch->has_producer());
            break;
        }
        case ApiKey::fetch:
            same_again(*frame, payload, decode_fetch_request(frame->body, version));
            break;
        case ApiKey::list_offsets:
            same_again(*frame, payload, decode_list_offsets_request(frame->body, version));
            break;
        case ApiKey::init_producer_id:
            same_again(*frame, payload, decode_init_producer_id_request(frame->body, version));
            break;
    }
}

}  // namespace

TEST_CASE("protocol: frames of librdkafka decode and encode to the same bytes", "[protocol]") {
    std::ifstream file{BROKERSIM_VECTORS_DIR "/librdkafka-2.0.2.hex"};
    REQUIRE(file.is_open());
    std::set<ApiKey> seen;

    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && line[0] != '#') {
            INFO(line);
            check(test::from_hex(line), seen);
        }
    }

    CHECK(seen.size() == 6);  // every API that is offered
}

}  // namespace broker::protocol
