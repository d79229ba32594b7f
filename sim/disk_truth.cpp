// Parsing what was written, and folding it into logs.
#include "sim/disk_truth.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "broker_core/wal/hard_state.h"

#include <algorithm>

namespace brokersim {

namespace wal = broker::wal;

std::uint64_t chain_next(std::uint64_t previous, LogIndex index, Term term, bool control,
                         std::uint64_t payload_hash) {
    std::uint64_t state = broker::fold64(previous, index.value());
    state = broker::fold64(state, term.value() * 2 + (control ? 1 : 0));
    return broker::fold64(state, payload_hash);
}

DiskTruth::DiskTruth(std::uint32_t nodes, std::uint32_t partitions, broker::Durability durability)
    : durability_{durability} {
    nodes_.resize(nodes);
    for (Node& node : nodes_) {
        node.replicas.resize(partitions);
    }
}

DiskTruth::File& DiskTruth::file(std::uint32_t node, std::uint32_t inode) {
    std::vector<File>& files = nodes_[node - 1].files;
    if (files.size() <= inode) {
        files.resize(inode + 1);
    }
    return files[inode];
}

DiskTruth::Segment* DiskTruth::segment_of(Replica& replica, std::uint32_t inode) {
    // The file being written is nearly always the last one.
    for (auto it = replica.segments.rbegin(); it != replica.segments.rend(); ++it) {
        if (it->inode == inode) {
            return &*it;
        }
    }
    return nullptr;
}

void DiskTruth::file_created(std::uint32_t node, std::uint32_t inode, std::string_view name) {
    File& entry = file(node, inode);
    std::optional<wal::ParsedName> const parsed = wal::parse_name(name);
    entry.known = parsed.has_value();
    if (!parsed) {
        return;
    }
    entry.partition = parsed->partition;
    entry.segment = parsed->segment;
    entry.is_state = parsed->segment == SegmentId{};
}

void DiskTruth::written(std::uint32_t node, std::uint32_t inode, std::uint64_t offset,
                        ByteSpan data) {
    File const entry = file(node, inode);
    if (!entry.known || entry.is_state) {
        return;
    }
    Replica& replica = nodes_[node - 1].replicas[entry.partition.value()];
    Segment* segment = segment_of(replica, inode);
    if (segment == nullptr) {
        std::optional<wal::SegmentHeader> const header =
            offset == 0 ? wal::decode_segment_header(data) : std::nullopt;
        if (!header) {
            return;  // a partial first write: nothing that a recovery could use
        }
        auto const at = std::lower_bound(
            replica.segments.begin(), replica.segments.end(), header->segment,
            [](const Segment& candidate, SegmentId id) { return candidate.header.segment < id; });
        Segment fresh;
        fresh.header = *header;
        fresh.inode = inode;
        if (at != replica.segments.end() && at->header.segment == header->segment) {
            *at = std::move(fresh);  // the id of a file that a power loss took
            segment = &*at;
        } else {
            segment = &*replica.segments.insert(at, std::move(fresh));
        }
    }
    read_frames(*segment, offset, data, false);
    advance(replica, replica.written, false);
}

void DiskTruth::read_frames(Segment& segment, std::uint64_t offset, ByteSpan data, bool durable) {
    std::uint64_t at = offset == 0 ? wal::segment_header_bytes : offset;
    if (offset == 0 && durable) {
        segment.header_durable = data.size() >= wal::segment_header_bytes;
    }
    while (at < offset + data.size()) {
        // Frames are decoded at their place in the segment, but only this write's bytes are here.
        std::uint64_t const start = wal::frame_start(at);
        if (start + wal::frame_header_bytes > offset + data.size()) {
            return;
        }
        std::optional<wal::FrameHeader> const header =
            wal::decode_frame_at(data.subspan(start - offset), segment.header.segment, start);
        if (!header) {
            return;
        }
        ByteSpan const rest = data.subspan(start - offset);
        if (!wal::payload_intact(rest, *header, 0)) {
            return;
        }
        at = start + wal::frame_bytes(header->length);
        auto const place = std::lower_bound(
            segment.frames.begin(), segment.frames.end(), start,
            [](const Frame& frame, std::uint64_t wanted) { return frame.offset < wanted; });
        if (place != segment.frames.end() && place->offset == start) {
            place->durable = place->durable || durable;
            continue;
        }
        Frame frame;
        frame.offset = start;
        frame.end = at;
        frame.index = header->index;
        frame.term = header->term;
        frame.truncate = (header->flags & wal::frame_truncate) != 0;
        frame.control = (header->flags & wal::frame_control) != 0;
        frame.payload_hash =
            broker::hash_bytes(rest.subspan(wal::frame_header_bytes, header->length));
        frame.durable = durable;
        segment.frames.insert(place, frame);
    }
}

void DiskTruth::durable(std::uint32_t node, std::uint32_t inode, std::uint64_t offset,
                        ByteSpan data) {
    File& entry = file(node, inode);
    if (!entry.known) {
        return;
    }
    Node& owner = nodes_[node - 1];
    if (entry.is_state) {
        std::size_t const slot = offset >= wal::hard_state_slot_stride ? 1 : 0;
        entry.slots[slot].assign(data.begin(), data.end());
        read_state(owner, entry);
        return;
    }
    Replica& replica = owner.replicas[entry.partition.value()];
    Segment* const segment = segment_of(replica, inode);
    if (segment == nullptr) {
        return;
    }
    read_frames(*segment, offset, data, true);
    advance(replica, replica.durable, true);
}

void DiskTruth::read_state(Node& node, File& file) {
    if (!file.state_linked_durably) {
        return;
    }
    Replica& replica = node.replicas[file.partition.value()];
    for (const broker::Bytes& bytes : file.slots) {
        std::optional<wal::HardStateSlot> const slot = wal::decode_hard_state_slot(bytes);
        if (slot && slot->sequence > replica.hard_state_sequence) {
            replica.hard_state_sequence = slot->sequence;
            replica.hard_state = slot->state;
        }
    }
}

void DiskTruth::linked(std::uint32_t node, std::uint32_t inode, std::string_view name,
                       bool durably) {
    File& entry = file(node, inode);
    std::optional<wal::ParsedName> const parsed = wal::parse_name(name);
    if (!entry.known || !parsed || parsed->kind == wal::ParsedName::Kind::temporary) {
        return;
    }
    Node& owner = nodes_[node - 1];
    Replica& replica = owner.replicas[entry.partition.value()];
    if (entry.is_state) {
        if (durably) {
            entry.state_linked_durably = true;
            read_state(owner, entry);
        }
        return;
    }
    Segment* const segment = segment_of(replica, inode);
    if (segment == nullptr || parsed->segment != segment->header.segment) {
        return;
    }
    (durably ? segment->linked_durably : segment->linked) = true;
    // A fresh segment states where its predecessor ends: what was folded behind that is dead.
    // After a rotation nothing is, and the folds only go on.
    bool kills = false;
    for (const Segment& other : replica.segments) {
        kills =
            kills || (other.header.segment == segment->header.previous && !other.frames.empty() &&
                      other.frames.back().end > segment->header.previous_length);
    }
    if (kills) {
        refold(replica);
        return;
    }
    advance(replica, replica.written, false);
    advance(replica, replica.durable, true);
}

void DiskTruth::unlinked(std::uint32_t node, std::string_view name, bool durably) {
    std::optional<wal::ParsedName> const parsed = wal::parse_name(name);
    if (!parsed || parsed->kind != wal::ParsedName::Kind::segment) {
        return;
    }
    Replica& replica = nodes_[node - 1].replicas[parsed->partition.value()];
    for (Segment& segment : replica.segments) {
        if (segment.header.segment == parsed->segment) {
            (durably ? segment.linked_durably : segment.linked) = false;
            refold(replica);
        }
    }
}

void DiskTruth::power_lost(std::uint32_t node) {
    for (Replica& replica : nodes_[node - 1].replicas) {
        replica.taken_last = 0;
        if (durability_ != broker::Durability::fsync) {
            replica.before_loss = replica.written.log;
        }
        for (Segment& segment : replica.segments) {
            segment.linked = false;
            segment.linked_durably = false;
            segment.header_durable = false;
            segment.frames.clear();
        }
        replica.hard_state_sequence = 0;
        replica.hard_state = HardState{};
    }
    for (File& entry : nodes_[node - 1].files) {
        entry.state_linked_durably = false;
    }
}

void DiskTruth::survived(std::uint32_t node, std::uint32_t inode, std::string_view name,
                         ByteSpan content) {
    File& entry = file(node, inode);
    std::optional<wal::ParsedName> const parsed = wal::parse_name(name);
    if (!entry.known || !parsed || parsed->kind == wal::ParsedName::Kind::temporary) {
        return;
    }
    Node& owner = nodes_[node - 1];
    Replica& replica = owner.replicas[entry.partition.value()];
    if (entry.is_state) {
        entry.state_linked_durably = true;
        for (std::size_t slot = 0; slot < 2; ++slot) {
            std::uint64_t const at = slot * wal::hard_state_slot_stride;
            ByteSpan const bytes = at < content.size() ? content.subspan(at) : ByteSpan{};
            std::uint64_t const length =
                std::min<std::uint64_t>(bytes.size(), wal::hard_state_slot_bytes);
            entry.slots[slot].assign(bytes.begin(),
                                     bytes.begin() + static_cast<std::ptrdiff_t>(length));
        }
        read_state(owner, entry);
        return;
    }
    Segment* const segment = segment_of(replica, inode);
    if (segment == nullptr || !wal::decode_segment_header(content)) {
        return;
    }
    segment->linked = true;
    segment->linked_durably = true;
    read_frames(*segment, 0, content, true);
}

void DiskTruth::survivors_told(std::uint32_t node) {
    for (Replica& replica : nodes_[node - 1].replicas) {
        refold(replica);
        for (LogIndex i = replica.before_loss.last_index(); i > LogIndex{}; i = i.previous()) {
            std::uint64_t const chain = replica.before_loss.at(i)->chain;
            if (replica.written.log.holds(i, chain)) {
                break;  // chains are cumulative: all before it is there too
            }
            replica.taken.emplace(i, chain);
            ++replica.taken_last;
        }
        replica.before_loss.clear();
    }
}

void DiskTruth::refold(Replica& replica) {
    replica.written = Fold{};
    replica.durable = Fold{};
    advance(replica, replica.written, false);
    advance(replica, replica.durable, true);
}

void DiskTruth::advance(Replica& replica, Fold& fold, bool durably) {
    auto const usable = [durably](const Segment& segment) {
        return durably ? segment.linked_durably && segment.header_durable : segment.linked;
    };
    if (fold.frames == 0) {
        // Where to begin: the first segment a recovery could use.
        std::size_t first = fold.segment;
        while (first < replica.segments.size() && !usable(replica.segments[first])) {
            ++first;
        }
        if (first == replica.segments.size()) {
            return;
        }
        fold.segment = first;
    }
    while (fold.segment < replica.segments.size()) {
        Segment& segment = replica.segments[fold.segment];
        // The next usable segment that continues this one says where it ends.
        std::uint64_t end = UINT64_MAX;
        std::size_t successor = fold.segment + 1;
        while (successor < replica.segments.size() && !usable(replica.segments[successor])) {
            ++successor;
        }
        bool const has_successor = successor < replica.segments.size();
        if (has_successor) {
            end = replica.segments[successor].header.previous_length;
        }
        while (fold.frames < segment.frames.size()) {
            const Frame& frame = segment.frames[fold.frames];
            if (frame.end > end || (durably && !frame.durable)) {
                break;
            }
            // A gap in the file: what lies behind it cannot be reached by a recovery.
            std::uint64_t const before =
                fold.frames == 0 ? wal::segment_header_bytes : segment.frames[fold.frames - 1].end;
            if (frame.offset != wal::frame_start(before)) {
                return;
            }
            if (frame.truncate) {
                fold.log.truncate(frame.index);
            } else {
                // An index that does not follow is a gap that a recovery reports as damage.
                if (frame.index != fold.log.last_index().next()) {
                    return;
                }
                fold.log.append(frame.term, frame.control, frame.payload_hash);
            }
            ++fold.frames;
        }
        std::uint64_t const reached =
            fold.frames == 0 ? wal::segment_header_bytes : segment.frames[fold.frames - 1].end;
        if (!has_successor || reached != end) {
            return;
        }
        fold.segment = successor;
        fold.frames = 0;
    }
}

}  // namespace brokersim
