// What must be stored before something leaves a node: R16, and the answers' own rules.
//
//   R16 PersistBeforeSend  when a message leaves node n: its term is durable on n; a granted vote
//                          is; an append success up to m: n's disk holds the sender's entry m; a
//                          vote request names an entry of the stored log. When an acks=1 success
//                          leaves: its frame is written on the leader. When an acks=all success
//                          leaves: its entry is durable on a majority (KAFKA-10533,
//                          etcd #14370 are what it catches).
//   R11 VoteUpToDate       a vote goes to a candidate whose log, by its request, is at least as up
//   to
//                          date as what the voter's disk holds (Raft paper 5.4.1).
//   R18 SingleSource       all that is said as the leader of a term comes from one node, and names
//                          it: from the messages alone.
//   B1  AckImpliesCommitted  an acks=all success names an entry that is committed.
//   B5  OffsetBijection      an offset names one batch: in acks, fetches and committed logs.
//   B6  HighWatermark        a watermark shown is at most what is committed; a request made after
//                            some watermark had been shown, or some record acknowledged (acks=all),
//                            is shown no smaller one by the leader of that epoch or a later one; no
//                            record at or above it is served. With raft.read_index no ListOffsets
//                            falls behind either, whoever answers (Raft thesis 6.4).
//   B9  DedupAnswer          "appended before" (DUPLICATE_SEQUENCE_NUMBER) is said only of a batch
//                            that the leader's log has, stored as its acks level promises. An
//                            answer with an offset is held to that by B5 and R16.
//   B13 OneResponse          responses come in request order and carry the request's id.
#pragma once

#include "broker_core/broker/node.h"
#include "sim/disk_truth.h"
#include "sim/invariants/attempt_fates.h"
#include "sim/invariants/cluster_log.h"
#include "sim/invariants/violation.h"
#include "sim/virtual_network.h"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace brokersim {

/// Whom a datagram between brokers is about; nothing if it has no room for that.
std::optional<PartitionId> datagram_partition(ByteSpan datagram);

class SendInvariants {
public:
    SendInvariants(const broker::Topics& topics, const DiskTruth& truth, ClusterLog& logs,
                   const broker::Tuning& tuning, Violations& violations);

    /// A client makes a request: notes what it may no longer be shown less than.
    void on_request(RequestTag& tag) const;
    /// A datagram leaves `node` (from 1).
    void on_datagram(std::uint32_t node, ByteSpan datagram);
    /// A step is over; its facts come before its answers.
    void on_facts(std::uint32_t node, const std::vector<broker::Fact>& facts) {
        for (const broker::Fact& fact : facts) {
            fates_.on_fact(node, fact);
        }
    }
    void on_down(std::uint32_t node) { fates_.on_down(node); }
    /// A response leaves; `payload` without the length prefix. Returns the leader epoch of a fetch.
    std::int64_t on_response(std::uint32_t node, const RequestTag& tag, ByteSpan payload,
                             const broker::Node& broker);

    [[nodiscard]] std::uint64_t acks_checked() const { return acks_checked_; }
    [[nodiscard]] std::uint64_t comparisons() const { return comparisons_; }

private:
    struct Elections {
        /// What each candidate of a term said of its log: term and index of its last entry.
        std::map<std::pair<Term, std::uint32_t>, std::pair<Term, LogIndex>> candidates;
        std::map<Term, std::uint32_t> sources;  // who spoke as the leader of a term
    };
    struct Shown {
        std::int64_t epoch = -1;        // latest
        std::int64_t watermark = -1;    // largest under that epoch or one before
        std::int64_t acked_epoch = -1;  // likewise, of acks=all
        std::int64_t acked_end = -1;    // behind the last record acknowledged
    };

    void on_produce(std::uint32_t node, const RequestTag& tag, ByteSpan body, std::int64_t epoch);
    /// A leader of this epoch belongs to a history that a legal loss ended.
    [[nodiscard]] bool of_former_lineage(PartitionId partition, std::int64_t epoch) const;
    /// The least term under which the answer may have been made: it may have waited behind others.
    [[nodiscard]] static std::int64_t earliest_epoch(const RequestTag& tag, std::int64_t epoch);
    void on_fetch(std::uint32_t node, const RequestTag& tag, ByteSpan body, std::int64_t epoch);
    void watch_election(std::uint32_t node, PartitionId partition,
                        const broker::raft::Message& message, const FoldedLog& log);
    void on_log_start(std::uint32_t node, const RequestTag& tag, std::int64_t start);
    void on_watermark(std::uint32_t node, const RequestTag& tag, std::int64_t watermark,
                      std::int64_t epoch);
    /// The end of the records, as one who is to be up to date with all that was ever told.
    void on_end(std::uint32_t node, const RequestTag& tag, std::int64_t end, std::int64_t epoch);
    void check_floor(std::uint32_t node, const RequestTag& tag, std::int64_t shown,
                     std::int64_t since);
    void check_ack_all(std::uint32_t node, const RequestTag& tag, std::int64_t offset,
                       std::int64_t epoch);
    void check_ack_one(std::uint32_t node, const RequestTag& tag, std::int64_t offset);
    void check_duplicate(std::uint32_t node, const RequestTag& tag);
    [[nodiscard]] bool is_stored_by_quorum(std::uint32_t node, PartitionId partition,
                                           LogIndex index) const;

    const broker::Topics& topics_;
    const DiskTruth& truth_;
    ClusterLog& logs_;
    broker::Acks1 acks1_;
    bool linearizable_;  // ListOffsets asks a quorum first
    Violations& violations_;
    AttemptFates fates_;
    broker::raft::Received received_;
    std::vector<Shown> shown_;
    std::vector<Elections> elections_;                        // by partition
    std::vector<broker::raft::Configuration> first_members_;  // by partition
    std::uint64_t acks_checked_ = 0;
    std::uint64_t comparisons_ = 0;
};

}  // namespace brokersim
