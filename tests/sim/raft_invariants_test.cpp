// Tests of the Raft rules: each fires on a history that breaks it, and not on the legal one
// beside it.
#include "sim/invariants/raft_invariants.h"

#include "tests/sim/watched_cluster.h"

namespace brokersim {
namespace {

using broker::BrokerId;
using test::WatchedCluster;
namespace wal = broker::wal;

/// A hard-state file of one host, whose slots become durable one by one.
struct VoteDisk : WatchedCluster {
    VoteDisk() : WatchedCluster{0, 1, 1} {
        truth.file_created(1, 100, "p0.state");
        truth.linked(1, 100, "p0.state", true);
    }
    void durable(std::uint64_t term, std::uint32_t vote) {
        sequence += 2;
        wal::HardStateSlot const slot{sequence, HardState{Term{term}, BrokerId{vote}}, 1, {}};
        truth.durable(1, 100, 0, wal::encode_hard_state_slot(slot));
        raft.on_disk(1, PartitionId{0});
    }
    std::uint64_t sequence = 1000;  // newer than what the node itself wrote
};

}  // namespace

TEST_CASE("invariants: an ordinary life of a cluster breaks no rule", "[sim]") {
    WatchedCluster cluster{3, 0, 3};
    cluster.elect(1);
    cluster.produce(1, "a");
    cluster.settle();
    cluster.cut(1);
    cluster.produce(1, "never committed");
    cluster.settle();
    cluster.elect(2);
    cluster.produce(2, "b");
    cluster.settle();
    cluster.cut(0);
    cluster.elect(3);
    cluster.produce(3, "c");
    cluster.settle();

    CHECK(cluster.fired_all().empty());
    CHECK(cluster.raft.comparisons() > 20);
    CHECK(cluster.logs.committed(PartitionId{0}).last_index() >= LogIndex{6});
}

TEST_CASE("R1: two leaders of one term, however far apart", "[sim]") {
    WatchedCluster cluster{0, 2, 1};
    cluster.elect(1);
    CHECK_FALSE(cluster.fired("R1"));

    cluster.elect(2);

    CHECK(cluster.fired("R1"));
}

TEST_CASE("R1: leaders of different terms are no two leaders", "[sim]") {
    WatchedCluster cluster{3, 0, 3};
    cluster.elect(1);
    cluster.elect(2);

    CHECK(cluster.replica(1).raft().term() > Term{1});
    CHECK_FALSE(cluster.fired("R1"));
}

TEST_CASE("R2: a leader that cuts its own log; a deposed one may", "[sim]") {
    for (bool const lying : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        cluster.cut(1);
        cluster.produce(1, "to be cut");
        cluster.settle();
        // Host 1 seems to lead the term in which it cuts.
        cluster.report_as(2, lying ? 1 : 2);
        cluster.elect(2);
        cluster.report_as(2, 2);
        cluster.cut(0);
        cluster.heartbeat(2);

        CHECK(cluster.node(1).probes().count(broker::Probe::log_truncated) == 1);
        CHECK(cluster.fired("R2") == lying);
    }
}

TEST_CASE("R3: one index and term, two entries", "[sim]") {
    WatchedCluster cluster{0, 2, 1};
    cluster.elect(1);
    cluster.elect(2);
    CHECK_FALSE(cluster.fired("R3"));  // equal no-ops

    cluster.produce(1, "a");
    CHECK_FALSE(cluster.fired("R3"));
    cluster.produce(2, "b");

    CHECK(cluster.fired("R3"));
}

TEST_CASE("R4: a leader that lacks what an earlier term committed", "[sim]") {
    for (bool const lacking : {false, true}) {
        WatchedCluster cluster{3, 1, 3};
        cluster.elect(1);
        cluster.produce(1, "committed");
        cluster.settle();
        CHECK_FALSE(cluster.fired("R4"));

        // The successor seems to be host 4, whose log is empty.
        cluster.report_as(2, lacking ? 4 : 2);
        cluster.elect(2);

        CHECK(cluster.fired("R4") == lacking);
    }
}

TEST_CASE("R6: two reports of what is committed at an index differ", "[sim]") {
    WatchedCluster cluster{0, 2, 1};
    cluster.elect(1);
    cluster.elect(2);
    cluster.produce(1, "a");
    cluster.settle();
    cluster.produce(2, "b");
    CHECK_FALSE(cluster.fired("R6"));  // not committed yet

    cluster.settle();

    CHECK(cluster.fired("R6"));
}

TEST_CASE("R6: equal reports of several nodes are what commitment is", "[sim]") {
    WatchedCluster cluster{0, 2, 1};
    cluster.elect(1);
    cluster.elect(2);
    cluster.produce(1, "a");
    cluster.produce(2, "a");
    cluster.settle();

    CHECK_FALSE(cluster.fired("R6"));
    CHECK(cluster.logs.committed(PartitionId{0}).last_index() == LogIndex{2});
}

TEST_CASE("R7: a commit that one disk of three holds; of one voter it is a majority", "[sim]") {
    for (std::uint32_t const voters : {1U, 3U}) {
        WatchedCluster cluster{0, 3, voters};

        cluster.elect(1);

        CHECK(cluster.fired("R7") == (voters == 3));
    }
}

TEST_CASE("R8: a leader commits an entry of an older term by counting", "[sim]") {
    for (bool const old_term : {false, true}) {
        WatchedCluster cluster{0, 1, 1};
        cluster.elect_only(1);
        InfoLog& memory = cluster.logs.memory(1, PartitionId{0});
        REQUIRE(memory.last_index() == LogIndex{1});
        if (old_term) {
            EntryInfo entry = *memory.at(LogIndex{1});
            entry.term = Term{0};
            memory.clear();
            memory.push(entry);
        }

        cluster.settle();

        CHECK(cluster.fired_all() == (old_term ? "R8" : ""));
    }
}

TEST_CASE("R9: a durable term falls", "[sim]") {
    VoteDisk disk;
    disk.durable(5, 0);
    disk.durable(6, 0);
    CHECK_FALSE(disk.fired("R9"));

    disk.durable(5, 0);

    CHECK(disk.fired("R9"));
}

TEST_CASE("R9: a durable vote changes within its term; the first one does not", "[sim]") {
    VoteDisk disk;
    disk.durable(5, 0);
    disk.durable(5, 2);
    disk.durable(6, 3);
    CHECK(disk.fired_all().empty());

    disk.durable(6, 0);

    CHECK(disk.fired("R9"));
}

TEST_CASE("R9: the commit index of a life falls; after a restart it begins anew", "[sim]") {
    for (bool const restarted : {false, true}) {
        WatchedCluster cluster{0, 2, 1};
        cluster.elect(1);
        cluster.produce(1, "a");
        cluster.settle();
        if (restarted) {
            cluster.raft.on_down(1);
        }
        cluster.report_as(2, 1);

        cluster.elect(2);

        CHECK(cluster.fired("R9") == !restarted);
    }
}

TEST_CASE("R10: two votes in one term, also over incarnations", "[sim]") {
    VoteDisk disk;
    disk.durable(5, 2);
    disk.raft.on_down(1);
    disk.durable(5, 2);
    disk.durable(6, 3);
    CHECK_FALSE(disk.fired("R10"));

    disk.truth.power_lost(1);
    disk.truth.linked(1, 100, "p0.state", true);
    disk.raft.on_down(1);
    disk.durable(5, 3);

    CHECK(disk.fired("R10"));
}

TEST_CASE("R13: a committed entry is cut; one that was never committed may be", "[sim]") {
    for (bool const committed : {false, true}) {
        WatchedCluster cluster{3, 1, 3};
        cluster.elect(1);
        cluster.settle();
        cluster.cut(1);
        cluster.produce(1, "x");
        cluster.settle();
        if (committed) {
            // The island has the same log and says that it is committed.
            cluster.elect(4);
            cluster.produce(4, "x");
            cluster.settle();
            CHECK(cluster.logs.committed(PartitionId{0}).last_index() == LogIndex{2});
        }
        cluster.elect(2);
        cluster.cut(0);
        cluster.heartbeat(2);

        CHECK(cluster.node(1).probes().count(broker::Probe::log_truncated) == 1);
        CHECK(cluster.fired("R13") == committed);
    }
}

TEST_CASE("R14: an append that does not follow the log's end", "[sim]") {
    WatchedCluster cluster{0, 2, 1};
    cluster.elect(1);
    cluster.produce(1, "a");
    CHECK_FALSE(cluster.fired("R14"));
    cluster.report_as(2, 1);

    cluster.elect(2);

    CHECK(cluster.fired("R14"));
}

TEST_CASE("B14: a leader appends a batch that it did not accept", "[sim]") {
    for (bool const lying : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        cluster.settle();
        // What the follower appends seems to be the leader's doing.
        cluster.report_as(2, lying ? 1 : 2);

        cluster.produce(1, "a");
        cluster.settle();

        CHECK(cluster.fired("B14") == lying);
    }
}

namespace {

broker::AdminRequested asked(decltype(broker::AdminRequested::what) what) {
    broker::AdminRequested request;
    request.partition = PartitionId{0};
    request.what = std::move(what);
    return request;
}

}  // namespace

TEST_CASE("R21: a change of members that skips the joint configuration", "[sim]") {
    for (bool const skipped : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        broker::ChangeMembers change;
        for (std::uint32_t const id : {1U, 2U}) {
            change.voters.push_back(broker::Member{broker::BrokerId{id}, broker::DiskUuid{id}});
        }
        cluster.step(1, asked(change));
        CHECK_FALSE(cluster.fired("R21"));
        if (skipped) {
            // As if the entries before had held no configuration.
            InfoLog& memory = cluster.logs.memory(1, PartitionId{0});
            std::vector<EntryInfo> entries;
            for (LogIndex at{1}; at <= memory.last_index(); ++at) {
                entries.push_back(*memory.at(at));
            }
            memory.clear();
            for (EntryInfo const& entry : entries) {
                memory.push(entry);
            }
        }

        cluster.settle();

        CHECK(cluster.replica(1).raft().configuration().voters == change.voters);
        CHECK(cluster.fired("R21") == skipped);
    }
}

TEST_CASE("B11: one entry moves the start to two places", "[sim]") {
    for (std::int64_t const other : {2, 1}) {
        WatchedCluster cluster{0, 2, 1};
        for (std::uint32_t const host : {1U, 2U}) {
            cluster.elect(host);
            cluster.produce(host, "a");
            cluster.settle();
            std::int64_t const start = host == 1 ? 2 : other;
            cluster.step(host, asked(broker::DeleteRecords{broker::Offset{start}}));
            cluster.settle();
            CHECK(cluster.replica(host).log_start() == broker::Offset{start});
        }

        CHECK(cluster.fired("B11") == (other == 1));
    }
}

TEST_CASE("R22: a snapshot that stands where nothing is committed", "[sim]") {
    for (bool const uncommitted : {false, true}) {
        WatchedCluster cluster{0, 1, 1};
        cluster.elect(1);
        for (int i = 0; i < 1'200; ++i) {
            cluster.produce(1, "a");
            cluster.settle();
        }
        cluster.step(1, asked(broker::DeleteRecords{broker::Offset{-1}}));
        if (uncommitted) {
            cluster.logs.committed(PartitionId{0}).clear();
        }

        cluster.settle();
        cluster.produce(1, "b");
        cluster.settle();

        CHECK(cluster.replica(1).raft().log().start() > LogIndex{1'000});
        CHECK(cluster.fired("R22") == uncommitted);
    }
}

TEST_CASE("R23: who leads takes a snapshot; a follower may", "[sim]") {
    for (bool const lying : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        cluster.cut(3);
        for (int i = 0; i < 1'200; ++i) {
            cluster.produce(1, "a");
            cluster.settle();
        }
        cluster.step(1, asked(broker::DeleteRecords{broker::Offset{-1}}));
        cluster.settle();
        cluster.report_as(3, lying ? 1 : 3);
        cluster.cut(0);
        for (int i = 0; i < 3; ++i) {
            cluster.heartbeat(1);
        }

        CHECK(cluster.node(3).probes().count(broker::Probe::snapshot_installed) == 1);
        CHECK(cluster.fired("R23") == lying);
    }
}

TEST_CASE("R5: an entry that moves the start is applied a second time", "[sim]") {
    for (bool const again : {false, true}) {
        WatchedCluster cluster{0, 2, 1};
        for (std::uint32_t const host : {1U, 2U}) {
            cluster.elect(host);
            cluster.produce(host, "a");
            cluster.settle();
            cluster.report_as(host, again ? 1 : host);
            cluster.step(host, asked(broker::DeleteRecords{broker::Offset{2}}));
            cluster.settle();
        }

        CHECK(cluster.fired("R5") == again);
    }
}

TEST_CASE("R17: after a crash too few disks hold what is committed", "[sim]") {
    for (bool const lost : {false, true}) {
        WatchedCluster cluster{3, 0, 3};
        cluster.elect(1);
        cluster.produce(1, "a");
        cluster.settle();
        InfoLog& committed = cluster.logs.committed(PartitionId{0});
        if (lost) {
            // As if another entry had been committed than the disks hold.
            EntryInfo last = *committed.at(committed.last_index());
            last.chain ^= 1U;
            committed.truncate(committed.last_index());
            committed.push(last);
        }

        cluster.raft.on_down(2);

        CHECK(cluster.fired("R17") == lost);
    }
}

TEST_CASE("R17: what a power loss took still counts; it was stored when it was promised", "[sim]") {
    WatchedCluster cluster{3, 0, 3};
    cluster.elect(1);
    cluster.produce(1, "a");
    cluster.settle();

    for (std::uint32_t const host : {2U, 3U}) {
        cluster.truth.power_lost(host);
        cluster.truth.survivors_told(host);
        cluster.raft.on_down(host);
    }

    CHECK_FALSE(cluster.fired("R17"));
}

TEST_CASE("R17: an older image has files of the same names; what it lacks was stored once",
          "[sim]") {
    WatchedCluster cluster{3, 0, 3};
    cluster.elect(1);
    cluster.produce(1, "a");
    cluster.settle();
    std::vector<DiskImage> old;
    for (std::uint32_t const host : {2U, 3U}) {
        old.push_back(cluster.disk(host).image());
    }
    cluster.produce(1, "b");
    cluster.settle();

    for (std::uint32_t const host : {2U, 3U}) {
        cluster.disk(host).replace(old[host - 2]);
        cluster.raft.on_down(host);
    }

    CHECK(cluster.truth.durable_log(2, PartitionId{0}).last_index() == LogIndex{2});
    CHECK_FALSE(cluster.fired("R17"));
}

TEST_CASE("B16: a node recovers less than its disk held; R24 if no damage was met", "[sim]") {
    for (bool const damaged : {false, true}) {
        WatchedCluster cluster{0, 2, 1};
        cluster.elect(1);
        cluster.produce(1, "a");
        cluster.settle();
        if (damaged) {
            cluster.report_damage();
        }

        // An empty replica seems to be what the first host recovered.
        cluster.report_as(2, 1);
        cluster.restart(2);

        CHECK(cluster.fired_all() == (damaged ? "B16" : "R24"));
    }
}

}  // namespace brokersim
