// One partition on one broker: its log, its Raft node, its offsets and producers, and the one
// function that performs what Raft asks for, in one order.
#pragma once

#include "broker_core/base/probes.h"
#include "broker_core/base/tuning.h"
#include "broker_core/broker/fact.h"
#include "broker_core/broker/hot_buffer.h"
#include "broker_core/broker/partition_state.h"
#include "broker_core/broker/topics.h"
#include "broker_core/env/disk.h"
#include "broker_core/env/event.h"
#include "broker_core/env/instant.h"
#include "broker_core/partition/offsets.h"
#include "broker_core/partition/producer_state.h"
#include "broker_core/raft/raft.h"
#include "broker_core/wal/wal.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace broker {

/// What a replica needs of its node.
struct ReplicaEnv {
    const Tuning& tuning;
    Disk& disk;
    Probes& probes;
    std::vector<Fact>& facts;
    wal::DiskIdentity identity;
    const Topics& topics;
    std::uint64_t seed = 0;
};

/// An acks=all batch that waits for its commit, found again by (index, term), never by index alone.
struct Waiter {
    wal::ProducePart part;
    LogIndex index;
    Term term;
    Offset base_offset;
    Time deadline;
};

class Replica {
public:
    Replica(const PartitionInfo& info, const ReplicaEnv& env);

    /// Reads the disk; the replica serves once all that was read is durable again.
    /// Errors: damaged, foreign, io_error: the node must not start.
    Result<wal::RecoveryReport> boot();
    [[nodiscard]] bool serving() const { return raft_.has_value(); }
    /// The disk reported an error: nothing may be promised any more.
    [[nodiscard]] bool failed() const { return wal_.failed(); }

    // Events. Each ends with what it caused being performed; replies gather in output().
    void on_datagram(Time now, ByteSpan message);
    void on_disk_done(Time now, const DiskDone& done);
    void on_deadline(Time now);
    /// Appends one validated batch, stamped with its offset and epoch (P6 and P7 in one step).
    /// Requires leads(). The part is answered by the commit, or for acks=1 by the log.
    enum class Acks : std::uint8_t { none, leader, all };
    void produce(Time now, ByteSpan batch, Acks acks, const wal::ProducePart& part, Time deadline);
    /// Answers a retry of an appended batch like its original: at once if the log end at this
    /// moment meets the acks level, else with it. base_offset -1: known only to be older.
    void join(Time now, Offset base_offset, Acks acks, const wal::ProducePart& part, Time deadline);
    /// Closes the open group of the log and has it synced.
    void flush() { wal_.flush(); }
    /// Lets records go that are over the limits of the topic or of the tuning. Leader only.
    void enforce_retention(Instant now, const TopicConfig& topic);
    // The steps of a graceful stop; Node decides when each is over.
    /// Closes the open group; all that is in the log now is to be synced.
    void begin_final_commit() {
        final_index_ = wal_.last_index();
        wal_.flush();
    }
    /// Whether that is durable, as far as no new leader cut it.
    [[nodiscard]] bool finally_committed() const {
        return wal_.flushed() >= std::min(final_index_, wal_.last_index());
    }
    /// Writes the clean-shutdown mark once the log is idle; returns whether it is durable.
    bool mark_clean() { return wal_.mark_clean(); }
    /// Compacts what may be, closes groups that are due; once per step, after everything else.
    void finish_step(Time now);

    // Administration. Errors: not_leader; busy, while something of the kind is under way or the
    // leader's term has committed nothing; invalid.
    Result<void> transfer_leadership(Time now, BrokerId to);
    Result<void> change_members(Time now, const ChangeMembers& change);
    /// The same without a leader: see raft::Raft::force_members.
    Result<void> force_members(Time now, const ForceMembers& left);
    /// Records before `before` go; -1: all that are committed (KIP-107).
    Result<void> delete_records(Time now, Offset before);
    /// Offers the leadership to the voter whose log is furthest. Returns whether somebody was
    /// found; transferring() tells how long it lasts.
    bool offer_leadership(Time now);
    /// Asks for proof that this replica still leads; Output::reads answers with the number.
    Result<void> confirm_leadership(Time now, std::uint64_t number);

    /// Whether a fetch takes a committed entry from memory: it is new, or not in the files yet.
    [[nodiscard]] bool is_hot(LogIndex index) const {
        return hot_.holds(index) || index > wal_.stored();
    }
    /// Begins to read committed entries that are not hot from the files, from `first` on, with
    /// about max_bytes; Output::read answers with the number that is returned.
    std::uint64_t read(LogIndex first, std::uint64_t max_bytes);

