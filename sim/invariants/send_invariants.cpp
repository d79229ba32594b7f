// Checks at the moment something leaves a node.
#include "sim/invariants/send_invariants.h"

#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/fetch.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/list_offsets.h"
#include "broker_core/protocol/produce.h"
#include "sim/invariants/quorum.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

namespace protocol = broker::protocol;
namespace partition_ns = broker::partition;
using broker::raft::MessageKind;
using protocol::KafkaError;

SendInvariants::SendInvariants(const broker::Topics& topics, const DiskTruth& truth,
                               ClusterLog& logs, const broker::Tuning& tuning,
                               Violations& violations)
    : topics_{topics},
      truth_{truth},
      logs_{logs},
      acks1_{tuning.broker.acks1},
      linearizable_{tuning.raft.read_index},
      violations_{violations},
      fates_{violations} {
    shown_.resize(topics.partitions().size());
    elections_.resize(topics.partitions().size());
    for (const broker::PartitionInfo& info : topics.partitions()) {
        first_members_.push_back(first_configuration(topics, info.id));
    }
}

std::optional<PartitionId> datagram_partition(ByteSpan datagram) {
    constexpr std::size_t partition_at = 8;
    if (datagram.size() < broker::datagram_header_bytes) {
        return std::nullopt;
    }
    return PartitionId{broker::load_le<std::uint32_t>(datagram.data() + partition_at)};
}

void SendInvariants::on_datagram(std::uint32_t node, ByteSpan datagram) {
    std::optional<PartitionId> const about = datagram_partition(datagram);
    if (!about ||
        !broker::raft::decode(datagram.subspan(broker::datagram_header_bytes), received_)) {
        violations_.add("R16", node, [&] { return fmt::format("n{} sent garbage", node); });
        return;
    }
    PartitionId const partition = *about;
    const broker::raft::Message& message = received_.message;
    HardState const durable = truth_.hard_state(node, partition);
    const FoldedLog& log = truth_.stored_log(node, partition);
    auto const complain = [&](const char* what) {
        violations_.add("R16", node, [&] {
            return fmt::format(
                "n{} sent {} to n{} for {} in term {} (index {}); stored there: term {}, vote "
                "n{}, log to {}",
                node, what, message.to.value(), topics_.label(partition), message.term.value(),
                message.index.value(), durable.term.value(), durable.vote.value(),
                log.last_index().value());
        });
    };
    // A pre-vote asks about a term that is nobody's yet, and a granted one echoes it.
    bool const asks_ahead = message.kind == MessageKind::pre_vote ||
                            (message.kind == MessageKind::pre_vote_reply && !message.reject);
    ++comparisons_;
    if (!asks_ahead && message.term > durable.term) {
        complain("a term that is not durable");
    }
    watch_election(node, partition, message, log);
    switch (message.kind) {
        case MessageKind::vote_reply:
            if (!message.reject && (durable.term != message.term || durable.vote != message.to)) {
                complain("a vote that is not durable");
            }
            break;
        case MessageKind::append_reply: {
            if (message.reject || message.index == LogIndex{}) {
                break;
            }
            const EntryInfo* const own = logs_.memory(node, partition).at(message.index);
            ++comparisons_;
            if (own == nullptr || !log.holds(message.index, own->chain)) {
                complain("an append success that is not stored");
            }
            break;
        }
        case MessageKind::vote:
        case MessageKind::pre_vote: {
            const Link* const link = log.at(message.index);
            Term const term = link == nullptr ? Term{} : link->term;
            ++comparisons_;
            if (term != message.log_term) {
                complain("a vote request whose last entry is not stored");
            }
            break;
        }
        case MessageKind::pre_vote_reply:
        case MessageKind::append:
        case MessageKind::heartbeat:
        case MessageKind::heartbeat_reply:
        case MessageKind::snapshot:
        case MessageKind::snapshot_reply:
        case MessageKind::timeout_now:
            break;
    }
}

