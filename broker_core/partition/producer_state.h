// The idempotent producers of one partition and their last batches: a pure function of the log.
//
// A producer numbers its records; the table remembers, per producer id, the epoch and the last five
// batches. Before an append the leader asks check(); after an append, its own or a follower's,
// apply() folds the batch in. What check() answers can so be recomputed from any log prefix.
//
// Rollback: the five batches that a truncated suffix pushed out would be lost, therefore every
// change is kept in an undo log until its entry is stable (committed: never truncated).
//
//     apply --> [ undo log: forgotten | offset 12 | offset 15 | offset 16 ]
//                                    ^ forget_undo_below(12)      ^ truncate_to(16) takes back one
//
// Time is log time: the highest batch timestamp so far. It never reads a clock, so that all
// replicas expire the same producers at the same offset.
// Source: KIP-98; Kafka ProducerStateManager and ProducerAppendInfo.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/result.h"
#include "broker_core/base/time.h"
#include "broker_core/partition/record_batch.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace broker::partition {

/// Batches remembered per producer; Kafka's, and so the largest max.in.flight that is safe.
inline constexpr std::size_t producer_window = 5;

/// What is remembered of one appended batch.
struct ProducerBatch {
    Sequence first_sequence;
    Sequence last_sequence;
    Offset first_offset;
    Offset last_offset;
    std::int64_t timestamp_ms = 0;  // the batch's max timestamp

    friend bool operator==(const ProducerBatch&, const ProducerBatch&) = default;
};

/// The state of one producer id: at least one batch, oldest first, all of one epoch.
class ProducerEntry {
public:
    ProducerEntry(ProducerEpoch epoch, const ProducerBatch& first, std::int64_t log_time_ms);

    [[nodiscard]] ProducerEpoch epoch() const { return epoch_; }
    [[nodiscard]] std::span<const ProducerBatch> batches() const {
        return {batches_.data(), batches_count_};
    }
    [[nodiscard]] const ProducerBatch& last() const { return batches_[batches_count_ - 1]; }
    /// Log time at the append of the last batch.
    [[nodiscard]] std::int64_t last_use_ms() const { return last_use_ms_; }

    /// Remembers one more batch of the same epoch; the oldest of six is forgotten.
    void push(const ProducerBatch& batch, std::int64_t log_time_ms);

    /// Unused slots hold default batches, so that comparing members is comparing meaning.
    friend bool operator==(const ProducerEntry&, const ProducerEntry&) = default;

private:
    std::array<ProducerBatch, producer_window> batches_{};
    std::size_t batches_count_ = 0;  // Invariant: 1 <= batches_count_ <= producer_window.
    std::int64_t last_use_ms_ = 0;
    ProducerEpoch epoch_;
};

/// What a batch is against the table, with the Kafka code of its answer.
enum class ProducerVerdict : unsigned char {
    append,            // new: append it
    duplicate,         // exactly one of the last five: answer its offsets, append nothing
    duplicate_older,   // appended before the last five: success without an offset, (46)
    out_of_order,      // a gap, or a new epoch that does not start at 0, (45)
    invalid_epoch,     // fenced by a newer epoch, (47)
    unknown_producer,  // never seen or expired, and not starting at 0, (59)
};

const char* name_of(ProducerVerdict verdict);

struct ProducerCheck {
    ProducerVerdict verdict = ProducerVerdict::append;
    Offset first_offset{-1};  // of the original, if duplicate; else -1
    Offset last_offset{-1};

    friend bool operator==(const ProducerCheck&, const ProducerCheck&) = default;
};

/// A batch as its producer numbered it.
struct ProducedRange {
    ProducerId id;
    ProducerEpoch epoch;
    Sequence first_sequence;
    Sequence last_sequence;
};

/// The range of a batch of an idempotent producer. Requires: batch.has_producer().
[[nodiscard]] ProducedRange range_of(RecordBatchView batch);

enum class UnknownProducer : unsigned char { strict, permissive };

