// The Raft rules that are checked after every step, from what nodes hold and what disks prove.
//
//   R1  ElectionSafety      never two leaders of one term, over the whole run.
//   R2  LeaderAppendOnly    a leader's log only grows.
//   R3  EntryIdentity       (index, term) names one entry, with one history before it, on every
//                           node and for ever; committed or not (Raft paper 5.3, log matching).
//   R4  LeaderCompleteness  whoever becomes leader of a term holds every entry that leaders of
//   earlier
//                           terms have committed (Raft paper 5.4.3).
//   R5  StateMachineSafety  an entry that moves the start of the records is applied once per
//                           incarnation, in the order of the log, and is the committed one.
//   R6  CommittedImmutable  every report that i is committed names the same entry at i.
//   R7  CommitOnDurableQuorum  when a leader's commit index reaches c, a majority of the voters
//                           has the leader's entry c stored, by the truth of their disks.
//   R8  CommitTermRule      the entry at c has the leader's own term (Raft paper 5.4.2).
//   R9  Monotone            a disk's durable term never falls, nor does its vote within a term
//                           change; commit never falls within an incarnation.
//   R10 VoteOnce            a node grants one candidate per term, over all its incarnations.
//   R14 LogShape            indexes contiguous, terms never falling, none above the node's term.
//   R13 NoCommittedTruncation  a cut never removes an entry that is committed.
//   R15 StateOrder          commit never passes the end of the log.
//   R17 QuorumLog           after a crash, a power loss or a cut, the last committed entry is still
//                           stored on so many disks that every later quorum meets one of them; what
//                           a power loss or declared damage took counts as stored.
//   R24 RecoverSound        what a node recovers is what its disk held durably, entry for entry.
//   B16 CorruptionNeverSilent  the same where its disk gave it damaged bytes: a node that goes on
//                           with less than it held has taken damage for the end of its log, and
//                           would vote, lead and refuse by a truncated view (Protocol-Aware
//                           Recovery, FAST 2018).
//   R21 ConfigRules         a leader begins a change of members only when the one before is
//   committed,
//                           and by sets that must agree: into a joint configuration from its old
//                           voters, out of it to its new ones (Raft paper, section 6). Only where
//                           an operator forces it, to those who are left.
//   R22 SnapshotSound      a snapshot stands at a committed entry of its term, and is byte for byte
//                           the same on every node that made or took one there.
//   R23 LeaderNeverInstalls  whoever leads takes no snapshot from anybody.
//   B3  SeqExactlyOnce      see producer_order.h; looked at when an entry is first committed.
//   B11 Retention           an entry that moves the start of the records moves it to the same place
//                           on every replica, and not beyond what is committed (KAFKA-5634).
//   B10 ProducerStateFunctional  the table of idempotent producers is the fold of the log; looked
//   at
//                           when a node becomes leader, and of every replica when all has settled.
//   B15 CleanShutdown       after a graceful stop every entry the node held is durable.
//   B14 AppendOnce          a batch that was accepted is appended exactly once, and nothing else.
// "Stored" is what the durability mode says: durable, or only written. In the latter modes a power
// loss may take stored entries, and a quorum without them may elect a leader that overwrites
// committed ones. When that leader commits in its own term, G is cut to what it holds, provided
// that a power loss took the first entry that goes; R6, R7, R9 and R13 go on from there.
// Source of R1-R8: Raft paper, figure 3 and 5.4; thesis 3.6. All but B10 are O(1) per event.
#pragma once

#include "broker_core/broker/node.h"
#include "sim/disk_truth.h"
#include "sim/invariants/cluster_log.h"
#include "sim/invariants/producer_order.h"
#include "sim/invariants/violation.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace brokersim {

class RaftInvariants {
public:
    RaftInvariants(const broker::Topics& topics, const DiskTruth& truth, ClusterLog& logs,
                   const broker::partition::ProducerStateOptions& producers,
                   Violations& violations);

