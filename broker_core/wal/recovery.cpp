// The decision table of recovery.h, row by row.
#include "broker_core/wal/recovery.h"

#include "broker_core/base/check.h"

#include <algorithm>
#include <optional>

namespace broker::wal {
namespace {

struct Segment {
    SegmentHeader header;
    const SegmentImage* image;
    std::uint32_t header_crc;
};

struct Frame {
    FrameHeader header;
    std::uint64_t offset;
    std::uint64_t end;
};

/// Walks the frames of one segment, checking each against the one before.
class FrameWalk {
public:
    explicit FrameWalk(const Segment& segment)
        : segment_{segment}, chain_{segment.header_crc}, end_{segment_header_bytes} {}

    /// The next frame, or nothing where the first bad one stands.
    std::optional<Frame> next() {
        std::uint64_t const offset = frame_start(end_);
        ByteSpan const bytes = segment_.image->bytes;
        std::optional<FrameHeader> const header =
            decode_frame_header(bytes, segment_.header.segment, offset);
        if (!header || header->previous != chain_ || !payload_intact(bytes, *header, offset)) {
            return std::nullopt;
        }
        chain_ = header->header_crc;
        end_ = frame_end(offset, *header);
        return Frame{*header, offset, end_};
    }
    [[nodiscard]] std::uint64_t end() const { return end_; }
    [[nodiscard]] std::uint32_t chain() const { return chain_; }

private:
    const Segment& segment_;
    std::uint32_t chain_;
    std::uint64_t end_;
};

/// The log as replayed so far.
class Replay {
public:
    /// Begins with the entry `first`, behind one of term `term_before`.
    Replay(LogIndex first, Term term_before) : first_{first}, term_before_{term_before} {}

