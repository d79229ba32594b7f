// ListOffsets: where the records of a partition begin and end, and where those of a time stand.
//
// With raft.read_index a leader first proves that it still leads (Raft thesis 6.4), so that one
// that was deposed without noticing names no offset at all; without it, such a leader may name an
// older end until its check-quorum strikes.
#include "broker_core/broker/node.h"
#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/list_offsets.h"

#include <algorithm>

namespace broker {
namespace {

using protocol::KafkaError;

/// The first record that may be read whose timestamp is >= `timestamp_ms`; -1 if there is none.
struct TimedOffset {
    Offset offset{-1};
    std::int64_t timestamp_ms = -1;
};

TimedOffset find_by_time(const Replica& replica, std::int64_t timestamp_ms) {
    Offset const start = replica.log_start();
    for (LogIndex index = replica.offsets().index_of(start); index <= replica.raft().commit();
         ++index) {
        const raft::Entry& entry = replica.raft().log().at(index);
        if (entry.control) {
            continue;
        }
        partition::RecordBatchView const batch{entry.payload};
        if (batch.max_timestamp_ms() < timestamp_ms) {
            continue;
        }
        if (batch.is_compressed()) {
            return TimedOffset{std::max(batch.base_offset(), start), batch.base_timestamp_ms()};
        }
        partition::RecordReader reader{batch};
        for (partition::Record record; reader.next(record);) {
            if (record.timestamp_ms >= timestamp_ms && reader.offset() >= start) {
                return TimedOffset{reader.offset(), record.timestamp_ms};
            }
        }
    }
    return TimedOffset{};
}

}  // namespace

void Node::on_list_offsets(Time now, ConnectionId connection,
                           const protocol::RequestFrame& request) {
    Result<protocol::ListOffsetsRequest> const list =
        protocol::decode_list_offsets_request(request.body, request.header.api_version);
    if (!list) {
        drop_connection(connection);
        return;
    }
    ParkedRead read;
    read.connection = connection;
    read.slot = connections_.open_slot(connection, request.header.correlation_id,
                                       request.header.api_version);
    read.version = request.header.api_version;
    if (config_.tuning.raft.read_index) {
        for (const protocol::ListOffsetsTopic& topic : list->topics) {
            for (const protocol::ListOffsetsPartition& asked : topic.partitions) {
                std::optional<PartitionId> const partition = topics_.find(topic.name, asked.index);
                Replica* const replica = partition ? leading(*partition) : nullptr;
                if (replica == nullptr) {
                    continue;
                }
                touch(*partition);
                if (replica->confirm_leadership(now, reads_ + 1)) {
                    ++reads_;
                    read.waits_for.push_back(reads_);
                }
            }
        }
    }
    if (read.waits_for.empty()) {
        serve_list_offsets(read, *list);
        return;
    }
    read.request.assign(request.body.begin(), request.body.end());
    parked_reads_.push_back(std::move(read));
}

void Node::serve_list_offsets(const ParkedRead& read, const protocol::ListOffsetsRequest& list) {
    Slot* const slot = connections_.find(read.connection, read.slot);
    if (slot == nullptr) {
        return;
    }
    protocol::ListOffsetsResponse response;
    for (const protocol::ListOffsetsTopic& topic : list.topics) {
        protocol::ListOffsetsTopicResponse& topic_response = response.topics.add();
        topic_response.name = topic.name;
        for (const protocol::ListOffsetsPartition& asked : topic.partitions) {
            protocol::ListOffsetsPartitionResponse& part = topic_response.partitions.add();
            part.index = asked.index;
            std::optional<PartitionId> const partition = topics_.find(topic.name, asked.index);
            Replica* const replica = partition ? leading(*partition) : nullptr;
            if (!partition) {
                part.error = KafkaError::unknown_topic_or_partition;
            } else if (replica == nullptr || state_ != NodeState::running || read.lost) {
                part.error = KafkaError::not_leader_or_follower;
            } else if (!replica->watermark_known()) {
                part.error = KafkaError::leader_not_available;
            } else if (asked.timestamp_ms == protocol::timestamp_latest) {
                part.offset = replica->high_watermark();
            } else if (asked.timestamp_ms == protocol::timestamp_earliest) {
                part.offset = replica->log_start();
            } else {
                TimedOffset const found = find_by_time(*replica, asked.timestamp_ms);
                part.offset = found.offset;
                part.timestamp_ms = found.timestamp_ms;
            }
        }
    }
    Bytes frame;
    protocol::append_response(frame, slot->correlation_id, response, read.version);
    connections_.answer(read.connection, read.slot, std::move(frame));
}

void Node::on_reads(const std::vector<raft::ReadReady>& reads) {
    for (const raft::ReadReady& ready : reads) {
        for (ParkedRead& read : parked_reads_) {
            if (std::erase(read.waits_for, ready.id) > 0) {
                read.lost = read.lost || ready.lost;
            }
        }
    }
    serve_parked_reads();
}

void Node::serve_parked_reads() {
    std::erase_if(parked_reads_, [&](const ParkedRead& read) {
        if (!read.waits_for.empty() && state_ == NodeState::running) {
            return false;
        }
        Result<protocol::ListOffsetsRequest> const list =
            protocol::decode_list_offsets_request(read.request, read.version);
        serve_list_offsets(read, *list);
        return true;
    });
}

}  // namespace broker
