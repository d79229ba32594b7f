// Tests of the order of disk and messages in a whole node: what waits for which sync.
#include "tests/broker_core/broker/cluster_bench.h"

namespace broker {
namespace {

using test::batch_of;
using test::ClusterBench;
using Kind = ClusterBench::Kind;

/// Three brokers; 1 leads and nothing is on its way.
struct LeaderOfThree : ClusterBench {
    LeaderOfThree() : ClusterBench{3} {
        elect(1);
        settle();
    }
};

}  // namespace

TEST_CASE("replica: a vote is asked for and granted only once it is durable", "[broker]") {
    ClusterBench bench{3};
    bench.tick(1);
    bench.deliver_from(1);  // would you vote for me?
    bench.deliver_from(2);  // yes

    bench.complete(1, Kind::write);
    CHECK(bench.datagrams(1) == 0);
    bench.complete(1, Kind::sync);
    CHECK(bench.datagrams(1) == 2);
    bench.deliver_from(1);
    CHECK(bench.datagrams(2) == 0);
    bench.complete(2, Kind::write);
    CHECK(bench.datagrams(2) == 0);
    bench.complete(2, Kind::sync);

    CHECK(bench.datagrams(2) == 1);
}

TEST_CASE("replica: a leader's append leaves before its own sync", "[broker]") {
    LeaderOfThree bench;

    bench.produce(batch_of(1));

    CHECK(bench.datagrams(1) == 2);
    CHECK(bench.disk(1).count(Kind::write) == 1);
}

TEST_CASE("replica: a follower's success leaves after its sync", "[broker]") {
    LeaderOfThree bench;
    bench.produce(batch_of(1));
    bench.deliver_from(1);

    CHECK(bench.datagrams(2) == 0);
    bench.complete(2, Kind::write);
    CHECK(bench.datagrams(2) == 0);
    bench.complete(2, Kind::sync);

    CHECK(bench.datagrams(2) == 1);
}

TEST_CASE("replica: datagrams of another cluster, of no partition or of no sense are ignored",
          "[broker]") {
    LeaderOfThree bench;
    Bytes foreign(12 + 54);
    store_le(foreign.data(), std::uint64_t{8});
    Bytes elsewhere(12 + 54);
    store_le(elsewhere.data(), std::uint64_t{9});
    store_le(elsewhere.data() + 8, std::uint32_t{7});
    Bytes senseless(20, std::byte{0xff});
    store_le(senseless.data(), std::uint64_t{9});
    store_le(senseless.data() + 8, std::uint32_t{0});

    for (Bytes const& bytes : {foreign, elsewhere, senseless, Bytes(3)}) {
        bench.step(1, DatagramReceived{BrokerId{2}, bytes});
    }

    CHECK(bench.node().facts().empty());
    CHECK(bench.replica().leads());
    CHECK(bench.datagrams(1) == 0);
}

TEST_CASE("replica: a restarted broker catches up and is counted again", "[broker]") {
    LeaderOfThree bench;
    bench.kill(3);
    bench.produce(batch_of(2));
    bench.settle();
    CHECK(bench.take_produced().offset == 1);

    bench.boot(3);
    for (int round = 0; round < 3; ++round) {
        bench.advance(50_ms);
        bench.settle();
    }

    CHECK(bench.replica(3).offsets().log_end() == Offset{3});
    CHECK(bench.replica(3).high_watermark() == Offset{3});
}

}  // namespace broker