    /// B10 of one replica, at the cost of its log.
    void check_producers(std::uint32_t node, const broker::Replica& replica);
    /// Looks at what the last step of the node changed. node: from 1. damage_met: its disk has
    /// given it wrong or unreadable bytes in this life.
    void on_step(std::uint32_t node, const broker::Node& broker, bool damage_met = false);
    /// The node stopped gracefully: what its memory holds must be durable.
    void on_clean_stop(std::uint32_t node);
    /// Something became durable on this node.
    void on_disk(std::uint32_t node, PartitionId partition);
    /// The node's memory is gone.
    void on_down(std::uint32_t node);
    /// An operator declared all other voters of a partition gone for ever: a leader of these may
    /// begin with a configuration of them alone (R21).
    void on_forced(PartitionId partition, const std::vector<broker::Member>& left);
    /// Its disk is another one: another voter, which has voted for nobody.
    void on_replaced(std::uint32_t node);
    /// A power loss legally changes nothing that was durable; the vote watch starts from the disk.
    [[nodiscard]] std::uint64_t comparisons() const { return comparisons_; }
    /// Partitions whose G was cut since the last call.
    [[nodiscard]] std::vector<PartitionId> take_cuts() { return std::exchange(cuts_, {}); }

private:
    struct Replica {
        LogIndex commit;
        HardState durable;
        std::uint64_t accepted = 0;  // batches accepted, not yet seen in the log
        bool leads = false;
        Term leads_in;
        LogIndex start_moved_by;  // R5: the last entry that moved the start of the records
    };
    /// What is remembered of an entry, on whichever node it was seen first.
    struct SeenEntry {
        Term term;
        std::uint64_t chain = 0;
        ProducerNumbers numbers;
    };
    struct Partition {
        explicit Partition(const broker::partition::ProducerStateOptions& options)
            : producers{options} {}

        broker::raft::Configuration first_members;
        std::map<Term, std::uint32_t> leaders;                             // R1
        std::vector<std::vector<SeenEntry>> seen;                          // R3, by index - 1
        std::map<std::pair<std::uint32_t, Term>, broker::BrokerId> votes;  // R10
        std::map<Term, LogIndex>
            committed_in;  // R4: the last entry committed by each term's leader
        std::map<LogIndex, std::pair<std::uint64_t, std::uint32_t>> snapshots;  // R22: hash, node
        std::map<LogIndex, std::pair<std::int64_t, std::uint32_t>> log_starts;  // B11: by entry
        ProducerOrder producers;                                                // B3: fold of G
        std::vector<std::vector<broker::Member>> forced;                        // R21
    };

    Replica& replica(std::uint32_t node, PartitionId partition) {
        return replicas_[(node - 1) * partitions_.size() + partition.value()];
    }
    void compare_with_disk(const char* id, std::uint32_t node, PartitionId partition,
                           const char* when);
    void begin_with_snapshot(std::uint32_t node, const broker::Replica& current);
    void check_snapshot(std::uint32_t node, const broker::Replica& current);
    void on_log_start(std::uint32_t node, const broker::Replica& current, const broker::Fact& fact);
    /// Whether a power loss took this entry from some voter, so that it may legally be lost.
    [[nodiscard]] bool may_be_lost(PartitionId partition, LogIndex index,
                                   std::uint64_t chain) const;
    /// Where the entries that a node of `term` calls committed leave G, if a power loss took that
    /// of the two whose history is over from some voter; 0 if they agree or if nothing excuses it.
    [[nodiscard]] LogIndex legal_divergence(std::uint32_t node, PartitionId partition,
                                            LogIndex commit, Term term);
    /// Replaces G from `first` on by what this leader just committed in its own term.
    void cut_lineage(std::uint32_t node, PartitionId partition, LogIndex first, LogIndex commit,
                     Term term);
    void check_change(std::uint32_t node, const broker::Replica& current, const InfoLog& memory,
                      const broker::raft::Entry& entry);
    void check_completeness(std::uint32_t node, PartitionId partition, Term term);
    void missing_append(std::uint32_t node, PartitionId partition);
    /// R3; the first time, what the other rules want to know of it.
    void remember_entry(std::uint32_t node, PartitionId partition, LogIndex index,
                        const broker::raft::Entry& entry);
    /// B3 of entry `index` of G, which was just added. node: who reported it.
    void check_order(std::uint32_t node, PartitionId partition, LogIndex index);
    void on_truncated(std::uint32_t node, const broker::Fact& fact);
    void on_installed(std::uint32_t node, const broker::Replica& current);
    /// R17 of a partition. node: whose disk or log just changed.
    void check_copies(std::uint32_t node, PartitionId partition);
    void on_leader(std::uint32_t node, const broker::Fact& fact);
    void on_appended(std::uint32_t node, const broker::Replica& replica, LogIndex first,
                     LogIndex last, bool recovered);
    void on_committed(std::uint32_t node, const broker::Replica& replica, LogIndex commit);

    const broker::Topics& topics_;
    const DiskTruth& truth_;
    ClusterLog& logs_;
    broker::partition::ProducerStateOptions producer_options_;
    Violations& violations_;
    std::vector<Replica> replicas_;
    std::vector<Partition> partitions_;
    std::vector<PartitionId> cuts_;
    std::uint64_t comparisons_ = 0;
};

}  // namespace brokersim
