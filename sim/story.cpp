// Reading messages out of frames, logs and disks.
#include "sim/story.h"

#include "broker_core/base/hash.h"
#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/produce.h"
#include "sim/client/payload.h"
#include "sim/fault_engine.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

namespace partition_ns = broker::partition;
namespace protocol = broker::protocol;
using reports::Change;
using reports::Step;

void Story::begin(const broker::Topics& topics, const DiskTruth& truth) {
    truth_ = &truth;
    for (const broker::PartitionInfo& info : topics.partitions()) {
        timeline_.partitions.push_back(reports::Partition{
            topics.label(info.id), static_cast<std::uint32_t>(info.replicas.size())});
    }
    timeline_.brokers = topics.brokers();
    replicas_.resize(std::size_t{timeline_.brokers} * timeline_.partitions.size());
    received_.resize(timeline_.brokers);
    leaders_.resize(timeline_.partitions.size(), 0);
}

void Story::on_event(std::uint64_t number, Time time, const Work& /*work*/) {
    event_ = number;
    time_ns_ = time.nanoseconds();
    timeline_.events = number;
}

void Story::on_phase(std::string_view name) {
    moment(Change::phase, 0, 0, 0, 0, std::string{name});
}

void Story::moment(Change change, std::uint32_t node, std::uint32_t incarnation,
                   std::uint32_t partition, std::uint64_t term, std::string text) {
    reports::Moment one{change, event_, time_ns_, node, incarnation, partition, term};
    if (node > 0 && partition < timeline_.partitions.size()) {
        const Replica& state = replica(node, partition);
        one.committed = state.committed;
        one.synced = state.synced;
        one.appended = state.last();
    }
    one.text = std::move(text);
    timeline_.moments.push_back(std::move(one));
}

void Story::rung(Step step, const MessageIds& messages, const reports::Rung& facts) {
    for (std::uint32_t const message : messages) {
        reports::Rung one = facts;
        one.step = step;
        one.event = event_;
        one.time_ns = time_ns_;
        one.message = message;
        timeline_.rungs.push_back(one);
    }
}

void Story::rungs(Step step, std::uint32_t node, std::uint32_t incarnation, std::uint32_t partition,
                  std::uint64_t first, std::uint64_t last) {
    const Replica& state = replica(node, partition);
    for (std::uint64_t index = first; index <= last; ++index) {
        const Entry* const entry = state.at(index);
        if (entry != nullptr) {
            rung(step, entry->messages,
                 reports::Rung{.node = node,
                               .incarnation = incarnation,
                               .partition = partition,
                               .index = index,
                               .term = entry->term});
        }
    }
}

Story::MessageIds Story::messages_of(ByteSpan batch, std::uint32_t partition) {
    MessageIds messages;
    if (batch.size() < partition_ns::batch_header_size_bytes) {
        return messages;
    }
    partition_ns::RecordReader reader{partition_ns::RecordBatchView{batch}};
    for (partition_ns::Record record; reader.next(record);) {
        std::optional<MessageIdentity> const identity =
            record.value ? read_payload(*record.value) : std::nullopt;
        if (!identity) {
            continue;
        }
        if (timeline_.run.empty()) {
            timeline_.run = fmt::format("{:016x}", identity->run);
        }
        std::uint64_t const key = (std::uint64_t{identity->client} << 32U) | identity->sequence;
        auto const [at, is_new] =
            ids_.emplace(key, static_cast<std::uint32_t>(timeline_.messages.size()));
        if (is_new) {
            timeline_.messages.push_back(
                reports::TracedMessage{identity->client, identity->sequence, partition});
        }
        messages.push_back(at->second);
    }
    return messages;
}

Story::MessageIds Story::messages_of_log(ByteSpan batch, std::uint32_t partition) {
    if (batch.size() < partition_ns::batch_header_size_bytes) {
        return {};
    }
    // The checksum does not cover what the broker stamps, so it names the batch everywhere.
    std::uint32_t const crc = partition_ns::RecordBatchView{batch}.crc();
    auto const known = by_crc_.find({partition, crc});
    return known != by_crc_.end() ? known->second : messages_of(batch, partition);
}

void Story::on_request_sent(std::uint32_t connection, const Connection& of, const RequestTag& tag,
                            ByteSpan frame) {
    if (tag.kind != RequestKind::produce || frame.size() <= protocol::frame_length_size_bytes) {
        return;
    }
    auto const request =
        protocol::decode_request_frame(frame.subspan(protocol::frame_length_size_bytes));
    if (!request) {
        return;
    }
    auto const produce = protocol::decode_produce_request(request->body, tag.version);
    if (!produce || produce->topics.size() != 1 || produce->topics[0].partitions.size() != 1) {
        return;
    }
    MessageIds const messages =
        messages_of(produce->topics[0].partitions[0].records, tag.partition);
    by_crc_[{tag.partition, tag.batch_crc}] = messages;
    for (std::uint32_t const message : messages) {
        rung(Step::sent, {message},
             reports::Rung{.partition = tag.partition,
                           .attempt = ++attempts_[message],
                           .to_broker = of.broker + 1});
    }
    asked_[{connection, tag.correlation_id}] = Asked{tag, messages};
}

