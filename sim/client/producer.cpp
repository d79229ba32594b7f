// Batching, retries and fates.
#include "sim/client/producer.h"

#include "broker_core/base/check.h"
#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/init_producer_id.h"
#include "broker_core/protocol/produce.h"
#include "sim/client/error_meaning.h"

#include <algorithm>

namespace brokersim {

namespace protocol = broker::protocol;
namespace partition_ns = broker::partition;
using broker::Offset;
using broker::ProducerEpoch;
using broker::ProducerId;
using broker::Sequence;
using protocol::KafkaError;
using reports::OpType;

namespace {

constexpr std::int16_t produce_version = 7;
constexpr std::int16_t init_version = 1;

std::int16_t wire_acks(ProducerAcks acks) {
    switch (acks) {
        case ProducerAcks::none:
            return 0;
        case ProducerAcks::leader:
            return 1;
        case ProducerAcks::all:
            return -1;
    }
    return -1;
}

}  // namespace

Producer::Producer(const ClientConfig& config, const ProducerConfig& producer, std::uint32_t number,
                   const Distribution& payload, const broker::Topics& topics, ClientPort& port,
                   Recorder& recorder)
    : Client{config, topics, port},
      producer_{producer},
      number_{number},
      payload_{payload},
      recorder_{recorder},
      payload_random_{config.seed, "producer.payload", number} {
    partitions_.resize(topics.partitions().size());
    for (Partition& partition : partitions_) {
        partition.next_sequence = producer.first_sequence;
        partition.next_unwrapped = producer.first_sequence;
    }
    if (producer_.acks != ProducerAcks::all) {
        producer_.idempotent = false;
    }
}

void Producer::produce(std::uint32_t partition) {
    partitions_[partition].queued.push_back(Queued{next_sequence_, now()});
    payload_sizes_.push_back(static_cast<std::uint32_t>(payload_.draw(payload_random_)));
    ++next_sequence_;
    ++open_messages_;
    pump();
}

void Producer::work() {
    if (open_messages_ == 0) {
        return;
    }
    for (std::uint32_t partition = 0; partition < partitions_.size(); ++partition) {
        expire(partition);
    }
    if (producer_.idempotent && pid_ < 0) {
        ask_producer_id();
    }
    for (std::uint32_t partition = 0; partition < partitions_.size(); ++partition) {
        work_on(partition);
    }
}

void Producer::ask_producer_id() {
    if (pid_asked_ || now() < pid_retry_at_ || !reach(contact())) {
        return;
    }
    RequestTag tag;
    tag.kind = RequestKind::init_producer_id;
    tag.correlation_id = next_correlation();
    tag.version = init_version;
    Bytes frame;
    protocol::append_request(frame,
                             protocol::RequestInfo{.api_version = tag.version,
                                                   .correlation_id = tag.correlation_id,
                                                   .client_id = std::nullopt},
                             protocol::InitProducerIdRequest{});
    pid_asked_ = true;
    Client::send(contact(), tag, 0, config_.request_timeout, std::move(frame));
}

void Producer::renew_producer_id() {
    pid_ = -1;
    pump();
}

void Producer::expire(std::uint32_t partition) {
    Partition& state = partitions_[partition];
    while (!state.queued.empty() &&
           state.queued.front().accepted + producer_.delivery_timeout <= now()) {
        state.queued.pop_front();
        --open_messages_;
        ++never_sent_;
        port_.happened("producer_expired", leader(partition).value_or(contact()));
    }
    // In order, so that a batch is never given up before those it stands behind.
    while (!state.batches.empty() && state.batches.front().expires <= now() &&
           state.batches.front().state != BatchState::in_flight) {
        const Batch& batch = state.batches.front();
        finish(partition, batch.cookie, batch.maybe_appended ? OpType::info : OpType::fail, -1);
        port_.happened("producer_expired", leader(partition).value_or(contact()));
    }
}

bool Producer::form_batch(std::uint32_t partition) {
    Partition& state = partitions_[partition];
    if (state.queued.empty() || (producer_.idempotent && pid_ < 0)) {
        return false;
    }
    bool const full = state.queued.size() >= producer_.batch_records;
    if (!full && state.queued.front().accepted + producer_.linger > now()) {
        return false;
    }
    if (producer_.idempotent && state.pid != pid_) {
        // A new id begins at sequence 0, once everything of the old one has an outcome.
        if (!state.batches.empty()) {
            return false;
        }
        if (state.pid >= 0) {
            state.next_sequence = 0;
            state.next_unwrapped = 0;
        }
        state.pid = pid_;
        state.epoch = 0;
    }
    Batch batch;
    ++next_cookie_;
    batch.cookie = next_cookie_;
    batch.expires = state.queued.front().accepted + producer_.delivery_timeout;
    std::size_t const count = std::min<std::size_t>(state.queued.size(), producer_.batch_records);
    batch.timestamp_ms = now().nanoseconds() / 1'000'000;
    std::vector<reports::SendMop> mops;
    for (std::size_t i = 0; i < count; ++i) {
        std::uint32_t const sequence = state.queued.front().sequence;
        state.queued.pop_front();
        batch.sequences.push_back(sequence);
        mops.push_back(reports::SendMop{recorder_.key(partition),
                                        recorder_.message(number_, sequence), reports::absent});
    }
    if (producer_.idempotent) {
        batch.pid = pid_;
        name_batch(state, batch);
    }
    encode_batch(batch);
    reports::SendFields fields;
    fields.acks = producer_.acks == ProducerAcks::all      ? reports::Acks::all
                  : producer_.acks == ProducerAcks::leader ? reports::Acks::one
                                                           : reports::Acks::zero;
    fields.idempotent = producer_.idempotent ? reports::Choice::yes : reports::Choice::no;
    fields.batch = reports::Choice::yes;
    if (producer_.idempotent) {
        fields.pid = batch.pid;
        fields.epoch = batch.epoch;
        fields.sequence = batch.unwrapped;
    }
    recorder_.history().send_invoke(now().nanoseconds(), recorder_.process(config_.id), mops,
                                    fields);
    state.batches.push_back(std::move(batch));
    return true;
}

void Producer::work_on(std::uint32_t partition) {
    Partition& state = partitions_[partition];
    if (state.queued.empty() && state.batches.empty()) {
        return;
    }
    std::optional<std::uint32_t> const broker = leader(partition);
    if (!broker || !reach(*broker)) {
        return;
    }
    std::size_t i = 0;
    while (in_flight(*broker) < producer_.max_in_flight) {
        if (i == state.batches.size() && !form_batch(partition)) {
            return;
        }
        Batch& batch = state.batches[i];
        bool const waits = batch.state == BatchState::backing_off && batch.retry_at > now();
        if (waits && producer_.idempotent) {
            return;  // nothing may pass it
        }
        if (batch.state != BatchState::in_flight && batch.expires <= now()) {
            return;  // its turn to be given up comes in order
        }
        if (batch.state == BatchState::in_flight || waits) {
            ++i;
            continue;
        }
        send_batch(partition, batch, *broker);
        if (producer_.acks == ProducerAcks::none) {
            finish(partition, batch.cookie, OpType::ok, -1);
        } else {
            ++i;
        }
    }
}

void Producer::send_batch(std::uint32_t partition, Batch& batch, std::uint32_t broker) {
    const broker::PartitionInfo& info = topics_.partition(broker::PartitionId{partition});
    RequestTag tag;
    tag.kind = RequestKind::produce;
    tag.correlation_id = next_correlation();
    tag.version = produce_version;
    tag.partition = partition;
    tag.acks = wire_acks(producer_.acks);
    tag.batch_crc = batch.crc;
    protocol::ProduceRequest request;
    request.acks = tag.acks;
    request.timeout_ms =
        static_cast<std::int32_t>(config_.request_timeout.nanoseconds() / 1'000'000);
    protocol::ProduceTopic& topic = request.topics.add();
    topic.name = topics_.topics()[info.topic].name;
    protocol::ProducePartition& part = topic.partitions.add();
    part.index = info.index;
    part.records = batch.records;
    Bytes frame;
    protocol::append_request(frame,
                             protocol::RequestInfo{.api_version = tag.version,
                                                   .correlation_id = tag.correlation_id,
                                                   .client_id = std::nullopt},
                             request);
    batch.state = BatchState::in_flight;
    ++batch.attempts;
    ++attempts_;
    if (batch.attempts > 1) {
        ++retries_;
        port_.happened("producer_retry", broker);
    }
    if (producer_.acks == ProducerAcks::none) {
        send_without_answer(broker, tag, std::move(frame));
        return;
    }
    Client::send(broker, tag, batch.cookie, config_.request_timeout, std::move(frame));
}

Producer::Batch* Producer::find(std::uint32_t partition, std::uint64_t cookie) {
    for (Batch& batch : partitions_[partition].batches) {
        if (batch.cookie == cookie) {
            return &batch;
        }
    }
    return nullptr;
}

void Producer::retry(Batch& batch) {
    batch.state = BatchState::backing_off;
    batch.retry_at = now() + backoff();
    if (batch.attempts >= producer_.retry_attempts) {
        batch.expires = now();  // given up in order, like one whose time is over
    }
}

void Producer::answered(const Request& request, ByteSpan body) {
    if (request.tag.kind == RequestKind::init_producer_id) {
        pid_asked_ = false;
        broker::Result<protocol::InitProducerIdResponse> const response =
            protocol::decode_init_producer_id_response(body, request.tag.version);
        if (response && response->error == KafkaError::none) {
            pid_ = response->producer_id.value();
            return;
        }
        pid_retry_at_ = now() + backoff();
        next_contact();
        return;
    }
    std::uint32_t const partition = request.tag.partition;
    Batch* const batch = find(partition, request.cookie);
    if (batch == nullptr) {
        return;  // given up meanwhile
    }
    broker::Result<protocol::ProduceResponse> const response =
        protocol::decode_produce_response(body, request.tag.version);
    if (!response || response->topics.size() != 1 || response->topics[0].partitions.size() != 1) {
        on_unknown_fate(partition, *batch);
        return;
    }
    const protocol::ProducePartitionResponse& part = response->topics[0].partitions[0];
    if (part.error == KafkaError::none) {
        finish(partition, request.cookie, OpType::ok, part.base_offset.value());
        return;
    }
    if (part.error == KafkaError::duplicate_sequence_number) {
        finish(partition, request.cookie, OpType::ok, -1);  // appended earlier, offset unknown
        return;
    }
    bool const unknown = !definitely_not_appended(part.error);
    batch->maybe_appended = batch->maybe_appended || unknown;
    if (part.error == KafkaError::not_leader_or_follower) {
        forget_leader(partition);
    }
    // Behind a failed batch of the same producer this code is transient: the head comes first.
    bool const out_of_order = part.error == KafkaError::out_of_order_sequence_number;
    if (protocol::retriable(part.error) || out_of_order) {
        if (unknown) {
            on_unknown_fate(partition, *batch);
        } else if (out_of_order && producer_.flavour == ProducerFlavour::naive_bump) {
            retry(*batch);
            bump_epoch(partition);
        } else {
            retry(*batch);
        }
        return;
    }
    finish(partition, request.cookie, batch->maybe_appended ? OpType::info : OpType::fail, -1);
    if (producer_.idempotent) {
        renew_producer_id();
    }
}

void Producer::unanswered(const Request& request) {
    ++timeouts_;
    if (request.tag.kind == RequestKind::init_producer_id) {
        pid_asked_ = false;
        pid_retry_at_ = now() + backoff();
        next_contact();
        return;
    }
    Batch* const batch = find(request.tag.partition, request.cookie);
    if (batch == nullptr) {
        return;
    }
    on_unknown_fate(request.tag.partition, *batch);
}

void Producer::finish(std::uint32_t partition, std::uint64_t cookie, OpType outcome,
                      std::int64_t base_offset) {
    Partition& state = partitions_[partition];
    auto const at = std::find_if(state.batches.begin(), state.batches.end(),
                                 [cookie](const Batch& batch) { return batch.cookie == cookie; });
    CHECK(at != state.batches.end());
    std::vector<reports::SendMop> mops;
    for (std::size_t i = 0; i < at->sequences.size(); ++i) {
        bool const known = outcome == OpType::ok && base_offset >= 0;
        mops.push_back(
            reports::SendMop{recorder_.key(partition), recorder_.message(number_, at->sequences[i]),
                             known ? base_offset + static_cast<std::int64_t>(i) : reports::absent});
    }
    reports::SendFields fields;
    fields.attempts = std::max<std::uint32_t>(at->attempts, 1);
    if (copies_allowed_) {
        fields.max_copies = fields.attempts;
    } else if (at->names_maybe_stored > 1) {
        fields.max_copies = at->names_maybe_stored;
    }
    if (at->epoch > 0) {
        fields.pid = at->pid;
        fields.epoch = at->epoch;
        fields.sequence = at->unwrapped;
    }
    recorder_.history().send_done(now().nanoseconds(), recorder_.process(config_.id), outcome, mops,
                                  fields);
    open_messages_ -= at->sequences.size();
    bool const renew = producer_.idempotent && outcome != OpType::ok && at->pid == pid_;
    state.batches.erase(at);
    if (renew) {
        pid_ = -1;  // the sequence of a batch given up must not name another one
    }
}

void Producer::give_up() {
    for (std::uint32_t partition = 0; partition < partitions_.size(); ++partition) {
        Partition& state = partitions_[partition];
        never_sent_ += state.queued.size();
        open_messages_ -= state.queued.size();
        state.queued.clear();
        while (!state.batches.empty()) {
            const Batch& batch = state.batches.front();
            bool const unknown = batch.maybe_appended || batch.state == BatchState::in_flight;
            finish(partition, batch.cookie, unknown ? OpType::info : OpType::fail, -1);
        }
    }
}

Time Producer::own_deadline() const {
    Time deadline = Time::never();
    if (open_messages_ == 0) {
        return deadline;
    }
    for (const Partition& state : partitions_) {
        if (!state.queued.empty()) {
            Time const accepted = state.queued.front().accepted;
            deadline = std::min(deadline, accepted + producer_.delivery_timeout);
            if (accepted + producer_.linger > now()) {
                deadline = std::min(deadline, accepted + producer_.linger);
            }
        }
        for (const Batch& batch : state.batches) {
            if (batch.state == BatchState::backing_off && batch.retry_at > now()) {
                deadline = std::min(deadline, batch.retry_at);
            }
            if (batch.state != BatchState::in_flight && batch.expires > now()) {
                deadline = std::min(deadline, batch.expires);
            }
        }
    }
    if (producer_.idempotent && pid_ < 0 && !pid_asked_ && pid_retry_at_ > now()) {
        deadline = std::min(deadline, pid_retry_at_);
    }
    return deadline;
}

}  // namespace brokersim
