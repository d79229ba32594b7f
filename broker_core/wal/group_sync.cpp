// Groups are written and synced, segments follow each other, and entries are read back.
#include "broker_core/base/check.h"
#include "broker_core/wal/wal.h"

#include <algorithm>

namespace broker::wal {
namespace {

constexpr std::size_t spare_buffers_max = 8;

}  // namespace

void Wal::submit_writes() {
    for (Group& group : groups_) {
        if (group.submitted) {
            if (group.cut) {
                return;  // nothing behind a cut is written before the cut is durable
            }
            continue;
        }
        if (!current_ || group.segment != current_->id ||
            writes_in_flight_ >= tuning_.max_inflight_writes) {
            return;
        }
        // An entry of a term must not outlive the term itself, or a restart would find a log
        // ahead of its own current term.
        if (group.hard_state_number > hard_state_.durable_number()) {
            return;
        }
        group.submitted = true;
        group.write = ops_.draw();
        ++writes_in_flight_;
        probes_.reached(Probe::wal_write_submitted);
        disk_.write(group.write, current_->file.handle(), group.offset, group.bytes);
        if (group.cut) {
            return;
        }
    }
}

/// Whether the mode wants a sync now; `first` is the oldest written group that none covers.
bool Wal::sync_due(const Group& first) {
    if (tuning_.durability == Durability::fsync) {
        return true;
    }
    // The end of a segment is synced before the next one is used, or a sealed segment would not be.
    bool const rolling = !next_.empty();
    if (rolling || frontier_ < sync_asked_) {
        probes_.reached(Probe::wal_sync_asked);
        return true;
    }
    if (tuning_.durability == Durability::none) {
        return false;
    }
    if (now_ >= first.written_at + tuning_.sync_interval) {
        probes_.reached(Probe::wal_sync_by_time);
        return true;
    }
    std::uint64_t unsynced = 0;
    for (const Group& group : groups_) {
        unsynced += group.written && !group.covered ? group.size_bytes : 0;
    }
    if (unsynced >= tuning_.sync_bytes) {
        probes_.reached(Probe::wal_sync_by_bytes);
        return true;
    }
    return false;
}

void Wal::submit_syncs() {
    if (syncs_.size() >= tuning_.max_inflight_syncs) {
        return;
    }
    std::uint64_t covered = 0;
    const Group* first = nullptr;
    for (const Group& group : groups_) {
        if (!group.written) {
            break;
        }
        ++covered;
        first = first == nullptr && !group.covered ? &group : first;
    }
    if (first == nullptr || !sync_due(*first)) {
        return;
    }
    for (std::uint64_t i = 0; i < covered; ++i) {
        groups_[i].covered = true;
    }
    // All groups in flight belong to current_: the next segment is not written before this one
    // is sealed.
    OpId const op = ops_.draw();
    syncs_.push_back(SyncInFlight{op, now_, covered});
    probes_.reached(Probe::wal_sync_started);
    disk_.sync(op, current_->file.handle());
}

void Wal::advance_rotation() {
    if (next_.empty() || !open()) {
        return;
    }
    SegmentFile& next = next_.front();
    bool const sealed = groups_.empty() || groups_.front().segment == next.id;
    // A segment behind an installed base must not be found before that base is.
    bool const base_durable = next.behind_base == LogIndex{} || !installing_ ||
                              installing_->base.index > next.behind_base;
    if (!sealed || !next.file.prepared() || !base_durable) {
        return;
    }
    if (!next.file.rename_submitted()) {
        next.file.rename();
        return;
    }
    if (!next.file.renamed()) {
        return;
    }
    if (!next.linked) {
        if (next.directory_sync == OpId{}) {
            probes_.reached(Probe::segment_renamed);
            next.directory_sync = ops_.draw();
            disk_.sync_dir(next.directory_sync);
        }
        return;
    }
    linked_.push_back(LinkedSegment{next.id, next.first_index});
    bool const behind_base = next.behind_base != LogIndex{};
    current_ = std::move(next);
    next_.pop_front();
    if (behind_base) {
        remove_before_base();
    }
}

void Wal::pump() {
    if (failed_ || !open()) {
        return;
    }
    submit_base();
    advance_rotation();
    submit_writes();
    submit_syncs();
    if (promises_may_open_) {
        open_promises();
    }
}

void Wal::recycle(Bytes& bytes) {
    if (spare_.size() < spare_buffers_max) {
        bytes.clear();
        spare_.push_back(std::move(bytes));
    }
    bytes = Bytes{};
}

std::uint64_t Wal::read(LogIndex first, LogIndex last, std::uint64_t max_bytes) {
    CHECK(open());
    CHECK(last <= stored());
    return reader_.begin(places_, first, last, max_bytes);
}

void Wal::on_read_done() {
    failed_ = failed_ || reader_.failed();
    if (std::optional<SegmentId> const missing = reader_.take_missing()) {
        // Removed since, with all that is in it; or a file is gone that nobody removed.
        bool const needed =
            std::any_of(linked_.begin(), linked_.end(),
                        [&](const LinkedSegment& segment) { return segment.id == *missing; });
        failed_ = failed_ || needed;
    }
    for (EntriesRead& read : reader_.take_done()) {
        output_.read.push_back(std::move(read));
    }
}

void Wal::write_rest(Group& group, std::uint64_t missing) {
    CHECK(missing < group.bytes.size());
    probes_.reached(Probe::wal_write_continued);
    group.write = ops_.draw();
    disk_.write(group.write, current_->file.handle(), group.offset + group.bytes.size() - missing,
                ByteSpan{group.bytes}.last(missing));
}

void Wal::on_write_done(Group& group) {
    group.written = true;
    group.written_at = now_;
    group.write = OpId{};
    --writes_in_flight_;
    metrics_.written_bytes += group.size_bytes;
    recycle(group.bytes);
    probes_.reached(Probe::wal_append_done, group.frames);
    // A frame can be read back only if all before it can: written_ moves over whole prefixes.
    LogIndex const before = written_;
    Term term;
    for (const Group& candidate : groups_) {
        if (!candidate.written) {
            break;
        }
        if (candidate.last_index > written_) {
            written_ = candidate.last_index;
            term = candidate.last_term;
        }
    }
    if (tuning_.durability != Durability::fsync) {
        if (written_ > before) {
            probes_.reached(Probe::wal_stored_unsynced, written_.value() - before.value());
            raise_stored(written_, term);
        }
        merge_written();
    }
    promises_may_open_ = true;
}

/// Written groups that wait for a sync of their own choosing become one, so that what a mode
/// leaves unsynced for long costs no walk over it.
void Wal::merge_written() {
    std::size_t at = 0;
    while (at + 1 < groups_.size() && groups_[at].written && groups_[at + 1].written) {
        Group& left = groups_[at];
        Group& right = groups_[at + 1];
        if (left.covered || right.covered || left.segment != right.segment) {
            ++at;
            continue;
        }
        right.frames += left.frames;
        right.size_bytes += left.size_bytes;
        right.offset = left.offset;
        right.written_at = std::min(left.written_at, right.written_at);
        right.cut = left.cut || right.cut;
        groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(at));
    }
}

void Wal::raise_stored(LogIndex index, Term term) {
    CHECK(index <= last_index_);
    CHECK(index <= stored());
    output_.stored = DurableLog{index, term, generation_};
}

void Wal::on_sync_done(std::uint64_t groups) {
    CHECK(groups <= groups_.size());
    probes_.reached(Probe::wal_sync_done);
    for (std::uint64_t i = 0; i < groups; ++i) {
        Group& group = groups_.front();
        CHECK(group.written);
        frontier_ = group.end;
        if (group.last_index > flushed_) {
            flushed_ = group.last_index;
            if (tuning_.durability == Durability::fsync) {
                raise_stored(flushed_, group.last_term);
            }
        }
        groups_.pop_front();
    }
    for (SyncInFlight& later : syncs_) {
        later.groups -= std::min(later.groups, groups);
    }
    promises_may_open_ = true;
}

}  // namespace broker::wal
