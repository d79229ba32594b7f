// What a disk tells: files, frames, names, and what a power loss left. It is folded into logs in
// disk_fold.cpp.
#include "sim/disk_truth.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "broker_core/wal/hard_state.h"

#include <algorithm>
#include <utility>

namespace brokersim {

namespace wal = broker::wal;

DiskTruth::DiskTruth(std::uint32_t nodes, std::uint32_t partitions, CommittedLinks committed,
                     broker::Durability durability)
    : committed_{std::move(committed)}, durability_{durability} {
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
    entry.is_base = parsed->base != LogIndex{};
    entry.is_state = parsed->segment == SegmentId{} && !entry.is_base;
}

ByteSpan DiskTruth::grow_head(broker::Bytes& head, std::uint64_t offset, ByteSpan data) {
    if (offset == 0) {
        head.clear();
    }
    if (offset != head.size()) {
        return {};
    }
    broker::append(head, data);
    return head;
}

void DiskTruth::written(std::uint32_t node, std::uint32_t inode, std::uint64_t offset,
                        ByteSpan data) {
    File& entry = file(node, inode);
    if (!entry.known || entry.is_state) {
        return;
    }
    Replica& replica = nodes_[node - 1].replicas[entry.partition.value()];
    if (entry.is_base) {
        bool const told = offset == 0 && parse_base(data);
        write_base(replica, inode, told ? data : grow_head(entry.head, offset, data));
        return;
    }
    Segment* segment = segment_of(replica, inode);
    if (segment == nullptr) {
        ByteSpan const head = grow_head(entry.head, offset, data);
        std::optional<wal::SegmentHeader> const header = wal::decode_segment_header(head);
        if (!header) {
            return;  // a partial first write: nothing that a recovery could use
        }
        Segment fresh;
        fresh.header = *header;
        fresh.inode = inode;
        if (!entry.durable_head.empty()) {
            fresh.durable_in_part.push_back(Fragment{0, std::exchange(entry.durable_head, {})});
        }
        segment = &insert(entry.partition, replica, std::move(fresh));
        broker::Bytes const whole = std::exchange(entry.head, {});
        read_frames(*segment, 0, whole, false);
    } else {
        read_frames(*segment, offset, data, false);
    }
    advance(replica, replica.written, false);
}

DiskTruth::Segment& DiskTruth::insert(PartitionId partition, Replica& replica, Segment fresh) {
    auto const at = std::lower_bound(
        replica.segments.begin(), replica.segments.end(), fresh.header.segment,
        [](const Segment& candidate, SegmentId id) { return candidate.header.segment < id; });
    auto const place = static_cast<std::size_t>(at - replica.segments.begin());
    if (at != replica.segments.end() && at->header.segment == fresh.header.segment) {
        // The id of a file that is gone, by a power loss or because a base replaced its log.
        *at = std::move(fresh);
        for (bool const durably : {false, true}) {
            Fold& fold = durably ? replica.durable : replica.written;
            if (fold.segment == place && fold.frames > 0) {
                refold(partition, replica, fold, durably);
            }
        }
    } else {
        replica.segments.insert(at, std::move(fresh));
        for (Fold* const fold : {&replica.written, &replica.durable}) {
            bool const moved =
                fold->segment > place || (fold->segment == place && fold->frames > 0);
            fold->segment += moved ? 1U : 0U;
        }
    }
    return replica.segments[place];
}

std::uint64_t DiskTruth::padding_at(const Segment& segment, std::uint64_t offset) {
    if (segment.frames.empty() || segment.frames.back().end <= offset) {
        return 0;
    }
    auto const behind = std::lower_bound(
        segment.frames.begin(), segment.frames.end(), offset,
        [](const Frame& frame, std::uint64_t wanted) { return frame.offset < wanted; });
    if (behind == segment.frames.begin()) {
        return 0;
    }
    const Frame& before = *std::prev(behind);
    return before.padded_from <= offset && offset < before.end ? before.end - offset : 0;
}

void DiskTruth::read_frames(Segment& segment, std::uint64_t offset, ByteSpan data, bool durable) {
    std::uint64_t const padding = padding_at(segment, offset);
    if (padding >= data.size()) {
        return;  // a write that was cut short behind its last frame
    }
    offset += padding;
    data = data.subspan(padding);
    std::vector<Fragment>& parts = durable ? segment.durable_in_part : segment.written_in_part;
    auto const before = std::find_if(parts.begin(), parts.end(), [=](const Fragment& part) {
        return part.offset + part.bytes.size() == offset;
    });
    broker::Bytes joined;
    if (before != parts.end()) {
        joined = std::move(before->bytes);
        broker::append(joined, data);
        offset = before->offset;
        data = joined;
        parts.erase(before);
    }
    std::uint64_t const whole = parse_frames(segment, offset, data, durable);
    if (whole < offset + data.size()) {
        ByteSpan const rest = data.subspan(whole - offset);
        parts.push_back(Fragment{whole, broker::Bytes{rest.begin(), rest.end()}});
    }
}

std::uint64_t DiskTruth::parse_frames(Segment& segment, std::uint64_t offset, ByteSpan data,
                                      bool durable) {
    if (offset == 0 && data.size() < wal::segment_header_bytes) {
        return 0;
    }
    std::uint64_t at = offset == 0 ? wal::segment_header_bytes : offset;
    if (offset == 0 && durable) {
        segment.header_durable = true;
    }
    while (at < offset + data.size()) {
        // Frames are decoded at their place in the segment, but only this write's bytes are here.
        std::uint64_t const start = wal::frame_start(at);
        if (start + wal::frame_header_bytes > offset + data.size()) {
            return at;
        }
        std::optional<wal::FrameHeader> const header =
            wal::decode_frame_at(data.subspan(start - offset), segment.header.segment, start);
        if (!header) {
            return at;
        }
        ByteSpan const rest = data.subspan(start - offset);
        if (!wal::payload_intact(rest, *header, 0)) {
            return at;
        }
        at = wal::frame_end(start, *header);
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
        frame.padded_from = start + wal::frame_bytes(header->length);
        frame.index = header->index;
        frame.term = header->term;
        frame.frontier = header->frontier;
        frame.truncate = (header->flags & wal::frame_truncate) != 0;
        frame.control = (header->flags & wal::frame_control) != 0;
        frame.payload_hash =
            broker::hash_bytes(rest.subspan(wal::frame_header_bytes, header->length));
        frame.durable = durable;
        segment.frames.insert(place, frame);
    }
    return at;
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
        // A slot is written from its beginning on, now and then in two parts.
        std::uint64_t const begin = offset - slot * wal::hard_state_slot_stride;
        entry.slots[slot].resize(begin);
        broker::append(entry.slots[slot], data);
        read_state(owner, entry);
        return;
    }
    Replica& replica = owner.replicas[entry.partition.value()];
    if (entry.is_base) {
        if (Base* const base = base_of(replica, inode)) {
            base->content_durable = true;
        }
        return;
    }
    Segment* const segment = segment_of(replica, inode);
    if (segment == nullptr) {
        (void)grow_head(entry.durable_head, offset, data);
        return;
    }
    read_frames(*segment, offset, data, true);
    advance(replica, replica.durable, true);
}

