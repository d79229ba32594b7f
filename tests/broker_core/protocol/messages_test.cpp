// Every Kafka message at every offered version: there and back, cut short, and damaged.
#include "tests/broker_core/protocol/drawn_messages.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

using namespace broker;
using namespace broker::protocol;

namespace {

template <class Message>
using Decode = Result<Message> (*)(ByteSpan, std::int16_t);

/// A copy that ends where its allocation ends, so that the sanitizer sees a read past it.
Bytes exact_copy(ByteSpan bytes) {
    return {bytes.begin(), bytes.end()};
}

template <class Message>
void must_round_trip(Decode<Message> decode, std::int16_t version) {
    rc::prop("decode of encode is identity, at version " + std::to_string(version), [&] {
        Message message;
        test::draw(message, version);

        Bytes bytes;
        encode(bytes, message, version);
        Result<Message> const decoded = decode(bytes, version);

        RC_ASSERT(decoded.has_value());
        bool const same = *decoded == message;
        RC_ASSERT(same);
    });
}

template <class Message>
void must_refuse_every_cut(Decode<Message> decode, std::int16_t version) {
    rc::prop("every proper prefix is malformed, at version " + std::to_string(version), [&] {
        Message message;
        test::draw(message, version);
        Bytes whole;
        encode(whole, message, version);

        for (std::size_t size = 0; size < whole.size(); ++size) {
            Bytes const cut = exact_copy(ByteSpan{whole}.first(size));
            Result<Message> const decoded = decode(cut, version);
            RC_ASSERT(!decoded.has_value());
            bool const corrupt = decoded.error().code == ErrorCode::corrupt;
            RC_ASSERT(corrupt);
        }
        whole.push_back(std::byte{0});
        RC_ASSERT(!decode(whole, version).has_value());
    });
}

template <class Message>
void must_survive_damage(Decode<Message> decode, std::int16_t version) {
    rc::prop("damaged bytes are refused or mean something, at version " + std::to_string(version),
             [&] {
                 Message message;
                 test::draw(message, version);
                 Bytes bytes;
                 encode(bytes, message, version);
                 auto const noise = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
                 for (std::size_t i = 0; i < noise.size() && !bytes.empty(); ++i) {
                     bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] =
                         static_cast<std::byte>(noise[i]);
                 }

                 Result<Message> const decoded = decode(bytes, version);

                 if (decoded) {
                     Bytes again;
                     encode(again, *decoded, version);
                     bool const same = decode(again, version) == decoded;
                     RC_ASSERT(same);
                 }
             });
    rc::prop("random bytes are refused or mean something, at version " + std::to_string(version),
             [&] {
                 auto const noise = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
                 Bytes const bytes = exact_copy(std::as_bytes(std::span{noise}));
                 static_cast<void>(decode(bytes, version));
             });
}

template <class Message>
void must_hold(Decode<Message> decode) {
    const OfferedApi* const api = find_api(static_cast<std::int16_t>(Message::api));
    REQUIRE(api != nullptr);
    for (std::int16_t version = api->version_min; version <= api->version_max; ++version) {
        must_round_trip<Message>(decode, version);
        must_refuse_every_cut<Message>(decode, version);
        must_survive_damage<Message>(decode, version);
    }
    CHECK(decode({}, static_cast<std::int16_t>(api->version_max + 1)).error().code ==
          ErrorCode::unsupported);
    CHECK(decode({}, static_cast<std::int16_t>(api->version_min - 1)).error().code ==
          ErrorCode::unsupported);
}

}  // namespace

TEST_CASE("protocol: Produce at every version", "[protocol]") {
    must_hold<ProduceRequest>(decode_produce_request);
    must_hold<ProduceResponse>(decode_produce_response);
}

TEST_CASE("protocol: Fetch at every version", "[protocol]") {
    must_hold<FetchRequest>(decode_fetch_request);
    must_hold<FetchResponse>(decode_fetch_response);
}

TEST_CASE("protocol: ListOffsets at every version", "[protocol]") {
    must_hold<ListOffsetsRequest>(decode_list_offsets_request);
    must_hold<ListOffsetsResponse>(decode_list_offsets_response);
}

TEST_CASE("protocol: Metadata at every version", "[protocol]") {
    must_hold<MetadataRequest>(decode_metadata_request);
    must_hold<MetadataResponse>(decode_metadata_response);
}

TEST_CASE("protocol: ApiVersions at every version", "[protocol]") {
    must_hold<ApiVersionsRequest>(decode_api_versions_request);
    must_hold<ApiVersionsResponse>(decode_api_versions_response);
}

TEST_CASE("protocol: InitProducerId at every version", "[protocol]") {
    must_hold<InitProducerIdRequest>(decode_init_producer_id_request);
    must_hold<InitProducerIdResponse>(decode_init_producer_id_response);
}

TEST_CASE("protocol: a count without elements behind it allocates nothing of its size",
          "[protocol]") {
    // null transactional id, acks, timeout, then 2^31 - 1 topics and no byte of them.
    Bytes bytes;
    append_be<std::int16_t>(bytes, -1);
    append_be<std::int16_t>(bytes, -1);
    append_be<std::int32_t>(bytes, 0);
    append_be<std::int32_t>(bytes, INT32_MAX);

    CHECK_FALSE(decode_produce_request(bytes, 7).has_value());
}

TEST_CASE("protocol: a list holds none, one inside, and more on the heap", "[protocol]") {
    List<int> list;
    CHECK(list.empty());

    list.push_back(1);
    list.push_back(2);
    list.push_back(3);
    List<int> const copy = list;
    list.clear();

    CHECK(list.empty());
    CHECK(copy.size() == 3);
    CHECK(copy == List<int>{1, 2, 3});
    CHECK(List<int>{1} != List<int>{});
}
