// Chains and offsets of entries.
#include "sim/invariants/cluster_log.h"

#include "broker_core/base/hash.h"
#include "broker_core/partition/record_batch.h"

#include <algorithm>

namespace brokersim {

LogIndex InfoLog::index_of(std::int64_t offset) const {
    auto const at = std::upper_bound(
        entries_.begin(), entries_.end(), offset,
        [](std::int64_t wanted, const EntryInfo& info) { return wanted < info.end_offset; });
    if (offset < 0 || at == entries_.end()) {
        return LogIndex{};
    }
    return LogIndex{static_cast<std::uint64_t>(at - entries_.begin()) + 1};
}

LogIndex InfoLog::index_of_batch(std::uint32_t batch_crc) const {
    auto const at = std::find_if(entries_.rbegin(), entries_.rend(), [&](const EntryInfo& info) {
        return !info.control && info.batch_crc == batch_crc;
    });
    return LogIndex{static_cast<std::uint64_t>(entries_.rend() - at)};
}

std::vector<Link> InfoLog::links_to(LogIndex last) const {
    std::vector<Link> links;
    for (LogIndex index{1}; index <= std::min(last, last_index()); ++index) {
        links.push_back(Link{at(index)->term, at(index)->chain});
    }
    return links;
}

void InfoLog::push_entry(const broker::raft::Entry& entry) {
    EntryInfo info;
    std::uint64_t const previous = entries_.empty() ? 0 : entries_.back().chain;
    LogIndex const index{entries_.size() + 1};
    info.term = entry.term;
    info.control = entry.control;
    info.chain =
        chain_next(previous, index, entry.term, entry.control, broker::hash_bytes(entry.payload));
    info.end_offset = end_offset() + 1;
    if (!entry.control) {
        broker::partition::RecordBatchView const batch{entry.payload};
        info.end_offset = end_offset() + batch.records_count();
        info.batch_crc = batch.crc();
    }
    if (entry.control) {
        if (auto configuration = broker::raft::decode_configuration(entry.payload)) {
            configurations_.emplace_back(index, std::move(*configuration));
        }
    }
    entries_.push_back(info);
}

void InfoLog::push_from(const InfoLog& other, LogIndex index) {
    entries_.push_back(*other.at(index));
    for (const auto& [at, configuration] : other.configurations_) {
        if (at == index) {
            configurations_.emplace_back(at, configuration);
        }
    }
}

LogIndex InfoLog::configuration_index(LogIndex index) const {
    LogIndex last;
    for (const auto& [at, configuration] : configurations_) {
        last = at <= index ? at : last;
    }
    return last;
}

const broker::raft::Configuration* InfoLog::configuration_at(LogIndex index) const {
    for (auto at = configurations_.rbegin(); at != configurations_.rend(); ++at) {
        if (at->first <= index) {
            return &at->second;
        }
    }
    return nullptr;
}

broker::raft::Configuration first_configuration(const broker::Topics& topics,
                                                PartitionId partition) {
    broker::raft::Configuration configuration;
    for (broker::BrokerId const replica : topics.partition(partition).replicas) {
        configuration.voters.push_back(topics.formed_with(replica));
    }
    return configuration;
}

ClusterLog::ClusterLog(std::uint32_t nodes, std::uint32_t partitions) : partitions_{partitions} {
    memory_.resize(std::size_t{nodes} * partitions);
    cut_.resize(memory_.size());
    committed_.resize(partitions);
    lineages_.resize(partitions);
}

void ClusterLog::remember_cut(std::uint32_t node, PartitionId partition, LogIndex first) {
    const InfoLog& log = memory(node, partition);
    for (LogIndex index = first; index <= log.last_index(); ++index) {
        const EntryInfo* const before = log.at(index.previous());
        cut_[(node - 1) * partitions_ + partition.value()].emplace(
            before == nullptr ? 0 : before->end_offset, log.at(index)->batch_crc);
    }
}

bool ClusterLog::was_cut(std::uint32_t node, PartitionId partition, std::int64_t offset,
                         std::uint32_t batch_crc) const {
    return cut_[(node - 1) * partitions_ + partition.value()].contains({offset, batch_crc});
}

void ClusterLog::forget_node(std::uint32_t node) {
    for (std::uint32_t partition = 0; partition < partitions_; ++partition) {
        memory(node, PartitionId{partition}).clear();
        cut_[(node - 1) * partitions_ + partition].clear();
    }
}

}  // namespace brokersim
