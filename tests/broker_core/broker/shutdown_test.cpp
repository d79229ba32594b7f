// Tests of the graceful stop, state by state, and of what a node does not do any more then.
#include "tests/broker_core/broker/cluster_bench.h"

namespace broker {
namespace {

using protocol::KafkaError;
using test::batch_of;
using test::ClusterBench;
using Kind = ClusterBench::Kind;

struct SingleLeader : ClusterBench {
    explicit SingleLeader(Tuning const& tuning = test::immediate_groups())
        : ClusterBench{1, tuning} {
        elect(1);
    }
};

Tuning slow_groups() {
    Tuning tuning;
    tuning.wal.group_window = 100_ms;
    return tuning;
}

}  // namespace

TEST_CASE("shutdown: an idle node closes at once, and cleanly", "[broker]") {
    SingleLeader bench;

    bench.step(1, StopRequested{});

    CHECK(bench.node().state() == NodeState::closed);
    CHECK(bench.node().clean());
    CHECK_FALSE(bench.node().accepting());
}

TEST_CASE("shutdown: admitted requests are answered, new ones refused, then all is synced",
          "[broker]") {
    SingleLeader bench;
    bench.produce(batch_of(1), -1, 1);
    bench.produce(batch_of(1), 0);  // composed behind it, nobody waits

    bench.step(1, StopRequested{});
    CHECK(bench.node().state() == NodeState::draining);
    CHECK_FALSE(bench.node().accepting());
    bench.produce(batch_of(1), -1, 2);
    bench.complete(1, Kind::write);
    bench.complete(1, Kind::sync);
    CHECK(bench.take_produced().error == KafkaError::none);
    CHECK(bench.take_produced().error == KafkaError::not_leader_or_follower);
    CHECK(bench.node().state() == NodeState::final_commit);
    bench.complete_disk(1);

    CHECK(bench.node().state() == NodeState::closed);
    CHECK(bench.node().clean());
    CHECK(bench.replica().wal().flushed() == LogIndex{3});
    CHECK(bench.take().frame.empty());
}

TEST_CASE("shutdown: an open group of acks=0 is written and synced, not forgotten", "[broker]") {
    SingleLeader bench{slow_groups()};
    bench.advance(1_s);
    bench.settle();
    bench.produce(batch_of(1), 0);
    REQUIRE(bench.replica().wal().has_open_group());

    bench.step(1, StopRequested{});
    CHECK(bench.node().state() == NodeState::final_commit);
    CHECK(bench.probe(Probe::shutdown_with_open_group) == 1);
    bench.complete_disk(1);
    CHECK(bench.node().clean());
    bench.kill(1);
    bench.boot(1);

    CHECK(bench.replica().offsets().log_end() == Offset{2});
}

TEST_CASE("shutdown: a parked poll ends with it", "[broker]") {
    SingleLeader bench;
    bench.fetch(Offset{1}, 100'000);

    bench.step(1, StopRequested{});

    CHECK(bench.take_fetched().error == KafkaError::not_leader_or_follower);
    CHECK(bench.node().state() == NodeState::closed);
}

TEST_CASE("shutdown: at the end of the grace period it closes uncleanly, without an ack",
          "[broker]") {
    SingleLeader bench;
    bench.produce(batch_of(1), -1);
    bench.step(1, StopRequested{});

    bench.advance(10_s - 1_ns);
    CHECK(bench.node().state() == NodeState::draining);
    bench.advance(1_ns);

    CHECK(bench.node().state() == NodeState::closed);
    CHECK_FALSE(bench.node().clean());
    CHECK(bench.take().frame.empty());
    CHECK(bench.answers() == 0);
    CHECK(bench.probe(Probe::shutdown_grace_exceeded) == 1);
}

TEST_CASE("shutdown: a second request to stop changes nothing", "[broker]") {
    SingleLeader bench;
    bench.produce(batch_of(1), -1);
    bench.step(1, StopRequested{});

    bench.step(1, StopRequested{});
    CHECK(bench.node().state() == NodeState::draining);
    bench.settle();

    CHECK(bench.node().clean());
    CHECK(bench.probe(Probe::shutdown_started) == 1);
}

TEST_CASE("shutdown: a node about to exit takes no more appends", "[broker]") {
    ClusterBench bench{3};
    bench.elect(1);
    bench.produce(batch_of(1), 0);
    bench.deliver_from(1);
    REQUIRE(bench.replica(2).offsets().log_end() == Offset{2});

    bench.step(2, StopRequested{});
    CHECK(bench.node(2).state() == NodeState::final_commit);
    bench.produce(batch_of(1), 0);
    bench.deliver_from(1);
    CHECK(bench.replica(2).offsets().log_end() == Offset{2});
    bench.complete_disk(2);

    CHECK(bench.node(2).state() == NodeState::closed);
    CHECK(bench.node(2).clean());
}

TEST_CASE("shutdown: a disk error while stopping is a failure, not a clean exit", "[broker]") {
    SingleLeader bench;
    bench.produce(batch_of(1), 0);
    bench.step(1, StopRequested{});

    bench.complete(1, Kind::write, DiskOutcome::io_error);

    CHECK(bench.node().state() == NodeState::failed);
    CHECK_FALSE(bench.node().clean());
}

}  // namespace broker