void SendInvariants::watch_election(std::uint32_t node, PartitionId partition,
                                    const broker::raft::Message& message, const FoldedLog& log) {
    Elections& elections = elections_[partition.value()];
    switch (message.kind) {
        case MessageKind::vote:
            elections.candidates[{message.term, node}] = {message.log_term, message.index};
            break;
        case MessageKind::vote_reply: {
            auto const asked = elections.candidates.find({message.term, message.to.value()});
            const Link* const last = log.at(log.last_index());
            ++comparisons_;
            // What the voter took from a leader of this very term came after its vote.
            bool const later = last != nullptr && last->term >= message.term;
            if (message.reject || later) {
                break;
            }
            std::pair const own{last == nullptr ? Term{} : last->term, log.last_index()};
            if (asked == elections.candidates.end() || own > asked->second) {
                violations_.add("R11", node, [&] {
                    return fmt::format(
                        "n{} voted in term {} of {} for n{}, whose log ends before "
                        "its own ({} of term {})",
                        node, message.term.value(), topics_.label(partition), message.to.value(),
                        own.second.value(), own.first.value());
                });
            }
            break;
        }
        case MessageKind::append:
        case MessageKind::heartbeat:
        case MessageKind::snapshot:
        case MessageKind::timeout_now: {
            auto const [at, fresh] = elections.sources.emplace(message.term, node);
            ++comparisons_;
            if (at->second != node || message.from.value() != node) {
                violations_.add("R18", node, [&] {
                    return fmt::format("n{} speaks as the leader of term {} of {}, which is n{}",
                                       node, message.term.value(), topics_.label(partition),
                                       at->second);
                });
            }
            break;
        }
        case MessageKind::pre_vote:
        case MessageKind::pre_vote_reply:
        case MessageKind::append_reply:
        case MessageKind::heartbeat_reply:
        case MessageKind::snapshot_reply:
            break;
    }
}

std::int64_t SendInvariants::on_response(std::uint32_t node, const RequestTag& tag,
                                         ByteSpan payload, const broker::Node& broker) {
    broker::Result<protocol::ResponseFrame> const frame = protocol::decode_response_frame(payload);
    ++comparisons_;
    if (!frame || frame->correlation_id != tag.correlation_id) {
        violations_.add("B13", node, [&] {
            return fmt::format("n{} answered request {} out of order", node, tag.correlation_id);
        });
        return -1;
    }
    std::int64_t epoch = -1;
    const broker::Replica* const replica = broker.replica(PartitionId{tag.partition});
    if (replica != nullptr && replica->serving()) {
        epoch = static_cast<std::int64_t>(replica->raft().term().value());
    }
    switch (tag.kind) {
        case RequestKind::produce:
            on_produce(node, tag, frame->body, epoch);
            break;
        case RequestKind::fetch:
            on_fetch(node, tag, frame->body, epoch);
            break;
        case RequestKind::list_offsets: {
            auto const response = protocol::decode_list_offsets_response(frame->body, tag.version);
            if (response && response->topics.size() == 1 &&
                response->topics[0].partitions.size() == 1 &&
                response->topics[0].partitions[0].error == KafkaError::none) {
                std::int64_t const offset = response->topics[0].partitions[0].offset.value();
                if (tag.earliest) {
                    on_log_start(node, tag, offset);
                } else {
                    on_end(node, tag, offset, epoch);
                }
            }
            break;
        }
        case RequestKind::api_versions:
        case RequestKind::metadata:
        case RequestKind::init_producer_id:
            break;
    }
    return epoch;
}

void SendInvariants::on_produce(std::uint32_t node, const RequestTag& tag, ByteSpan body,
                                std::int64_t epoch) {
    auto const response = protocol::decode_produce_response(body, tag.version);
    if (!response || response->topics.size() != 1 || response->topics[0].partitions.size() != 1) {
        return;
    }
    const protocol::ProducePartitionResponse& part = response->topics[0].partitions[0];
    fates_.on_answer(node, tag, part.error);
    if (part.error == KafkaError::duplicate_sequence_number) {
        check_duplicate(node, tag);
    }
    if (part.error != KafkaError::none) {
        return;
    }
    ++acks_checked_;
    if (tag.acks == 1) {
        check_ack_one(node, tag, part.base_offset.value());
    } else {
        check_ack_all(node, tag, part.base_offset.value(), epoch);
    }
}

