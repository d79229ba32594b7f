// Golden bytes by hand from the Kafka protocol guide, frames in a stream, and the error table.
#include "broker_core/protocol/frame.h"

#include "broker_core/protocol/api_versions.h"
#include "broker_core/protocol/fetch.h"
#include "broker_core/protocol/init_producer_id.h"
#include "broker_core/protocol/list_offsets.h"
#include "broker_core/protocol/metadata.h"
#include "broker_core/protocol/produce.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>

using namespace broker;
using namespace broker::protocol;
using broker::test::from_hex;
using broker::test::to_hex;

namespace {

template <class Message>
std::string body_hex(const Message& message, std::int16_t version) {
    Bytes bytes;
    encode(bytes, message, version);
    return to_hex(bytes);
}

/// The same spelling that to_hex gives, so that a golden text may be laid out freely.
std::string golden(std::string_view text) {
    return to_hex(from_hex(text));
}

}  // namespace

TEST_CASE("protocol: golden ApiVersions frames, plain and flexible", "[protocol]") {
    Bytes plain;
    append_request(plain, {.api_version = 0, .correlation_id = 7, .client_id = "c"},
                   ApiVersionsRequest{});
    CHECK(to_hex(plain) == golden("0000000b 0012 0000 00000007 0001 63"));

    // Header v2: the client id stays a plain string, then an empty tag section; the body is
    // compact. This is how librdkafka opens a connection.
    Bytes flexible;
    append_request(
        flexible, {.api_version = 3, .correlation_id = 1, .client_id = "rd"},
        ApiVersionsRequest{.client_software_name = "lib", .client_software_version = "2"});
    CHECK(to_hex(flexible) ==
          golden("00000014 0012 0003 00000001 0002 7264 00  04 6c6962 02 32 00"));

    // The response header stays v0, without tags, or no client could read the error of KIP-511.
    Bytes answer;
    ApiVersionsResponse response;
    response.api_keys.push_back({.api_key = 0, .version_min = 3, .version_max = 7});
    append_response(answer, 1, response, 3);
    CHECK(to_hex(answer) == golden("00000013 00000001 0000 02 0000 0003 0007 00 00000000 00"));
}

TEST_CASE("protocol: an unknown ApiVersions version is answered with 35 in version 0",
          "[protocol]") {
    // Version 9 has a header and body we cannot know; the fixed part of the header is enough.
    Result<RequestFrame> const frame =
        decode_request_frame(from_hex("0012 0009 00000005 0001 63 ff ff"));
    REQUIRE(frame.has_value());
    CHECK(frame->header.correlation_id == 5);
    CHECK_FALSE(offers(ApiKey::api_versions, frame->header.api_version));

    CHECK(body_hex(unsupported_api_versions(), 0) == golden("0023 00000001 0012 0000 0003"));
}

TEST_CASE("protocol: ApiVersions offers the whole table and nothing else", "[protocol]") {
    CHECK(body_hex(offered_api_versions(), 0) ==
          golden("0000 00000006  0000 0003 0007  0001 0004 000b  0002 0001 0002  0003 0001 0004"
                 "               0012 0000 0003  0016 0000 0001"));
    CHECK(find_api(10) == nullptr);
}

TEST_CASE("protocol: golden Produce bodies", "[protocol]") {
    Bytes const batch = from_hex("aabb");
    ProduceRequest request{.acks = -1, .timeout_ms = 1500};
    request.topics.push_back({.name = "t", .partitions = {{.index = 2, .records = batch}}});
    CHECK(body_hex(request, 7) ==
          golden("ffff ffff 000005dc 00000001 0001 74 00000001 00000002 00000002 aabb"));

    ProduceResponse response;
    response.topics.push_back(
        {.name = "t",
         .partitions = {{.index = 2, .base_offset = Offset{9}, .log_start_offset = Offset{1}}}});
    CHECK(body_hex(response, 3) ==
          golden("00000001 0001 74 00000001 00000002 0000 0000000000000009 ffffffffffffffff"
                 "00000000"));
    CHECK(body_hex(response, 5) ==
          golden("00000001 0001 74 00000001 00000002 0000 0000000000000009 ffffffffffffffff"
                 "0000000000000001 00000000"));
}

