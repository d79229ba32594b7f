// DiskTruth: what every node's log really holds on its disk, read from the bytes it wrote.
//
// The invariants must not believe what a broker says of itself. So this keeps, per node and
// partition, the frames that were written, which of them a completed sync (or a power loss) left
// durable, and under which name their file can be found; and folds them into the log that a
// recovery would find: as durable (survives power loss) and as written (survives the process).
// It parses the log format on its own account, frame by frame as they are written, so that its
// cost is linear in the bytes and independent of the length of the log.
#pragma once

#include "broker_core/base/hard_state.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/tuning.h"
#include "broker_core/wal/frame.h"
#include "sim/disk_watcher.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace brokersim {

using broker::ByteSpan;
using broker::HardState;
using broker::LogIndex;
using broker::PartitionId;
using broker::SegmentId;
using broker::Term;

/// Hash of (index, term, kind, payload) of an entry, folded into that of the entry before.
std::uint64_t chain_next(std::uint64_t previous, LogIndex index, Term term, bool control,
                         std::uint64_t payload_hash);

/// One entry of a folded log.
struct Link {
    Term term;
    std::uint64_t chain = 0;
};

/// A log as a recovery would find it, foldable frame by frame.
class FoldedLog {
public:
    [[nodiscard]] LogIndex last_index() const { return LogIndex{links_.size()}; }
    /// The link at `index`, or nullptr behind the end (and for index 0).
    [[nodiscard]] const Link* at(LogIndex index) const {
        return index.value() >= 1 && index.value() <= links_.size() ? &links_[index.value() - 1]
                                                                    : nullptr;
    }
    [[nodiscard]] bool holds(LogIndex index, std::uint64_t chain) const {
        const Link* const link = at(index);
        return link != nullptr && link->chain == chain;
    }
    void append(Term term, bool control, std::uint64_t payload_hash) {
        std::uint64_t const previous = links_.empty() ? 0 : links_.back().chain;
        LogIndex const index{links_.size() + 1};
        links_.push_back(Link{term, chain_next(previous, index, term, control, payload_hash)});
    }
    void truncate(LogIndex first) {
        if (first.value() >= 1 && first.value() <= links_.size()) {
            links_.resize(first.value() - 1);
        }
    }
    void clear() { links_.clear(); }
    /// A log that is known to begin with these entries.
    void begin_with(std::vector<Link> links) { links_ = std::move(links); }

private:
    std::vector<Link> links_;
};

/// The committed log of a partition, as far as its links: what a base stands for.
using CommittedLinks = std::function<std::vector<Link>(PartitionId, LogIndex)>;

class DiskTruth final : public DiskWatcher {
public:
    /// committed: gives the links up to an index, fewer if fewer are committed; a base on a disk is
    /// believed to stand for them, and is checked elsewhere.
    DiskTruth(std::uint32_t nodes, std::uint32_t partitions, CommittedLinks committed = {},
              broker::Durability durability = broker::Durability::fsync);

    // DiskWatcher
    void file_created(std::uint32_t node, std::uint32_t inode, std::string_view name) override;
    void written(std::uint32_t node, std::uint32_t inode, std::uint64_t offset,
                 ByteSpan data) override;
    void durable(std::uint32_t node, std::uint32_t inode, std::uint64_t offset,
                 ByteSpan data) override;
    void reverted(std::uint32_t node, std::uint32_t inode, ByteSpan content) override;
    void linked(std::uint32_t node, std::uint32_t inode, std::string_view name,
                bool durably) override;
    void unlinked(std::uint32_t node, std::string_view name, bool durably) override;
    void survived(std::uint32_t node, std::uint32_t inode, std::string_view name,
                  ByteSpan content) override;
    void power_lost(std::uint32_t node) override;
    void survivors_told(std::uint32_t node) override;

