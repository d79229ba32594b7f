// The topics of a cluster, and which brokers hold which partition.
#pragma once

#include "broker_core/base/ids.h"
#include "broker_core/base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace broker {

struct TopicConfig {
    std::string name;
    std::uint32_t partitions = 1;
    std::uint32_t replication_factor = 1;
    std::uint32_t min_insync_replicas = 0;  // 0: off
    std::uint64_t retention_bytes = 0;      // of record batches, per partition; 0: no limit
    Duration retention_time{};              // by their largest timestamp; 0: no limit
};

/// One partition of a topic. Ids are dense over all topics, in order.
struct PartitionInfo {
    PartitionId id;
    std::uint32_t topic = 0;         // index into topics()
    std::int32_t index = 0;          // within its topic
    std::vector<BrokerId> replicas;  // ascending; the voters when the topic was created
    /// Ascending: who holds a replica or may be asked to. Those who are not among the replicas
    /// hold an empty one that waits to be taken in.
    std::vector<BrokerId> hosts;
};

/// Fixed for the life of a cluster: clients create nothing.
class Topics {
public:
    /// Spreads replicas round robin over brokers 1..brokers. Requires for every topic
    /// 1 <= replication_factor <= brokers and at least one partition.
    /// disks: by broker, those that the cluster was formed with; empty: disk n for broker n.
    /// movable: every broker may become a replica of every partition.
    Topics(std::vector<TopicConfig> topics, std::uint32_t brokers, std::vector<DiskUuid> disks = {},
           bool movable = false);

    [[nodiscard]] const std::vector<TopicConfig>& topics() const { return topics_; }
    [[nodiscard]] const std::vector<PartitionInfo>& partitions() const { return partitions_; }
    [[nodiscard]] const PartitionInfo& partition(PartitionId id) const {
        return partitions_[id.value()];
    }
    [[nodiscard]] const TopicConfig& topic_of(PartitionId id) const {
        return topics_[partition(id).topic];
    }
    [[nodiscard]] std::optional<PartitionId> find(std::string_view topic, std::int32_t index) const;
    /// "orders/0", as scenarios and reports name it.
    [[nodiscard]] std::string label(PartitionId id) const;
    [[nodiscard]] std::uint32_t brokers() const { return brokers_; }
    /// The broker as it was when the cluster was formed.
    [[nodiscard]] Member formed_with(BrokerId broker) const {
        return Member{broker, disks_[broker.value() - 1]};
    }

private:
    std::vector<TopicConfig> topics_;
    std::vector<PartitionInfo> partitions_;
    std::vector<std::uint32_t> first_;  // first partition id of each topic
    std::uint32_t brokers_;
    std::vector<DiskUuid> disks_;  // by broker - 1
};

}  // namespace broker
