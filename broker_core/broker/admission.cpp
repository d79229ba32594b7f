// Admission: a produce request that finds a limit reached waits, and its connection is not read.
//
// Nothing is dropped and nothing is buffered beyond that one request: what the client sends
// meanwhile waits in the connection, as with TCP. When room comes back, waiting requests go on in
// the order in which they came; one that waited for as long as its client does (its timeout, at
// most broker.request_timeout) was never appended and gets REQUEST_TIMED_OUT. Requests whose
// clients have given up must not stand in line: with retries behind them, all room would go to work
// that nobody waits for. Limits: produce bytes in hand of the node (acks=0 included), uncommitted
// bytes of a partition, batches in a partition's log that are not stored yet. None of them makes a
// batch of legal size wait for ever: where nothing is in hand, one is always let in. What Raft,
// the hard state and a stop append never asks for room.
#include "broker_core/broker/node.h"

#include <algorithm>

namespace broker {

std::optional<Node::Shortage> Node::shortage(const protocol::ProduceRequest& produce) const {
    std::uint64_t bytes = 0;
    for (const protocol::ProduceTopic& topic : produce.topics) {
        for (const protocol::ProducePartition& target : topic.partitions) {
            bytes += target.records.size();
            std::optional<PartitionId> const partition = topics_.find(topic.name, target.index);
            const Replica* const replica =
                partition ? replicas_[partition->value()].get() : nullptr;
            if (replica == nullptr || !replica->leads()) {
                continue;  // refused at once, so it needs no room
            }
            std::uint64_t const uncommitted = replica->raft().uncommitted_bytes();
            if (uncommitted > 0 &&
                uncommitted + target.records.size() > config_.tuning.raft.max_uncommitted_bytes) {
                return Shortage::uncommitted;
            }
            if (replica->wal().queued() >= config_.tuning.wal.queue_max) {
                return Shortage::log_queue;
            }
        }
    }
    if (admitted_bytes_ > 0 && admitted_bytes_ + bytes > config_.tuning.broker.admission_bytes) {
        return Shortage::admission;
    }
    return std::nullopt;
}

void Node::wait_for_room(Time now, ConnectionId connection, const protocol::ProduceRequest& produce,
                         ByteSpan frame, Shortage shortage) {
    switch (shortage) {
        case Shortage::admission:
            probes_.reached(Probe::admission_waited);
            break;
        case Shortage::uncommitted:
            probes_.reached(Probe::uncommitted_waited);
            break;
        case Shortage::log_queue:
            probes_.reached(Probe::log_queue_waited);
            break;
    }
    connections_.set_waiting(connection, true);
    // Nobody waits for the answer to acks=0.
    Duration const longest = config_.tuning.broker.request_timeout;
    Duration const patience = produce.acks == 0 ? longest : patience_of(produce);
    waiting_.push_back(
        WaitingProduce{connection, Bytes{frame.begin(), frame.end()}, now + patience});
}

void Node::serve_waiting(Instant now) {
    // Bytes of the node go to whoever came first; the limits of one partition hold up nobody else.
    bool bytes_spoken_for = false;
    for (std::size_t i = 0; i < waiting_.size();) {
        // Decoded when it came, so it can be decoded again.
        protocol::RequestFrame const frame = *protocol::decode_request_frame(waiting_[i].frame);
        protocol::ProduceRequest const produce =
            *protocol::decode_produce_request(frame.body, frame.header.api_version);
        bool const expired = now.monotonic >= waiting_[i].deadline;
        bool const stopping = state_ != NodeState::running;
        std::optional<Shortage> const lacks = shortage(produce);
        bytes_spoken_for = bytes_spoken_for || lacks == Shortage::admission;
        if (!expired && !stopping && (lacks || bytes_spoken_for)) {
            ++i;
            continue;
        }
        WaitingProduce const waiting = std::move(waiting_[i]);
        waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
        protocol::KafkaError refusal = protocol::KafkaError::none;
        if (!stopping && expired && (lacks || bytes_spoken_for)) {
            probes_.reached(Probe::admission_expired);
            refusal = protocol::KafkaError::request_timed_out;
        }
        produce_request(now, waiting.connection, *protocol::decode_request_frame(waiting.frame),
                        refusal);
        connections_.set_waiting(waiting.connection, false);
    }
}

}  // namespace broker