    /// Nodes from 1. The log that survives a power loss that keeps nothing unsynced.
    [[nodiscard]] const FoldedLog& durable_log(std::uint32_t node, PartitionId partition) const {
        return replica(node, partition).durable.log;
    }
    /// The log in the page cache and on media: survives the process.
    [[nodiscard]] const FoldedLog& written_log(std::uint32_t node, PartitionId partition) const {
        return replica(node, partition).written.log;
    }
    /// The log that counts for a quorum by the durability mode.
    [[nodiscard]] const FoldedLog& stored_log(std::uint32_t node, PartitionId partition) const {
        return durability_ == broker::Durability::fsync ? durable_log(node, partition)
                                                        : written_log(node, partition);
    }
    /// Whether a power loss took an entry from this node that counted as stored there, and the
    /// cluster is excused for that. Under `fsync` only damage beyond the budget does.
    [[nodiscard]] bool was_taken(std::uint32_t node, PartitionId partition, LogIndex index,
                                 std::uint64_t chain) const {
        return replica(node, partition).taken.contains({index, chain});
    }
    /// Whether the entry is stored on the node, or was until a power loss or damage to its disk,
    /// within the budget or not: what it promised then may still be counted.
    [[nodiscard]] bool was_stored(std::uint32_t node, PartitionId partition, LogIndex index,
                                  std::uint64_t chain) const {
        return stored_log(node, partition).holds(index, chain) ||
               was_taken(node, partition, index, chain) ||
               replica(node, partition).gone.contains({index, chain});
    }
    /// Stored entries that the node's last power loss, or an undone sync since, took.
    [[nodiscard]] std::uint64_t taken_last(std::uint32_t node, PartitionId partition) const {
        return replica(node, partition).taken_last;
    }
    [[nodiscard]] HardState hard_state(std::uint32_t node, PartitionId partition) const {
        return replica(node, partition).hard_state;
    }

    /// A frame that a recovery cannot take for a torn tail if it is damaged: it is durable, and
    /// another segment or a later durable frame says that it was.
    struct ProvenFrame {
        std::uint32_t inode = 0;
        std::uint64_t offset = 0;
        std::uint64_t end = 0;
    };
    [[nodiscard]] std::vector<ProvenFrame> proven_frames(std::uint32_t node,
                                                         PartitionId partition) const;
    /// The durable frames at the end of the log of which nothing on the disk says so: recovery
    /// takes them for torn off if they are gone. Ascending, of one file.
    [[nodiscard]] std::vector<ProvenFrame> unproven_frames(std::uint32_t node,
                                                           PartitionId partition) const;
    /// Files of the chain that the durable log stands in, the newest last.
    [[nodiscard]] std::vector<std::uint32_t> chain_files(std::uint32_t node,
                                                         PartitionId partition) const;
    /// The file of the base that a recovery would use, if there is one.
    [[nodiscard]] std::vector<std::uint32_t> base_files(std::uint32_t node,
                                                        PartitionId partition) const;
    /// The next power loss of this node may take what counts as stored, and whoever lacks it then
    /// is excused.
    void excuse_next_loss(std::uint32_t node) { nodes_[node - 1].excused = true; }
    [[nodiscard]] bool next_loss_is_excused(std::uint32_t node) const {
        return nodes_[node - 1].excused;
    }

private:
    struct Frame {
        std::uint64_t offset = 0;
        std::uint64_t end = 0;
        std::uint64_t padded_from = 0;
        LogIndex index;
        Term term;
        broker::WalPosition frontier;
        std::uint64_t payload_hash = 0;
        bool truncate = false;
        bool control = false;
        bool durable = false;
    };
    struct Fragment {
        std::uint64_t offset = 0;
        broker::Bytes bytes;
    };
    struct Segment {
        broker::wal::SegmentHeader header;
        std::uint32_t inode = 0;
        bool header_durable = false;
        bool linked = false;  // under its final name, for the machine
        bool linked_durably = false;
        std::vector<Frame> frames;  // ascending by offset
        // Bytes behind the last whole frame of writes that were cut short: their rest comes later.
        std::vector<Fragment> written_in_part;
        std::vector<Fragment> durable_in_part;
    };
    /// How far a fold has come: all of the segments before `segment`, and `frames` of it.
    struct Fold {
        FoldedLog log;
        std::size_t segment = 0;
        std::size_t frames = 0;
    };
    struct Base {
        LogIndex index;
        Term term;
        std::uint32_t inode = 0;
        bool installed = false;
        bool content_durable = false;
        bool linked = false;
        bool linked_durably = false;
    };
    struct Replica {
        std::vector<Segment> segments;  // ascending by id
        std::vector<Base> bases;        // ascending by index
        Fold written;
        Fold durable;
        HardState hard_state;
        std::uint64_t hard_state_sequence = 0;
        FoldedLog before_loss;  // stored when power failed, until the survivors are known
        std::set<std::pair<LogIndex, std::uint64_t>> taken;  // index and chain
        std::set<std::pair<LogIndex, std::uint64_t>> gone;   // within the budget: no excuse
        std::uint64_t taken_last = 0;
    };
    /// What a file is for, found out from its name and its first bytes.
    struct File {
        PartitionId partition;
        bool is_state = false;
        bool is_base = false;
        SegmentId segment;  // 0: no segment
        bool known = false;
        bool state_linked_durably = false;
        broker::Bytes slots[2];      // state files: durable bytes of the two slots
        broker::Bytes head;          // others: written so far of a header that is not whole yet
        broker::Bytes durable_head;  // and durable, where writes need no sync
    };
    struct Node {
        std::vector<File> files;  // by inode
        std::vector<Replica> replicas;
        bool excused = false;  // see excuse_next_loss()
    };

