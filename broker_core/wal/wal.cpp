// Frames become groups, and completions find whom they belong to. Groups are written and synced in
// group_sync.cpp; booting is in boot.cpp, bases in bases.cpp, promises in promises.cpp.
#include "broker_core/wal/wal.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace broker::wal {
namespace {

void pad_to(Bytes& bytes, std::uint64_t size) {
    CHECK(bytes.size() <= size);
    bytes.resize(size);
}

}  // namespace

Wal::Wal(const WalTuning& tuning, const DiskIdentity& identity, PartitionId partition, Disk& disk,
         OpIds& ops, Probes& probes)
    : tuning_{tuning},
      identity_{identity},
      partition_{partition},
      disk_{disk},
      ops_{ops},
      probes_{probes},
      hard_state_{partition, identity, disk, ops, probes},
      bases_{partition, identity, disk, ops},
      clean_mark_{partition, disk, ops},
      reader_{partition, disk, ops, probes} {}

// ---------------------------------------------------------------------------------------------
// Composing

std::uint64_t Wal::segment_size_for(std::uint64_t payload) const {
    return std::max(tuning_.segment_bytes, sector_end(segment_header_bytes + frame_bytes(payload)));
}

Wal::SegmentFile Wal::make_segment(const SegmentHeader& header, std::uint64_t size,
                                   ByteSpan content) {
    SegmentFile segment{header.segment,
                        FreshFile{segment_name(partition_, header.segment), disk_, ops_},
                        OpId{},
                        false,
                        header.first_index,
                        LogIndex{}};
    segment.file.begin();
    segment.file.write(0, content);
    if (tuning_.preallocate) {
        segment.file.truncate(size);
    }
    segment.file.seal();
    return segment;
}

void Wal::begin_next_segment(std::uint64_t payload, End before) {
    bool const new_chain = installing_ && last_index_ == installing_->base.index && next_.empty();
    SegmentHeader header{identity_.cluster,
                         identity_.node,
                         identity_.disk,
                         partition_,
                         cursor_.header.segment.next(),
                         cursor_.header.base + cursor_.offset,
                         before.index.next(),
                         before.term,
                         cursor_.header.segment,
                         cursor_.offset,
                         cursor_.chain};
    if (new_chain) {
        header.previous = SegmentId{};
        header.previous_length = 0;
        header.previous_chain = 0;
    }
    Bytes const sector = encode_segment_header(header);
    cursor_.header = header;
    cursor_.size = segment_size_for(payload);
    cursor_.offset = segment_header_bytes;
    cursor_.chain = segment_header_crc(sector);
    next_.push_back(make_segment(header, cursor_.size, sector));
    if (new_chain) {
        next_.back().behind_base = installing_->base.index;
        return;
    }
    probes_.reached(Probe::segment_rotated);
}

void Wal::encode(Time now, std::uint16_t flags, LogIndex index, Term term, End before,
                 ByteSpan payload) {
    CHECK(open());
    CHECK(!failed_);
    std::uint64_t start = frame_start(cursor_.offset);
    if (start + frame_bytes(payload.size()) > cursor_.size &&
        cursor_.offset > segment_header_bytes) {
        close_group();
        begin_next_segment(payload.size(), before);
        start = frame_start(cursor_.offset);
    }
    Group& group = open_group_;
    if (group.bytes.empty()) {
        if (!spare_.empty()) {
            group.bytes = std::move(spare_.back());
            spare_.pop_back();
        }
        group.segment = cursor_.header.segment;
        group.offset = start;
        group.opened_at = now;
    } else {
        probes_.reached(Probe::group_joined);
    }
    pad_to(group.bytes, start - group.offset);
    FrameHeader header;
    header.flags = flags;
    header.index = index;
    header.term = term;
    header.frontier = frontier_;
    header.previous = cursor_.chain;
    group.last_frame = start - group.offset;
    cursor_.chain = encode_frame(group.bytes, header, payload, cursor_.header.segment, start);
    cursor_.offset = group.offset + group.bytes.size();
    group.last_index = last_index_;
    group.last_term = last_term_;
    group.end = cursor_.header.base + cursor_.offset;
    group.size_bytes = group.bytes.size();
    ++group.frames;
    if ((flags & frame_entry) != 0) {
        places_.append(
            FramePlace{cursor_.header.segment, start, frame_bytes(payload.size()), term});
    }
}