struct ProducerStateOptions {
    UnknownProducer unknown_producer = UnknownProducer::strict;
    Duration expiry = Duration{std::int64_t{24} * 3600 * 1'000'000'000};
};

class ProducerState {
public:
    explicit ProducerState(ProducerStateOptions options = {}) : options_{options} {}

    /// What `range` is against this table. Changes nothing, so that a batch that is refused later
    /// leaves no trace (KAFKA-6683).
    [[nodiscard]] ProducerCheck check(const ProducedRange& range) const;

    /// Folds in one data batch that was appended at `base_offset`; a batch without a producer
    /// moves only the log time, a control batch nothing. Whatever the log holds is accepted:
    /// refusing was check()'s part, on the leader, before the append.
    /// Requires: base_offset >= next_offset().
    void apply(RecordBatchView batch, Offset base_offset);

    /// Takes back everything applied at or above `offset`; afterwards the table equals the fold
    /// of the entries below it.
    /// Requires: offset is where an entry begins, and not below the mark of forget_undo_below.
    void truncate_to(Offset offset);

    /// Declares that nothing below `offset` will ever be truncated (it is committed), which
    /// releases the memory of its undo log. Lower marks than before are ignored.
    void forget_undo_below(Offset offset);

    [[nodiscard]] const std::map<ProducerId, ProducerEntry>& producers() const {
        return producers_;
    }
    [[nodiscard]] std::int64_t log_time_ms() const { return log_time_ms_; }
    /// The lowest offset that may be applied next; 0 before the first.
    [[nodiscard]] Offset next_offset() const { return next_offset_; }
    /// The lowest offset that may be truncated to: the mark of forget_undo_below.
    [[nodiscard]] Offset undo_begin() const { return stable_; }
    [[nodiscard]] const ProducerStateOptions& options() const { return options_; }
    /// Changes that could still be taken back.
    [[nodiscard]] std::size_t undo_size() const { return undo_.size() - undo_begin_; }

    /// Appends the table as it is at next_offset(); the format is in producer_snapshot.cpp,
    /// the checksum is the container's. For a snapshot at a committed offset while later entries
    /// are applied: copy the table, truncate_to the offset, encode the copy.
    void encode(Bytes& target) const;
    /// The table of a snapshot; its next_offset is `offset`, below which nothing can be undone.
    /// Errors: corrupt, if `bytes` are not exactly what encode wrote for some table.
    [[nodiscard]] static Result<ProducerState> decode(ByteSpan bytes, Offset offset,
                                                      ProducerStateOptions options);

    /// Of exactly what operator== compares; the same on every replica and machine (B10).
    [[nodiscard]] std::uint64_t hash() const;
    /// Equal tables answer equally for ever after; undo log and marks do not count.
    friend bool operator==(const ProducerState& left, const ProducerState& right) {
        return left.producers_ == right.producers_ && left.log_time_ms_ == right.log_time_ms_;
    }

private:
    /// One change: what stood there before the entry at `offset` was applied.
    struct Undo {
        Offset offset;
        ProducerId id;                        // -1: only the log time changed
        std::optional<ProducerEntry> before;  // empty: the producer was unknown
        std::int64_t log_time_before_ms;
    };

    void advance(Offset entry_offset, Offset next);
    void push_batch(const ProducedRange& range, const ProducerBatch& batch,
                    std::int64_t log_time_before_ms);
    void expire(Offset entry_offset);
    template <class Condition>
    void forget_producers_if(Offset entry_offset, Condition condition);

    ProducerStateOptions options_;
    std::map<ProducerId, ProducerEntry> producers_;
    std::int64_t log_time_ms_ = 0;
    Offset next_offset_{0};
    Offset stable_{0};
    // Invariant: no entry of producers_ was last used before this; it only saves scans.
    std::int64_t oldest_use_bound_ms_ = INT64_MAX;
    // Offsets never decrease; the first undo_begin_ are forgotten and erased when they are many.
    std::vector<Undo> undo_;
    std::size_t undo_begin_ = 0;
};

}  // namespace broker::partition
