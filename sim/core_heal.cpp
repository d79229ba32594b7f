// Healing a core: a set of brokers with a quorum of every partition is mended, and the others stay
// as the faults left them, for ever. The cluster must get on without them, as after a disaster.
//
// Who stays behind is drawn among those that are down, paused or cut off when the faults end, as
// long as those that can be relied on keep a quorum of every configuration in force. A broker that
// is cut off in part becomes cut off from everybody, in the same ways: a leader that reaches a
// quorum and not all of its followers may keep its office for good (thesis 6.4: it need not step
// down), and nobody could be blamed for what the others miss. Should the brokers settle on members
// of which the core has no quorum (an entry of a change that was under way), all are mended: then
// the cluster is judged as if nobody had stayed behind.
#include "sim/invariants/quorum.h"
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {
namespace {

/// In place of an element of the plan.
constexpr std::uint32_t left_behind = UINT32_MAX;

}  // namespace

std::vector<World::Residue> World::residues() const {
    std::vector<Residue> residues;
    for (const Host& host : hosts_) {
        Residue residue;
        residue.down = !host.up();
        residue.paused = host.pauses.any();
        for (std::uint32_t other = 0; other < hosts_.size(); ++other) {
            std::uint32_t const index = host.number - 1;
            residue.cut_in = residue.cut_in || network_.cut(other, index);
            residue.cut_out = residue.cut_out || network_.cut(index, other);
        }
        residues.push_back(residue);
    }
    return residues;
}

bool World::core_is_enough(const std::vector<bool>& core) const {
    return std::all_of(
        topics_.partitions().begin(), topics_.partitions().end(),
        [&](const broker::PartitionInfo& info) {
            auto const usable = [&](const broker::Member& voter) {
                const Host& host = hosts_[voter.id.value() - 1];
                return core[voter.id.value() - 1] && host.disk_uuid == voter.disk &&
                       host.state != HostState::failed;
            };
            std::uint32_t const needed = topics_.topic_of(info.id).min_insync_replicas;
            // Also what only one of them goes by: with the longer log, nobody is elected without
            // it.
            std::vector<broker::raft::Configuration> members = configurations_of(info.id, false);
            for (const Host& host : hosts_) {
                const broker::Replica* const replica =
                    host.up() ? host.node->replica(info.id) : nullptr;
                if (core[host.number - 1] && replica != nullptr && replica->serving()) {
                    members.push_back(replica->raft().configuration());
                }
            }
            return std::all_of(members.begin(), members.end(), [&](const auto& configuration) {
                return has_quorum(configuration, usable) &&
                       std::count_if(configuration.voters.begin(), configuration.voters.end(),
                                     usable) >= needed;
            });
        });
}

void World::choose_core() {
    core_.assign(hosts_.size(), true);
    std::vector<Residue> const residues = this->residues();
    std::vector<std::uint32_t> broken;
    for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
        const Residue& residue = residues[host];
        if (residue.down || residue.paused || residue.cut_in || residue.cut_out) {
            broken.push_back(host);
        }
    }
    // Not always as many as can be.
    while (!broken.empty()) {
        std::uint64_t const at = core_random_.below(broken.size());
        bool const stays = core_random_.below(4) != 0;
        std::uint32_t const host = broken[at];
        broken.erase(broken.begin() + static_cast<std::ptrdiff_t>(at));
        std::vector<bool> without = core_;
        without[host] = false;
        if (stays && core_is_enough(without)) {
            core_ = std::move(without);
            residues_[host] = residues[host];
        }
    }
    trace_.line([&] {
        std::string text = "-- core";
        for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
            text += core_[host] ? fmt::format(" n{}", host + 1) : "";
        }
        return text;
    });
}

void World::keep_behind(Host& host) {
    if (host.up() && residues_[host.number - 1].paused) {
        host.pauses.add(left_behind, Time::never());
    }
}

void World::cut_behind(const Host& host) {
    std::uint32_t const index = host.number - 1;
    const Residue& residue = residues_[index];
    auto const members = static_cast<std::uint32_t>(hosts_.size() + clients_.size());
    for (std::uint32_t other = 0; other < members; ++other) {
        if (other != index && residue.cut_in) {
            network_.block(other, index, left_behind);
        }
        if (other != index && residue.cut_out) {
            network_.block(index, other, left_behind);
        }
    }
}

void World::mend_everybody() {
    trace_.line([] { return std::string{"-- the core is none any more: all are mended"}; });
    core_.assign(hosts_.size(), true);
    network_.lift_all();
    for (Host& host : hosts_) {
        mend_host(host);
    }
    settle_deadline_ = scheduler_.now() + settle_budget();
}

}  // namespace brokersim
