// From segments and bases to the log that a recovery would find, and what of it is proven.
#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "sim/disk_truth.h"

#include <algorithm>

namespace brokersim {

namespace wal = broker::wal;

std::uint64_t chain_next(std::uint64_t previous, LogIndex index, Term term, bool control,
                         std::uint64_t payload_hash) {
    std::uint64_t state = broker::fold64(previous, index.value());
    state = broker::fold64(state, term.value() * 2 + (control ? 1 : 0));
    return broker::fold64(state, payload_hash);
}

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

std::vector<DiskTruth::ProvenFrame> DiskTruth::unproven_frames(std::uint32_t node,
                                                               PartitionId partition) const {
    std::vector<ProvenFrame> unproven;
    std::vector<const Segment*> const chain = durable_chain(replica(node, partition));
    if (chain.empty()) {
        return unproven;
    }
    const Segment& last = *chain.back();
    broker::WalPosition claimed;
    for (const Frame& frame : last.frames) {
        claimed = frame.durable ? std::max(claimed, frame.frontier) : claimed;
    }
    for (const Frame& frame : last.frames) {
        if (frame.durable && last.header.base + frame.offset >= claimed) {
            unproven.push_back(ProvenFrame{last.inode, frame.offset, frame.end});
        }
    }
    return unproven;
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
