// What a node believes after a step, of itself and of others, against the truth of the disks.
//
//   R12 MatchSound           a leader counts entry m of a follower only if that disk stores the
//                            leader's entry m; once the follower has a later term, nothing is said
//                            (Raft paper 5.3, matchIndex).
//   R19 RoleDelta            within a term a node follows one leader and votes once; a leader is
//                            never next a candidate of any kind, nor a follower a leader (Raft
//                            paper, figure 4; with pre-vote, thesis 9.6).
//   R20 CommitNotStuck       a leader's commit index is the largest of its own term that a quorum
//                            has matched: nothing waits that nobody will ask for again.
//   R25 AsyncCompletionSafe  what a node counts as stable of its own log is stored on its disk,
//                            entry for entry: a completion of an earlier log, or of a sync that was
//                            submitted before the write completed, proves nothing.
//
// A rule of a leader looks at what moved since the last look: per step a few comparisons.
#pragma once

#include "broker_core/broker/node.h"
#include "sim/disk_truth.h"
#include "sim/invariants/cluster_log.h"
#include "sim/invariants/violation.h"

#include <cstdint>
#include <vector>

namespace brokersim {

class Beliefs {
public:
    Beliefs(const broker::Topics& topics, const DiskTruth& truth, ClusterLog& logs,
            bool commit_before_own_sync, Violations& violations);

    /// The node (from 1) made a step in which this replica took part.
    void on_step(std::uint32_t node, const broker::Replica& replica);
    /// The node's memory is gone.
    void on_down(std::uint32_t node);
    [[nodiscard]] std::uint64_t comparisons() const { return comparisons_; }

private:
    /// As of the last look; values of std::variant::index() of raft::Role.
    struct Seen {
        std::size_t role = 0;
        Term term;
        broker::BrokerId leader;  // the last one known in this term
        broker::BrokerId vote;
        LogIndex stable;
        LogIndex commit;
        std::vector<LogIndex> match;  // by node - 1, while it leads
    };

    void check_role(std::uint32_t node, const broker::Replica& replica, Seen& seen);
    void check_stable(std::uint32_t node, const broker::Replica& replica, Seen& seen);
    /// Returns whether a match moved.
    bool check_matches(std::uint32_t node, const broker::Replica& replica, Seen& seen);
    void check_commit(std::uint32_t node, const broker::Replica& replica);

    const broker::Topics& topics_;
    const DiskTruth& truth_;
    ClusterLog& logs_;
    bool commit_before_own_sync_;
    Violations& violations_;
    std::size_t partitions_;
    std::vector<Seen> seen_;
    std::uint64_t comparisons_ = 0;
};

}  // namespace brokersim
