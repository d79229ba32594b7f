// A cluster of Raft machines whose time, network and disks move only at a dialogue's word.
//
// Commands (N: node 1..; A->B: from node A to node B):
//   cluster voters=3 [nodes=M] [append-bytes=B] [inflight=K] [inflight-bytes=B] [chunk=B]
//           [early-commit=1]   followers with empty logs; nodes: of these only the first voters
//                       are members; early-commit: a leader may commit before its own sync
//   log N terms=1,1,2 [term=T] [vote=V]   node N starts again with this durable log
//   tick N              time moves to N's deadline, and N is told
//   wait ms=50          time moves, and nobody is told
//   deliver A->B [nth=K]    what is on its way arrives in order; or only the K-th of it
//   drop A->B [nth=K]       it is lost
//   copy A->B           the oldest message is doubled
//   probe A->B term=T after=I/T commit=C   B gets an append without entries, as from A
//   stabilize [cut=N]   everything arrives, but nothing from or to N; then the state of all
//   propose N text      the leader takes a client's entry
//   change N voters=1,2 [learners=3]   the leader begins a change of members
//   force N voters=1,2       the other voters are gone for ever, by order
//   transfer N to=M     the leader hands over
//   read N id=K         the leader is asked for a read index
//   compact N index=I   entries up to I give way to a snapshot, on disk too
//   members N           the configuration in force
//   stable N            how far it counts its own log as durable
//   stale N index=I term=T generation=G   a proof of durability from an earlier state of its log
//   wipe N              it comes back with an empty disk, which is another one
//   manual N            its disk completes only when told to:
//   automatic N         at once again
//   durable N           all of the log of N is synced
//   vote-durable N      its term and vote are synced
//   restart N           it comes back with what is durable
//   show N
#pragma once

#include "broker_core/raft/raft.h"
#include "tests/support/datadriven.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace broker::raft {

class Dialogue {
public:
    std::string run(test::Command const& command);

private:
    struct Waiting {
        BrokerId to;
        LogIndex durable_first;
        std::uint64_t hard_state_number = 0;
        Bytes bytes;
    };
    struct Node {
        std::optional<Raft> raft;
        bool manual = false;
        DiskUuid uuid;
        Stored disk;       // durable
        HardState stored;  // handed to the disk
        std::uint64_t stored_number = 0;
        Generation generation;  // of the log: cuts and installs
        std::uint64_t durable_number = 0;
        LogIndex synced;
        std::vector<Waiting> waiting;
    };
    struct Link {
        std::uint32_t from;
        std::uint32_t to;
    };

    void cluster(test::Command const& command);
    void start(std::uint32_t id);
    void set_log(std::uint32_t id, test::Command const& command);
    std::vector<Member> members_of(std::string const& list) const;
    void say_outcome(std::uint32_t id, Result<void> const& outcome);
    void show_members(std::uint32_t id);
    void step(std::uint32_t id, Input const& input);
    void deliver_bytes(std::uint32_t to, Bytes const& bytes);
    void deliver(Link link, std::int64_t nth);
    void probe(Link link, test::Command const& command);
    void drop(Link link, std::int64_t nth);
    void stabilize(std::uint32_t cut);
    void perform(std::uint32_t id);
    void release(std::uint32_t id);
    void sync_log(std::uint32_t id);
    void sync_vote(std::uint32_t id);
    void show(std::uint32_t id);
    void say(std::string const& line);

    std::map<std::uint32_t, Node> nodes_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::deque<Bytes>> links_;
    std::deque<Link> order_;  // of sending, for stabilize
    Configuration bootstrap_;
    RaftTuning tuning_;
    bool unsynced_quorum_ = false;
    Probes probes_;
    Time now_{1'000'000'000};
    bool quiet_ = false;
    std::string output_;
};

}  // namespace broker::raft
