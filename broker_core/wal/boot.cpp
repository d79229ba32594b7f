// A log comes up: what is on the disk is read, and made durable again before anything is claimed.
#include "broker_core/base/check.h"
#include "broker_core/wal/wal.h"

#include <algorithm>
#include <cstring>

namespace broker::wal {

namespace {

/// The bytes of one partition's files, as one reading of them gave it, in the order of the names.
struct Files {
    std::vector<SegmentImage> segments;
    std::vector<SegmentImage> others;  // hard state, bases, clean mark
    std::vector<std::string> temporary;
    SegmentId largest;
};

bool same_bytes(const std::vector<SegmentImage>& a, const std::vector<SegmentImage>& b) {
    return std::equal(
        a.begin(), a.end(), b.begin(), b.end(),
        [](const SegmentImage& left, const SegmentImage& right) {
            std::size_t const size = left.bytes.size();
            return left.name == right.name && size == right.bytes.size() &&
                   (size == 0 || std::memcmp(left.bytes.data(), right.bytes.data(), size) == 0);
        });
}
bool same_bytes(const Files& a, const Files& b) {
    return same_bytes(a.segments, b.segments) && same_bytes(a.others, b.others);
}

/// What they mean.
struct Reading {
    std::vector<std::string> temporary;
    std::vector<LogIndex> bases;  // ascending
    bool mark_found = false;
    std::optional<CleanMark> mark;
    Base base;
    HardStateSlot slot;
    RecoveredLog log;
    /// Something is not as a clean stop leaves it: a torn tail, a slot or a mark that is no good.
    bool doubtful = false;
};

/// Reads every file of a partition and recovers its log from them.
class DiskReader {
public:
    DiskReader(Disk& disk, const DiskIdentity& identity, PartitionId partition)
        : disk_{disk}, identity_{identity}, partition_{partition} {}

    Result<Files> read() {
        Files files;
        for (const std::string& name : disk_.list()) {
            bool const is_mark = name == clean_mark_name(partition_);
            std::optional<ParsedName> const parsed = parse_name(name);
            if (!is_mark && (!parsed || parsed->partition != partition_)) {
                continue;
            }
            if (!is_mark) {
                files.largest = std::max(files.largest, parsed->segment);
                if (parsed->kind == ParsedName::Kind::temporary) {
                    files.temporary.push_back(name);
                    continue;
                }
            }
            Result<Bytes> content = disk_.read_all(name);
            if (!content) {
                return tl::unexpected{content.error()};
            }
            bool const is_segment = !is_mark && parsed->kind == ParsedName::Kind::segment;
            (is_segment ? files.segments : files.others)
                .push_back(SegmentImage{name, std::move(*content)});
        }
        return files;
    }

    Result<Reading> recover(const Files& files) {
        Reading reading;
        reading.temporary = files.temporary;
        reading.slot.identity = identity_;
        reading.slot.partition = partition_;
        std::optional<ByteSpan> hard_state;
        for (const SegmentImage& file : files.others) {
            Result<void> const taken = take(file, reading, hard_state);
            if (!taken) {
                return tl::unexpected{taken.error()};
            }
        }
        if (hard_state) {
            Result<HardStateSlot> const read = read_hard_state(*hard_state, identity_, partition_);
            if (!read) {
                return tl::unexpected{read.error()};
            }
            reading.slot = *read;
            reading.doubtful = reading.doubtful || !both_slots_readable(*hard_state, partition_);
        } else if (!files.segments.empty() || reading.base.index != LogIndex{}) {
            return fail(ErrorCode::damaged, "wal: a log without its hard state");
        }
        Result<RecoveredLog> recovered =
            recover_log(files.segments, identity_, partition_, files.largest, reading.base);
        if (!recovered) {
            return tl::unexpected{recovered.error()};
        }
        reading.log = std::move(*recovered);
        reading.doubtful = reading.doubtful || reading.log.report.torn;
        return reading;
    }

private:
    Result<void> take(const SegmentImage& file, Reading& reading,
                      std::optional<ByteSpan>& hard_state) const {
        if (file.name == clean_mark_name(partition_)) {
            reading.mark_found = true;
            reading.mark = decode_clean_mark(file.bytes);
            reading.doubtful = reading.doubtful || !reading.mark;
            return {};
        }
        std::optional<ParsedName> const parsed = parse_name(file.name);
        CHECK(parsed.has_value());
        if (parsed->kind == ParsedName::Kind::hard_state) {
            hard_state = file.bytes;
            return {};
        }
        Result<Base> read = decode_base(file.bytes, identity_, partition_);
        if (!read) {
            return tl::unexpected{read.error()};
        }
        reading.bases.push_back(parsed->base);  // names ascend, and so do their numbers
        reading.base = std::move(*read);
        return {};
    }