    /// Applies a frame; false if it cannot follow the ones before.
    bool apply(const Segment& segment, const Frame& frame) {
        const FrameHeader& header = frame.header;
        if ((header.flags & frame_truncate) != 0) {
            if (header.index == LogIndex{} || header.index > last_index().next()) {
                return false;
            }
            // A cut may reach back into segments that are not needed any more.
            if (header.index <= first_) {
                entries_.clear();
                first_ = header.index;
                term_before_ = header.term;
                return true;
            }
            if (header.index > last_index()) {
                return false;
            }
            entries_.resize(header.index.value() - first_.value());
            return true;
        }
        if ((header.flags & frame_entry) == 0 || header.index != last_index().next() ||
            header.term < last_term()) {
            return false;
        }
        ByteSpan const payload = ByteSpan{segment.image->bytes}.subspan(
            frame.offset + frame_header_bytes, header.length);
        entries_.push_back(RecoveredEntry{header.index, header.term,
                                          (header.flags & frame_control) != 0,
                                          Bytes{payload.begin(), payload.end()},
                                          FramePlace{segment.header.segment, frame.offset,
                                                     frame_bytes(header.length), header.term}});
        return true;
    }
    [[nodiscard]] LogIndex last_index() const { return first_.previous() + entries_.size(); }
    [[nodiscard]] Term last_term() const {
        return entries_.empty() ? term_before_ : entries_.back().term;
    }
    /// Whether the log holds this entry, or begins right behind it.
    [[nodiscard]] bool holds(LogIndex index, Term term) const {
        if (index.next() == first_) {
            return term == term_before_;
        }
        return index >= first_ && index <= last_index() &&
               entries_[index.value() - first_.value()].term == term;
    }
    /// The entries behind `index`, which the log holds.
    std::vector<RecoveredEntry> take_behind(LogIndex index) {
        auto const gone = static_cast<std::ptrdiff_t>(index.next().value() - first_.value());
        entries_.erase(entries_.begin(), entries_.begin() + gone);
        return std::move(entries_);
    }

private:
    LogIndex first_;
    Term term_before_;
    std::vector<RecoveredEntry> entries_;  // entry of index i at i - first_
};

/// Offset behind the last byte that is not zero.
std::uint64_t content_end(ByteSpan bytes) {
    // A preallocated segment is mostly zeros: whole blocks of them go first.
    constexpr std::size_t block = 64;
    std::size_t end = bytes.size();
    while (end >= block) {
        std::uint64_t any = 0;
        for (std::size_t at = end - block; at < end; at += 8) {
            any |= load_le<std::uint64_t>(bytes.data() + at);
        }
        if (any != 0) {
            break;
        }
        end -= block;
    }
    while (end > 0 && bytes[end - 1] == std::byte{0}) {
        --end;
    }
    return end;
}

/// Whether a valid frame behind `offset` claims that the bytes there were durable. Behind `content`
/// there are only zeros, which are never a frame.
bool later_frame_claims(const Segment& segment, std::uint64_t offset, std::uint64_t content) {
    ByteSpan const bytes = segment.image->bytes;
    WalPosition const position = segment.header.base + offset;
    for (std::uint64_t at = frame_start(offset + 1);
         at < content && at + frame_header_bytes <= bytes.size(); at = frame_start(at + 1)) {
        std::optional<FrameHeader> const header =
            decode_frame_header(bytes, segment.header.segment, at);
        if (header && header->frontier > position) {
            return true;
        }
    }
    return false;
}

/// The segments from first to last, linked by the headers; empty if one of them is missing. Names
/// outside go to `stale`.
Result<std::vector<Segment>> chain_of(const std::vector<SegmentImage>& images,
                                      const DiskIdentity& identity, PartitionId partition,
                                      const Base& base, std::vector<std::string>& stale) {
    std::vector<Segment> all;
    for (const SegmentImage& image : images) {
        std::optional<SegmentHeader> const header = decode_segment_header(image.bytes);
        if (!header) {
            return fail(ErrorCode::damaged, "wal: segment header unreadable");
        }
        DiskIdentity const owner{header->cluster, header->node, header->disk};
        if (owner != identity || header->partition != partition) {
            return fail(ErrorCode::foreign, "wal: segment of another cluster, node or disk");
        }
        if (image.name != segment_name(partition, header->segment)) {
            return fail(ErrorCode::damaged, "wal: segment under another name");
        }
        all.push_back(Segment{*header, &image, segment_header_crc(image.bytes)});
    }
    std::sort(all.begin(), all.end(), [](const Segment& a, const Segment& b) {
        return a.header.segment < b.header.segment;
    });
    std::vector<Segment> chain;
    if (all.empty()) {
        return chain;
    }
    SegmentId wanted = all.back().header.segment;
    for (auto it = all.rbegin(); it != all.rend(); ++it) {
        if (it->header.segment != wanted) {
            stale.push_back(it->image->name);
            continue;
        }
        chain.push_back(*it);
        wanted = it->header.previous;
        if (base.index != LogIndex{} && it->header.first_index <= base.index.next()) {
            wanted =
                SegmentId{};  // what lies before is in the base, whether its file is here or not
        }
    }
    if (wanted != SegmentId{}) {
        chain.clear();
        return chain;
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
}

/// Replays a segment that has a successor: every frame up to the stated end must be there.
bool replay_sealed(const Segment& segment, const SegmentHeader& successor, Replay& replay,
                   WalPosition& proven, RecoveryReport& report) {
    FrameWalk walk{segment};
    while (walk.end() < successor.previous_length) {
        std::optional<Frame> const frame = walk.next();
        if (!frame || !replay.apply(segment, *frame)) {
            return false;
        }
        proven = std::max(proven, frame->header.frontier);
        ++report.frames_kept;
    }
    return walk.end() == successor.previous_length && walk.chain() == successor.previous_chain;
}

}  // namespace

namespace {

/// A log without entries behind the base; every segment there is becomes stale.
RecoveredLog void_log(const std::vector<SegmentImage>& segments, SegmentHeader fresh,
                      const Base& base) {
    RecoveredLog log;
    fresh.first_index = base.index.next();
    fresh.term_before = base.term;
    log.fresh = fresh;
    for (const SegmentImage& segment : segments) {
        log.stale.push_back(segment.name);
    }
    log.report.replaced = !segments.empty();
    log.report.base = base.index;
    return log;
}

}  // namespace

Result<RecoveredLog> recover_log(const std::vector<SegmentImage>& segments,
                                 const DiskIdentity& identity, PartitionId partition,
                                 SegmentId largest_id, const Base& base) {
    RecoveredLog log;
    log.fresh.cluster = identity.cluster;
    log.fresh.node = identity.node;
    log.fresh.disk = identity.disk;
    log.fresh.partition = partition;
    log.fresh.segment = largest_id.next();
    log.report.base = base.index;
    Result<std::vector<Segment>> const chain =
        chain_of(segments, identity, partition, base, log.stale);
    if (!chain) {
        return tl::unexpected{chain.error()};
    }
    if (chain->empty()) {
        bool const nothing_expected = segments.empty() && base.index == LogIndex{};
        return nothing_expected || base.installed
                   ? Result<RecoveredLog>{void_log(segments, log.fresh, base)}
                   : fail(ErrorCode::damaged, "wal: a segment of the chain is missing");
    }
    if (chain->front().header.first_index > base.index.next()) {
        return base.installed ? Result<RecoveredLog>{void_log(segments, log.fresh, base)}
                              : fail(ErrorCode::damaged, "wal: the log begins behind its base");
    }
    Replay replay{chain->front().header.first_index, chain->front().header.term_before};
    WalPosition proven;
    for (std::size_t i = 0; i + 1 < chain->size(); ++i) {
        const Segment& segment = (*chain)[i];
        const SegmentHeader& successor = (*chain)[i + 1].header;
        log.segments.push_back(LinkedSegment{segment.header.segment, segment.header.first_index});
        if (successor.base != segment.header.base + successor.previous_length ||
            !replay_sealed(segment, successor, replay, proven, log.report)) {
            return fail(ErrorCode::damaged, "wal: bad frame inside a sealed segment");
        }
    }

    // The last segment: find its end, then decide what that end is.
    const Segment& last = chain->back();
    log.segments.push_back(LinkedSegment{last.header.segment, last.header.first_index});
    std::vector<Frame> frames;
    FrameWalk walk{last};
    while (std::optional<Frame> const frame = walk.next()) {
        proven = std::max(proven, frame->header.frontier);
        frames.push_back(*frame);
    }
    std::uint64_t const content = content_end(last.image->bytes);
    if (later_frame_claims(last, walk.end(), content)) {
        return fail(ErrorCode::damaged, "wal: bad frame that a later frame claims durable");
    }
    log.report.torn = content > walk.end();
    log.report.bytes_cut = log.report.torn ? content - walk.end() : 0;

    log.fresh.previous = last.header.segment;
    log.fresh.previous_length = segment_header_bytes;
    log.fresh.previous_chain = last.header_crc;
    log.fresh.first_index = replay.last_index().next();
    log.fresh.term_before = replay.last_term();
    for (const Frame& frame : frames) {
        if (!replay.apply(last, frame)) {
            return fail(ErrorCode::damaged, "wal: frame that cannot follow its predecessor");
        }
        const FrameHeader& header = frame.header;
        if (last.header.base + frame.end <= proven) {
            CHECK(log.copied.empty());
            ++log.report.frames_kept;
            log.fresh.previous_length = frame.end;
            log.fresh.previous_chain = header.header_crc;
            log.fresh.first_index = replay.last_index().next();
            log.fresh.term_before = replay.last_term();
            continue;
        }
        ++log.report.frames_copied;
        ByteSpan const payload =
            ByteSpan{last.image->bytes}.subspan(frame.offset + frame_header_bytes, header.length);
        auto const flags = static_cast<std::uint16_t>(
            header.flags & (frame_entry | frame_truncate | frame_control));
        log.copied.push_back(
            CopiedFrame{flags, header.index, header.term, Bytes{payload.begin(), payload.end()}});
    }
    log.fresh.base = last.header.base + log.fresh.previous_length;
    if (base.index != LogIndex{} && !replay.holds(base.index, base.term)) {
        if (!base.installed) {
            return fail(ErrorCode::damaged, "wal: the log lacks the last entry of its base");
        }
        SegmentHeader fresh = log.fresh;
        fresh.previous = SegmentId{};
        fresh.previous_length = 0;
        fresh.previous_chain = 0;
        return void_log(segments, fresh, base);
    }
    log.entries = replay.take_behind(base.index);
    return log;
}

}  // namespace broker::wal