TEST_CASE("protocol: golden Fetch bodies", "[protocol]") {
    FetchRequest request{.max_wait_ms = 500, .min_bytes = 1, .max_bytes = 1024};
    request.topics.push_back(
        {.name = "t", .partitions = {{.index = 0, .fetch_offset = Offset{5}, .max_bytes = 100}}});
    CHECK(body_hex(request, 4) ==
          golden("ffffffff 000001f4 00000001 00000400 00 00000001 0001 74 00000001 00000000"
                 "0000000000000005 00000064"));
    CHECK(body_hex(request, 11) ==
          golden("ffffffff 000001f4 00000001 00000400 00 00000000 ffffffff 00000001 0001 74"
                 "00000001 00000000 ffffffff 0000000000000005 ffffffffffffffff 00000064"
                 "00000000 0000"));

    Bytes const batch = from_hex("aabb");
    FetchResponse response;
    response.topics.push_back({.name = "t",
                               .partitions = {{.index = 0,
                                               .high_watermark = Offset{6},
                                               .last_stable_offset = Offset{6},
                                               .log_start_offset = Offset{0},
                                               .records = batch}}});
    CHECK(body_hex(response, 4) ==
          golden("00000000 00000001 0001 74 00000001 00000000 0000 0000000000000006"
                 "0000000000000006 ffffffff 00000002 aabb"));
    CHECK(body_hex(response, 11) ==
          golden("00000000 0000 00000000 00000001 0001 74 00000001 00000000 0000"
                 "0000000000000006 0000000000000006 0000000000000000 ffffffff ffffffff"
                 "00000002 aabb"));
}

TEST_CASE("protocol: golden ListOffsets bodies", "[protocol]") {
    ListOffsetsRequest request;
    request.topics.push_back({.name = "t", .partitions = {{.index = 1, .timestamp_ms = -2}}});
    CHECK(body_hex(request, 1) ==
          golden("ffffffff 00000001 0001 74 00000001 00000001 fffffffffffffffe"));
    CHECK(body_hex(request, 2) ==
          golden("ffffffff 00 00000001 0001 74 00000001 00000001 fffffffffffffffe"));

    ListOffsetsResponse response;
    response.topics.push_back({.name = "t", .partitions = {{.index = 1, .offset = Offset{3}}}});
    CHECK(body_hex(response, 1) == golden("00000001 0001 74 00000001 00000001 0000"
                                          "ffffffffffffffff 0000000000000003"));
    CHECK(body_hex(response, 2) == golden("00000000 00000001 0001 74 00000001 00000001 0000"
                                          "ffffffffffffffff 0000000000000003"));
}

TEST_CASE("protocol: golden Metadata bodies", "[protocol]") {
    CHECK(body_hex(MetadataRequest{}, 1) == golden("ffffffff"));
    CHECK(body_hex(MetadataRequest{.topics = List<std::string_view>{}}, 1) == golden("00000000"));
    CHECK(body_hex(MetadataRequest{.topics = List<std::string_view>{"t"},
                                   .allow_auto_topic_creation = false},
                   4) == golden("00000001 0001 74 00"));

    MetadataResponse response{.cluster_id = "x", .controller_id = 1};
    response.brokers.push_back({.node_id = 1, .host = "h", .port = 9092, .rack = std::nullopt});
    response.topics.push_back(
        {.name = "t",
         .partitions = {{.index = 0, .leader_id = 1, .replica_nodes = {1, 2}, .isr_nodes = {1}}}});
    std::string const brokers = "00000001 00000001 0001 68 00002384 ffff ";
    std::string const topics =
        "00000001 0000 0001 74 00 00000001 0000 00000000 00000001 00000002 00000001 00000002"
        "00000001 00000001";
    CHECK(body_hex(response, 1) == golden(brokers + "00000001" + topics));
    CHECK(body_hex(response, 2) == golden(brokers + "0001 78 00000001" + topics));
    CHECK(body_hex(response, 4) == golden("00000000" + brokers + "0001 78 00000001" + topics));
}