void SendInvariants::check_ack_all(std::uint32_t node, const RequestTag& tag, std::int64_t offset,
                                   std::int64_t epoch) {
    PartitionId const partition{tag.partition};
    // Who has not noticed that its history is over may still answer for it; by its own log then, or
    // by what was cut of it while the answer waited in its line.
    bool const former = of_former_lineage(partition, earliest_epoch(tag, epoch));
    if (former && logs_.was_cut(node, partition, offset, tag.batch_crc)) {
        return;
    }
    const InfoLog& committed = former ? logs_.memory(node, partition) : logs_.committed(partition);
    LogIndex const index = committed.index_of(offset);
    const EntryInfo* const entry = committed.at(index);
    comparisons_ += 2;
    if (entry == nullptr) {
        violations_.add("B1", node, [&] {
            return fmt::format("n{} acknowledged offset {} of {} (acks=all); committed is only {}",
                               node, offset, topics_.label(partition), committed.end_offset());
        });
    } else if (entry->batch_crc != tag.batch_crc) {
        violations_.add("B5", node, [&] {
            return fmt::format("n{} acknowledged a batch at offset {} of {}, where another stands",
                               node, offset, topics_.label(partition));
        });
    } else if (!former) {
        Shown& shown = shown_[partition.value()];
        if (of_former_lineage(partition, shown.acked_epoch)) {
            shown.acked_end = -1;
            shown.acked_epoch = -1;
        }
        if (entry->end_offset > shown.acked_end) {
            shown.acked_end = entry->end_offset;
            shown.acked_epoch = std::max(shown.acked_epoch, epoch);
        }
    }
    // By the disks, whatever was committed: an ack promises a durable majority.
    const InfoLog& memory = logs_.memory(node, partition);
    LogIndex const own = memory.index_of(offset);
    const EntryInfo* const held = memory.at(own);
    if (!is_stored_by_quorum(node, partition, own)) {
        const broker::raft::Configuration* const changed = memory.configuration_at(own);
        const std::vector<broker::Member>& voters =
            (changed == nullptr ? first_members_[partition.value()] : *changed).voters;
        auto const is_durable_on = [&](const broker::Member& voter) {
            return held != nullptr &&
                   truth_.was_stored(voter.id.value(), partition, own, held->chain);
        };
        violations_.add("R16", node, [&] {
            return fmt::format(
                "n{} acknowledged offset {} of {} (acks=all) while it was stored on {} of {} "
                "brokers: never written there",
                node, offset, topics_.label(partition),
                std::count_if(voters.begin(), voters.end(), is_durable_on), voters.size());
        });
    }
}

bool SendInvariants::is_stored_by_quorum(std::uint32_t node, PartitionId partition,
                                         LogIndex index) const {
    const InfoLog& memory = logs_.memory(node, partition);
    const EntryInfo* const held = memory.at(index);
    if (held == nullptr) {
        return false;
    }
    // The members may have changed between the commit and the ack: one of those sets has it.
    return memory.any_configuration_since(
        index, first_members_[partition.value()], [&](const broker::raft::Configuration& members) {
            return has_quorum(members, [&](const broker::Member& voter) {
                return truth_.was_stored(voter.id.value(), partition, index, held->chain);
            });
        });
}

void SendInvariants::check_duplicate(std::uint32_t node, const RequestTag& tag) {
    PartitionId const partition{tag.partition};
    // Rare enough to look through the log for it.
    LogIndex const index = logs_.memory(node, partition).index_of_batch(tag.batch_crc);
    comparisons_ += 2;
    if (index == LogIndex{} || (tag.acks != 1 && !is_stored_by_quorum(node, partition, index))) {
        violations_.add("B9", node, [&] {
            return fmt::format(
                "n{} answered that a batch for {} was appended before; {}", node,
                topics_.label(partition),
                index == LogIndex{} ? "its log has no such batch" : "no quorum has stored it");
        });
    }
}