void DiskTruth::reverted(std::uint32_t node, std::uint32_t inode, ByteSpan content) {
    File const entry = file(node, inode);
    if (!entry.known || entry.is_state || entry.is_base) {
        return;  // only what is durable is kept of those
    }
    std::vector<Replica>& replicas = nodes_[node - 1].replicas;
    for (Replica& replica : replicas) {
        replica.taken_last = 0;
    }
    Replica& replica = replicas[entry.partition.value()];
    Segment* const segment = segment_of(replica, inode);
    if (segment == nullptr) {
        return;
    }
    auto const stands = [&](const Frame& frame) {
        if (frame.durable || frame.end > content.size()) {
            return frame.durable;
        }
        ByteSpan const bytes = content.subspan(frame.offset);
        std::optional<wal::FrameHeader> const header =
            wal::decode_frame_at(bytes, segment->header.segment, frame.offset);
        return header && wal::payload_intact(bytes, *header, 0);
    };
    std::erase_if(segment->frames, [&](const Frame& frame) { return !stands(frame); });
    segment->written_in_part.clear();
    replica.before_loss = stored_log(node, entry.partition);
    refold(entry.partition, replica, replica.written, false);
    note_taken(node, entry.partition, durability_ != broker::Durability::fsync);
}

void DiskTruth::note_taken(std::uint32_t node, PartitionId partition, bool excused) {
    Replica& replica = nodes_[node - 1].replicas[partition.value()];
    for (LogIndex i = replica.before_loss.last_index(); i > LogIndex{}; i = i.previous()) {
        const Link* const link = replica.before_loss.at(i);
        if (link == nullptr || replica.written.log.holds(i, link->chain)) {
            break;  // chains are cumulative: all before it is there too
        }
        (excused ? replica.taken : replica.gone).emplace(i, link->chain);
        replica.taken_last += excused ? 1U : 0U;
    }
    replica.before_loss.clear();
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
    if (entry.is_base) {
        if (Base* const base = base_of(replica, inode)) {
            (durably ? base->linked_durably : base->linked) = true;
            adopt(entry.partition, replica, *base, durably);
        }
        return;
    }
    Segment* const segment = segment_of(replica, inode);
    if (segment == nullptr || parsed->segment != segment->header.segment) {
        return;
    }
    (durably ? segment->linked_durably : segment->linked) = true;
    // A fresh segment states where its predecessor ends: what was folded behind that is dead.
    // After a rotation nothing is, and the folds only go on. A chain that begins anew may have ids
    // below those of files that are gone.
    auto const place = static_cast<std::size_t>(segment - replica.segments.data());
    bool kills = place < replica.written.segment || place < replica.durable.segment;
    for (const Segment& other : replica.segments) {
        kills =
            kills || (other.header.segment == segment->header.previous && !other.frames.empty() &&
                      other.frames.back().end > segment->header.previous_length);
    }
    if (kills) {
        refold(entry.partition, replica);
        return;
    }
    advance(replica, replica.written, false);
    advance(replica, replica.durable, true);
}

