// Parsing what was written, and folding it into logs.
#include "sim/disk_truth.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "broker_core/wal/hard_state.h"

#include <algorithm>
#include <utility>

namespace brokersim {

namespace wal = broker::wal;

std::uint64_t chain_next(std::uint64_t previous, LogIndex index, Term term, bool control,
                         std::uint64_t payload_hash) {
    std::uint64_t state = broker::fold64(previous, index.value());
    state = broker::fold64(state, term.value() * 2 + (control ? 1 : 0));
    return broker::fold64(state, payload_hash);
}

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

void DiskTruth::written(std::uint32_t node, std::uint32_t inode, std::uint64_t offset,
                        ByteSpan data) {
    File const entry = file(node, inode);
    if (!entry.known || entry.is_state) {
        return;
    }
    Replica& replica = nodes_[node - 1].replicas[entry.partition.value()];
    if (entry.is_base) {
        write_base(replica, inode, data);
        return;
    }
    Segment* segment = segment_of(replica, inode);
    if (segment == nullptr) {
        std::optional<wal::SegmentHeader> const header =
            offset == 0 ? wal::decode_segment_header(data) : std::nullopt;
        if (!header) {
            return;  // a partial first write: nothing that a recovery could use
        }
        Segment fresh;
        fresh.header = *header;
        fresh.inode = inode;
        segment = &insert(entry.partition, replica, std::move(fresh));
    }
    read_frames(*segment, offset, data, false);
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
        frame.frontier = header->frontier;
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
    if (entry.is_base) {
        if (Base* const base = base_of(replica, inode)) {
            base->content_durable = true;
        }
        return;
    }
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

// ---------------------------------------------------------------------------------------------
// Bases

DiskTruth::Base* DiskTruth::base_of(Replica& replica, std::uint32_t inode) {
    for (Base& base : replica.bases) {
        if (base.inode == inode) {
            return &base;
        }
    }
    return nullptr;
}

void DiskTruth::write_base(Replica& replica, std::uint32_t inode, ByteSpan data) {
    std::optional<Base> parsed = parse_base(data);
    if (!parsed) {
        return;  // a partial write: nothing that a recovery could use
    }
    parsed->inode = inode;
    auto const at =
        std::lower_bound(replica.bases.begin(), replica.bases.end(), parsed->index,
                         [](const Base& base, LogIndex index) { return base.index < index; });
    if (at != replica.bases.end() && at->index == parsed->index) {
        *at = *parsed;  // the index of a file that a power loss took
    } else {
        replica.bases.insert(at, *parsed);
    }
}

std::optional<DiskTruth::Base> DiskTruth::parse_base(ByteSpan data) {
    constexpr std::size_t installed_at = 8 + 2;
    constexpr std::size_t index_at = installed_at + 1 + 8 + 4 + 8 + 4;
    if (data.size() < index_at + 16) {
        return std::nullopt;
    }
    Base base;
    base.installed = data[installed_at] != std::byte{0};
    base.index = LogIndex{broker::load_le<std::uint64_t>(data.data() + index_at)};
    base.term = Term{broker::load_le<std::uint64_t>(data.data() + index_at + 8)};
    return base;
}

const DiskTruth::Base* DiskTruth::newest_base(const Replica& replica, bool durably) {
    for (auto base = replica.bases.rbegin(); base != replica.bases.rend(); ++base) {
        if (durably ? base->linked_durably && base->content_durable : base->linked) {
            return &*base;
        }
    }
    return nullptr;
}

/// The segment that begins a new chain behind the base; it may have no name yet.
std::size_t DiskTruth::chain_behind(const Replica& replica, LogIndex base) {
    for (std::size_t i = replica.segments.size(); i > 0; --i) {
        const Segment& segment = replica.segments[i - 1];
        if (segment.header.previous == SegmentId{} && segment.header.first_index == base.next()) {
            return i - 1;
        }
    }
    return replica.segments.size();
}

void DiskTruth::begin_with_base(PartitionId partition, Fold& fold, LogIndex base,
                                std::size_t segment) {
    fold = Fold{};
    fold.log.begin_with(committed_ ? committed_(partition, base) : std::vector<Link>{});
    fold.segment = segment;
}

void DiskTruth::adopt(PartitionId partition, Replica& replica, const Base& base, bool durably) {
    Fold& fold = durably ? replica.durable : replica.written;
    const Link* const held = fold.log.at(base.index);
    const Base* const newest = newest_base(replica, durably);
    if (newest != &base || !base.installed || (held != nullptr && held->term == base.term)) {
        return;
    }
    refold(partition, replica, fold, durably);
}

bool DiskTruth::usable(const Segment& segment, bool durably) {
    return durably ? segment.linked_durably && segment.header_durable : segment.linked;
}

std::size_t DiskTruth::chain_start(const Replica& replica, LogIndex base, bool durably) {
    SegmentId wanted;
    for (std::size_t i = replica.segments.size(); i > 0; --i) {
        const Segment& segment = replica.segments[i - 1];
        bool const newest = wanted == SegmentId{};
        if (!usable(segment, durably) || (!newest && segment.header.segment != wanted)) {
            continue;
        }
        if (segment.header.first_index <= base.next()) {
            return i - 1;
        }
        wanted = segment.header.previous;
        if (wanted == SegmentId{}) {
            break;
        }
    }
    return replica.segments.size();
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
        }
        replica.bases.clear();
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
    read_frames(*segment, 0, content, true);
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
}

std::vector<const DiskTruth::Segment*> DiskTruth::durable_chain(const Replica& replica) {
    std::vector<const Segment*> chain;
    SegmentId wanted;
    for (auto segment = replica.segments.rbegin(); segment != replica.segments.rend(); ++segment) {
        if (!usable(*segment, true) || (!chain.empty() && segment->header.segment != wanted)) {
            continue;
        }
        chain.push_back(&*segment);
        wanted = segment->header.previous;
        if (wanted == SegmentId{}) {
            break;
        }
    }
    std::reverse(chain.begin(), chain.end());
    return chain;
}

std::vector<DiskTruth::ProvenFrame> DiskTruth::proven_frames(std::uint32_t node,
                                                             PartitionId partition) const {
    std::vector<ProvenFrame> proven;
    const Replica& of = replica(node, partition);
    const Base* const base = newest_base(of, true);
    std::vector<const Segment*> const chain = durable_chain(of);
    for (std::size_t i = 0; i < chain.size(); ++i) {
        const Segment& segment = *chain[i];
        const Segment* const next = i + 1 < chain.size() ? chain[i + 1] : nullptr;
        // What a base makes superfluous may be gone before anybody reads it.
        if (next != nullptr && base != nullptr && next->header.first_index <= base->index.next()) {
            continue;
        }
        broker::WalPosition claimed;
        for (const Frame& frame : segment.frames) {
            claimed = frame.durable ? std::max(claimed, frame.frontier) : claimed;
        }
        for (const Frame& frame : segment.frames) {
            bool const stated = next != nullptr && frame.end <= next->header.previous_length;
            if (frame.durable && (stated || segment.header.base + frame.offset < claimed)) {
                proven.push_back(ProvenFrame{segment.inode, frame.offset, frame.end});
            }
        }
    }
    return proven;
}

std::vector<std::uint32_t> DiskTruth::base_files(std::uint32_t node, PartitionId partition) const {
    const Base* const base = newest_base(replica(node, partition), true);
    return base == nullptr ? std::vector<std::uint32_t>{} : std::vector{base->inode};
}

std::vector<std::uint32_t> DiskTruth::chain_files(std::uint32_t node, PartitionId partition) const {
    std::vector<std::uint32_t> files;
    for (const Segment* const segment : durable_chain(replica(node, partition))) {
        files.push_back(segment->inode);
    }
    return files;
}

void DiskTruth::refold(PartitionId partition, Replica& replica) {
    refold(partition, replica, replica.written, false);
    refold(partition, replica, replica.durable, true);
}

void DiskTruth::refold(PartitionId partition, Replica& replica, Fold& fold, bool durably) {
    const Base* const base = newest_base(replica, durably);
    if (base == nullptr) {
        fold = Fold{};
        advance(replica, fold, durably);
        return;
    }
    std::size_t const start = chain_start(replica, base->index, durably);
    LogIndex const before = start < replica.segments.size()
                                ? replica.segments[start].header.first_index.previous()
                                : base->index;
    begin_with_base(partition, fold, before, start);
    advance(replica, fold, durably);
    // A chain that begins right behind the base says what it follows.
    bool const behind = start < replica.segments.size() && before == base->index;
    const Link* const held = fold.log.at(base->index);
    bool const meets = behind ? replica.segments[start].header.term_before == base->term
                              : held != nullptr && held->term == base->term;
    if (base->installed && !meets) {
        // The log contradicts the base or ends before it: void, until a chain begins behind it.
        begin_with_base(partition, fold, base->index, chain_behind(replica, base->index));
    }
}

void DiskTruth::advance(Replica& replica, Fold& fold, bool durably) {
    auto const is_usable = [durably](const Segment& segment) { return usable(segment, durably); };
    if (fold.frames == 0) {
        // Where to begin: the first segment a recovery could use.
        std::size_t first = fold.segment;
        while (first < replica.segments.size() && !is_usable(replica.segments[first])) {
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
        while (successor < replica.segments.size() && !is_usable(replica.segments[successor])) {
            ++successor;
        }
        bool const has_successor = successor < replica.segments.size();
        if (has_successor) {
            end = replica.segments[successor].header.previous_length;
        }
        CHECK(fold.frames <= segment.frames.size());
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
