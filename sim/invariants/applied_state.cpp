// The rules of what the log amounts to: snapshots, the start of the records, producers, and what is
// left of the committed log when a power loss may legally have taken of it.
#include "broker_core/base/hash.h"
#include "broker_core/broker/partition_state.h"
#include "broker_core/partition/producer_state.h"
#include "broker_core/partition/record_batch.h"
#include "sim/invariants/quorum.h"
#include "sim/invariants/raft_invariants.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

void RaftInvariants::begin_with_snapshot(std::uint32_t node, const broker::Replica& current) {
    check_snapshot(node, current);
    LogIndex const start = current.raft().log().start();
    logs_.memory(node, current.partition()).begin_with(logs_.committed(current.partition()), start);
    Replica& state = replica(node, current.partition());
    state.commit = std::max(state.commit, start);
}

void RaftInvariants::on_installed(std::uint32_t node, const broker::Replica& current) {
    const Replica& state = replica(node, current.partition());
    ++comparisons_;
    if (state.leads && current.raft().term() == state.leads_in) {
        violations_.add("R23", node, [&] {
            return fmt::format("n{} leads {} in term {} and took a snapshot from somebody", node,
                               topics_.label(current.partition()), state.leads_in.value());
        });
    }
    begin_with_snapshot(node, current);
}

void RaftInvariants::check_snapshot(std::uint32_t node, const broker::Replica& current) {
    PartitionId const partition = current.partition();
    const broker::raft::Snapshot& snapshot = current.raft().log().snapshot();
    if (snapshot.index == LogIndex{}) {
        return;
    }
    Partition& shared = partitions_[partition.value()];
    const EntryInfo* const truth = logs_.committed(partition).at(snapshot.index);
    comparisons_ += 2;
    if (truth == nullptr || truth->term != snapshot.term) {
        violations_.add("R22", node, [&] {
            return fmt::format(
                "n{} has a snapshot of {} at (index {}, term {}); committed is {}", node,
                topics_.label(partition), snapshot.index.value(), snapshot.term.value(),
                truth == nullptr ? std::string{"nothing there"}
                                 : fmt::format("an entry of term {}", truth->term.value()));
        });
    }
    std::uint64_t const hash = broker::hash_bytes(broker::raft::encode_snapshot(snapshot));
    auto const [at, fresh] = shared.snapshots.emplace(snapshot.index, std::pair{hash, node});
    if (!fresh && at->second.first != hash) {
        violations_.add("R22", node, [&] {
            return fmt::format("the snapshots of {} at index {} on n{} and n{} differ",
                               topics_.label(partition), snapshot.index.value(), at->second.second,
                               node);
        });
    }
}

void RaftInvariants::on_log_start(std::uint32_t node, const broker::Replica& current,
                                  const broker::Fact& fact) {
    PartitionId const partition = current.partition();
    Partition& shared = partitions_[partition.value()];
    const EntryInfo* const applied = logs_.committed(partition).at(fact.index);
    comparisons_ += 3;
    Replica& state = replica(node, partition);
    if (fact.index <= state.start_moved_by) {
        violations_.add("R5", node, [&] {
            return fmt::format("n{} applied entry {} of {} after entry {}", node,
                               fact.index.value(), topics_.label(partition),
                               state.start_moved_by.value());
        });
    }
    state.start_moved_by = std::max(state.start_moved_by, fact.index);
    if (fact.term < logs_.lineage(partition)) {
        return;  // a leader that wakes up after a legal loss applies what its history had committed
    }
    if (applied == nullptr || fact.offset.value() > applied->end_offset) {
        violations_.add("B11", node, [&] {
            return fmt::format("n{} moved the start of {} to {}, beyond what is committed", node,
                               topics_.label(partition), fact.offset.value());
        });
    }
    auto const [at, fresh] =
        shared.log_starts.emplace(fact.index, std::pair{fact.offset.value(), node});
    if (!fresh && at->second.first != fact.offset.value()) {
        violations_.add("B11", node, [&] {
            return fmt::format("entry {} moved the start of {} to {} on n{} and to {} on n{}",
                               fact.index.value(), topics_.label(partition), at->second.first,
                               at->second.second, fact.offset.value(), node);
        });
    }
}

bool RaftInvariants::may_be_lost(PartitionId partition, LogIndex index, std::uint64_t chain) const {
    const std::vector<broker::BrokerId>& voters = topics_.partition(partition).hosts;
    return std::any_of(voters.begin(), voters.end(), [&](broker::BrokerId voter) {
        return truth_.was_taken(voter.value(), partition, index, chain);
    });
}

