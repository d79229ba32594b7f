// Tests of fetches that find their records in the log's files and not in memory.
#include "tests/broker_core/broker/cluster_bench.h"

namespace broker {
namespace {

using protocol::KafkaError;
using test::batch_of;
using test::ClusterBench;
using Kind = ClusterBench::Kind;
using Offsets = std::vector<std::int64_t>;

Tuning with_buffer(std::uint64_t bytes) {
    Tuning tuning = test::immediate_groups();
    tuning.broker.hot_buffer_bytes = bytes;
    tuning.raft.commit_before_own_sync = true;
    return tuning;
}

/// One broker that leads. Offset 0 is the no-op of its term, 1..3, 4..5, 6 and 7..10 are batches.
struct Leader : ClusterBench {
    explicit Leader(std::uint64_t buffer, std::uint32_t brokers = 1)
        : ClusterBench{brokers, with_buffer(buffer)} {
        elect(1);
        settle();
        for (std::int32_t const records : {3, 2, 1, 4}) {
            produce(batch_of(records));
            settle();
            take();
        }
    }
};

}  // namespace

TEST_CASE("fetch from disk: memory and files answer byte for byte the same", "[broker]") {
    Leader warm{1 << 20};
    Leader cold{0};
    std::int32_t const max_bytes = GENERATE(1, 150, 1 << 20);
    for (std::int64_t from = 0; from <= 11; ++from) {
        INFO("from " << from << " max bytes " << max_bytes);
        warm.fetch(Offset{from}, 0, 7, -1, max_bytes);
        cold.fetch(Offset{from}, 0, 7, -1, max_bytes);
        CHECK(cold.answers() == (from == 11 ? 1 : 0));
        cold.complete_disk(1);

        Bytes const from_memory = warm.take().frame;
        CHECK(cold.take().frame == from_memory);
    }
    CHECK(warm.probe(Probe::log_read_started) == 0);
    CHECK(cold.probe(Probe::fetch_from_disk) == 11);
}

TEST_CASE("fetch from disk: only what is older than the buffer", "[broker]") {
    Leader bench{batch_of(4).size()};

    bench.fetch(Offset{7});
    CHECK(bench.take_fetched().offsets == Offsets{7, 8, 9, 10});
    bench.fetch(Offset{6});
    CHECK(bench.answers() == 0);
    bench.complete(1, Kind::read);

    CHECK(bench.take_fetched().offsets == Offsets{6, 7, 8, 9, 10});
}

TEST_CASE("fetch from disk: what is committed and not yet written here comes from memory",
          "[broker]") {
    Leader bench{0, 3};
    bench.produce(batch_of(1));
    for (std::uint32_t const follower : {2U, 3U}) {
        bench.deliver_from(1);
        bench.complete_disk(follower);
        bench.deliver_from(follower);
    }
    REQUIRE(bench.replica().high_watermark().value() == 12);
    REQUIRE(bench.disk().count(Kind::write) == 1);
    bench.take();

    bench.fetch(Offset{11});

    CHECK(bench.take_fetched().offsets == Offsets{11});
}

TEST_CASE("fetch from disk: after a restart the records are found again", "[broker]") {
    Leader bench{0};
    bench.kill(1);
    bench.boot(1);
    bench.elect(1);
    bench.settle();

    Offsets found;
    while (found.size() < 10) {  // one answer never reaches over the end of a segment
        bench.fetch(Offset{static_cast<std::int64_t>(found.size()) + 1});
        bench.complete_disk(1);
        Offsets const some = bench.take_fetched().offsets;
        REQUIRE_FALSE(some.empty());
        found.insert(found.end(), some.begin(), some.end());
    }

    CHECK(found == Offsets{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

TEST_CASE("fetch from disk: a leader deposed meanwhile does not answer with what it read",
          "[broker]") {
    Leader bench{0, 3};
    bench.fetch(Offset{1});
    bench.cut(1);
    bench.advance(1_s);
    REQUIRE_FALSE(bench.replica().leads());
    CHECK(bench.answers() == 0);

    bench.complete(1, Kind::read);

    CHECK(bench.take_fetched().error == KafkaError::not_leader_or_follower);
}

TEST_CASE("fetch from disk: no deadline ends a wait for the disk", "[broker]") {
    Leader bench{0};
    bench.fetch(Offset{1}, 10);

    bench.advance(5_s);
    CHECK(bench.answers() == 0);
    bench.complete(1, Kind::read);

    CHECK(bench.take_fetched().offsets.size() == 10);
}

TEST_CASE("fetch from disk: an answer that nobody waits for is forgotten", "[broker]") {
    Leader bench{0};
    bench.fetch(Offset{1});
    bench.step(1, ConnectionClosed{ConnectionId{1}});

    bench.complete(1, Kind::read);

    CHECK(bench.answers() == 0);
    CHECK(bench.node().state() == NodeState::running);
}

TEST_CASE("fetch from disk: one request may name a partition more than once", "[broker]") {
    Leader bench{0};
    protocol::FetchRequest message;
    protocol::FetchTopic& topic = message.topics.add();
    topic.name = "orders";
    for (std::int64_t const from : {1, 7, 1}) {
        topic.partitions.push_back(
            {.index = 0, .fetch_offset = Offset{from}, .max_bytes = 1 << 20});
    }

    bench.request(1, 1, message, 11);
    CHECK(bench.disk().count(Kind::read) == 2);  // two of them ask for the same
    bench.complete_disk(1);

    CHECK(bench.answers() == 1);
    CHECK(bench.probe(Probe::fetch_from_disk) == 3);
}

TEST_CASE("fetch from disk: a node whose log does not read back stops, and serves none of it",
          "[broker]") {
    Leader bench{0};
    bench.fetch(Offset{1});

    while (!bench.node().over()) {
        bench.complete(1, Kind::read, DiskOutcome::io_error);
    }

    CHECK(bench.node().state() == NodeState::failed);
    CHECK(bench.take().frame.empty());  // the connection was closed
    CHECK(bench.answers() == 0);
}

}  // namespace broker