TEST_CASE("protocol: golden InitProducerId bodies", "[protocol]") {
    CHECK(body_hex(InitProducerIdRequest{.transaction_timeout_ms = 60000}, 1) ==
          golden("ffff 0000ea60"));
    CHECK(body_hex(InitProducerIdResponse{.producer_id = ProducerId{4},
                                          .producer_epoch = ProducerEpoch{0}},
                   1) == golden("00000000 0000 0000000000000004 0000"));
}

TEST_CASE("protocol: unknown tagged fields are skipped", "[protocol]") {
    // name "a", version "b", one tag 5 with two bytes.
    Bytes const body = from_hex("02 61 02 62 01 05 02 ffff");

    Result<ApiVersionsRequest> const request = decode_api_versions_request(body, 3);

    REQUIRE(request.has_value());
    CHECK(request->client_software_name == "a");
    CHECK(request->client_software_version == "b");
}

TEST_CASE("protocol: frames leave a stream one by one, and only whole", "[protocol]") {
    Bytes const stream = from_hex("00000002 aabb 00000001 cc");

    for (std::size_t size = 0; size < 6; ++size) {
        auto const none = next_frame(ByteSpan{stream}.first(size), 100);
        REQUIRE(none.has_value());
        CHECK_FALSE(none->has_value());
    }
    auto const first = next_frame(stream, 100);
    REQUIRE(first.has_value());
    REQUIRE(first->has_value());
    CHECK(to_hex(**first) == "aa bb");
    auto const second = next_frame(ByteSpan{stream}.subspan(6), 100);
    REQUIRE(second.has_value());
    CHECK(to_hex(**second) == "cc");
}

TEST_CASE("protocol: a frame longer than the limit or of negative length is refused",
          "[protocol]") {
    CHECK(next_frame(from_hex("00000002"), 1).error().code == ErrorCode::limit);
    CHECK(next_frame(from_hex("ffffffff"), 100).error().code == ErrorCode::corrupt);
}

TEST_CASE("protocol: headers survive being cut at every byte", "[protocol]") {
    Bytes frame;
    append_request(frame, {.api_version = 3, .correlation_id = 1, .client_id = "client"},
                   ApiVersionsRequest{});
    Bytes const payload{frame.begin() + 4, frame.end()};
    std::size_t const header_size_bytes = 2 + 2 + 4 + 2 + 6 + 1;

    for (std::size_t size = 0; size < payload.size(); ++size) {
        Bytes const cut{payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size)};
        CHECK(decode_request_frame(cut).has_value() == (size >= header_size_bytes));
    }
    CHECK_FALSE(decode_response_frame(from_hex("000000")).has_value());
    CHECK(decode_response_frame(from_hex("00000009 aa"))->correlation_id == 9);
}

TEST_CASE("protocol: retriable errors are those of the client model", "[protocol]") {
    std::vector<int> retried;
    for (int code = INT16_MIN; code <= INT16_MAX; ++code) {
        if (retriable(static_cast<KafkaError>(code))) {
            retried.push_back(code);
        }
    }

    CHECK(retried == std::vector<int>{2, 3, 5, 6, 7, 13, 19, 20, 56, 74, 75, 78});
    CHECK(name_of(KafkaError::not_leader_or_follower) == "NOT_LEADER_OR_FOLLOWER");
    CHECK(name_of(static_cast<KafkaError>(999)) == "UNLISTED");
}
