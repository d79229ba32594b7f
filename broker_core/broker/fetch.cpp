// Fetch: whole batches below the high watermark, from the leader; long polls wait for more.
//
// New records come from memory, older ones from the log's files: then the fetch waits for the disk
// and is judged anew with what was read, as the leader may be none by then and the records gone.
#include "broker_core/broker/node.h"
#include "broker_core/partition/record_batch.h"

#include <algorithm>

namespace broker {
namespace {

using protocol::KafkaError;

// Control records of Kafka's transactions have types 0 and 1; others are skipped by clients.
constexpr std::int16_t first_control_type = 2;

KafkaError epoch_error(std::int32_t asked, Term current) {
    if (asked < 0) {
        return KafkaError::none;  // unchecked
    }
    Term const term{static_cast<std::uint64_t>(asked)};
    if (term < current) {
        return KafkaError::fenced_leader_epoch;
    }
    return term > current ? KafkaError::unknown_leader_epoch : KafkaError::none;
}

}  // namespace

void Node::on_fetch(Time now, ConnectionId connection, const protocol::RequestFrame& request) {
    Result<protocol::FetchRequest> const fetch =
        protocol::decode_fetch_request(request.body, request.header.api_version);
    if (!fetch) {
        drop_connection(connection);
        return;
    }
    ParkedFetch parked;
    parked.connection = connection;
    parked.slot = connections_.open_slot(connection, request.header.correlation_id,
                                         request.header.api_version);
    parked.version = request.header.api_version;
    parked.deadline = now + Duration{std::max(fetch->max_wait_ms, 0) * 1'000'000LL};
    bool const must_answer = fetch->max_wait_ms <= 0 || state_ != NodeState::running;
    if (serve_fetch(parked, *fetch, must_answer)) {
        return;
    }
    probes_.reached(Probe::fetch_parked);
    parked.request.assign(request.body.begin(), request.body.end());
    parked_.push_back(std::move(parked));
}

void Node::append_entry(const Replica& replica, LogIndex index, Term term, bool control,
                        ByteSpan payload) {
    if (!control) {
        append(batches_, payload);
        return;
    }
    auto const kind = static_cast<std::int16_t>(raft::control_kind(payload));
    partition::encode_control_batch(
        batches_, partition::BatchPosition{replica.offsets().base_of(index), term},
        static_cast<std::int16_t>(first_control_type + kind), 0);
}

void Node::append_batches(const Replica& replica, Offset from, std::uint32_t max_bytes) {
    Offset const end = replica.high_watermark();
    std::size_t const begin = batches_.size();
    for (LogIndex index = replica.offsets().index_of(from);
         index <= replica.raft().commit() && replica.offsets().base_of(index) < end; ++index) {
        const raft::Entry& entry = replica.raft().log().at(index);
        // At least one batch is returned even above the limit, so that a reader always moves on.
        if (batches_.size() > begin && batches_.size() - begin + entry.payload.size() > max_bytes) {
            return;
        }
        append_entry(replica, index, entry.term, entry.control, entry.payload);
    }
}

/// False if the records have yet to be read.
bool Node::append_from_disk(ParkedFetch& fetch, Replica& replica, Offset from,
                            std::uint32_t max_bytes) {
    LogIndex const first = replica.offsets().index_of(from);
    auto const read = std::find_if(fetch.reads.begin(), fetch.reads.end(), [&](const auto& each) {
        return each.partition == replica.partition() && each.first == first;
    });
    if (read != fetch.reads.end()) {
        if (!read->done) {
            return false;  // named twice in one request
        }
        if (!read->entries.empty()) {
            for (const wal::RecoveredEntry& entry : read->entries) {
                append_entry(replica, entry.index, entry.term, entry.control, entry.payload);
            }
            probes_.reached(Probe::fetch_from_disk);
            return true;
        }
        fetch.reads.erase(read);  // its segment was removed meanwhile
    }
    FetchRead begun;
    begun.partition = replica.partition();
    begun.first = first;
    begun.number = replica.read(first, max_bytes);
    fetch.reads.push_back(std::move(begun));
    return false;
}

bool Node::serve_fetch(ParkedFetch& fetch, const protocol::FetchRequest& request, bool last) {
    Slot* const slot = connections_.find(fetch.connection, fetch.slot);
    if (slot == nullptr) {
        return true;
    }
    // Spans into batches_ are taken once it has stopped growing.
    struct Range {
        std::size_t begin;
        std::size_t end;
    };
    std::vector<Range> ranges;
    batches_.clear();
    protocol::FetchResponse response;
    bool error = false;
    bool reading = false;
    for (const protocol::FetchTopic& topic : request.topics) {
        protocol::FetchTopicResponse& topic_response = response.topics.add();
        topic_response.name = topic.name;
        for (const protocol::FetchPartition& asked : topic.partitions) {
            protocol::FetchPartitionResponse& part = topic_response.partitions.add();
            part.index = asked.index;
            std::size_t const begin = batches_.size();
            std::optional<PartitionId> const partition = topics_.find(topic.name, asked.index);
            Replica* const replica = partition ? leading(*partition) : nullptr;
            if (!partition) {
                part.error = KafkaError::unknown_topic_or_partition;
            } else if (replica == nullptr || state_ != NodeState::running) {
                part.error = KafkaError::not_leader_or_follower;
            } else {
                part.error = epoch_error(asked.current_leader_epoch, replica->raft().term());
                if (part.error == KafkaError::none && asked.fetch_offset < Offset{0}) {
                    part.error = KafkaError::offset_out_of_range;
                }
                // Until an entry of its own term committed, a leader does not know how far the
                // earlier ones did; and an offset it does not have may be one it has yet to hear
                // was committed elsewhere, if it was deposed without noticing.
                if (part.error == KafkaError::none &&
                    (!replica->watermark_known() ||
                     asked.fetch_offset > replica->offsets().log_end())) {
                    part.error = KafkaError::offset_not_available;
                }
                if (part.error == KafkaError::none && asked.fetch_offset < replica->log_start()) {
                    probes_.reached(Probe::read_below_log_start);
                    part.error = KafkaError::offset_out_of_range;
                }
            }
            if (part.error == KafkaError::none) {
                part.high_watermark = replica->high_watermark();
                part.last_stable_offset = part.high_watermark;
                part.log_start_offset = replica->log_start();
                std::uint32_t const limit =
                    std::min(config_.tuning.broker.fetch_max_bytes,
                             static_cast<std::uint32_t>(std::max(asked.max_bytes, 0)));
                if (asked.fetch_offset < part.high_watermark) {
                    if (replica->is_hot(replica->offsets().index_of(asked.fetch_offset))) {
                        append_batches(*replica, asked.fetch_offset, limit);
                    } else if (!append_from_disk(fetch, *replica, asked.fetch_offset, limit)) {
                        reading = true;
                    }
                }
            } else {
                error = true;
            }
            ranges.push_back(Range{begin, batches_.size()});
        }
    }
    if (reading) {
        return false;
    }
    auto const wanted = static_cast<std::size_t>(std::max(request.min_bytes, 0));
    if (!last && !error && batches_.size() < wanted) {
        return false;
    }
    std::size_t next = 0;
    for (protocol::FetchTopicResponse& topic : response.topics) {
        for (protocol::FetchPartitionResponse& part : topic.partitions) {
            const Range& range = ranges[next];
            part.records = ByteSpan{batches_}.subspan(range.begin, range.end - range.begin);
            ++next;
        }
    }
    if (!batches_.empty()) {
        probes_.reached(Probe::fetch_served);
    }
    Bytes frame;
    protocol::append_response(frame, slot->correlation_id, response, fetch.version);
    connections_.answer(fetch.connection, fetch.slot, std::move(frame));
    return true;
}

void Node::on_entries_read(PartitionId partition, std::vector<wal::EntriesRead>& finished) {
    look_at_parked_ = true;
    for (wal::EntriesRead& entries : finished) {
        for (ParkedFetch& fetch : parked_) {
            for (FetchRead& read : fetch.reads) {
                if (read.partition == partition && read.number == entries.number) {
                    read.done = true;
                    read.entries = std::move(entries.entries);
                }
            }
        }
    }
}

void Node::serve_parked(Time now) {
    bool const look_at_all = look_at_parked_ || state_ != NodeState::running;
    look_at_parked_ = false;
    std::erase_if(parked_, [&](ParkedFetch& fetch) {
        bool const due = now >= fetch.deadline || state_ != NodeState::running;
        bool const waits = fetch.waits_for_disk() && state_ == NodeState::running;
        if (waits || (!due && !look_at_all)) {
            return false;
        }
        Result<protocol::FetchRequest> const request =
            protocol::decode_fetch_request(fetch.request, fetch.version);
        return serve_fetch(fetch, *request, due);
    });
}

}  // namespace broker