    [[nodiscard]] const Replica& replica(std::uint32_t node, PartitionId partition) const {
        return nodes_[node - 1].replicas[partition.value()];
    }
    File& file(std::uint32_t node, std::uint32_t inode);
    Segment* segment_of(Replica& replica, std::uint32_t inode);
    /// Adds a segment in its place by id, instead of a former one with that id.
    Segment& insert(PartitionId partition, Replica& replica, Segment fresh);
    void read_frames(Segment& segment, std::uint64_t offset, ByteSpan data, bool durable);
    /// Bytes from `offset` on that only pad a frame.
    static std::uint64_t padding_at(const Segment& segment, std::uint64_t offset);
    /// Reads whole frames; returns the offset behind the last one.
    std::uint64_t parse_frames(Segment& segment, std::uint64_t offset, ByteSpan data, bool durable);
    /// What is known of the beginning of a file, now that this was written; empty if there is a
    /// gap.
    static ByteSpan grow_head(broker::Bytes& head, std::uint64_t offset, ByteSpan data);
    void read_state(Node& node, File& file);
    Base* base_of(Replica& replica, std::uint32_t inode);
    static std::optional<Base> parse_base(ByteSpan data);
    [[nodiscard]] static bool usable(const Segment& segment, bool durably);
    void write_base(Replica& replica, std::uint32_t inode, ByteSpan data);
    void adopt(PartitionId partition, Replica& replica, const Base& base, bool durably);
    [[nodiscard]] static const Base* newest_base(const Replica& replica, bool durably);
    [[nodiscard]] static std::size_t chain_start(const Replica& replica, LogIndex base,
                                                 bool durably);
    [[nodiscard]] static std::size_t chain_behind(const Replica& replica, LogIndex base);
    void begin_with_base(PartitionId partition, Fold& fold, LogIndex base, std::size_t segment);
    void refold(PartitionId partition, Replica& replica);
    void refold(PartitionId partition, Replica& replica, Fold& fold, bool durably);
    [[nodiscard]] static std::vector<const Segment*> durable_chain(const Replica& replica);
    static void advance(Replica& replica, Fold& fold, bool durably);
    /// Of what was stored before, and is not there any more.
    void note_taken(std::uint32_t node, PartitionId partition, bool excused);

    CommittedLinks committed_;
    broker::Durability durability_;
    std::vector<Node> nodes_;  // by node - 1
};

}  // namespace brokersim