void SendInvariants::check_ack_one(std::uint32_t node, const RequestTag& tag, std::int64_t offset) {
    PartitionId const partition{tag.partition};
    const InfoLog& memory = logs_.memory(node, partition);
    LogIndex const index = memory.index_of(offset);
    const EntryInfo* const entry = memory.at(index);
    comparisons_ += 2;
    // It stood there when it was confirmed, and was cut while its answer waited in the order of the
    // connection: with acks=1 that is a loss like any other of an uncommitted batch.
    if (logs_.was_cut(node, partition, offset, tag.batch_crc)) {
        return;
    }
    if (entry == nullptr || entry->batch_crc != tag.batch_crc) {
        violations_.add("B5", node, [&] {
            return fmt::format(
                "n{} acknowledged a batch at offset {} of {}, where its log has "
                "another or none",
                node, offset, topics_.label(partition));
        });
        return;
    }
    const FoldedLog& log = acks1_ == broker::Acks1::synced ? truth_.durable_log(node, partition)
                                                           : truth_.written_log(node, partition);
    if (!log.holds(index, entry->chain)) {
        violations_.add("R16", node, [&] {
            return fmt::format("n{} acknowledged offset {} of {} (acks=1) before its {} completed",
                               node, offset, topics_.label(partition),
                               acks1_ == broker::Acks1::synced ? "sync" : "write");
        });
    }
}

void SendInvariants::on_fetch(std::uint32_t node, const RequestTag& tag, ByteSpan body,
                              std::int64_t epoch) {
    auto const response = protocol::decode_fetch_response(body, tag.version);
    if (!response || response->topics.size() != 1 || response->topics[0].partitions.size() != 1) {
        return;
    }
    const protocol::FetchPartitionResponse& part = response->topics[0].partitions[0];
    if (part.error != KafkaError::none) {
        return;
    }
    PartitionId const partition{tag.partition};
    std::int64_t const watermark = part.high_watermark.value();
    on_watermark(node, tag, watermark, epoch);
    // What a history that is over held may have been cut while the answer waited in its line.
    bool const former = of_former_lineage(partition, earliest_epoch(tag, epoch));
    const InfoLog& committed = former ? logs_.memory(node, partition) : logs_.committed(partition);
    ByteSpan records = part.records;
    while (records.size() >= partition_ns::batch_header_size_bytes) {
        partition_ns::RecordBatchView const batch{records};
        std::uint64_t const size =
            partition_ns::batch_length_overhead_bytes +
            static_cast<std::uint64_t>(std::max<std::int32_t>(batch.length_bytes(), 0));
        if (size > records.size()) {
            break;
        }
        std::int64_t const base = batch.base_offset().value();
        comparisons_ += 2;
        if (batch.last_offset().value() >= watermark) {
            violations_.add("B6", node, [&] {
                return fmt::format("n{} served offset {} of {} with watermark {}", node,
                                   batch.last_offset().value(), topics_.label(partition),
                                   watermark);
            });
        }
        const EntryInfo* const entry = committed.at(committed.index_of(base));
        bool const same = entry != nullptr && entry->control == batch.is_control() &&
                          (entry->control || entry->batch_crc == batch.crc()) &&
                          entry->end_offset == batch.last_offset().value() + 1;
        bool const cut_since =
            former && logs_.was_cut(node, partition, base, batch.is_control() ? 0 : batch.crc());
        if (entry != nullptr && !same && !cut_since) {
            violations_.add("B5", node, [&] {
                return fmt::format("n{} served another batch at offset {} of {} than was committed",
                                   node, base, topics_.label(partition));
            });
        }
        records = records.subspan(size);
    }
}

bool SendInvariants::of_former_lineage(PartitionId partition, std::int64_t epoch) const {
    return epoch < static_cast<std::int64_t>(logs_.lineage(partition).value());
}