std::uint64_t Wal::store(const HardState& state) {
    if (state.term > hard_state_.current().term) {
        std::erase_if(pending_,
                      [](const Pending& pending) { return pending.requirement.ends_with_term; });
    }
    return hard_state_.store(state);
}

void Wal::append(Time now, LogIndex index, Term term, bool control, ByteSpan payload) {
    now_ = now;
    CHECK(index == last_index_.next());
    CHECK(term >= last_term_);
    End const before{last_index_, last_term_};
    last_index_ = index;
    last_term_ = term;
    unsigned const flags = control ? frame_entry | frame_control : unsigned{frame_entry};
    encode(now, static_cast<std::uint16_t>(flags), index, term, before, payload);
    probes_.reached(Probe::wal_append_submitted);
    if (open_group_.frames >= tuning_.group_max_batches ||
        open_group_.bytes.size() >= tuning_.group_max_bytes) {
        close_group();
    }
}

void Wal::truncate(Time now, LogIndex first, Term kept_term) {
    CHECK(first > LogIndex{});
    CHECK(first <= last_index_);
    close_group();
    End const before{last_index_, last_term_};
    LogIndex const kept = first.previous();
    last_index_ = kept;
    last_term_ = kept_term;
    // What is in flight still covers the entries that stay, and nothing behind them.
    for (Group& group : groups_) {
        if (group.last_index > kept) {
            group.last_index = kept;
            group.last_term = kept_term;
        }
    }
    written_ = std::min(written_, kept);
    flushed_ = std::min(flushed_, kept);
    ++generation_;
    places_.truncate(first);
    drop_promises(kept);
    encode(now, frame_truncate, first, kept_term, before, {});
    open_group_.cut = true;
    ask_for_sync();
    close_group();
    probes_.reached(Probe::wal_truncated);
}

void Wal::drop_promises(LogIndex kept) {
    std::erase_if(pending_, [&](Pending& pending) {
        if (pending.requirement.index <= kept) {
            return false;
        }
        Reply const reply = std::move(pending.reply).open();
        if (reply.peer == BrokerId{}) {
            output_.dropped.push_back(reply.part);
        }
        return true;
    });
}

void Wal::flush() {
    probes_.reached(Probe::flush_called);
    close_group();
    ask_for_sync();
    pump();
}

bool Wal::mark_clean() {
    if (!clean_mark_.begun() && idle()) {
        clean_mark_.begin(CleanMark{identity_, last_index_, last_term_});
    }
    return clean_mark_.durable();
}

void Wal::close_group() {
    Group& group = open_group_;
    if (group.bytes.empty()) {
        return;
    }
    unsigned const flags = tuning_.pad_groups ? frame_group_end | frame_padded : frame_group_end;
    cursor_.chain =
        mark_group_end(group.bytes, group.last_frame, group.segment,
                       group.offset + group.last_frame, static_cast<std::uint16_t>(flags));
    if (tuning_.pad_groups) {
        pad_to(group.bytes, sector_end(cursor_.offset) - group.offset);
        cursor_.offset = group.offset + group.bytes.size();
        group.end = cursor_.header.base + cursor_.offset;
        group.size_bytes = group.bytes.size();
    }
    group.hard_state_number = hard_state_.number();
    groups_.push_back(std::move(group));
    open_group_ = Group{};
}

// ---------------------------------------------------------------------------------------------
// Completions and deadlines

