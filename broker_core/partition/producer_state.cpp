// The table of idempotent producers: the rules of the header, the fold and its undo log.
#include "broker_core/partition/producer_state.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"

#include <algorithm>

namespace broker::partition {

namespace {

constexpr std::int64_t nanoseconds_per_ms = 1'000'000;

/// True if `a` lies at or before `b` on the circle of 2^31 sequence numbers, taking the shorter
/// way round: after a wrap, 2147483647 is before 0. A plain <= would call that a gap.
bool at_or_before(Sequence a, Sequence b) {
    auto const distance =
        (static_cast<std::uint32_t>(b.value()) - static_cast<std::uint32_t>(a.value())) &
        0x7fffffffU;
    return distance < 0x40000000U;
}

/// The verdict on a batch of the epoch that `entry` is in.
ProducerCheck check_sequence(const ProducerEntry& entry, const ProducedRange& range) {
    // Duplicates first. After a wrap an old number may look like a new one otherwise.
    for (const ProducerBatch& batch : entry.batches()) {
        if (batch.first_sequence == range.first_sequence &&
            batch.last_sequence == range.last_sequence) {
            return {ProducerVerdict::duplicate, batch.first_offset, batch.last_offset};
        }
    }
    if (range.first_sequence == sequence_after(entry.last().last_sequence, 1)) {
        return {ProducerVerdict::append};
    }
    // Everything in it has a number that was used already, by a batch no longer remembered.
    if (at_or_before(range.last_sequence, entry.last().last_sequence)) {
        return {ProducerVerdict::duplicate_older};
    }
    return {ProducerVerdict::out_of_order};
}

std::uint64_t fold(std::uint64_t state, std::int64_t word) {
    return fold64(state, static_cast<std::uint64_t>(word));
}

std::uint64_t fold(std::uint64_t state, const ProducerEntry& entry) {
    state = fold(state, entry.epoch().value());
    state = fold(state, entry.last_use_ms());
    state = fold(state, static_cast<std::int64_t>(entry.batches().size()));
    for (const ProducerBatch& batch : entry.batches()) {
        state = fold(state, batch.first_sequence.value());
        state = fold(state, batch.last_sequence.value());
        state = fold(state, batch.first_offset.value());
        state = fold(state, batch.last_offset.value());
        state = fold(state, batch.timestamp_ms);
    }
    return state;
}

}  // namespace

const char* name_of(ProducerVerdict verdict) {
    switch (verdict) {
        case ProducerVerdict::append:
            return "append";
        case ProducerVerdict::duplicate:
            return "duplicate";
        case ProducerVerdict::duplicate_older:
            return "duplicate_older";
        case ProducerVerdict::out_of_order:
            return "out_of_order";
        case ProducerVerdict::invalid_epoch:
            return "invalid_epoch";
        case ProducerVerdict::unknown_producer:
            return "unknown_producer";
    }
    return "?";
}

ProducedRange range_of(RecordBatchView batch) {
    CHECK(batch.has_producer());
    return {batch.producer_id(), batch.producer_epoch(), batch.base_sequence(),
            batch.last_sequence()};
}

ProducerEntry::ProducerEntry(ProducerEpoch epoch, const ProducerBatch& first,
                             std::int64_t log_time_ms)
    : epoch_{epoch} {
    push(first, log_time_ms);
}

void ProducerEntry::push(const ProducerBatch& batch, std::int64_t log_time_ms) {
    if (batches_count_ == producer_window) {
        std::move(batches_.begin() + 1, batches_.end(), batches_.begin());
        --batches_count_;
    }
    batches_[batches_count_++] = batch;
    last_use_ms_ = log_time_ms;
}

/// Runs after the log time moved, so that these changes are taken back before it is.
template <class Condition>
void ProducerState::forget_producers_if(Offset entry_offset, Condition condition) {
    for (auto it = producers_.begin(); it != producers_.end();) {
        if (condition(it->second)) {
            undo_.push_back({entry_offset, it->first, it->second, log_time_ms_});
            it = producers_.erase(it);
        } else {
            ++it;
        }
    }
}

ProducerCheck ProducerState::check(const ProducedRange& range) const {
    bool const starts = range.first_sequence == Sequence{0};
    auto const found = producers_.find(range.id);
    if (found == producers_.end()) {
        // A first batch is welcome; a later one means that we lost what came before.
        bool const welcome = starts || options_.unknown_producer == UnknownProducer::permissive;
        return {welcome ? ProducerVerdict::append : ProducerVerdict::unknown_producer};
    }
    const ProducerEntry& entry = found->second;
    if (range.epoch < entry.epoch()) {
        return {ProducerVerdict::invalid_epoch};
    }
    if (range.epoch > entry.epoch()) {
        return {starts ? ProducerVerdict::append : ProducerVerdict::out_of_order};
    }
    return check_sequence(entry, range);
}

void ProducerState::apply(RecordBatchView batch, Offset base_offset) {
    advance(base_offset, base_offset + batch.records_count());
    if (batch.is_control()) {
        return;
    }
    std::int64_t const log_time_before_ms = log_time_ms_;
    log_time_ms_ = std::max(log_time_ms_, batch.max_timestamp_ms());
    if (batch.has_producer()) {
        push_batch(range_of(batch),
                   {.first_sequence = batch.base_sequence(),
                    .last_sequence = batch.last_sequence(),
                    .first_offset = base_offset,
                    .last_offset = base_offset + batch.last_offset_delta(),
                    .timestamp_ms = batch.max_timestamp_ms()},
                   log_time_before_ms);
    } else if (log_time_ms_ != log_time_before_ms) {
        undo_.push_back({base_offset, ProducerId{-1}, std::nullopt, log_time_before_ms});
    }
    expire(base_offset);
}

void ProducerState::push_batch(const ProducedRange& range, const ProducerBatch& batch,
                               std::int64_t log_time_before_ms) {
    ProducerEntry const fresh{range.epoch, batch, log_time_ms_};
    auto const [place, inserted] = producers_.try_emplace(range.id, fresh);
    ProducerEntry& entry = place->second;
    undo_.push_back({batch.first_offset, range.id, inserted ? std::nullopt : std::optional{entry},
                     log_time_before_ms});
    if (!inserted && entry.epoch() == range.epoch) {
        entry.push(batch, log_time_ms_);
    } else if (!inserted) {
        entry = fresh;  // A new epoch forgets the batches of the old one
    }
    oldest_use_bound_ms_ = std::min(oldest_use_bound_ms_, log_time_ms_);
}

void ProducerState::truncate_to(Offset offset) {
    CHECK(offset >= stable_);
    while (undo_.size() > undo_begin_ && undo_.back().offset >= offset) {
        Undo& undo = undo_.back();
        log_time_ms_ = undo.log_time_before_ms;
        if (undo.before) {
            oldest_use_bound_ms_ = std::min(oldest_use_bound_ms_, undo.before->last_use_ms());
            producers_.insert_or_assign(undo.id, *undo.before);
        } else {
            producers_.erase(undo.id);  // of nobody, if only the log time had changed
        }
        undo_.pop_back();
    }
    next_offset_ = std::min(next_offset_, offset);
}

void ProducerState::forget_undo_below(Offset offset) {
    stable_ = std::max(stable_, offset);
    while (undo_begin_ < undo_.size() && undo_[undo_begin_].offset < stable_) {
        ++undo_begin_;
    }
    // Erasing half of a vector now and then costs each change one move in the long run.
    if (undo_begin_ * 2 >= undo_.size()) {
        undo_.erase(undo_.begin(), undo_.begin() + static_cast<std::ptrdiff_t>(undo_begin_));
        undo_begin_ = 0;
    }
}

std::uint64_t ProducerState::hash() const {
    std::uint64_t state = fold(0, log_time_ms_);
    for (const auto& [id, entry] : producers_) {
        state = fold(fold(state, id.value()), entry);
    }
    return mix64(state);
}

void ProducerState::advance(Offset entry_offset, Offset next) {
    CHECK(entry_offset >= next_offset_);
    CHECK(entry_offset >= stable_);
    CHECK(next > entry_offset);
    next_offset_ = next;
}

void ProducerState::expire(Offset entry_offset) {
    std::int64_t const expiry_ms = options_.expiry.nanoseconds() / nanoseconds_per_ms;
    // Log time never falls while applying, so the bound is right until the oldest has expired.
    if (producers_.empty() || log_time_ms_ - oldest_use_bound_ms_ < expiry_ms) {
        return;
    }
    forget_producers_if(entry_offset, [&](const ProducerEntry& entry) {
        return log_time_ms_ - entry.last_use_ms() >= expiry_ms;
    });
    oldest_use_bound_ms_ = INT64_MAX;
    for (const auto& [id, entry] : producers_) {
        oldest_use_bound_ms_ = std::min(oldest_use_bound_ms_, entry.last_use_ms());
    }
}

}  // namespace broker::partition