    struct Output {
        std::vector<wal::Reply> opened;
        std::vector<wal::ProducePart> unknown;    // fate unknown: leadership or entry lost
        std::vector<wal::ProducePart> timed_out;  // likewise; their append goes on
        std::vector<raft::ReadReady> reads;       // leadership confirmed, or lost
        std::vector<wal::EntriesRead> read;       // from the files
        bool watermark_moved = false;             // or leadership: parked fetches look again

        [[nodiscard]] bool empty() const {
            return opened.empty() && unknown.empty() && timed_out.empty() && reads.empty() &&
                   read.empty() && !watermark_moved;
        }
    };
    [[nodiscard]] Output& output() { return output_; }

    [[nodiscard]] Time next_deadline() const;
    [[nodiscard]] PartitionId partition() const { return info_.id; }
    [[nodiscard]] const raft::Raft& raft() const { return *raft_; }
    [[nodiscard]] const wal::Wal& wal() const { return wal_; }
    [[nodiscard]] bool leads() const { return raft_ && raft_->is_leader(); }
    [[nodiscard]] BrokerId leader() const { return raft_ ? raft_->leader() : BrokerId{}; }
    [[nodiscard]] const partition::Offsets& offsets() const { return offsets_; }
    [[nodiscard]] const partition::ProducerState& producers() const { return producers_; }
    /// Offset after the last committed entry. Clients may see it only if watermark_known().
    [[nodiscard]] Offset high_watermark() const { return offsets_.end_of(raft_->commit()); }
    [[nodiscard]] bool watermark_known() const { return raft_ && raft_->leads_with_own_commit(); }
    /// The first record that may be read; known as the watermark is.
    [[nodiscard]] Offset log_start() const { return log_start_; }
    [[nodiscard]] bool has_waiters() const { return !waiters_.empty(); }

private:
    void start_raft(Time now);
    void settle(Time now);
    void perform(Time now);
    void cut(Time now, LogIndex first);
    void append_from(Time now, LogIndex first);
    /// Offsets, producers and log starts again, from the base on.
    void fold_again(LogIndex last);
    // retention.cpp
    void fold(LogIndex index);
    void apply_committed(LogIndex last);
    void raise_log_start(Offset start);
    void move_log_start(Time now, Offset start);
    [[nodiscard]] Offset newest_log_start() const;
    void maybe_compact();
    void install();
    void answer_committed();
    void expire_waiters(Time now);
    void wait_for(Time now, LogIndex index, Offset base_offset, Acks acks,
                  const wal::ProducePart& part, Time deadline);

    PartitionInfo info_;
    ReplicaEnv env_;
    OpIds ops_;
    wal::Wal wal_;
    std::optional<wal::Booted> booted_;  // until Raft starts from it
    std::optional<raft::Raft> raft_;     // once the log is open
    partition::Offsets offsets_;
    partition::ProducerState producers_;
    HotBuffer hot_;
    LogIndex final_index_;       // of begin_final_commit
    PartitionState base_state_;  // as of the start of Raft's log
    /// Entries that move the start of the records and have not committed yet.
    struct LogStart {
        LogIndex index;
        Offset offset;
    };
    std::deque<LogStart> log_starts_;
    Offset log_start_;
    LogIndex applied_;                               // committed entries looked at
    std::uint64_t retained_bytes_ = 0;               // of applied batches from log_start_ on
    std::uint64_t hard_state_number_ = 0;            // newest handed to the log
    std::deque<Waiter> waiters_;                     // ascending by index
    Time earliest_waiter_deadline_ = Time::never();  // no later than any waiter's
    raft::Received received_;
    wal::Wal::Output wal_output_;
    Bytes stamped_;
    Output output_;
};

/// Every datagram between brokers begins with cluster id (u64) and partition (u32).
inline constexpr std::size_t datagram_header_bytes = 12;

/// Ids of a partition's disk operations start here, so that a completion finds its replica.
constexpr std::uint64_t op_ids_start(PartitionId partition) {
    return std::uint64_t{partition.value()} << 40U;
}
constexpr PartitionId partition_of(OpId op) {
    return PartitionId{static_cast<std::uint32_t>(op.value() >> 40U)};
}

}  // namespace broker