void Story::on_request_received(std::uint32_t node, std::uint32_t incarnation,
                                std::uint32_t connection, ByteSpan payload) {
    received_[node - 1].clear();
    auto const request = protocol::decode_request_frame(payload);
    if (!request) {
        return;
    }
    auto const asked = asked_.find({connection, request->header.correlation_id});
    if (asked == asked_.end()) {
        return;
    }
    received_[node - 1] = asked->second.messages;
    rung(Step::received, asked->second.messages,
         reports::Rung{
             .node = node, .incarnation = incarnation, .partition = asked->second.tag.partition});
}

void Story::on_step(std::uint32_t node, std::uint32_t incarnation, const broker::Node& state) {
    for (const broker::Fact& fact : state.facts()) {
        const broker::Replica* const replica_of = state.replica(fact.partition);
        if (replica_of != nullptr) {
            on_fact(node, incarnation, *replica_of, fact);
        }
    }
    received_[node - 1].clear();
}

void Story::take_log(std::uint32_t node, std::uint32_t incarnation, const broker::Replica& state,
                     std::uint64_t first, std::uint64_t last, bool recovered) {
    std::uint32_t const partition = state.partition().value();
    Replica& mine = replica(node, partition);
    if (first != mine.last() + 1) {
        mine.start = first - 1;
        mine.log.clear();
    }
    for (std::uint64_t index = first; index <= last; ++index) {
        const broker::raft::Entry& entry = state.raft().log().at(broker::LogIndex{index});
        Entry one{entry.term.value(), {}};
        if (!entry.control) {
            one.messages = messages_of_log(entry.payload, partition);
        }
        mine.log.push_back(std::move(one));
    }
    if (!recovered) {
        rungs(Step::appended, node, incarnation, partition, first, last);
    }
}

void Story::on_fact(std::uint32_t node, std::uint32_t incarnation, const broker::Replica& state,
                    const broker::Fact& fact) {
    std::uint32_t const partition = fact.partition.value();
    Replica& mine = replica(node, partition);
    switch (fact.kind) {
        case broker::FactKind::became_leader:
            leaders_[partition] = node;
            moment(Change::became_leader, node, incarnation, partition, fact.term.value());
            break;
        case broker::FactKind::stepped_down:
            leaders_[partition] = leaders_[partition] == node ? 0 : leaders_[partition];
            moment(Change::stepped_down, node, incarnation, partition, fact.term.value());
            break;
        case broker::FactKind::accepted:
            rung(Step::admitted, received_[node - 1],
                 reports::Rung{.node = node, .incarnation = incarnation, .partition = partition});
            break;
        case broker::FactKind::truncated: {
            std::uint64_t const first = std::max(fact.index.value(), mine.start + 1);
            rungs(Step::truncated, node, incarnation, partition, first, mine.last());
            if (first <= mine.last()) {
                mine.log.resize(first - mine.start - 1);
            }
            mine.written = std::min(mine.written, first - 1);
            mine.synced = std::min(mine.synced, first - 1);
            break;
        }
        case broker::FactKind::appended:
            take_log(node, incarnation, state, fact.index.value(), fact.last.value(), false);
            break;
        case broker::FactKind::committed:
            rungs(Step::committed, node, incarnation, partition, mine.committed + 1,
                  fact.index.value());
            mine.committed = std::max(mine.committed, fact.index.value());
            moment(Change::committed, node, incarnation, partition, fact.term.value());
            break;
        case broker::FactKind::serving:
            mine.log.clear();
            mine.start = state.raft().log().start().value();
            take_log(node, incarnation, state, mine.start + 1, fact.last.value(), true);
            mine.committed = mine.start;
            mine.written = truth_->written_log(node, fact.partition).last_index().value();
            mine.synced = truth_->durable_log(node, fact.partition).last_index().value();
            moment(Change::serving, node, incarnation, partition, fact.term.value());
            break;
        case broker::FactKind::installed:
            mine.log.clear();
            mine.start = state.raft().log().start().value();
            break;
        case broker::FactKind::compacted:
        case broker::FactKind::log_start:
        case broker::FactKind::admin_accepted:
        case broker::FactKind::admin_refused:
        case broker::FactKind::fate:
            break;
    }
}

void Story::look_at_disk(std::uint32_t node, std::uint32_t incarnation, std::uint32_t partition) {
    Replica& mine = replica(node, partition);
    broker::PartitionId const id{partition};
    std::uint64_t const written = truth_->written_log(node, id).last_index().value();
    std::uint64_t const synced = truth_->durable_log(node, id).last_index().value();
    if (written > mine.written) {
        rungs(Step::written, node, incarnation, partition, mine.written + 1, written);
    }
    if (synced > mine.synced) {
        rungs(Step::synced, node, incarnation, partition, mine.synced + 1, synced);
    }
    mine.written = written;
    mine.synced = synced;
}

