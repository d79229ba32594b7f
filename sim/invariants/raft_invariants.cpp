// Each rule as one function, next to the fact that can break it.
#include "sim/invariants/raft_invariants.h"

#include "broker_core/base/hash.h"
#include "broker_core/broker/partition_state.h"
#include "broker_core/partition/producer_state.h"
#include "broker_core/partition/record_batch.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

RaftInvariants::RaftInvariants(const broker::Topics& topics, const DiskTruth& truth,
                               ClusterLog& logs, broker::Duration producer_expiry,
                               Violations& violations)
    : topics_{topics},
      truth_{truth},
      logs_{logs},
      producer_expiry_{producer_expiry},
      violations_{violations} {
    partitions_.resize(topics.partitions().size());
    replicas_.resize(std::size_t{topics.brokers()} * partitions_.size());
    for (const broker::PartitionInfo& info : topics.partitions()) {
        partitions_[info.id.value()].first_members = first_configuration(topics, info.id);
    }
}

void RaftInvariants::on_step(std::uint32_t node, const broker::Node& broker) {
    for (const broker::Fact& fact : broker.facts()) {
        Replica& state = replica(node, fact.partition);
        const broker::Replica& current = *broker.replica(fact.partition);
        switch (fact.kind) {
            case broker::FactKind::became_leader:
                on_leader(node, fact);
                check_producers(node, current);
                break;
            case broker::FactKind::stepped_down:
                state.leads = false;
                break;
            case broker::FactKind::accepted:
                ++state.accepted;
                break;
            case broker::FactKind::truncated: {
                // The step that deposed the leader may also cut: then the term has moved on.
                if (state.leads && fact.term == state.leads_in) {
                    violations_.add("R2", node, [&] {
                        return fmt::format("leader of {} in term {} cut its log at index {}",
                                           topics_.label(fact.partition), fact.term.value(),
                                           fact.index.value());
                    });
                }
                const InfoLog& committed = logs_.committed(fact.partition);
                const EntryInfo* const own = logs_.memory(node, fact.partition).at(fact.index);
                const EntryInfo* const truth = committed.at(fact.index);
                ++comparisons_;
                bool const cuts_committed =
                    own != nullptr && truth != nullptr && own->chain == truth->chain;
                bool const legal =
                    own != nullptr && may_be_lost(fact.partition, fact.index, own->chain);
                if (legal) {
                    state.commit = std::min(state.commit, fact.index.previous());
                }
                if (cuts_committed && !legal) {
                    violations_.add("R13", node, [&] {
                        return fmt::format("n{} cut committed entry {} of {}", node,
                                           fact.index.value(), topics_.label(fact.partition));
                    });
                }
                logs_.remember_cut(node, fact.partition, fact.index);
                logs_.memory(node, fact.partition).truncate(fact.index);
                break;
            }
            case broker::FactKind::appended:
                on_appended(node, current, fact.index, fact.last, false);
                break;
            case broker::FactKind::committed:
                on_committed(node, current, fact.index);
                break;
            case broker::FactKind::serving:
                begin_with_snapshot(node, current);
                on_appended(node, current, current.raft().log().first_index(), fact.last, true);
                compare_with_disk("R24", node, fact.partition, "recovered");
                break;
            case broker::FactKind::installed:
                begin_with_snapshot(node, current);
                break;
            case broker::FactKind::compacted:
                check_snapshot(node, current);
                break;
            case broker::FactKind::log_start:
                on_log_start(node, current, fact);
                break;
            case broker::FactKind::admin_accepted:
            case broker::FactKind::admin_refused:
                break;
        }
        if (state.leads && state.accepted > 0 && fact.kind != broker::FactKind::accepted) {
            missing_append(node, fact.partition);
        }
    }
}

