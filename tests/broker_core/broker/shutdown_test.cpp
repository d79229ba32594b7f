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

TEST_CASE("shutdown: an idle node writes its mark and closes, cleanly", "[broker]") {
    SingleLeader bench;

    bench.step(1, StopRequested{});
    CHECK(bench.node().state() == NodeState::syncing);
    for (Probe const probe :
         {Probe::shutdown_started, Probe::shutdown_draining, Probe::shutdown_drained,
          Probe::shutdown_committed, Probe::shutdown_handed_over}) {
        CHECK(bench.probe(probe) == 1);
    }
    bench.complete_disk(1);

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
    CHECK(bench.probe(Probe::shutdown_committed) == 0);
    bench.complete(1, Kind::write);
    bench.complete(1, Kind::sync);
    CHECK(bench.node().state() == NodeState::syncing);
    bench.complete_disk(1);

    CHECK(bench.node().state() == NodeState::closed);
    CHECK(bench.node().clean());
    CHECK(bench.probe(Probe::shutdown_synced) == 1);
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
    CHECK(bench.node().state() == NodeState::syncing);
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
    CHECK(bench.replica(2).offsets().log_end() == Offset{3});  // Raft goes on until the handover
    bench.complete(2, Kind::write);
    bench.complete(2, Kind::sync);
    CHECK(bench.node(2).state() == NodeState::syncing);
    bench.produce(batch_of(1), 0);
    bench.deliver_from(1);
    CHECK(bench.replica(2).offsets().log_end() == Offset{3});
    bench.complete_disk(2);

    CHECK(bench.node(2).state() == NodeState::closed);
    CHECK(bench.node(2).clean());
}

TEST_CASE("shutdown: the mark is found by the next boot and gone before anything is appended",
          "[broker]") {
    SingleLeader bench;
    std::string const mark = wal::clean_mark_name(PartitionId{0});
    auto const has_mark = [&] {
        auto const names = bench.disk().list();
        return std::find(names.begin(), names.end(), mark) != names.end();
    };
    CHECK_FALSE(has_mark());
    bench.step(1, StopRequested{});
    bench.complete_disk(1);
    CHECK(has_mark());
    bench.kill(1);

    bench.boot(1);
    CHECK(bench.probe(Probe::recovery_after_clean_stop) == 1);
    CHECK_FALSE(has_mark());
    bench.kill(1);
    bench.boot(1);

    CHECK(bench.probe(Probe::recovery_after_clean_stop) == 0);
}

TEST_CASE("shutdown: a log that ends before its mark is damaged, and a torn mark is none",
          "[broker]") {
    SingleLeader bench;
    bench.step(1, StopRequested{});
    bench.complete_disk(1);
    bench.kill(1);
    std::string const name = wal::clean_mark_name(PartitionId{0});
    wal::CleanMark mark = wal::decode_clean_mark(bench.disk().content(name)).value();
    Topics const topics{{TopicConfig{"orders", 1, 1, 0}}, 1};
    test::RecordingNetwork network;
    Node node{NodeConfig{mark.identity, &topics, test::immediate_groups(), 1}, bench.disk(),
              network};

    SECTION("later end") {
        mark.last_index = mark.last_index.next();
        bench.disk().content(name) = wal::encode_clean_mark(mark);
        auto const booted = node.boot(Instant{bench.now(), bench.now()});
        REQUIRE_FALSE(booted.has_value());
        CHECK(booted.error().code == ErrorCode::damaged);
    }
    SECTION("torn") {
        bench.disk().content(name).resize(20);
        auto const booted = node.boot(Instant{bench.now(), bench.now()});
        REQUIRE(booted.has_value());
        CHECK_FALSE(booted->front().clean_stop);
    }
    SECTION("whole") {
        auto const booted = node.boot(Instant{bench.now(), bench.now()});
        REQUIRE(booted.has_value());
        CHECK(booted->front().clean_stop);
        CHECK(booted->front().frames_kept + booted->front().frames_copied == 1);
    }
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