void Story::on_disk(std::uint32_t node, std::uint32_t incarnation) {
    for (std::uint32_t partition = 0; partition < timeline_.partitions.size(); ++partition) {
        look_at_disk(node, incarnation, partition);
    }
}

void Story::on_answer_sent(std::uint32_t node, std::uint32_t incarnation, std::uint32_t connection,
                           const RequestTag& tag, ByteSpan payload) {
    auto const asked = asked_.find({connection, tag.correlation_id});
    if (tag.kind != RequestKind::produce || asked == asked_.end()) {
        return;
    }
    auto const frame = protocol::decode_response_frame(payload);
    auto const response =
        frame ? protocol::decode_produce_response(frame->body, tag.version)
              : broker::Result<protocol::ProduceResponse>{tl::unexpect, frame.error()};
    if (!response || response->topics.size() != 1 || response->topics[0].partitions.size() != 1) {
        return;
    }
    const protocol::ProducePartitionResponse& part = response->topics[0].partitions[0];
    if (part.error == protocol::KafkaError::none) {
        rung(Step::ack_sent, asked->second.messages,
             reports::Rung{.node = node,
                           .incarnation = incarnation,
                           .partition = tag.partition,
                           .offset = part.base_offset.value()});
    }
}

void Story::on_answer_received(std::uint32_t connection, ByteSpan payload) {
    auto const frame = protocol::decode_response_frame(payload);
    if (!frame) {
        return;
    }
    auto const asked = asked_.find({connection, frame->correlation_id});
    if (asked == asked_.end()) {
        return;
    }
    auto const response = protocol::decode_produce_response(frame->body, asked->second.tag.version);
    if (response && response->topics.size() == 1 && response->topics[0].partitions.size() == 1 &&
        response->topics[0].partitions[0].error == protocol::KafkaError::none) {
        rung(Step::acked, asked->second.messages,
             reports::Rung{.partition = asked->second.tag.partition,
                           .offset = response->topics[0].partitions[0].base_offset.value()});
    }
    asked_.erase(asked);
}

void Story::on_node(std::uint32_t node, std::uint32_t incarnation, NodeChange change) {
    constexpr Change changes[] = {Change::started,    Change::start_failed, Change::crashed,
                                  Change::lost_power, Change::stopped,      Change::broke};
    bool const gone = change != NodeChange::started && change != NodeChange::start_failed;
    for (std::uint32_t partition = 0; gone && partition < timeline_.partitions.size();
         ++partition) {
        Replica& mine = replica(node, partition);
        std::uint64_t const left =
            truth_->written_log(node, broker::PartitionId{partition}).last_index().value();
        rungs(Step::lost, node, incarnation, partition, std::max(left, mine.start) + 1,
              mine.last());
        if (left < mine.last()) {
            mine.log.resize(left > mine.start ? left - mine.start : 0);
        }
        mine.written = left;
        mine.synced =
            truth_->durable_log(node, broker::PartitionId{partition}).last_index().value();
        if (leaders_[partition] == node) {
            leaders_[partition] = 0;
        }
    }
    moment(changes[static_cast<std::size_t>(change)], node, incarnation, 0, 0);
}

std::string Story::role_of(const std::vector<std::uint32_t>& nodes) const {
    if (nodes.empty()) {
        return "";
    }
    if (nodes.size() == timeline_.brokers && nodes.size() > 1) {
        return "all";
    }
    if (nodes.size() > 1) {
        return nodes.size() * 2 > timeline_.brokers ? "majority" : "minority";
    }
    bool const leads = std::find(leaders_.begin(), leaders_.end(), nodes.front()) != leaders_.end();
    return leads ? "leader" : "follower";
}

void Story::on_fault(std::uint32_t number, const ElementState& element, bool begins) {
    if (faults_.size() <= number) {
        faults_.resize(number + std::size_t{1}, SIZE_MAX);
    }
    if (begins) {
        if (faults_[number] != SIZE_MAX) {
            return;  // a later stage of what has begun
        }
        reports::Fault fault;
        fault.id = element.element.id;
        fault.kind = fault_text(element.element);
        for (std::uint32_t const host : element.hosts) {
            fault.nodes.push_back(host + 1);
        }
        fault.role = role_of(fault.nodes);
        fault.event = event_;
        fault.time_ns = time_ns_;
        faults_[number] = timeline_.faults.size();
        timeline_.faults.push_back(std::move(fault));
    } else if (faults_[number] != SIZE_MAX) {
        timeline_.faults[faults_[number]].end_ns = time_ns_;
    }
    if (faults_[number] != SIZE_MAX) {
        moment(begins ? Change::fault_began : Change::fault_ended,
               element.hosts.empty() ? 0 : element.hosts.front() + 1, 0, 0, 0, element.element.id);
        timeline_.moments.back().fault = static_cast<std::uint32_t>(faults_[number]);
    }
}

}  // namespace brokersim
