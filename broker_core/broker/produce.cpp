// Produce: admission, routing, validation, deduplication, append; and the answers.
//
// The stages of one partition's batch, each with its probe: receive, admit, route, validate,
// dedupe, assign offset and append. The last three are one step: nothing runs between them.
// From there on the batch belongs to the log, and its answer leaves through the log.
#include "broker_core/protocol/produce.h"

#include "broker_core/base/check.h"
#include "broker_core/broker/node.h"
#include "broker_core/partition/record_batch.h"

#include <algorithm>

namespace broker {
namespace {

using protocol::KafkaError;

KafkaError error_of(partition::BatchFault fault) {
    switch (fault) {
        case partition::BatchFault::too_large:
            return KafkaError::message_too_large;
        case partition::BatchFault::truncated:
        case partition::BatchFault::wrong_crc:
            return KafkaError::corrupt_message;
        case partition::BatchFault::trailing_bytes:
        case partition::BatchFault::wrong_magic:
        case partition::BatchFault::wrong_count:
        case partition::BatchFault::reserved_bits:
        case partition::BatchFault::wrong_producer:
        case partition::BatchFault::wrong_position:
            return KafkaError::invalid_record;
    }
    return KafkaError::unknown_server_error;
}

}  // namespace

void Node::on_produce(Instant now, ConnectionId connection, const protocol::RequestFrame& request,
                      ByteSpan frame) {
    probes_.reached(Probe::produce_entry);
    Result<protocol::ProduceRequest> const decoded =
        protocol::decode_produce_request(request.body, request.header.api_version);
    if (!decoded) {
        drop_connection(connection);
        return;
    }
    if (state_ == NodeState::running) {
        std::optional<Shortage> lacks = shortage(*decoded);
        if (!lacks && !waiting_.empty()) {
            lacks = Shortage::admission;  // who came first goes first
        }
        if (lacks) {
            wait_for_room(now.monotonic, connection, *decoded, frame, *lacks);
            return;
        }
    }
    produce_request(now, connection, request, KafkaError::none);
}

Duration Node::patience_of(const protocol::ProduceRequest& produce) const {
    return std::clamp(Duration{produce.timeout_ms * 1'000'000LL}, Duration{},
                      config_.tuning.broker.request_timeout);
}

void Node::produce_request(Instant now, ConnectionId connection,
                           const protocol::RequestFrame& request, KafkaError refusal) {
    protocol::ProduceRequest const produce =
        *protocol::decode_produce_request(request.body, request.header.api_version);
    bool const silent = produce.acks == 0;
    Replica::Acks const acks = silent              ? Replica::Acks::none
                               : produce.acks == 1 ? Replica::Acks::leader
                                                   : Replica::Acks::all;
    bool const acks_valid = produce.acks >= -1 && produce.acks <= 1;
    Time const deadline = now.monotonic + patience_of(produce);

    // The slot lists every part before any of them can end.
    wal::ProducePart part;
    std::vector<PartitionId> targets;
    std::vector<ByteSpan> batches;
    if (!silent) {
        part.connection = connection;
        part.slot = connections_.open_slot(connection, request.header.correlation_id,
                                           request.header.api_version);
    }
    std::vector<ProduceResult> results;
    for (const protocol::ProduceTopic& topic : produce.topics) {
        for (const protocol::ProducePartition& target : topic.partitions) {
            ProduceResult result;
            std::optional<PartitionId> const partition = topics_.find(topic.name, target.index);
            if (partition) {
                result.partition = *partition;
            } else {
                result.unknown_topic = topic.name;
                result.unknown_index = target.index;
            }
            results.push_back(std::move(result));
            batches.push_back(target.records);
        }
    }
    if (results.empty()) {
        drop_connection(connection);
        return;
    }
    std::vector<ProduceResult> const parts = results;
    if (!silent) {
        Slot* const slot = connections_.find(connection, part.slot);
        slot->produce = std::move(results);
        slot->produce_open = static_cast<std::uint32_t>(parts.size());
    }

    bool failed = false;
    for (std::uint32_t i = 0; i < parts.size(); ++i) {
        part.part = i;
        KafkaError error = KafkaError::none;
        if (refusal != KafkaError::none) {
            error = refusal;
        } else if (!acks_valid) {
            error = KafkaError::invalid_required_acks;
        } else if (produce.transactional_id) {
            error = KafkaError::invalid_request;
        } else if (!parts[i].unknown_topic.empty()) {
            error = KafkaError::unknown_topic_or_partition;
        } else {
            error = produce_part(now, parts[i].partition, batches[i], acks, part, deadline);
        }
        if (error != KafkaError::none) {
            probes_.reached(Probe::produce_refused);
            failed = true;
            if (!silent) {
                refuse(part, error, Fate::not_appended);
            }
        }
    }
    // Without a response, closing is the only way to tell (Kafka's acks=0).
    if (silent && failed) {
        drop_connection(connection);
    }
}

KafkaError Node::produce_part(Instant now, PartitionId partition, ByteSpan records,
                              Replica::Acks acks, const wal::ProducePart& part, Time deadline) {
    // A stopping node takes nothing new. Room was asked for when the request came.
    if (state_ != NodeState::running) {
        return KafkaError::not_leader_or_follower;
    }
    if (records.size() > config_.tuning.broker.message_max_bytes) {
        return KafkaError::message_too_large;
    }
    probes_.reached(Probe::produce_admitted);

    // Route.
    Replica* const replica = leading(partition);
    if (replica == nullptr || !replica->raft().accepts_proposals()) {
        return KafkaError::not_leader_or_follower;
    }
    std::uint32_t const min_insync = topics_.topic_of(partition).min_insync_replicas;
    if (acks == Replica::Acks::all && replica->raft().voters_heard() < min_insync) {
        return KafkaError::not_enough_replicas;
    }

    // Validate.
    partition::BatchResult const batch =
        partition::validate_produced(records, config_.tuning.broker.message_max_bytes);
    if (!batch) {
        return error_of(batch.error());
    }

    touch(partition);

    // Dedupe.
    if (batch->has_producer()) {
        probes_.reached(Probe::dedup_checked);
        partition::ProducerCheck const check =
            replica->producers().check(partition::range_of(*batch));
        switch (check.verdict) {
            case partition::ProducerVerdict::append:
                break;
            case partition::ProducerVerdict::duplicate:
            case partition::ProducerVerdict::duplicate_older:
                replica->join(now.monotonic, check.first_offset, acks, part, deadline);
                return KafkaError::none;
            case partition::ProducerVerdict::out_of_order:
                return KafkaError::out_of_order_sequence_number;
            case partition::ProducerVerdict::invalid_epoch:
                return KafkaError::invalid_producer_epoch;
            case partition::ProducerVerdict::unknown_producer:
                return KafkaError::unknown_producer_id;
        }
    }

    // Assign and append.
    wal::ProducePart held = part;
    if (Slot* const slot = connections_.find(part.connection, part.slot)) {
        slot->produce[part.part].admitted_bytes = records.size();
    } else {
        held.silent_bytes = static_cast<std::uint32_t>(records.size());
    }
    admitted_bytes_ += records.size();
    Fact accepted{FactKind::accepted, partition, replica->raft().term(),
                  replica->raft().log().last_index().next(), LogIndex{}};
    accepted.number = attempt_number(part);
    facts_.push_back(accepted);
    replica->produce(now.monotonic, records, acks, held, deadline);
    return KafkaError::none;
}

void Node::acknowledge(const wal::Reply& reply) {
    if (reply.part.connection == ConnectionId{}) {
        admitted_bytes_ -= reply.part.silent_bytes;  // acks=0: nobody is told
        return;
    }
    bool const known = reply.base_offset >= Offset{0};
    tell_fate(reply.part, reply.acks_all ? Fate::committed : Fate::appended);
    probes_.reached(Probe::ack_sent);
    probes_.reached(reply.acks_all ? Probe::ack_all_sent : Probe::ack_one_sent);
    admitted_bytes_ -= connections_.end_part(
        reply.part, known ? KafkaError::none : KafkaError::duplicate_sequence_number,
        reply.base_offset);
}

void Node::tell_fate(const wal::ProducePart& part, Fate fate) {
    Fact told{FactKind::fate};
    told.number = attempt_number(part);
    told.fate = fate;
    facts_.push_back(told);
}

void Node::refuse(const wal::ProducePart& part, KafkaError error, Fate fate) {
    CHECK(error != KafkaError::none);
    tell_fate(part, fate);
    admitted_bytes_ -= part.silent_bytes;
    admitted_bytes_ -= connections_.end_part(part, error, Offset{-1});
}

}  // namespace broker