    Disk& disk_;
    const DiskIdentity& identity_;
    PartitionId partition_;
};

/// A reading may go wrong once where the media are right: a tail would be cut that is not torn, an
/// older vote believed. So what is doubtful is read again, until there is no doubt or two readings
/// agree; a few times at most. Equal bytes mean the same, so they are not recovered from twice.
Result<Reading> read_reliably(DiskReader reader, Probes& probes) {
    constexpr int readings_max = 5;
    auto const recover = [&](const Result<Files>& files) -> Result<Reading> {
        return files ? reader.recover(*files) : tl::unexpected{files.error()};
    };
    Result<Files> files = reader.read();
    Result<Reading> reading = recover(files);
    for (int readings = 1; readings < readings_max; ++readings) {
        if (reading && !reading->doubtful) {
            return reading;
        }
        probes.reached(Probe::recovery_read_again);
        Result<Files> again = reader.read();
        if (files && again && same_bytes(*files, *again)) {
            return reading;
        }
        bool const failed_before = !reading;
        files = std::move(again);
        reading = recover(files);
        if (failed_before && !reading) {
            return reading;
        }
    }
    return reading && !reading->doubtful
               ? std::move(reading)
               : fail(ErrorCode::damaged, "wal: no two readings of the disk agree");
}

}  // namespace

Result<Booted> Wal::boot() {
    CHECK(boot_phase_ == BootPhase::closed);
    probes_.reached(Probe::recovery_started);
    Result<Reading> reading = read_reliably(DiskReader{disk_, identity_, partition_}, probes_);
    if (!reading) {
        return tl::unexpected{reading.error()};
    }
    RecoveredLog* const recovered = &reading->log;
    const Base& base = reading->base;
    const std::optional<CleanMark>& mark = reading->mark;
    mark_found_ = reading->mark_found;
    base_files_ = std::move(reading->bases);
    stale_ = std::move(reading->temporary);
    if (recovered->report.torn) {
        probes_.reached(Probe::recovery_truncated_tail);
    }
    if (!recovered->copied.empty()) {
        probes_.reached(Probe::recovery_copied_tail, recovered->copied.size());
    }
    stale_.insert(stale_.end(), recovered->stale.begin(), recovered->stale.end());
    recovered->report.partition = partition_;
    recovered->report.files_refused = stale_.size();
    if (mark && mark->identity == identity_) {
        // What was synced before the mark cannot be missing from an honest disk.
        LogIndex const end = base.index + recovered->entries.size();
        Term const term = recovered->entries.empty() ? base.term : recovered->entries.back().term;
        if (end < mark->last_index || (end == mark->last_index && term != mark->last_term)) {
            return fail(ErrorCode::damaged, "wal: the log ends before its clean-shutdown mark");
        }
        recovered->report.clean_stop = end == mark->last_index;
        if (recovered->report.clean_stop) {
            probes_.reached(Probe::recovery_after_clean_stop);
        }
    }

    places_.restart(base.index);
    for (const RecoveredEntry& entry : recovered->entries) {
        places_.append(entry.place);
    }

    // The fresh segment: its header ends the old one, and the tail not proven durable follows.
    cursor_.header = recovered->fresh;
    Bytes content = encode_segment_header(cursor_.header);
    cursor_.chain = segment_header_crc(content);
    frontier_ = cursor_.header.base;
    for (const CopiedFrame& frame : recovered->copied) {
        std::uint64_t const at = frame_start(content.size());
        content.resize(at);  // zeros up to the frame's start
        FrameHeader header;
        header.flags = frame.flags;
        header.index = frame.index;
        header.term = frame.term;
        header.frontier = frontier_;
        header.previous = cursor_.chain;
        cursor_.chain = encode_frame(content, header, frame.payload, cursor_.header.segment, at);
        if (tuning_.pad_groups && &frame == &recovered->copied.back()) {
            cursor_.chain = mark_group_end(content, at, cursor_.header.segment, at, frame_padded);
            content.resize(sector_end(content.size()));
        }
        // Of several frames of one index the last one counts; and none that was cut again.
        if ((frame.flags & frame_entry) != 0 && places_.holds(frame.index)) {
            places_.at(frame.index) = FramePlace{cursor_.header.segment, at,
                                                 frame_bytes(frame.payload.size()), frame.term};
        }
    }
    cursor_.offset = content.size();
    cursor_.size = std::max<std::uint64_t>(tuning_.segment_bytes, content.size());
    linked_ = recovered->segments;
    base_term_ = base.term;
    last_index_ = base.index + recovered->entries.size();
    last_term_ = recovered->entries.empty() ? base.term : recovered->entries.back().term;
    if (recovered->report.replaced) {
        probes_.reached(Probe::recovery_log_replaced);
    }

    hard_state_.begin(reading->slot);
    next_.push_back(make_segment(cursor_.header, cursor_.size, content));
    boot_phase_ = BootPhase::preparing_state;
    return Booted{std::move(reading->base), std::move(recovered->entries), reading->slot.state,
                  recovered->report};
}

void Wal::sync_boot_directory() {
    boot_directory_synced_ = false;
    boot_directory_sync_ = ops_.draw();
    disk_.sync_dir(boot_directory_sync_);
}

// The state's name is durable before the segment's: a power loss may keep any subset of the names
// that no directory sync covered, and a log without its hard state is refused as damaged. The same
// sync covers the names that were read, which may be volatile: a durable segment names them.
void Wal::advance_boot() {
    FreshFile& segment = next_.front().file;
    FreshFile& state = hard_state_.fresh_file();
    switch (boot_phase_) {
        case BootPhase::preparing_state:
            if (state.prepared()) {
                state.rename();
                boot_phase_ = BootPhase::renaming_state;
            }
            break;
        case BootPhase::renaming_state:
            if (state.renamed()) {
                sync_boot_directory();
                boot_phase_ = BootPhase::linking_state;
            }
            break;
        case BootPhase::linking_state:
            if (boot_directory_synced_ && segment.prepared()) {
                segment.rename();
                if (mark_found_) {
                    mark_removal_ = ops_.draw();
                    disk_.remove(mark_removal_, clean_mark_name(partition_));
                }
                boot_phase_ = BootPhase::renaming_segment;
            }
            break;
        case BootPhase::renaming_segment:
            if (segment.renamed() && mark_removal_ == OpId{}) {
                sync_boot_directory();
                boot_phase_ = BootPhase::linking_segment;
            }
            break;
        case BootPhase::linking_segment:
            if (boot_directory_synced_) {
                next_.front().linked = true;
                linked_.push_back(LinkedSegment{next_.front().id, next_.front().first_index});
                current_ = std::move(next_.front());
                next_.pop_front();
                written_ = last_index_;
                flushed_ = last_index_;
                frontier_ = cursor_.header.base + cursor_.offset;
                output_.stored = DurableLog{last_index_, last_term_, generation_};
                boot_phase_ = BootPhase::open;
                for (const std::string& name : stale_) {
                    remove(name);
                }
                remove_before_base();
                probes_.reached(Probe::recovery_done);
            }
            break;
        case BootPhase::closed:
        case BootPhase::open:
            CHECK(false);
            break;
    }
}

}  // namespace broker::wal