void DiskTruth::unlinked(std::uint32_t node, std::string_view name, bool durably) {
    std::optional<wal::ParsedName> const parsed = wal::parse_name(name);
    if (!parsed) {
        return;
    }
    Replica& replica = nodes_[node - 1].replicas[parsed->partition.value()];
    if (parsed->kind == wal::ParsedName::Kind::base) {
        for (Base& base : replica.bases) {
            if (base.index == parsed->base) {
                (durably ? base.linked_durably : base.linked) = false;
            }
        }
        return;
    }
    if (parsed->kind != wal::ParsedName::Kind::segment) {
        return;
    }
    for (std::size_t i = 0; i < replica.segments.size(); ++i) {
        Segment& segment = replica.segments[i];
        if (segment.header.segment != parsed->segment) {
            continue;
        }
        (durably ? segment.linked_durably : segment.linked) = false;
        // What a base makes superfluous may go: the fold has it already.
        Fold& fold = durably ? replica.durable : replica.written;
        const Base* const base = newest_base(replica, durably);
        if (base == nullptr || i >= fold.segment) {
            refold(parsed->partition, replica);
        }
        // Gone for good, and passed by both folds: nothing looks at it any more.
        if (!segment.linked && !segment.linked_durably && i < replica.written.segment &&
            i < replica.durable.segment) {
            replica.segments.erase(replica.segments.begin() + static_cast<std::ptrdiff_t>(i));
            --replica.written.segment;
            --replica.durable.segment;
        }
        return;
    }
}

void DiskTruth::power_lost(std::uint32_t node) {
    for (Replica& replica : nodes_[node - 1].replicas) {
        replica.taken_last = 0;
        replica.before_loss =
            durability_ == broker::Durability::fsync ? replica.durable.log : replica.written.log;
        for (Segment& segment : replica.segments) {
            segment.linked = false;
            segment.linked_durably = false;
            segment.header_durable = false;
            segment.frames.clear();
            segment.written_in_part.clear();
            segment.durable_in_part.clear();
        }
        replica.bases.clear();
        // Folded anew once the survivors are known.
        replica.written = Fold{};
        replica.durable = Fold{};
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
    if (entry.is_base) {
        write_base(replica, inode, content);
        if (Base* const base = base_of(replica, inode)) {
            base->linked = true;
            base->linked_durably = true;
            base->content_durable = true;
        }
        return;
    }
    Segment* const segment = segment_of(replica, inode);
    if (segment == nullptr || !wal::decode_segment_header(content)) {
        return;
    }
    segment->linked = true;
    segment->linked_durably = true;
    (void)parse_frames(*segment, 0, content, true);
}

void DiskTruth::survivors_told(std::uint32_t node) {
    std::vector<Replica>& replicas = nodes_[node - 1].replicas;
    bool const excused =
        durability_ != broker::Durability::fsync || std::exchange(nodes_[node - 1].excused, false);
    for (std::uint32_t partition = 0; partition < replicas.size(); ++partition) {
        Replica& replica = replicas[partition];
        // Files without a name are gone.
        std::erase_if(replica.segments, [](const Segment& segment) { return !segment.linked; });
        refold(PartitionId{partition}, replica);
        note_taken(node, PartitionId{partition}, excused);
    }
}

}  // namespace brokersim
