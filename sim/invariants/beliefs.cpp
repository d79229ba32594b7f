// Beliefs of roles, of the own disk, of followers, and of what they add up to.
#include "sim/invariants/beliefs.h"

#include <fmt/core.h>

#include <algorithm>
#include <variant>

namespace brokersim {
namespace {

namespace raft = broker::raft;

template <class State>
constexpr std::size_t role_index = raft::Role{State{}}.index();

constexpr const char* role_names[] = {"a follower", "a pre-candidate", "a candidate", "the leader"};

}  // namespace

Beliefs::Beliefs(const broker::Topics& topics, const DiskTruth& truth, ClusterLog& logs,
                 bool commit_before_own_sync, Violations& violations)
    : topics_{topics},
      truth_{truth},
      logs_{logs},
      commit_before_own_sync_{commit_before_own_sync},
      violations_{violations},
      partitions_{topics.partitions().size()} {
    seen_.resize(std::size_t{topics.brokers()} * partitions_);
}

void Beliefs::on_step(std::uint32_t node, const broker::Replica& replica) {
    if (!replica.serving()) {
        return;
    }
    Seen& seen = seen_[(node - 1) * partitions_ + replica.partition().value()];
    check_role(node, replica, seen);
    check_stable(node, replica, seen);
    if (!replica.raft().is_leader()) {
        seen.match.clear();
        return;
    }
    bool const moved = check_matches(node, replica, seen);
    if (moved) {
        check_commit(node, replica);
    }
}

void Beliefs::check_role(std::uint32_t node, const broker::Replica& replica, Seen& seen) {
    const raft::Raft& raft = replica.raft();
    std::size_t const before = seen.role;
    std::size_t const now = raft.role().index();
    constexpr std::size_t follower = 0;
    constexpr std::size_t pre_candidate = 1;
    constexpr std::size_t candidate = 2;
    constexpr std::size_t leader = 3;
    static_assert(std::is_same_v<std::variant_alternative_t<leader, raft::Role>, raft::Leader>);
    ++comparisons_;
    if ((before == leader && (now == candidate || now == pre_candidate)) ||
        (now == leader && before == follower)) {
        violations_.add("R19", node, [&] {
            return fmt::format("n{} was {} of {} in term {} and is next {} in term {}", node,
                               role_names[before], topics_.label(replica.partition()),
                               seen.term.value(), role_names[now], raft.term().value());
        });
    }
    seen.role = now;
    broker::BrokerId const led_by = raft.leader();
    broker::BrokerId const vote = raft.hard_state().vote;
    if (seen.term != raft.term()) {
        seen.term = raft.term();
        seen.leader = led_by;
        seen.vote = vote;
        return;
    }
    auto const changed = [](broker::BrokerId from, broker::BrokerId to) {
        return from != broker::BrokerId{} && to != broker::BrokerId{} && from != to;
    };
    if (changed(seen.leader, led_by) || changed(seen.vote, vote)) {
        violations_.add("R19", node, [&] {
            return fmt::format(
                "n{} in term {} of {}: leader n{} and vote n{}, after leader n{} and "
                "vote n{}",
                node, raft.term().value(), topics_.label(replica.partition()), led_by.value(),
                vote.value(), seen.leader.value(), seen.vote.value());
        });
    }
    seen.leader = led_by == broker::BrokerId{} ? seen.leader : led_by;
    seen.vote = vote == broker::BrokerId{} ? seen.vote : vote;
}

void Beliefs::check_stable(std::uint32_t node, const broker::Replica& replica, Seen& seen) {
    LogIndex const stable = replica.raft().stable();
    if (stable == seen.stable) {
        return;
    }
    seen.stable = stable;
    if (stable <= replica.raft().log().start()) {
        return;  // of a snapshot, which the log itself proves
    }
    const EntryInfo* const own = logs_.memory(node, replica.partition()).at(stable);
    ++comparisons_;
    if (own == nullptr || !truth_.stored_log(node, replica.partition()).holds(stable, own->chain)) {
        violations_.add("R25", node, [&] {
            return fmt::format(
                "n{} counts index {} of {} as stable; stored on its disk is a log "
                "to {}{}",
                node, stable.value(), topics_.label(replica.partition()),
                truth_.stored_log(node, replica.partition()).last_index().value(),
                own == nullptr ? "" : " or with another entry there");
        });
    }
}

bool Beliefs::check_matches(std::uint32_t node, const broker::Replica& replica, Seen& seen) {
    const raft::Raft& raft = replica.raft();
    PartitionId const partition = replica.partition();
    bool moved = seen.match.empty() || seen.commit != raft.commit();
    seen.commit = raft.commit();
    seen.match.resize(topics_.brokers());
    // Its own place holds what it counts of itself.
    LogIndex& self = seen.match[node - 1];
    moved = moved || self != raft.stable();
    self = raft.stable();
    for (const raft::Leader::Peer& peer : std::get<raft::Leader>(raft.role()).peers) {
        std::uint32_t const follower = peer.member.id.value();
        LogIndex const match = peer.progress.match();
        LogIndex& last = seen.match[follower - 1];
        if (match == last) {
            continue;
        }
        moved = true;
        bool const rose = match > last;
        last = match;
        if (!rose || truth_.hard_state(follower, partition).term > raft.term()) {
            continue;
        }
        const EntryInfo* const own = logs_.memory(node, partition).at(match);
        ++comparisons_;
        if (own == nullptr || !truth_.was_stored(follower, partition, match, own->chain)) {
            violations_.add("R12", node, [&] {
                return fmt::format(
                    "n{} leads {} in term {} and counts index {} of n{}, whose disk has a log to "
                    "{}{}",
                    node, topics_.label(partition), raft.term().value(), match.value(), follower,
                    truth_.stored_log(follower, partition).last_index().value(),
                    own == nullptr ? "" : " or another entry there");
            });
        }
    }
    return moved;
}

void Beliefs::check_commit(std::uint32_t node, const broker::Replica& replica) {
    const raft::Raft& raft = replica.raft();
    const auto& leader = std::get<raft::Leader>(raft.role());
    auto const reached = [&](const broker::Member& member) {
        auto const at =
            std::find_if(leader.peers.begin(), leader.peers.end(),
                         [&](const raft::Leader::Peer& peer) { return peer.member == member; });
        if (at != leader.peers.end()) {
            return at->progress.match();  // also of the voter that it was on a former disk
        }
        return member.id.value() == node ? raft.stable() : LogIndex{};
    };
    // From the first of its own that is not committed: one more that a quorum has is too many.
    LogIndex const next = std::max(raft.commit().next(), leader.first_own);
    ++comparisons_;
    bool const held_back = !commit_before_own_sync_ && raft.stable() < next;
    if (held_back || !raft.configuration().is_quorum(
                         [&](const broker::Member& member) { return reached(member) >= next; })) {
        return;
    }
    violations_.add("R20", node, [&] {
        return fmt::format("n{} leads {} in term {} with commit index {}; a quorum has matched {}",
                           node, topics_.label(replica.partition()), raft.term().value(),
                           raft.commit().value(), next.value());
    });
}

void Beliefs::on_down(std::uint32_t node) {
    for (std::size_t partition = 0; partition < partitions_; ++partition) {
        seen_[(node - 1) * partitions_ + partition] = Seen{};
    }
}

}  // namespace brokersim