void RaftInvariants::begin_with_snapshot(std::uint32_t node, const broker::Replica& current) {
    check_snapshot(node, current);
    LogIndex const start = current.raft().log().start();
    logs_.memory(node, current.partition()).begin_with(logs_.committed(current.partition()), start);
    Replica& state = replica(node, current.partition());
    state.commit = std::max(state.commit, start);
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
    comparisons_ += 2;
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

void RaftInvariants::missing_append(std::uint32_t node, PartitionId partition) {
    violations_.add("B14", node, [&] {
        return fmt::format("n{} accepted a batch for {} and did not append it", node,
                           topics_.label(partition));
    });
    replica(node, partition).accepted = 0;
}

void RaftInvariants::on_leader(std::uint32_t node, const broker::Fact& fact) {
    Replica& state = replica(node, fact.partition);
    state.leads = true;
    state.leads_in = fact.term;
    state.accepted = 0;
    ++comparisons_;
    auto const [at, fresh] = partitions_[fact.partition.value()].leaders.emplace(fact.term, node);
    if (!fresh && at->second != node) {
        violations_.add("R1", node, [&] {
            return fmt::format("term {} of {} has two leaders: n{} and n{}", fact.term.value(),
                               topics_.label(fact.partition), at->second, node);
        });
    }
    check_completeness(node, fact.partition, fact.term);
}

void RaftInvariants::check_completeness(std::uint32_t node, PartitionId partition, Term term) {
    const std::map<Term, LogIndex>& by_term = partitions_[partition.value()].committed_in;
    auto const later = by_term.lower_bound(term);
    if (later == by_term.begin()) {
        return;
    }
    // Of the terms before this one: a late winner of an older term leads nobody and lacks nothing
    // that it could know of.
    LogIndex const last = std::prev(later)->second;
    const EntryInfo* const truth = logs_.committed(partition).at(last);
    const EntryInfo* const own = logs_.memory(node, partition).at(last);
    ++comparisons_;
    bool const complete = truth == nullptr || (own != nullptr && own->chain == truth->chain);
    if (!complete && !may_be_lost(partition, last, truth->chain)) {
        violations_.add("R4", node, [&] {
            return fmt::format(
                "n{} leads term {} of {} without entry {} of term {}, committed in "
                "term {}",
                node, term.value(), topics_.label(partition), last.value(), truth->term.value(),
                std::prev(later)->first.value());
        });
    }
}

void RaftInvariants::on_appended(std::uint32_t node, const broker::Replica& current, LogIndex first,
                                 LogIndex last, bool recovered) {
    PartitionId const partition = current.partition();
    InfoLog& memory = logs_.memory(node, partition);
    Partition& shared = partitions_[partition.value()];
    Replica& state = replica(node, partition);
    if (first != memory.last_index().next()) {
        violations_.add("R14", node, [&] {
            return fmt::format("n{} appended index {} of {} behind index {}", node, first.value(),
                               topics_.label(partition), memory.last_index().value());
        });
    }
    for (LogIndex index = first; index <= last; ++index) {
        const broker::raft::Entry& entry = current.raft().log().at(index);
        Term const before =
            memory.last_index() == LogIndex{} ? Term{} : memory.at(memory.last_index())->term;
        comparisons_ += 2;
        if (entry.term < before || entry.term > current.raft().term()) {
            violations_.add("R14", node, [&] {
                return fmt::format(
                    "n{}: entry {} of {} has term {}, the one before {}, the node {}", node,
                    index.value(), topics_.label(partition), entry.term.value(), before.value(),
                    current.raft().term().value());
            });
        }
        if (!recovered && state.leads && entry.term == state.leads_in && entry.control) {
            check_change(node, current, memory, entry);
        }
        memory.push_entry(entry);
        std::uint64_t const chain = memory.at(memory.last_index())->chain;
        if (shared.chains.size() < index.value()) {
            shared.chains.resize(index.value());
        }
        bool known = false;
        for (const auto& [term, seen] : shared.chains[index.value() - 1]) {
            if (term != entry.term) {
                continue;
            }
            known = true;
            if (seen != chain) {
                violations_.add("R3", node, [&] {
                    return fmt::format(
                        "entry (index {}, term {}) of {} on n{} differs from the one seen before",
                        index.value(), entry.term.value(), topics_.label(partition), node);
                });
            }
        }
        if (!known) {
            shared.chains[index.value() - 1].emplace_back(entry.term, chain);
        }
        // B14: a leader's own data entries are the batches it accepted, one each.
        if (!recovered && state.leads && entry.term == state.leads_in && !entry.control) {
            if (state.accepted == 0) {
                violations_.add("B14", node, [&] {
                    return fmt::format(
                        "n{} appended a batch to {} at index {} (offset {}) that it had not "
                        "accepted: written twice",
                        node, topics_.label(partition), index.value(),
                        memory.at(index)->end_offset - 1);
                });
            } else {
                --state.accepted;
            }
        }
    }
}

void RaftInvariants::check_change(std::uint32_t node, const broker::Replica& current,
                                  const InfoLog& memory, const broker::raft::Entry& entry) {
    auto const next = broker::raft::decode_configuration(entry.payload);
    if (!next) {
        return;  // another kind of control entry
    }
    PartitionId const partition = current.partition();
    LogIndex const last = memory.last_index();
    const broker::raft::Configuration* const found = memory.configuration_at(last);
    const broker::raft::Configuration& before =
        found != nullptr ? *found : partitions_[partition.value()].first_members;
    ++comparisons_;
    // By the leader's own word, which R7 checks in the same step.
    if (memory.configuration_index(last) > current.raft().commit()) {
        violations_.add("R21", node, [&] {
            return fmt::format(
                "n{} changes the members of {} at index {} before the change at {} "
                "is committed",
                node, topics_.label(partition), last.value() + 1,
                memory.configuration_index(last).value());
        });
    }
    bool const enters = next->joint() && !before.joint() && next->outgoing == before.voters;
    bool const leaves = before.joint() && !next->joint() && next->voters == before.voters;
    bool const learners_only = !before.joint() && !next->joint() && next->voters == before.voters;
    if (!enters && !leaves && !learners_only) {
        violations_.add("R21", node, [&] {
            return fmt::format(
                "n{} changes the members of {} at index {} to a set that may decide "
                "without the one before",
                node, topics_.label(partition), last.value() + 1);
        });
    }
}

void RaftInvariants::on_committed(std::uint32_t node, const broker::Replica& current,
                                  LogIndex commit) {
    PartitionId const partition = current.partition();
    Replica& state = replica(node, partition);
    InfoLog& memory = logs_.memory(node, partition);
    InfoLog& committed = logs_.committed(partition);
    ++comparisons_;
    if (commit < state.commit) {
        violations_.add("R9", node, [&] {
            return fmt::format("n{}: commit index of {} fell from {} to {}", node,
                               topics_.label(partition), state.commit.value(), commit.value());
        });
    }
    if (commit > memory.last_index()) {
        violations_.add("R15", node, [&] {
            return fmt::format("n{} committed {} of {} beyond its log end {}", node, commit.value(),
                               topics_.label(partition), memory.last_index().value());
        });
        return;
    }
    Term const term = current.raft().term();
    LogIndex const diverged = legal_divergence(node, partition, commit);
    bool const decides = current.raft().is_leader() && memory.at(commit)->term == term;
    if (diverged != LogIndex{} && decides) {
        cut_lineage(node, partition, diverged, commit, term);
    }
    // Of a history that is over; or of one that its leader has yet to make the valid one.
    if (term < logs_.lineage(partition) || (diverged != LogIndex{} && !decides)) {
        state.commit = std::max(state.commit, commit);
        return;
    }
    for (LogIndex index = state.commit.next(); index <= commit; ++index) {
        const EntryInfo& own = *memory.at(index);
        ++comparisons_;
        if (const EntryInfo* const truth = committed.at(index)) {
            if (truth->chain != own.chain) {
                violations_.add("R6", node, [&] {
                    return fmt::format(
                        "n{} says that (index {}, term {}) of {} is committed; term {} was", node,
                        index.value(), own.term.value(), topics_.label(partition),
                        truth->term.value());
                });
            }
        } else {
            committed.push_from(memory, index);
        }
    }
    state.commit = std::max(state.commit, commit);

    if (!current.raft().is_leader()) {
        return;
    }
    LogIndex& in_term = partitions_[partition.value()].committed_in[current.raft().term()];
    in_term = std::max(in_term, commit);
    const EntryInfo& own = *memory.at(commit);
    // A leader counts by the last configuration in its log, committed or not (Raft paper, 6).
    const broker::raft::Configuration* const changed = memory.configuration_at(memory.last_index());
    const broker::raft::Configuration& members =
        changed != nullptr ? *changed : partitions_[partition.value()].first_members;
    comparisons_ += members.voters.size();
    auto const stored_on = [&](const broker::Member& voter) {
        return truth_.was_stored(voter.id.value(), partition, commit, own.chain);
    };
    if (!members.is_quorum(stored_on)) {
        violations_.add("R7", node, [&] {
            return fmt::format(
                "n{} committed index {} of {} in term {}; stored on {} of {} voters", node,
                commit.value(), topics_.label(partition), current.raft().term().value(),
                std::count_if(members.voters.begin(), members.voters.end(), stored_on),
                members.voters.size());
        });
    }
    if (own.term != current.raft().term()) {
        violations_.add("R8", node, [&] {
            return fmt::format("n{} committed index {} of {}, of term {}, by counting in term {}",
                               node, commit.value(), topics_.label(partition), own.term.value(),
                               current.raft().term().value());
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
                                          LogIndex commit) {
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
    return may_be_lost(partition, high, committed.at(high)->chain) ? high : LogIndex{};
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
    shared.snapshots.erase(shared.snapshots.lower_bound(first), shared.snapshots.end());
    shared.log_starts.erase(shared.log_starts.lower_bound(first), shared.log_starts.end());
    shared.committed_in.clear();
    logs_.lineage(partition) = term;
    cuts_.push_back(partition);
}

void RaftInvariants::on_disk(std::uint32_t node, PartitionId partition) {
    Replica& state = replica(node, partition);
    HardState const now = truth_.hard_state(node, partition);
    if (now == state.durable) {
        return;
    }
    ++comparisons_;
    bool const vote_changed = now.term == state.durable.term &&
                              state.durable.vote != broker::BrokerId{} &&
                              now.vote != state.durable.vote;
    if (now.term < state.durable.term || vote_changed) {
        violations_.add("R9", node, [&] {
            return fmt::format("n{}: durable (term, vote) of {} went from ({}, n{}) to ({}, n{})",
                               node, topics_.label(partition), state.durable.term.value(),
                               state.durable.vote.value(), now.term.value(), now.vote.value());
        });
    }
    if (now.vote != broker::BrokerId{}) {
        auto const [at, fresh] =
            partitions_[partition.value()].votes.emplace(std::pair{node, now.term}, now.vote);
        if (!fresh && at->second != now.vote) {
            violations_.add("R10", node, [&] {
                return fmt::format("n{} voted in term {} of {} for n{} and for n{}", node,
                                   now.term.value(), topics_.label(partition), at->second.value(),
                                   now.vote.value());
            });
        }
    }
    state.durable = now;
}

void RaftInvariants::compare_with_disk(const char* id, std::uint32_t node, PartitionId partition,
                                       const char* when) {
    const InfoLog& memory = logs_.memory(node, partition);
    const FoldedLog& durable = truth_.durable_log(node, partition);
    const EntryInfo* const last = memory.at(memory.last_index());
    ++comparisons_;
    const bool same = last == nullptr ? durable.last_index() == LogIndex{}
                                      : durable.last_index() == memory.last_index() &&
                                            durable.holds(memory.last_index(), last->chain);
    if (!same) {
        violations_.add(id, node, [&] {
            return fmt::format("n{} {} {} with a log to {}; durable on its disk is one to {}", node,
                               when, topics_.label(partition), memory.last_index().value(),
                               durable.last_index().value());
        });
    }
}

void RaftInvariants::check_producers(std::uint32_t node, const broker::Replica& replica) {
    broker::partition::ProducerStateOptions const options{
        broker::partition::UnknownProducer::strict, producer_expiry_};
    const broker::raft::Log& log = replica.raft().log();
    auto state = broker::decode_partition_state(log.snapshot().state, options);
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

void RaftInvariants::on_clean_stop(std::uint32_t node) {
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        if (logs_.memory(node, info.id).last_index() != LogIndex{}) {
            compare_with_disk("B15", node, info.id, "stopped gracefully, leaving");
        }
    }
}

void RaftInvariants::on_replaced(std::uint32_t node) {
    for (std::uint32_t partition = 0; partition < partitions_.size(); ++partition) {
        replica(node, PartitionId{partition}).durable = HardState{};
        std::erase_if(partitions_[partition].votes,
                      [=](const auto& vote) { return vote.first.first == node; });
    }
}

void RaftInvariants::on_down(std::uint32_t node) {
    logs_.forget_node(node);
    for (std::uint32_t partition = 0; partition < partitions_.size(); ++partition) {
        Replica& state = replica(node, PartitionId{partition});
        state.commit = LogIndex{};
        state.leads = false;
        state.accepted = 0;
        on_disk(node, PartitionId{partition});
    }
}

}  // namespace brokersim