std::int64_t SendInvariants::earliest_epoch(const RequestTag& tag, std::int64_t epoch) {
    return tag.arrival_epoch < 0 ? epoch : std::min(tag.arrival_epoch, epoch);
}

void SendInvariants::on_request(RequestTag& tag) const {
    if (tag.kind == RequestKind::fetch || tag.kind == RequestKind::list_offsets) {
        tag.watermark_floor = shown_[tag.partition].watermark;
        tag.floor_epoch = shown_[tag.partition].epoch;
        tag.acked_floor = shown_[tag.partition].acked_end;
        tag.acked_epoch = shown_[tag.partition].acked_epoch;
    }
}

void SendInvariants::on_log_start(std::uint32_t node, const RequestTag& tag, std::int64_t start) {
    PartitionId const partition{tag.partition};
    ++comparisons_;
    if (start < 0 || start > logs_.committed(partition).end_offset()) {
        violations_.add("B11", node, [&] {
            return fmt::format("n{} showed {} as the start of {}; committed is only {}", node,
                               start, topics_.label(partition),
                               logs_.committed(partition).end_offset());
        });
    }
}

void SendInvariants::check_floor(std::uint32_t node, const RequestTag& tag, std::int64_t shown,
                                 std::int64_t since) {
    // A deposed leader that has not noticed may show an older watermark, and an answer may have
    // waited in its connection's queue while a larger one was shown elsewhere.
    PartitionId const partition{tag.partition};
    auto const falls_behind = [&](std::int64_t floor, std::int64_t epoch) {
        return shown < floor && since >= epoch && !of_former_lineage(partition, epoch);
    };
    comparisons_ += 2;
    if (falls_behind(tag.watermark_floor, tag.floor_epoch)) {
        violations_.add("B6", node, [&] {
            return fmt::format(
                "n{} showed watermark {} of {} in epoch {}; before the request {} had been shown "
                "in epoch {}",
                node, shown, topics_.label(partition), since, tag.watermark_floor, tag.floor_epoch);
        });
    } else if (falls_behind(tag.acked_floor, tag.acked_epoch)) {
        violations_.add("B6", node, [&] {
            return fmt::format(
                "n{} showed watermark {} of {} in epoch {}; before the request all up to {} had "
                "been acknowledged in epoch {}",
                node, shown, topics_.label(partition), since, tag.acked_floor, tag.acked_epoch);
        });
    }
}

void SendInvariants::on_end(std::uint32_t node, const RequestTag& tag, std::int64_t end,
                            std::int64_t epoch) {
    on_watermark(node, tag, end, epoch);
    std::int64_t const since = earliest_epoch(tag, epoch);
    if (linearizable_ && !of_former_lineage(PartitionId{tag.partition}, since)) {
        // Whoever answers has proved since the request came that nobody else leads.
        check_floor(node, tag, end, std::max({since, tag.floor_epoch, tag.acked_epoch}));
    }
}

void SendInvariants::on_watermark(std::uint32_t node, const RequestTag& tag, std::int64_t watermark,
                                  std::int64_t epoch) {
    PartitionId const partition{tag.partition};
    std::int64_t const since = earliest_epoch(tag, epoch);
    if (of_former_lineage(partition, since)) {
        return;  // what it shows is no longer part of what others must agree with
    }
    const InfoLog& committed = logs_.committed(partition);
    ++comparisons_;
    if (watermark > committed.end_offset()) {
        violations_.add("B6", node, [&] {
            return fmt::format("n{} showed watermark {} of {}; committed is only {}", node,
                               watermark, topics_.label(partition), committed.end_offset());
        });
    }
    check_floor(node, tag, watermark, since);
    Shown& shown = shown_[partition.value()];
    if (of_former_lineage(partition, shown.epoch)) {
        shown.epoch = -1;
        shown.watermark = -1;
    }
    if (epoch >= shown.epoch) {
        shown.epoch = epoch;
        shown.watermark = std::max(shown.watermark, watermark);
    }
}

}  // namespace brokersim
