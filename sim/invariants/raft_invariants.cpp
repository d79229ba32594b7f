// Each rule as one function, next to the fact that can break it.
#include "sim/invariants/raft_invariants.h"

#include "broker_core/base/hash.h"
#include "broker_core/broker/partition_state.h"
#include "broker_core/partition/producer_state.h"
#include "broker_core/partition/record_batch.h"
#include "sim/invariants/quorum.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

RaftInvariants::RaftInvariants(const broker::Topics& topics, const DiskTruth& truth,
                               ClusterLog& logs,
                               const broker::partition::ProducerStateOptions& producers,
                               Violations& violations)
    : topics_{topics},
      truth_{truth},
      logs_{logs},
      producer_options_{producers},
      violations_{violations} {
    partitions_.resize(topics.partitions().size(), Partition{producers});
    replicas_.resize(std::size_t{topics.brokers()} * partitions_.size());
    for (const broker::PartitionInfo& info : topics.partitions()) {
        partitions_[info.id.value()].first_members = first_configuration(topics, info.id);
    }
}

void RaftInvariants::on_step(std::uint32_t node, const broker::Node& broker, bool damage_met) {
    for (const broker::Fact& fact : broker.facts()) {
        if (fact.kind == broker::FactKind::fate) {
            continue;  // of an attempt, not of a replica: attempt_fates.h
        }
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
            case broker::FactKind::truncated:
                on_truncated(node, fact);
                break;
            case broker::FactKind::appended:
                on_appended(node, current, fact.index, fact.last, false);
                break;
            case broker::FactKind::committed:
                on_committed(node, current, fact.index);
                break;
            case broker::FactKind::serving:
                begin_with_snapshot(node, current);
                on_appended(node, current, current.raft().log().first_index(), fact.last, true);
                compare_with_disk(damage_met ? "B16" : "R24", node, fact.partition, "recovered");
                break;
            case broker::FactKind::installed:
                on_installed(node, current);
                break;
            case broker::FactKind::compacted:
                check_snapshot(node, current);
                break;
            case broker::FactKind::log_start:
                on_log_start(node, current, fact);
                break;
            case broker::FactKind::admin_accepted:
            case broker::FactKind::admin_refused:
            case broker::FactKind::fate:
                break;
        }
        if (state.leads && state.accepted > 0 && fact.kind != broker::FactKind::accepted) {
            missing_append(node, fact.partition);
        }
    }
}

void RaftInvariants::on_truncated(std::uint32_t node, const broker::Fact& fact) {
    PartitionId const partition = fact.partition;
    Replica& state = replica(node, partition);
    // The step that deposed the leader may also cut: then the term has moved on.
    if (state.leads && fact.term == state.leads_in) {
        violations_.add("R2", node, [&] {
            return fmt::format("leader of {} in term {} cut its log at index {}",
                               topics_.label(partition), fact.term.value(), fact.index.value());
        });
    }
    const EntryInfo* const own = logs_.memory(node, partition).at(fact.index);
    const EntryInfo* const truth = logs_.committed(partition).at(fact.index);
    ++comparisons_;
    bool const cuts_committed = own != nullptr && truth != nullptr && own->chain == truth->chain;
    bool const legal = own != nullptr && may_be_lost(partition, fact.index, own->chain);
    if (fact.index <= state.commit) {
        state.start_moved_by = LogIndex{};  // what was applied is taken back: it folds again
    }
    if (legal) {
        state.commit = std::min(state.commit, fact.index.previous());
    }
    if (cuts_committed && !legal) {
        violations_.add("R13", node, [&] {
            return fmt::format("n{} cut committed entry {} of {}", node, fact.index.value(),
                               topics_.label(partition));
        });
    }
    logs_.remember_cut(node, partition, fact.index);
    logs_.memory(node, partition).truncate(fact.index);
    check_copies(node, partition);
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
        remember_entry(node, partition, index, entry);
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

void RaftInvariants::remember_entry(std::uint32_t node, PartitionId partition, LogIndex index,
                                    const broker::raft::Entry& entry) {
    const InfoLog& memory = logs_.memory(node, partition);
    std::uint64_t const chain = memory.at(memory.last_index())->chain;
    std::vector<std::vector<SeenEntry>>& seen = partitions_[partition.value()].seen;
    if (seen.size() < index.value()) {
        seen.resize(index.value());
    }
    std::vector<SeenEntry>& here = seen[index.value() - 1];
    auto const known = std::find_if(
        here.begin(), here.end(), [&](const SeenEntry& other) { return other.term == entry.term; });
    if (known == here.end()) {
        ProducerNumbers const numbers =
            entry.control ? ProducerNumbers{}
                          : producer_numbers(broker::partition::RecordBatchView{entry.payload});
        here.push_back(SeenEntry{entry.term, chain, numbers});
    } else if (known->chain != chain) {
        violations_.add("R3", node, [&] {
            return fmt::format(
                "entry (index {}, term {}) of {} on n{} differs from the one seen before",
                index.value(), entry.term.value(), topics_.label(partition), node);
        });
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
    const auto& forced = partitions_[partition.value()].forced;
    if (!next->joint() && next->learners.empty() &&
        std::find(forced.begin(), forced.end(), next->voters) != forced.end()) {
        return;
    }
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
    LogIndex const diverged = legal_divergence(node, partition, commit, term);
    Term const valid = diverged == LogIndex{} ? Term{} : committed.at(diverged)->term;
    bool const decides =
        current.raft().is_leader() && memory.at(commit)->term == term && term > valid;
    if (diverged != LogIndex{} && decides) {
        cut_lineage(node, partition, diverged, commit, term);
    } else if (term < valid) {
        logs_.lineage(partition) = std::max(logs_.lineage(partition), valid);
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
            check_order(node, partition, index);
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
    if (!has_quorum(members, stored_on)) {
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

void RaftInvariants::on_clean_stop(std::uint32_t node) {
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        if (logs_.memory(node, info.id).last_index() != LogIndex{}) {
            compare_with_disk("B15", node, info.id, "stopped gracefully, leaving");
        }
    }
}

void RaftInvariants::on_forced(PartitionId partition, const std::vector<broker::Member>& left) {
    partitions_[partition.value()].forced.push_back(left);
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
        state.start_moved_by = LogIndex{};
        state.leads = false;
        state.accepted = 0;
        on_disk(node, PartitionId{partition});
        check_copies(node, PartitionId{partition});
    }
}

}  // namespace brokersim
