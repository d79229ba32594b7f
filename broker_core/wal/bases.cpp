// The log gives its prefix away: compaction, and the installation of a base from the leader.
#include "broker_core/base/check.h"
#include "broker_core/wal/wal.h"

#include <algorithm>

namespace broker::wal {

void Wal::compact(const Base& base) {
    CHECK(open());
    CHECK(!compacting());
    CHECK(!base.installed);
    CHECK(base.index <= flushed_);
    base_term_ = base.term;
    places_.forget_to(base.index);
    bases_.write(base);
}

void Wal::install(const Base& base) {
    CHECK(open());
    CHECK(base.installed);
    // Whatever was gathered for the old log, or waits to be written to it, is of no use any more.
    // What is under way completes, and raises nothing.
    open_group_ = Group{};
    std::erase_if(groups_, [](const Group& group) { return !group.submitted; });
    for (Group& group : groups_) {
        group.last_index = LogIndex{};
        group.cut = false;
    }
    for (SegmentFile& next : next_) {
        abandoned_.push_back(std::move(next));
    }
    next_.clear();
    ++generation_;
    drop_promises(LogIndex{});
    last_index_ = base.index;
    last_term_ = base.term;
    base_term_ = base.term;
    places_.restart(base.index);
    written_ = LogIndex{};
    flushed_ = LogIndex{};
    installing_ = Installing{base, hard_state_.number(), false};
    begin_next_segment(0, End{base.index, base.term});
    probes_.reached(Probe::wal_installed);
}

void Wal::submit_base() {
    // The term of a base must not outlive the term itself, as with entries.
    // A temporary file of that name, left by a crash, must be gone before another one is begun.
    if (installing_ && !installing_->submitted && removals_.empty() &&
        hard_state_.durable_number() >= installing_->hard_state_number) {
        installing_->submitted = true;
        bases_.write(installing_->base);
    }
}

void Wal::on_base_durable(LogIndex base) {
    base_files_.insert(std::upper_bound(base_files_.begin(), base_files_.end(), base), base);
    probes_.reached(Probe::wal_base_durable);
    if (installing_ && installing_->base.index == base) {
        // From here on a recovery finds this base and nothing of the old log.
        Term const term = installing_->base.term;
        installing_.reset();
        written_ = std::max(written_, base);
        flushed_ = std::max(flushed_, base);
        raise_stored(base, term);
        promises_may_open_ = true;
        return;  // the old files go once the new chain has a segment
    }
    if (!installing_) {
        remove_before_base();
    }
}

void Wal::remove(const std::string& name) {
    OpId const op = ops_.draw();
    removals_.push_back(op);
    disk_.remove(op, name);
}

void Wal::remove_before_base() {
    if (base_files_.empty()) {
        return;
    }
    // The newest segment that begins within the base, or right behind it, has all that follows.
    LogIndex const base = base_files_.back();
    auto const first = std::find_if(
        linked_.rbegin(), linked_.rend(),
        [base](const LinkedSegment& segment) { return segment.first_index <= base.next(); });
    if (first == linked_.rend()) {
        return;
    }
    auto const keep = std::prev(first.base());
    for (auto segment = linked_.begin(); segment != keep; ++segment) {
        remove(segment_name(partition_, segment->id));
        probes_.reached(Probe::segment_removed);
    }
    linked_.erase(linked_.begin(), keep);
    for (auto older = base_files_.begin(); older != std::prev(base_files_.end()); ++older) {
        remove(base_name(partition_, *older));
    }
    base_files_.erase(base_files_.begin(), std::prev(base_files_.end()));
}

}  // namespace broker::wal
