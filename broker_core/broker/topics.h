// The topics of a cluster, and which brokers hold which partition.
#pragma once

#include "broker_core/base/ids.h"

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
};

/// One partition of a topic. Ids are dense over all topics, in order.
struct PartitionInfo {
    PartitionId id;
    std::uint32_t topic = 0;         // index into topics()
    std::int32_t index = 0;          // within its topic
    std::vector<BrokerId> replicas;  // ascending; all of them vote
};

/// Fixed for the life of a cluster: clients create nothing.
class Topics {
public:
    /// Spreads replicas round robin over brokers 1..brokers. Requires for every topic
    /// 1 <= replication_factor <= brokers and at least one partition.
    Topics(std::vector<TopicConfig> topics, std::uint32_t brokers);

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

private:
    std::vector<TopicConfig> topics_;
    std::vector<PartitionInfo> partitions_;
    std::vector<std::uint32_t> first_;  // first partition id of each topic
    std::uint32_t brokers_;
};

}  // namespace broker
