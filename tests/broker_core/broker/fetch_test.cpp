// Tests of fetching and of the other questions a client may ask.
#include "tests/broker_core/broker/cluster_bench.h"

namespace broker {
namespace {

using protocol::KafkaError;
using test::batch_of;
using test::ClusterBench;
using Kind = ClusterBench::Kind;
using Offsets = std::vector<std::int64_t>;

/// One broker that leads. Offset 0 is the no-op of its term, 1..3 and 4..5 are two batches.
struct FilledLeader : ClusterBench {
    FilledLeader() : ClusterBench{1} {
        elect(1);
        produce(batch_of(3));
        produce(batch_of(2));
        settle();
        take();
        take();
    }
};

template <class Decode>
auto decoded(test::Sent const& sent, std::int16_t version, Decode decode) {
    REQUIRE_FALSE(sent.frame.empty());
    auto const frame = protocol::decode_response_frame(ByteSpan{sent.frame}.subspan(4));
    REQUIRE(frame.has_value());
    auto response = decode(frame->body, version);
    REQUIRE(response.has_value());
    return std::move(*response);
}

protocol::ListOffsetsPartitionResponse list_offsets(ClusterBench& bench, std::int64_t timestamp,
                                                    std::string_view name = "orders") {
    protocol::ListOffsetsRequest message;
    protocol::ListOffsetsTopic& topic = message.topics.add();
    topic.name = name;
    topic.partitions.push_back({0, timestamp});
    bench.request(1, 1, message, 2);
    test::Sent const sent = bench.take();
    return decoded(sent, 2, protocol::decode_list_offsets_response).topics[0].partitions[0];
}

ProducerId new_producer(ClusterBench& bench) {
    bench.request(1, 1, protocol::InitProducerIdRequest{}, 1);
    test::Sent const sent = bench.take();
    auto const response = decoded(sent, 1, protocol::decode_init_producer_id_response);
    CHECK(response.error == KafkaError::none);
    return response.producer_id;
}

}  // namespace

TEST_CASE("fetch: whole batches from the one that holds the offset, up to the watermark",
          "[broker]") {
    FilledLeader bench;

    bench.fetch(Offset{0});
    auto const all = bench.take_fetched();
    bench.fetch(Offset{2});
    auto const inside = bench.take_fetched();
    bench.fetch(Offset{4});
    auto const last = bench.take_fetched();

    CHECK(all.watermark == 6);
    CHECK(all.offsets == Offsets{1, 2, 3, 4, 5});
    CHECK(inside.offsets == Offsets{1, 2, 3, 4, 5});
    CHECK(last.offsets == Offsets{4, 5});
}

TEST_CASE("fetch: nothing at or above the watermark is served", "[broker]") {
    FilledLeader bench;
    bench.produce(batch_of(1));
    bench.complete(1, Kind::write);  // written, not synced: not committed
    REQUIRE(bench.replica().offsets().log_end() == Offset{7});

    bench.request(
        1, 2,
        [] {
            protocol::FetchRequest message;
            protocol::FetchTopic& topic = message.topics.add();
            topic.name = "orders";
            topic.partitions.push_back(
                {.index = 0, .fetch_offset = Offset{0}, .max_bytes = 1 << 20});
            return message;
        }(),
        11);

    auto const fetched = bench.take_fetched();
    CHECK(fetched.watermark == 6);
    CHECK(fetched.offsets == Offsets{1, 2, 3, 4, 5});
}

TEST_CASE("fetch: a limit cuts between batches, and one batch is always served", "[broker]") {
    FilledLeader bench;

    bench.fetch(Offset{1}, 0, 0, -1, 1);

    CHECK(bench.take_fetched().offsets == Offsets{1, 2, 3});
}

TEST_CASE("fetch: at the watermark a poll waits, and new records wake it", "[broker]") {
    FilledLeader bench;

    bench.fetch(Offset{6}, 500, 8);
    CHECK(bench.answers() == 0);
    CHECK(bench.probe(Probe::fetch_parked) == 1);
    bench.produce(batch_of(1), 0);
    bench.complete(1, Kind::write);
    CHECK(bench.answers() == 0);
    bench.complete(1, Kind::sync);

    auto const fetched = bench.take_fetched();
    CHECK(fetched.correlation == 8);
    CHECK(fetched.offsets == Offsets{6});
    CHECK(fetched.watermark == 7);
}

TEST_CASE("fetch: a poll that nothing wakes is answered empty after its wait", "[broker]") {
    FilledLeader bench;
    bench.fetch(Offset{6}, 50);

    bench.advance(49_ms);
    CHECK(bench.answers() == 0);
    bench.advance(1_ms);

    auto const fetched = bench.take_fetched();
    CHECK(fetched.error == KafkaError::none);
    CHECK(fetched.offsets.empty());
    CHECK(fetched.watermark == 6);
}

TEST_CASE("fetch: a parked poll ends when the leadership does", "[broker]") {
    ClusterBench bench{3};
    bench.elect(1);
    bench.settle();
    bench.fetch(Offset{1}, 100'000);
    CHECK(bench.answers() == 0);
    bench.cut(1);

    bench.advance(1_s);

    CHECK(bench.take_fetched().error == KafkaError::not_leader_or_follower);
}

TEST_CASE("fetch: before the own-term commit the watermark is unknown", "[broker]") {
    ClusterBench bench{1};
    bench.advance(300_ms);
    while (!bench.replica().leads()) {
        bench.complete(1, bench.disk().pending().front().kind);
    }

    bench.fetch(Offset{0});
    CHECK(bench.take_fetched().error == KafkaError::offset_not_available);
    CHECK(list_offsets(bench, protocol::timestamp_latest).error ==
          KafkaError::leader_not_available);
    bench.settle();
    bench.fetch(Offset{0});

    CHECK(bench.take_fetched().error == KafkaError::none);
}

TEST_CASE("fetch: what cannot be answered has its own code", "[broker]") {
    FilledLeader bench;

    bench.fetch(Offset{-1});
    CHECK(bench.take_fetched().error == KafkaError::offset_out_of_range);
    bench.fetch(Offset{7});  // behind the log end: this leader may not have heard of it
    CHECK(bench.take_fetched().error == KafkaError::offset_not_available);
    bench.fetch(Offset{0}, 0, 0, 0);
    CHECK(bench.take_fetched().error == KafkaError::fenced_leader_epoch);
    bench.fetch(Offset{0}, 0, 0, 1);
    CHECK(bench.take_fetched().error == KafkaError::none);
    bench.fetch(Offset{0}, 0, 0, 2);
    CHECK(bench.take_fetched().error == KafkaError::unknown_leader_epoch);
}

TEST_CASE("fetch: who does not lead says so", "[broker]") {
    ClusterBench bench{3};
    bench.elect(2);

    bench.fetch(Offset{0});

    CHECK(bench.take_fetched().error == KafkaError::not_leader_or_follower);
}

TEST_CASE("list offsets: earliest, latest, and the first record as young as asked", "[broker]") {
    FilledLeader bench;

    CHECK(list_offsets(bench, protocol::timestamp_earliest).offset == Offset{0});
    CHECK(list_offsets(bench, protocol::timestamp_latest).offset == Offset{6});
    CHECK(list_offsets(bench, 1000).offset == Offset{1});
    CHECK(list_offsets(bench, 1000).timestamp_ms == 1000);
    CHECK(list_offsets(bench, 1001).offset == Offset{-1});
    CHECK(list_offsets(bench, -1, "nothing").error == KafkaError::unknown_topic_or_partition);
}

TEST_CASE("metadata: brokers, partitions, and the leader as far as it is known", "[broker]") {
    ClusterBench bench{3};
    auto const ask = [&](std::uint32_t number) {
        bench.request(number, 1, protocol::MetadataRequest{}, 4);
        return bench.take(number);
    };

    test::Sent const early = ask(1);
    auto const before = decoded(early, 4, protocol::decode_metadata_response);
    bench.elect(2);
    bench.settle();
    test::Sent const late = ask(1);
    auto const after = decoded(late, 4, protocol::decode_metadata_response);

    REQUIRE(before.topics.size() == 1);
    CHECK(before.topics[0].partitions[0].error == KafkaError::leader_not_available);
    CHECK(after.brokers.size() == 3);
    CHECK(after.topics[0].name == "orders");
    CHECK(after.topics[0].partitions[0].leader_id == 2);
    CHECK(after.topics[0].partitions[0].replica_nodes.size() == 3);
}

TEST_CASE("metadata: a topic nobody has is named, and only what was asked for is told",
          "[broker]") {
    FilledLeader bench;
    protocol::MetadataRequest message;
    message.topics.emplace();
    message.topics->push_back("nothing");

    bench.request(1, 1, message, 4);

    test::Sent const sent = bench.take();
    auto const response = decoded(sent, 4, protocol::decode_metadata_response);
    REQUIRE(response.topics.size() == 1);
    CHECK(response.topics[0].error == KafkaError::unknown_topic_or_partition);
}

TEST_CASE("api versions: the whole table, and to an unknown version the way to ask again",
          "[broker]") {
    ClusterBench bench{1};

    bench.request(1, 1, protocol::ApiVersionsRequest{}, 0);
    test::Sent const known = bench.take();
    Bytes frame;
    protocol::append_request(frame, protocol::RequestInfo{0, 5, {}},
                             protocol::ApiVersionsRequest{});
    store_be(frame.data() + 6, std::int16_t{99});
    bench.step(1, RequestReceived{ConnectionId{1}, ByteSpan{frame}.subspan(4)});
    test::Sent const unknown = bench.take();

    CHECK(decoded(known, 0, protocol::decode_api_versions_response).api_keys.size() ==
          protocol::offered_apis.size());
    auto const answer = decoded(unknown, 0, protocol::decode_api_versions_response);
    CHECK(answer.error == KafkaError::unsupported_version);
    CHECK(answer.api_keys.size() == 1);
}

TEST_CASE("init producer id: ids differ, also over restarts", "[broker]") {
    FilledLeader bench;
    std::vector<ProducerId> ids;

    for (int life = 0; life < 3; ++life) {
        ids.push_back(new_producer(bench));
        ids.push_back(new_producer(bench));
        bench.kill(1);
        bench.boot(1);
    }

    std::sort(ids.begin(), ids.end());
    CHECK(ids.front() >= ProducerId{0});
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
}

TEST_CASE("connections: a malformed frame closes its connection and no other", "[broker]") {
    FilledLeader bench;
    bench.fetch(Offset{6}, 500);  // parked on connection 1
    Bytes const garbage(9, std::byte{0xff});
    Bytes unknown_api;
    protocol::append_request(unknown_api, protocol::RequestInfo{0, 5, {}},
                             protocol::ApiVersionsRequest{});
    store_be(unknown_api.data() + 4, std::int16_t{77});

    bench.step(1, RequestReceived{ConnectionId{2}, garbage});
    bench.step(1, RequestReceived{ConnectionId{3}, ByteSpan{unknown_api}.subspan(4)});
    bench.request(1, 4, protocol::ApiVersionsRequest{}, 0);

    for (std::uint64_t connection : {2U, 3U}) {
        test::Sent const sent = bench.take();
        CHECK(sent.connection == ConnectionId{connection});
        CHECK(sent.frame.empty());
    }
    CHECK(bench.take().connection == ConnectionId{4});
    CHECK(bench.answers() == 0);
    bench.advance(500_ms);
    CHECK(bench.take().connection == ConnectionId{1});
}

TEST_CASE("connections: a body cut short closes the connection, and its earlier requests with it",
          "[broker]") {
    FilledLeader bench;
    bench.produce(batch_of(1), -1, 1);
    Bytes frame;
    protocol::append_request(frame, protocol::RequestInfo{11, 5, {}}, protocol::FetchRequest{});

    bench.step(1, RequestReceived{ConnectionId{1}, ByteSpan{frame}.subspan(4, frame.size() - 6)});

    CHECK(bench.take().frame.empty());
    bench.settle();
    CHECK(bench.answers() == 0);
    CHECK(bench.node().admitted_bytes() == 0);
}

}  // namespace broker
