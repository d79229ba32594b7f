// Old records go: where the start of the records moves, and how the log behind it is compacted.
//
// The start moves only by a committed control entry, so that every replica moves it at the same
// place of the log, and never to or beyond the high watermark (KAFKA-5634). Only entries wholly
// below the start, less a few that spare a slow follower the snapshot, give way to one. Producers
// outlive their records: a table that forgot them with their last batch would take a late retry
// for a new batch, or refuse the next one (KAFKA-7190, KIP-360).
#include "broker_core/base/check.h"
#include "broker_core/broker/partition_state.h"
#include "broker_core/broker/replica.h"
#include "broker_core/partition/record_batch.h"
#include "broker_core/raft/configuration.h"

#include <algorithm>

namespace broker {

Result<void> Replica::delete_records(Time now, Offset before) {
    if (!leads()) {
        return fail(ErrorCode::not_leader, "replica: delete records");
    }
    if (!watermark_known() || !raft_->accepts_proposals()) {
        return fail(ErrorCode::busy, "replica: delete records");
    }
    Offset const start = before < Offset{} ? high_watermark() : before;
    if (start > high_watermark()) {
        return fail(ErrorCode::invalid, "replica: delete records that are not committed");
    }
    if (start <= newest_log_start()) {
        return {};  // they are gone, or about to be
    }
    env_.probes.reached(Probe::records_deleted);
    move_log_start(now, start);
    return {};
}

void Replica::enforce_retention(Instant now, const TopicConfig& topic) {
    const BrokerTuning& tuning = env_.tuning.broker;
    std::uint64_t const bytes =
        topic.retention_bytes != 0 ? topic.retention_bytes : tuning.retention_bytes;
    Duration const time =
        topic.retention_time != Duration{} ? topic.retention_time : tuning.retention_time;
    bool const limited = bytes != 0 || time != Duration{};
    if (!limited || !leads() || !watermark_known() || !raft_->accepts_proposals() ||
        !log_starts_.empty()) {
        return;
    }
    std::int64_t const oldest_ms =
        time == Duration{} ? INT64_MIN : (now.wall.nanoseconds() - time.nanoseconds()) / 1'000'000;
    // As in Kafka what goes is a segment's worth, so that not every record costs an entry; a limit
    // smaller than a segment sets its own pace.
    std::uint64_t const slack = std::min(bytes, env_.tuning.wal.segment_bytes);
    std::uint64_t excess =
        bytes != 0 && retained_bytes_ > bytes + slack ? retained_bytes_ - bytes : 0;
    LogIndex keep = offsets_.index_of(log_start_);
    for (LogIndex index = keep; index <= raft_->commit(); ++index) {
        const raft::Entry& entry = raft_->log().at(index);
        if (entry.control) {
            continue;  // goes with the records behind it, and is never the reason
        }
        bool const old = partition::RecordBatchView{entry.payload}.max_timestamp_ms() < oldest_ms;
        if (excess == 0 && !old) {
            break;
        }
        excess -= std::min<std::uint64_t>(excess, entry.payload.size());
        keep = index.next();
    }
    Offset const start = std::min(offsets_.base_of(keep), high_watermark());
    if (start > log_start_) {
        env_.probes.reached(Probe::retention_moved);
        move_log_start(now.monotonic, start);
    }
}

void Replica::move_log_start(Time now, Offset start) {
    raft_->step(now, raft::Propose{encode_log_start(start), true});
    settle(now);
}

Offset Replica::newest_log_start() const {
    return log_starts_.empty() ? log_start_ : log_starts_.back().offset;
}

// ---------------------------------------------------------------------------------------------
// What an entry makes

void Replica::fold(LogIndex index) {
    const raft::Entry& entry = raft_->log().at(index);
    if (!entry.control) {
        partition::RecordBatchView const batch{entry.payload};
        CHECK(batch.base_offset() == offsets_.log_end());
        producers_.apply(batch, offsets_.log_end());
        offsets_.append(batch.records_count());
        return;
    }
    if (raft::control_kind(entry.payload) == raft::ControlKind::log_start) {
        Result<Offset> const start = decode_log_start(entry.payload);
        CHECK(start.has_value());  // a leader wrote it, checksums brought it here
        log_starts_.push_back(LogStart{index, *start});
    }
    offsets_.append(1);
}

void Replica::apply_committed(LogIndex last) {
    for (LogIndex index = applied_.next(); index <= last; ++index) {
        const raft::Entry& entry = raft_->log().at(index);
        retained_bytes_ += entry.control ? 0 : entry.payload.size();
        if (!log_starts_.empty() && log_starts_.front().index == index) {
            raise_log_start(log_starts_.front().offset);
            log_starts_.pop_front();
        }
        applied_ = index;
    }
}

void Replica::raise_log_start(Offset start) {
    if (start <= log_start_) {
        return;
    }
    LogIndex const first = offsets_.index_of(start);
    for (LogIndex index = offsets_.index_of(log_start_); index < first; ++index) {
        const raft::Entry& entry = raft_->log().at(index);
        retained_bytes_ -=
            entry.control ? 0 : std::min<std::uint64_t>(retained_bytes_, entry.payload.size());
    }
    log_start_ = start;
    env_.probes.reached(Probe::log_start_applied);
    Fact fact{FactKind::log_start, info_.id, raft_->term(), applied_, applied_};
    fact.offset = start;
    env_.facts.push_back(fact);
}

// ---------------------------------------------------------------------------------------------
// Compaction

void Replica::maybe_compact() {
    const raft::Log& log = raft_->log();
    if (log_start_ <= offsets_.end_of(log.start())) {
        return;  // the usual case, and asked in every step
    }
    LogIndex const first_needed = offsets_.index_of(log_start_);
    std::uint64_t const keep = env_.tuning.raft.trailing + 1;
    if (first_needed.value() <= log.start().value() + keep || wal_.compacting()) {
        return;
    }
    // A base can not be cut, and what an unsynced quorum committed may have to be.
    if (env_.tuning.wal.durability != Durability::fsync) {
        return;
    }
    // Only what is durable here: a base that outlives the entries it stands for would leave a
    // node without records it is counted for.
    LogIndex const target =
        std::min({first_needed - keep, raft_->commit(), raft_->stable(), wal_.flushed()});
    if (target < log.start() + env_.tuning.raft.snapshot_threshold) {
        return;
    }
    for (LogIndex index = log.first_index(); index <= target; ++index) {
        const raft::Entry& entry = log.at(index);
        if (!entry.control) {
            partition::RecordBatchView const batch{entry.payload};
            base_state_.producers.apply(batch, base_state_.next);
            base_state_.next = base_state_.next + batch.records_count();
            continue;
        }
        if (raft::control_kind(entry.payload) == raft::ControlKind::log_start) {
            Offset const start = *decode_log_start(entry.payload);
            base_state_.log_start = std::max(base_state_.log_start, start);
        }
        base_state_.next = base_state_.next + 1;
    }
    base_state_.producers.forget_undo_below(base_state_.next);
    CHECK(base_state_.next == offsets_.end_of(target));
    raft::Snapshot snapshot = raft_->snapshot_at(target, encode_partition_state(base_state_));
    wal_.compact(wal::Base{target, snapshot.term, false, raft::encode_snapshot(snapshot)});
    raft_->compact(std::move(snapshot));
    offsets_.compact(target);
    env_.facts.push_back(Fact{FactKind::compacted, info_.id, raft_->term(), target, target});
}

void Replica::install() {
    const raft::Snapshot& snapshot = raft_->log().snapshot();
    Result<PartitionState> state = decode_partition_state(snapshot.state, producers_.options());
    CHECK(state.has_value());  // its checksum is whole, so a leader encoded it
    base_state_ = std::move(*state);
    producers_ = base_state_.producers;
    offsets_ = partition::Offsets{snapshot.index, base_state_.next};
    log_starts_.clear();
    hot_.restart(snapshot.index);
    retained_bytes_ = 0;
    applied_ = snapshot.index;
    ByteSpan const bytes = raft_->log().snapshot_bytes();
    wal_.install(wal::Base{snapshot.index, snapshot.term, true, Bytes{bytes.begin(), bytes.end()}});
    env_.facts.push_back(
        Fact{FactKind::installed, info_.id, raft_->term(), snapshot.index, snapshot.index});
    if (base_state_.log_start > log_start_) {
        log_start_ = base_state_.log_start;
        env_.probes.reached(Probe::log_start_applied);
    }
}

}  // namespace broker
