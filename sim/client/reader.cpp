// Fetching, checking what came, and writing it into the history.
#include "sim/client/reader.h"

#include "broker_core/base/check.h"
#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/list_offsets.h"

#include <algorithm>

namespace brokersim {

namespace protocol = broker::protocol;
namespace partition_ns = broker::partition;
using broker::Offset;
using protocol::KafkaError;

namespace {

constexpr std::int16_t fetch_version = 11;
constexpr std::int16_t list_offsets_version = 2;
constexpr std::int32_t fetch_max_bytes = 1 << 18;
constexpr std::int32_t fetch_max_wait_ms = 500;
// Length, attributes, two deltas, three lengths: a byte each (KIP-98, record format v2).
constexpr std::uint64_t record_bytes_min = 7;

protocol::RequestInfo info_of(const RequestTag& tag) {
    return protocol::RequestInfo{.api_version = tag.version,
                                 .correlation_id = tag.correlation_id,
                                 .client_id = std::nullopt};
}

}  // namespace

Reader::Reader(const ClientConfig& config, ReaderRole role, const broker::Topics& topics,
               ClientPort& port, Recorder& recorder, std::optional<std::uint64_t> stops_at)
    : Client{config, topics, port}, role_{role}, recorder_{recorder}, stops_at_{stops_at} {
    partitions_.resize(topics.partitions().size());
    begun_ = role == ReaderRole::consumer;
}

void Reader::begin() {
    begun_ = true;
    pump();
}

bool Reader::active() const {
    return begun_ && !stopped_ && !complete();
}

bool Reader::complete() const {
    return std::all_of(partitions_.begin(), partitions_.end(),
                       [](const Partition& partition) { return partition.complete; });
}

bool Reader::wants_metadata() const {
    return active();
}

Time Reader::own_deadline() const {
    Time deadline = Time::never();
    if (!active()) {
        return deadline;
    }
    for (const Partition& partition : partitions_) {
        if (!partition.asked && !partition.complete && partition.retry_at > now()) {
            deadline = std::min(deadline, partition.retry_at);
        }
    }
    return deadline;
}

void Reader::back_off(Partition& partition) {
    partition.retry_at = now() + backoff();
}

void Reader::work() {
    if (!active()) {
        return;
    }
    for (std::uint32_t i = 0; i < partitions_.size(); ++i) {
        Partition& partition = partitions_[i];
        if (partition.asked || partition.complete || partition.retry_at > now()) {
            continue;
        }
        maybe_start_over(partition);
        std::optional<std::uint32_t> const broker = leader(i);
        if (!broker || !reach(*broker)) {
            continue;
        }
        if (partition.seeks || partition.asks_end ||
            (role_ == ReaderRole::drain && !partition.end)) {
            ask_offset(i, *broker);
        } else {
            ask_records(i, *broker);
        }
    }
}

void Reader::maybe_start_over(Partition& partition) const {
    if (reread_after_ == Duration{} || now() < partition.began + reread_after_) {
        return;
    }
    partition.began = now();
    partition.position = 0;
    partition.seeks = true;
    partition.asks_end = true;
}

void Reader::ask_offset(std::uint32_t partition, std::uint32_t broker) {
    const broker::PartitionInfo& info = topics_.partition(broker::PartitionId{partition});
    RequestTag tag;
    tag.kind = RequestKind::list_offsets;
    tag.correlation_id = next_correlation();
    tag.version = list_offsets_version;
    tag.partition = partition;
    tag.earliest = partitions_[partition].seeks && !partitions_[partition].asks_end;
    protocol::ListOffsetsRequest request;
    protocol::ListOffsetsTopic& topic = request.topics.add();
    topic.name = topics_.topics()[info.topic].name;
    topic.partitions.push_back(protocol::ListOffsetsPartition{
        info.index, tag.earliest ? protocol::timestamp_earliest : protocol::timestamp_latest});
    Bytes frame;
    protocol::append_request(frame, info_of(tag), request);
    partitions_[partition].asked = true;
    Client::send(broker, tag, 0, config_.request_timeout, std::move(frame));
}

void Reader::ask_records(std::uint32_t partition, std::uint32_t broker) {
    const broker::PartitionInfo& info = topics_.partition(broker::PartitionId{partition});
    RequestTag tag;
    tag.kind = RequestKind::fetch;
    tag.correlation_id = next_correlation();
    tag.version = fetch_version;
    tag.partition = partition;
    tag.fetch_offset = partitions_[partition].position;
    protocol::FetchRequest request;
    bool const may_wait = role_ == ReaderRole::consumer;
    request.max_wait_ms = may_wait ? fetch_max_wait_ms : 0;
    request.min_bytes = 1;
    protocol::FetchTopic& topic = request.topics.add();
    topic.name = topics_.topics()[info.topic].name;
    protocol::FetchPartition& part = topic.partitions.add();
    part.index = info.index;
    part.fetch_offset = Offset{tag.fetch_offset};
    part.max_bytes = fetch_max_bytes;
    Bytes frame;
    protocol::append_request(frame, info_of(tag), request);
    partitions_[partition].asked = true;
    if (role_ == ReaderRole::consumer) {
        recorder_.history().poll_invoke(now().nanoseconds(),
                                        recorder_.poller(config_.id, partition));
    }
    Duration const wait{may_wait ? std::int64_t{fetch_max_wait_ms} * 1'000'000 : 0};
    Client::send(broker, tag, 0, config_.request_timeout + wait, std::move(frame));
}

void Reader::unanswered(const Request& request) {
    Partition& partition = partitions_[request.tag.partition];
    partition.asked = false;
    if (request.tag.kind == RequestKind::fetch) {
        end_poll(request.tag.partition, reports::OpType::info);
    }
    back_off(partition);
}

void Reader::answered(const Request& request, ByteSpan body) {
    std::uint32_t const index = request.tag.partition;
    Partition& partition = partitions_[index];
    partition.asked = false;
    if (stopped_) {
        if (request.tag.kind == RequestKind::fetch) {
            end_poll(index, reports::OpType::info);
        }
        return;
    }
    if (request.tag.kind == RequestKind::list_offsets) {
        broker::Result<protocol::ListOffsetsResponse> const response =
            protocol::decode_list_offsets_response(body, request.tag.version);
        if (!response || response->topics.size() != 1 ||
            response->topics[0].partitions.size() != 1) {
            back_off(partition);
            return;
        }
        const protocol::ListOffsetsPartitionResponse& part = response->topics[0].partitions[0];
        if (part.error != KafkaError::none) {
            if (part.error == KafkaError::not_leader_or_follower) {
                forget_leader(index);
            }
            back_off(partition);
            return;
        }
        on_offset(index, part.offset.value());
        return;
    }
    broker::Result<protocol::FetchResponse> const response =
        protocol::decode_fetch_response(body, request.tag.version);
    if (!response || response->topics.size() != 1 || response->topics[0].partitions.size() != 1) {
        end_poll(index, reports::OpType::info);
        back_off(partition);
        return;
    }
    on_fetch(index, response->topics[0].partitions[0], request.tag.fetch_offset);
}

void Reader::on_offset(std::uint32_t index, std::int64_t offset) {
    Partition& partition = partitions_[index];
    if (partition.asks_end) {
        partition.asks_end = false;  // its lag, which only a dashboard would show
        return;
    }
    if (partition.seeks) {
        partition.seeks = false;
        partition.position = std::max(partition.position, offset);
        partition.start = partition.position;
        if (role_ == ReaderRole::consumer) {
            reports::KeyId const key = recorder_.key(index);
            recorder_.history().assign(now().nanoseconds(), recorder_.poller(config_.id, index),
                                       reports::OpType::ok, std::span{&key, 1},
                                       reports::Choice::yes);
            return;
        }
        // What was read below the start is gone meanwhile: the drain is of what is left, to an
        // end that is sampled after the start.
        partition.end.reset();
        std::int64_t const start = partition.start;
        std::erase_if(partition.records,
                      [start](const reports::Record& record) { return record.offset < start; });
        std::erase_if(partition.control, [start](std::int64_t at) { return at < start; });
        std::erase_if(partition.corrupt, [start](std::int64_t at) { return at < start; });
    } else {
        partition.end = offset;
    }
    if (partition.end && partition.position >= *partition.end) {
        write_drain(index);
    }
}

void Reader::note_corrupt(Partition& partition, const partition_ns::RecordBatchView& header,
                          std::uint64_t size) {
    // It need not be what its header says: it has no more records than there is room for, and if
    // it is not where it ought to be, nothing is known but that this position cannot be read.
    auto const room = static_cast<std::int64_t>(size / record_bytes_min);
    std::int64_t first = header.base_offset().value();
    std::int64_t last = first + std::clamp<std::int64_t>(header.last_offset_delta(), 0, room);
    if (first > partition.position || last < partition.position) {
        first = partition.position;
        last = first;
    }
    for (std::int64_t offset = first; offset <= last; ++offset) {
        batch_corrupt_.push_back(offset);
    }
    partition.position = last + 1;
}

void Reader::read_batches(Partition& partition, ByteSpan records, std::int64_t from) {
    batch_records_.clear();
    batch_corrupt_.clear();
    std::uint64_t const whole = records.size();
    while (records.size() >= partition_ns::batch_header_size_bytes) {
        partition_ns::RecordBatchView const header{records};
        std::int64_t const length = header.length_bytes();
        std::uint64_t const size = partition_ns::batch_length_overhead_bytes +
                                   static_cast<std::uint64_t>(std::max<std::int64_t>(length, 0));
        if (length < 0 || size > records.size()) {
            // The last batch of a response may be cut off; the first one is whole, or no batch.
            if (whole == records.size()) {
                note_corrupt(partition, header, 0);
            }
            break;
        }
        ByteSpan const bytes = records.first(size);
        records = records.subspan(size);
        std::int64_t const base = header.base_offset().value();
        partition_ns::BatchResult const batch = partition_ns::validate_served(
            bytes, partition_ns::BatchPosition{header.base_offset(), header.leader_epoch()});
        if (!batch) {
            note_corrupt(partition, header, size);
            continue;
        }
        if (batch->is_control()) {
            if (role_ == ReaderRole::drain) {
                partition.control.push_back(base);
            }
        } else {
            partition_ns::RecordReader reader{*batch};
            for (partition_ns::Record record; reader.next(record);) {
                std::int64_t const offset = reader.offset().value();
                if (offset < from) {
                    continue;  // the first batch of a response may begin earlier
                }
                ByteSpan const value = record.value.value_or(ByteSpan{});
                batch_records_.push_back(reports::Record{offset, recorder_.value_read(value)});
            }
        }
        partition.position = std::max(partition.position, batch->last_offset().value() + 1);
    }
}

void Reader::on_fetch(std::uint32_t index, const protocol::FetchPartitionResponse& part,
                      std::int64_t from) {
    Partition& partition = partitions_[index];
    if (part.error != KafkaError::none) {
        end_poll(index, reports::OpType::info);
        if (part.error == KafkaError::not_leader_or_follower) {
            forget_leader(index);
        }
        if (part.error == KafkaError::offset_out_of_range) {
            partition.seeks = true;  // retention went past it
        }
        back_off(partition);
        return;
    }
    read_batches(partition, part.records, from);
    records_read_ += batch_records_.size();
    if (role_ == ReaderRole::drain) {
        for (const reports::Record& record : batch_records_) {
            partition.records.push_back(record);
        }
        partition.corrupt.insert(partition.corrupt.end(), batch_corrupt_.begin(),
                                 batch_corrupt_.end());
        if (partition.position >= *partition.end) {
            write_drain(index);
        } else if (part.records.empty()) {
            back_off(partition);  // an older leader answered, or the watermark is not known yet
        }
        return;
    }
    if (stops_at_ && records_read_ >= *stops_at_) {
        stopped_ = true;
    }
    reports::PollPart poll;
    poll.key = recorder_.key(index);
    poll.hw = part.high_watermark.value();
    poll.from = from;
    poll.epoch = answer_epoch_ >= 0 ? answer_epoch_ : reports::absent;
    poll.records = batch_records_;
    poll.corrupt = batch_corrupt_;
    end_poll(index, reports::OpType::ok, std::span{&poll, 1});
}

void Reader::end_poll(std::uint32_t partition, reports::OpType type,
                      std::span<const reports::PollPart> parts) {
    if (role_ == ReaderRole::consumer) {
        recorder_.history().poll_done(now().nanoseconds(), recorder_.poller(config_.id, partition),
                                      type, parts);
    }
}

void Reader::write_drain(std::uint32_t index) {
    Partition& partition = partitions_[index];
    partition.complete = true;
    // Reading may have gone past the sampled end; what lies behind it is not part of the sample.
    std::int64_t const end = *partition.end;
    std::erase_if(partition.records, [end](const reports::Record& r) { return r.offset >= end; });
    std::erase_if(partition.control, [end](std::int64_t offset) { return offset >= end; });
    std::erase_if(partition.corrupt, [end](std::int64_t offset) { return offset >= end; });
    reports::Drain drain{recorder_.key(index),
                         partition.start,
                         end,
                         partition.records,
                         partition.control,
                         partition.corrupt,
                         reports::absent,
                         reports::DrainSource::client};
    recorder_.history().drain(now().nanoseconds(), drain);
}

}  // namespace brokersim
