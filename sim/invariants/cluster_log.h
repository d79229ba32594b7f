// What the invariants compare: the logs in the nodes' memory, and what is committed.
#pragma once

#include "broker_core/broker/node.h"
#include "sim/disk_truth.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace brokersim {

/// One entry as seen in a node's memory or as committed.
struct EntryInfo {
    Term term;
    std::uint64_t chain = 0;      // hash of everything up to here
    std::int64_t end_offset = 0;  // Kafka offset after the entry
    std::uint32_t batch_crc = 0;  // of a data batch; 0: control entry
    bool control = false;
};

/// A log of entry infos, index 1 first.
class InfoLog {
public:
    [[nodiscard]] LogIndex last_index() const { return LogIndex{entries_.size()}; }
    [[nodiscard]] const EntryInfo* at(LogIndex index) const {
        return index.value() >= 1 && index.value() <= entries_.size() ? &entries_[index.value() - 1]
                                                                      : nullptr;
    }
    [[nodiscard]] std::int64_t end_offset() const {
        return entries_.empty() ? 0 : entries_.back().end_offset;
    }
    /// The entry that holds `offset`, or nothing.
    [[nodiscard]] LogIndex index_of(std::int64_t offset) const;
    /// The last entry with that batch checksum, or nothing; at the cost of the log.
    [[nodiscard]] LogIndex index_of_batch(std::uint32_t batch_crc) const;
    void push(const EntryInfo& info) { entries_.push_back(info); }
    /// Appends entry `index` of `other`, which follows the last one here.
    void push_from(const InfoLog& other, LogIndex index);
    void truncate(LogIndex first) {
        if (first.value() >= 1 && first.value() <= entries_.size()) {
            entries_.resize(first.value() - 1);
        }
        while (!configurations_.empty() && configurations_.back().first >= first) {
            configurations_.pop_back();
        }
    }
    void clear() {
        entries_.clear();
        configurations_.clear();
    }
    /// The configuration in force at `index`, by the entries up to there; nullptr: the first one.
    [[nodiscard]] const broker::raft::Configuration* configuration_at(LogIndex index) const;
    /// Where that configuration stands; 0: before the log.
    [[nodiscard]] LogIndex configuration_index(LogIndex index) const;
    /// Whether `holds` is true of a configuration that was in force at `index` or came later;
    /// `first` is the one before all of them.
    template <class Holds>
    [[nodiscard]] bool any_configuration_since(LogIndex index,
                                               const broker::raft::Configuration& first,
                                               Holds holds) const {
        const broker::raft::Configuration* const then = configuration_at(index);
        if (holds(then == nullptr ? first : *then)) {
            return true;
        }
        return std::any_of(configurations_.begin(), configurations_.end(),
                           [&](const auto& configuration) {
                               return configuration.first > index && holds(configuration.second);
                           });
    }
    /// The first entries of `other`, up to `last` or as many as it has.
    void begin_with(const InfoLog& other, LogIndex last) {
        std::uint64_t const count = std::min<std::uint64_t>(last.value(), other.entries_.size());
        entries_.assign(other.entries_.begin(),
                        other.entries_.begin() + static_cast<std::ptrdiff_t>(count));
        configurations_ = other.configurations_;
        while (!configurations_.empty() && configurations_.back().first > last) {
            configurations_.pop_back();
        }
    }
    [[nodiscard]] std::vector<Link> links_to(LogIndex last) const;
    /// Appends what `entry` adds behind the last one.
    void push_entry(const broker::raft::Entry& entry);

private:
    std::vector<EntryInfo> entries_;
    std::vector<std::pair<LogIndex, broker::raft::Configuration>> configurations_;  // ascending
};

/// Per partition: M(n) of every node, and G, the committed entries as first reported.
class ClusterLog {
public:
    ClusterLog(std::uint32_t nodes, std::uint32_t partitions);

    [[nodiscard]] InfoLog& memory(std::uint32_t node, PartitionId partition) {
        return memory_[(node - 1) * partitions_ + partition.value()];
    }
    [[nodiscard]] InfoLog& committed(PartitionId partition) {
        return committed_[partition.value()];
    }
    [[nodiscard]] const InfoLog& committed(PartitionId partition) const {
        return committed_[partition.value()];
    }
    /// Remembers the batches of a node's log from `first` on, which it is about to cut.
    void remember_cut(std::uint32_t node, PartitionId partition, LogIndex first);
    /// Whether the batch with this checksum stood at `offset` of the node's log and was cut.
    [[nodiscard]] bool was_cut(std::uint32_t node, PartitionId partition, std::int64_t offset,
                               std::uint32_t batch_crc) const;
    void forget_node(std::uint32_t node);
    /// The term of the leader that last cut G because of a legal loss; 0: never cut. What nodes of
    /// an earlier term say of committed entries is about a history that is over.
    [[nodiscard]] Term& lineage(PartitionId partition) { return lineages_[partition.value()]; }
    [[nodiscard]] Term lineage(PartitionId partition) const { return lineages_[partition.value()]; }

private:
    std::uint32_t partitions_;
    std::vector<InfoLog> memory_;
    std::vector<std::set<std::pair<std::int64_t, std::uint32_t>>> cut_;  // as memory_
    std::vector<InfoLog> committed_;
    std::vector<Term> lineages_;
};

/// The voters that a partition was created with.
broker::raft::Configuration first_configuration(const broker::Topics& topics,
                                                PartitionId partition);

}  // namespace brokersim
