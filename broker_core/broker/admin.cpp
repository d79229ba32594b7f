// The requests around producing and fetching: versions, metadata, producer ids.
#include "broker_core/base/hash.h"
#include "broker_core/broker/node.h"
#include "broker_core/protocol/api_versions.h"
#include "broker_core/protocol/init_producer_id.h"
#include "broker_core/protocol/metadata.h"

#include <fmt/core.h>

namespace broker {
namespace {

using protocol::KafkaError;

constexpr std::int32_t kafka_port = 9092;

/// As far as this broker knows: its own replica's word, or how the topic was created.
std::vector<BrokerId> voters_of(const PartitionInfo& info, const Replica* replica) {
    if (replica == nullptr || !replica->serving()) {
        return info.replicas;
    }
    std::vector<BrokerId> voters;
    for (const Member& member : replica->raft().configuration().voters) {
        voters.push_back(member.id);
    }
    return voters;
}

}  // namespace

void Node::on_api_versions(ConnectionId connection, const protocol::RequestFrame& request) {
    protocol::RequestHeader header = request.header;
    if (!protocol::offers(protocol::ApiKey::api_versions, header.api_version)) {
        header.api_version = 0;
        answer(connection, header, protocol::unsupported_api_versions());
        return;
    }
    if (!protocol::decode_api_versions_request(request.body, header.api_version)) {
        drop_connection(connection);
        return;
    }
    answer(connection, header, protocol::offered_api_versions());
}

void Node::on_metadata(ConnectionId connection, const protocol::RequestFrame& request) {
    Result<protocol::MetadataRequest> const metadata =
        protocol::decode_metadata_request(request.body, request.header.api_version);
    if (!metadata) {
        drop_connection(connection);
        return;
    }
    protocol::MetadataResponse response;
    std::vector<std::string> hosts;
    for (std::uint32_t broker = 1; broker <= topics_.brokers(); ++broker) {
        hosts.push_back(fmt::format("n{}", broker));
    }
    for (std::uint32_t broker = 1; broker <= topics_.brokers(); ++broker) {
        protocol::MetadataBroker& entry = response.brokers.add();
        entry.node_id = static_cast<std::int32_t>(broker);
        entry.host = hosts[broker - 1];
        entry.port = kafka_port;
    }
    std::string const cluster = fmt::format("{:016x}", config_.identity.cluster.value());
    response.cluster_id = cluster;

    auto const describe = [&](std::string_view name) {
        protocol::MetadataTopic& topic = response.topics.add();
        topic.name = name;
        std::optional<PartitionId> const first = topics_.find(name, 0);
        if (!first) {
            topic.error = KafkaError::unknown_topic_or_partition;
            return;
        }
        std::uint32_t const count = topics_.topic_of(*first).partitions;
        for (std::uint32_t i = 0; i < count; ++i) {
            PartitionId const id = *first + i;
            const PartitionInfo& info = topics_.partition(id);
            protocol::MetadataPartition& partition = topic.partitions.add();
            partition.index = info.index;
            const Replica* const replica = replicas_[id.value()].get();
            for (BrokerId const voter : voters_of(info, replica)) {
                partition.replica_nodes.push_back(static_cast<std::int32_t>(voter.value()));
                partition.isr_nodes.push_back(static_cast<std::int32_t>(voter.value()));
            }
            BrokerId const leader = replica != nullptr ? replica->leader() : BrokerId{};
            if (leader == BrokerId{}) {
                partition.error = KafkaError::leader_not_available;
            } else {
                partition.leader_id = static_cast<std::int32_t>(leader.value());
            }
        }
    };
    if (!metadata->topics) {
        for (const TopicConfig& topic : topics_.topics()) {
            describe(topic.name);
        }
    } else {
        for (std::string_view const name : *metadata->topics) {
            describe(name);
        }
    }
    answer(connection, request.header, response);
}

void Node::on_init_producer_id(ConnectionId connection, const protocol::RequestFrame& request) {
    Result<protocol::InitProducerIdRequest> const init =
        protocol::decode_init_producer_id_request(request.body, request.header.api_version);
    if (!init) {
        drop_connection(connection);
        return;
    }
    protocol::InitProducerIdResponse response;
    // An id never used before. Counting alone does not give one: a disk that is replaced, or comes
    // back as it was, counts again from where it stood, and the second producer with an id would
    // have its first batches taken for those of the first, acknowledged and dropped. So 53 bits,
    // which every client language can count with, of disk, boot, count and what is drawn anew for
    // each life.
    const Replica* first = nullptr;
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (replica) {
            first = replica.get();
            break;
        }
    }
    if (init->transactional_id) {
        response.error = KafkaError::invalid_request;
    } else if (first == nullptr || !first->serving() || state_ != NodeState::running) {
        response.error = KafkaError::leader_not_available;
    } else {
        ++producer_ids_;
        std::uint64_t id = fold64(config_.seed, config_.identity.disk.value());
        id = fold64(fold64(id, first->wal().boots()), producer_ids_);
        response.producer_id = ProducerId{static_cast<std::int64_t>(id >> 11U)};
        response.producer_epoch = ProducerEpoch{0};
    }
    answer(connection, request.header, response);
}

}  // namespace broker
