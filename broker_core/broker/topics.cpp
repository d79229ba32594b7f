// Placement of partitions and look-up by name.
#include "broker_core/broker/topics.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace broker {

Topics::Topics(std::vector<TopicConfig> topics, std::uint32_t brokers, std::vector<DiskUuid> disks,
               bool movable)
    : topics_{std::move(topics)}, brokers_{brokers}, disks_{std::move(disks)} {
    for (std::uint64_t disk = disks_.size() + 1; disk <= brokers; ++disk) {
        disks_.emplace_back(disk);
    }
    for (std::uint32_t topic = 0; topic < topics_.size(); ++topic) {
        const TopicConfig& config = topics_[topic];
        CHECK(config.partitions >= 1);
        CHECK(config.replication_factor >= 1);
        CHECK(config.replication_factor <= brokers);
        first_.push_back(static_cast<std::uint32_t>(partitions_.size()));
        for (std::uint32_t index = 0; index < config.partitions; ++index) {
            auto const id = static_cast<std::uint32_t>(partitions_.size());
            PartitionInfo info{PartitionId{id}, topic, static_cast<std::int32_t>(index), {}, {}};
            for (std::uint32_t replica = 0; replica < config.replication_factor; ++replica) {
                info.replicas.emplace_back((id + replica) % brokers + 1);
            }
            std::sort(info.replicas.begin(), info.replicas.end());
            info.hosts = info.replicas;
            if (movable) {
                info.hosts.clear();
                for (std::uint32_t broker = 1; broker <= brokers; ++broker) {
                    info.hosts.emplace_back(broker);
                }
            }
            partitions_.push_back(std::move(info));
        }
    }
}

std::optional<PartitionId> Topics::find(std::string_view topic, std::int32_t index) const {
    for (std::size_t i = 0; i < topics_.size(); ++i) {
        if (topics_[i].name != topic) {
            continue;
        }
        if (index < 0 || static_cast<std::uint32_t>(index) >= topics_[i].partitions) {
            return std::nullopt;
        }
        return PartitionId{first_[i] + static_cast<std::uint32_t>(index)};
    }
    return std::nullopt;
}

std::string Topics::label(PartitionId id) const {
    return topic_of(id).name + "/" + std::to_string(partition(id).index);
}

}  // namespace broker