bool Wal::on_disk_done(Time now, const DiskDone& done) {
    now_ = now;
    bool mine = hard_state_.on_disk_done(done);
    if (mine) {
        if (std::optional<DurableVote> const proof = hard_state_.take_proof()) {
            output_.vote = proof;
            promises_may_open_ = true;
        }
        failed_ = failed_ || hard_state_.failed();
    }
    if (!mine && bases_.on_disk_done(done)) {
        mine = true;
        failed_ = failed_ || bases_.failed();
        if (std::optional<LogIndex> const durable = bases_.take_durable()) {
            on_base_durable(*durable);
        }
    }
    for (SegmentFile& abandoned : abandoned_) {
        if (mine) {
            break;
        }
        bool const directory =
            abandoned.directory_sync != OpId{} && abandoned.directory_sync == done.op;
        mine = directory || abandoned.file.on_disk_done(done);
        failed_ = failed_ || (mine && done.outcome != DiskOutcome::ok);
    }
    for (SegmentFile& next : next_) {
        if (mine) {
            break;
        }
        if (next.directory_sync != OpId{} && next.directory_sync == done.op) {
            mine = true;
            next.linked = true;
            probes_.reached(Probe::directory_synced);
            failed_ = failed_ || done.outcome != DiskOutcome::ok;
        } else if (next.file.on_disk_done(done)) {
            mine = true;
            failed_ = failed_ || next.file.failed();
        }
    }
    if (!mine && boot_directory_sync_ != OpId{} && done.op == boot_directory_sync_) {
        mine = true;
        boot_directory_sync_ = OpId{};
        boot_directory_synced_ = true;
        failed_ = failed_ || done.outcome != DiskOutcome::ok;
    }
    if (!mine && mark_removal_ != OpId{} && done.op == mark_removal_) {
        mine = true;
        mark_removal_ = OpId{};
        failed_ = failed_ || done.outcome != DiskOutcome::ok;
    }
    if (!mine && clean_mark_.on_disk_done(done)) {
        mine = true;
        failed_ = failed_ || clean_mark_.failed();
    }
    if (!mine && reader_.on_disk_done(done)) {
        mine = true;
        on_read_done();
    }
    if (!mine && std::erase(removals_, done.op) > 0) {
        pump();       // a base may wait for this
        return true;  // a stale file that stays is read again at the next boot, and is stale again
    }
    for (std::size_t i = 0; i < syncs_.size() && !mine; ++i) {
        if (syncs_[i].op == done.op) {
            mine = true;
            std::uint64_t const groups = syncs_[i].groups;
            Duration const took = now - syncs_[i].submitted_at;
            ++metrics_.syncs;
            metrics_.sync_time += took;
            metrics_.sync_time_max = std::max(metrics_.sync_time_max, took);
            syncs_.erase(syncs_.begin() + static_cast<std::ptrdiff_t>(i));
            if (done.outcome != DiskOutcome::ok) {
                failed_ = true;
            } else {
                on_sync_done(groups);
            }
        }
    }
    for (Group& group : groups_) {
        if (mine) {
            break;
        }
        if (group.submitted && group.write == done.op) {
            mine = true;
            if (done.outcome != DiskOutcome::ok) {
                failed_ = true;
            } else if (done.missing > 0) {
                write_rest(group, done.missing);
            } else {
                on_write_done(group);
            }
            break;
        }
    }
    if (failed_ && mine) {
        probes_.reached(Probe::wal_failed);
        return true;
    }
    if (mine && boot_phase_ != BootPhase::open && boot_phase_ != BootPhase::closed) {
        advance_boot();
    }
    if (mine) {
        pump();
    }
    return mine;
}

void Wal::finish_step(Time now) {
    now_ = now;
    if (failed_ || !open()) {
        return;
    }
    if (has_open_group()) {
        bool const disk_idle = writes_in_flight_ == 0 && syncs_.empty();
        bool const due = tuning_.group_window == Duration{}
                             ? disk_idle
                             : now >= open_group_.opened_at + tuning_.group_window;
        if (due) {
            close_group();
        }
    }
    pump();
}

Time Wal::next_deadline() const {
    Time deadline = Time::never();
    if (failed_) {
        return deadline;
    }
    if (has_open_group() && tuning_.group_window != Duration{}) {
        deadline = open_group_.opened_at + tuning_.group_window;
    }
    // Not while syncs are as many as may be: the one that completes looks again.
    if (tuning_.durability == Durability::write_cache && open() &&
        syncs_.size() < tuning_.max_inflight_syncs) {
        for (const Group& group : groups_) {
            if (!group.written) {
                break;
            }
            if (!group.covered) {
                deadline = std::min(deadline, group.written_at + tuning_.sync_interval);
                break;
            }
        }
    }
    return deadline;
}

bool Wal::idle() const {
    return open() && groups_.empty() && !has_open_group() && next_.empty() && hard_state_.idle() &&
           !installing_;
}

}  // namespace broker::wal