LogIndex RaftInvariants::legal_divergence(std::uint32_t node, PartitionId partition,
                                          LogIndex commit, Term term) {
    const InfoLog& committed = logs_.committed(partition);
    const InfoLog& memory = logs_.memory(node, partition);
    auto const agrees = [&](LogIndex index) {
        const EntryInfo* const own = memory.at(index);
        return own != nullptr && own->chain == committed.at(index)->chain;
    };
    LogIndex const end = std::min(committed.last_index(), commit);
    if (end == LogIndex{} || agrees(end)) {
        return LogIndex{};
    }
    // Chains are cumulative, so agreement ends at one place.
    LogIndex low{0};
    LogIndex high = end;
    while (low.next() < high) {
        LogIndex const middle{(low.value() + high.value()) / 2};
        (agrees(middle) ? low : high) = middle;
    }
    // What a power loss must have taken is the entry of the history that is over: that of G, or
    // that of a leader which wakes up after its successors had committed without what it counts.
    bool const late = term < committed.at(high)->term;
    const EntryInfo& over = late ? *memory.at(high) : *committed.at(high);
    return may_be_lost(partition, high, over.chain) ? high : LogIndex{};
}

void RaftInvariants::cut_lineage(std::uint32_t node, PartitionId partition, LogIndex first,
                                 LogIndex commit, Term term) {
    InfoLog& committed = logs_.committed(partition);
    const InfoLog& memory = logs_.memory(node, partition);
    committed.truncate(first);
    for (LogIndex index = first; index <= commit; ++index) {
        committed.push_from(memory, index);
    }
    Partition& shared = partitions_[partition.value()];
    shared.producers = ProducerOrder{producer_options_};
    for (LogIndex index{1}; index <= commit; ++index) {
        check_order(node, partition, index);
    }
    shared.snapshots.erase(shared.snapshots.lower_bound(first), shared.snapshots.end());
    shared.log_starts.erase(shared.log_starts.lower_bound(first), shared.log_starts.end());
    shared.committed_in.clear();
    logs_.lineage(partition) = term;
    cuts_.push_back(partition);
}

void RaftInvariants::check_order(std::uint32_t node, PartitionId partition, LogIndex index) {
    const EntryInfo* const entry = logs_.committed(partition).at(index);
    Partition& shared = partitions_[partition.value()];
    if (entry == nullptr || entry->control || index.value() > shared.seen.size()) {
        return;
    }
    for (const SeenEntry& seen : shared.seen[index.value() - 1]) {
        if (seen.term != entry->term) {
            continue;
        }
        ++comparisons_;
        if (std::optional<std::string> const wrong = shared.producers.commit(seen.numbers)) {
            violations_.add("B3", node, [&] {
                return fmt::format("entry {} of {} is committed (offset {}): {}", index.value(),
                                   topics_.label(partition),
                                   entry->end_offset - seen.numbers.records, *wrong);
            });
        }
    }
}

void RaftInvariants::check_producers(std::uint32_t node, const broker::Replica& replica) {
    const broker::raft::Log& log = replica.raft().log();
    auto state = broker::decode_partition_state(log.snapshot().state, producer_options_);
    if (!state) {
        violations_.add("R22", node, [&] {
            return fmt::format("n{} has a snapshot of {} that cannot be read", node,
                               topics_.label(replica.partition()));
        });
        return;
    }
    broker::partition::ProducerState& fold = state->producers;
    for (LogIndex index = log.first_index(); index <= log.last_index(); ++index) {
        const broker::raft::Entry& entry = log.at(index);
        if (!entry.control) {
            fold.apply(broker::partition::RecordBatchView{entry.payload},
                       replica.offsets().base_of(index));
        }
    }
    ++comparisons_;
    if (fold.hash() != replica.producers().hash()) {
        violations_.add("B10", node, [&] {
            return fmt::format("n{}: the producer table of {} is not the fold of its log", node,
                               topics_.label(replica.partition()));
        });
    }
}

void RaftInvariants::check_copies(std::uint32_t node, PartitionId partition) {
    const InfoLog& committed = logs_.committed(partition);
    LogIndex const last = committed.last_index();
    const EntryInfo* const entry = committed.at(last);
    if (entry == nullptr) {
        return;
    }
    const broker::raft::Configuration* const changed = committed.configuration_at(last);
    const broker::raft::Configuration& members =
        changed != nullptr ? *changed : partitions_[partition.value()].first_members;
    // Chains are cumulative: who lacks an earlier entry lacks this one.
    auto const stored_on = [&](const broker::Member& voter) {
        return truth_.was_stored(voter.id.value(), partition, last, entry->chain);
    };
    comparisons_ += members.voters.size();
    if (meets_every_quorum(members, stored_on) || may_be_lost(partition, last, entry->chain)) {
        return;
    }
    violations_.add("R17", node, [&] {
        return fmt::format(
            "committed index {} of {} is stored on {} of {} voters, after what just happened to "
            "n{}",
            last.value(), topics_.label(partition),
            std::count_if(members.voters.begin(), members.voters.end(), stored_on),
            members.voters.size(), node);
    });
}

}  // namespace brokersim
