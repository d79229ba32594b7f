// Tests of what nodes believe after a step: each rule fires on a belief that the disks do not bear
// out, and not on the true one beside it.
#include "tests/sim/watched_cluster.h"

namespace brokersim {
namespace {

using test::WatchedCluster;

/// The entry of a node's log in memory seems to be another one than it is.
void tamper(WatchedCluster& cluster, std::uint32_t host, LogIndex index) {
    InfoLog& memory = cluster.logs.memory(host, PartitionId{0});
    std::vector<EntryInfo> entries;
    for (LogIndex at{1}; at <= memory.last_index(); ++at) {
        entries.push_back(*memory.at(at));
    }
    entries[index.value() - 1].chain ^= 1U;
    memory.clear();
    for (const EntryInfo& entry : entries) {
        memory.push(entry);
    }
}

}  // namespace

TEST_CASE("R12: a leader counts an entry that the follower's disk does not hold", "[sim]") {
    for (bool const lying : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        cluster.produce(1, "a");
        if (lying) {
            tamper(cluster, 1, LogIndex{2});
        }

        cluster.settle();

        CHECK(cluster.fired("R12") == lying);
        CHECK(cluster.beliefs.comparisons() > 10);
    }
}

TEST_CASE("R19: who leads does not stand next; a follower that lost its leader does", "[sim]") {
    for (bool const lying : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        cluster.cut(2);
        cluster.report_as(2, lying ? 1 : 2);

        cluster.heartbeat(2);  // its deadline

        CHECK(cluster.replica(2).raft().role().index() == 1);  // it asks for pre-votes
        CHECK(cluster.fired("R19") == lying);
    }
}

TEST_CASE("R19: two leaders are followed in one term", "[sim]") {
    for (bool const other : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        // The same node in another world, in which another one won the same term.
        WatchedCluster elsewhere{3, 0, 3};
        elsewhere.elect(other ? 2 : 1);
        REQUIRE(cluster.replica(3).raft().term() == elsewhere.replica(3).raft().term());

        cluster.beliefs.on_step(3, elsewhere.replica(3));

        CHECK(cluster.fired("R19") == other);
    }
}

TEST_CASE("R20: a quorum has matched more than the leader commits", "[sim]") {
    // A leader that waits for its own sync is stuck by the rules of one that does not.
    for (bool const before_own_sync : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        cluster.settle();
        cluster.produce(1, "a");
        Beliefs beliefs{cluster.topics(), cluster.truth, cluster.logs, before_own_sync,
                        cluster.violations};
        cluster.settle_but(1);
        beliefs.on_step(1, cluster.replica(1));

        CHECK(cluster.fired("R20") == before_own_sync);
    }
}

TEST_CASE("R25: an entry counts as stable that the own disk does not hold", "[sim]") {
    for (bool const lying : {false, true}) {
        WatchedCluster cluster{0, 1, 1};
        cluster.elect(1);
        cluster.settle();
        cluster.produce(1, "a");
        if (lying) {
            tamper(cluster, 1, LogIndex{2});
        }

        cluster.settle();

        CHECK(cluster.fired("R25") == lying);
    }
}

}  // namespace brokersim
