// What hosts are to a partition at this moment, and what they are doing: what targets by role and
// armed faults go by.
#include "sim/world.h"

#include <algorithm>

namespace brokersim {
namespace {

using broker::raft::Raft;

/// The Raft machine of each replica that serves on this host.
template <class Holds>
bool any_replica(const broker::Topics& topics, const broker::Node& node, Holds holds) {
    return std::any_of(topics.partitions().begin(), topics.partitions().end(),
                       [&](const broker::PartitionInfo& info) {
                           const broker::Replica* const replica = node.replica(info.id);
                           return replica != nullptr && replica->serving() && holds(*replica);
                       });
}

template <class Holds>
bool any_peer(const Raft& raft, Holds holds) {
    const auto* const leader = std::get_if<broker::raft::Leader>(&raft.role());
    return leader != nullptr && std::any_of(leader->peers.begin(), leader->peers.end(), holds);
}

}  // namespace

void World::note_tiebreaker(const Host& host, const broker::Event& event) {
    tiebreakers_.resize(topics_.partitions().size());
    for (const broker::Fact& fact : host.node->facts()) {
        const broker::Replica* const replica = host.node->replica(fact.partition);
        if (fact.kind != broker::FactKind::committed || !replica->raft().is_leader()) {
            continue;
        }
        const auto* const from = std::get_if<broker::DatagramReceived>(&event);
        tiebreakers_[fact.partition.value()] =
            (from == nullptr ? host.number : from->from.value()) - 1;
    }
}

std::vector<std::uint32_t> World::hosts_in_role(TargetKind role, std::uint32_t partition) const {
    std::vector<std::uint32_t> hosts;
    if (role == TargetKind::tiebreaker) {
        if (partition < tiebreakers_.size() && tiebreakers_[partition]) {
            hosts.push_back(*tiebreakers_[partition]);
        }
        return hosts;
    }
    std::optional<PartitionView> const view = partition_view(partition);
    std::optional<broker::LogIndex> furthest_behind;
    for (const Host& host : hosts_) {
        const broker::Replica* const replica =
            host.up() ? host.node->replica(PartitionId{partition}) : nullptr;
        if (replica == nullptr || !replica->serving()) {
            continue;
        }
        const Raft& raft = replica->raft();
        std::uint32_t const index = host.number - 1;
        broker::Member const self = member(index);
        if (role == TargetKind::candidate) {
            if (std::holds_alternative<broker::raft::Candidate>(raft.role()) ||
                std::holds_alternative<broker::raft::PreCandidate>(raft.role())) {
                hosts.push_back(index);
            }
        } else if (role == TargetKind::learner) {
            if (view && view->members.contains(self) && !view->members.is_voter(self)) {
                hosts.push_back(index);
            }
        } else if (view && view->leader != index && view->members.is_voter(self)) {
            broker::LogIndex const last = raft.log().last_index();
            if (!furthest_behind || last < *furthest_behind) {
                furthest_behind = last;
                hosts = {index};
            }
        }
    }
    return hosts;
}

bool World::in_flight(std::uint32_t index, ArmOn work) const {
    const Host& host = hosts_[index];
    if (!host.up()) {
        return false;
    }
    auto const any = [&](auto holds) { return any_replica(topics_, *host.node, holds); };
    switch (work) {
        case ArmOn::io_submit:
        case ArmOn::io_done:
        case ArmOn::write:
            return host.disk->write_in_flight();
        case ArmOn::sync:
            return host.disk->sync_in_flight();
        case ArmOn::group_window:
            for (const broker::PartitionInfo& info : topics_.partitions()) {
                const broker::Replica* const replica = host.node->replica(info.id);
                if (replica != nullptr && replica->wal().has_open_group()) {
                    return true;
                }
            }
            return false;
        case ArmOn::queued_request:
            return host.node->admitted_bytes() > 0;
        case ArmOn::recovery:
            return !host.node->serving();
        case ArmOn::unsent_ack:
            return any([](const broker::Replica& replica) {
                const Raft& raft = replica.raft();
                return raft.is_leader() && raft.uncommitted_bytes() > 0 &&
                       raft.stable() > raft.commit();
            });
        case ArmOn::replication:
            return any([](const broker::Replica& replica) {
                const Raft& raft = replica.raft();
                return any_peer(raft, [&](const broker::raft::Leader::Peer& peer) {
                    return peer.progress.match() < raft.log().last_index();
                });
            });
        case ArmOn::snapshot:
            return any([](const broker::Replica& replica) {
                return any_peer(replica.raft(), [](const broker::raft::Leader::Peer& peer) {
                    return peer.progress.installing();
                });
            });
        case ArmOn::shutdown:
            return host.stopping;
    }
    return false;
}

}  // namespace brokersim
