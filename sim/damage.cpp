// Damage to disks: what the budget is told, and what the cluster cannot be blamed for afterwards.
#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "sim/invariants/quorum.h"
#include "sim/observer.h"
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

bool World::plans(FaultKind kind) const {
    return std::any_of(config_.plan.begin(), config_.plan.end(),
                       [=](const Element& element) { return element.kind == kind; });
}

std::vector<broker::raft::Configuration> World::configurations_of(PartitionId partition,
                                                                  bool former) const {
    const InfoLog& committed = logs_.committed(partition);
    broker::raft::Configuration const first = first_configuration(topics_, partition);
    LogIndex const since = former ? LogIndex{} : committed.last_index();
    std::vector<broker::raft::Configuration> all;
    (void)committed.any_configuration_since(since, first,
                                            [&](const broker::raft::Configuration& configuration) {
                                                all.push_back(configuration);
                                                return false;
                                            });
    const broker::raft::Raft* const newest = furthest(partition);
    if (newest != nullptr && newest->configuration() != all.back()) {
        all.push_back(newest->configuration());
    }
    return all;
}

const broker::raft::Raft* World::furthest(PartitionId partition) const {
    const broker::raft::Raft* newest = nullptr;
    for (const Host& host : hosts_) {
        const broker::Replica* const replica = host.up() ? host.node->replica(partition) : nullptr;
        if (replica == nullptr || !replica->serving()) {
            continue;
        }
        const broker::raft::Raft& raft = replica->raft();
        auto const place = [](const broker::raft::Raft& of) {
            return std::pair{of.log().last_term(), of.log().last_index()};
        };
        if (newest == nullptr || place(*newest) < place(raft)) {
            newest = &raft;
        }
    }
    return newest;
}

std::optional<broker::raft::Configuration> World::newest_members(std::uint32_t partition) const {
    const broker::raft::Raft* const newest = furthest(PartitionId{partition});
    if (newest == nullptr) {
        return std::nullopt;
    }
    // Who was left behind may still believe in members that decide no more.
    const InfoLog& committed = logs_.committed(PartitionId{partition});
    const EntryInfo* const last = committed.at(committed.last_index());
    if (last == nullptr || std::pair{newest->log().last_term(), newest->log().last_index()} >=
                               std::pair{last->term, committed.last_index()}) {
        return newest->configuration();
    }
    const broker::raft::Configuration* const changed =
        committed.configuration_at(committed.last_index());
    return changed != nullptr ? *changed : first_configuration(topics_, PartitionId{partition});
}

bool World::is_sound(const broker::Member& member) const {
    const Host& host = hosts_[member.id.value() - 1];
    return host.disk_uuid == member.disk && !host.refused && !host.disk->is_damaged();
}

CopiesView World::copies_of(std::uint32_t target, PartitionId partition, DamageClass damage) const {
    CopiesView view;
    view.target = target;
    view.damaged.assign(hosts_.size(), false);
    view.holds.assign(hosts_.size(), true);
    // Who forgets may go by a configuration that is over, and vote in it with others that never
    // heard of the next one.
    bool const former = damage == DamageClass::silent;
    for (const broker::raft::Configuration& configuration : configurations_of(partition, former)) {
        for (const std::vector<broker::Member>* const voters :
             {&configuration.voters, &configuration.outgoing}) {
            std::vector<std::uint32_t> set;
            for (const broker::Member& voter : *voters) {
                std::uint32_t const index = voter.id.value() - 1;
                // A disk that was replaced leaves a voter behind that never answers.
                bool const another = hosts_[index].disk_uuid != voter.disk;
                view.damaged[index] = view.damaged[index] || another || !is_sound(voter);
                set.push_back(index);
            }
            if (!set.empty()) {
                view.voter_sets.push_back(std::move(set));
            }
        }
    }
    // Chains are cumulative: who holds the last entry holds every one before it.
    const FoldedLog& promised = truth_.stored_log(target + 1, partition);
    if (const Link* const last = promised.at(promised.last_index())) {
        for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
            view.holds[host] =
                truth_.stored_log(host + 1, partition).holds(promised.last_index(), last->chain);
        }
    }
    return view;
}

BudgetAnswer World::ask_budget(std::uint32_t host, DamageClass damage) {
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        BudgetAnswer answer = within_budget(damage, copies_of(host, info.id, damage));
        if (answer.allowed) {
            continue;
        }
        if (config_.limits.budget == Budget::beyond) {
            exceed_budget(hosts_[host]);
            return {};
        }
        answer.why = fmt::format("{} on n{}: {}", topics_.label(info.id), host + 1, answer.why);
        return answer;
    }
    return {};
}

void World::exceed_budget(const Host& host) {
    truth_.excuse_next_loss(host.number);
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        if (std::find(info.hosts.begin(), info.hosts.end(), broker::BrokerId{host.number}) !=
            info.hosts.end()) {
            record_loss(info.id);
        }
    }
}

CrashReport World::lose_power(Host& host) {
    const DiskTraits& traits = host.disk->traits();
    bool const can_lose =
        plans(FaultKind::lost_fsync) || traits.syncs_lie || !traits.atomic_sectors ||
        (traits.sync_failure == SyncFailure::late && plans(FaultKind::sync_error));
    // Who asks only when something was lied about would draw the chances from the fault itself.
    bool const counts = config_.limits.budget == Budget::strict || host.disk->lies().any() ||
                        !traits.atomic_sectors;
    bool const lost = can_lose && counts && host.disk->synced_writes() > 0 &&
                      ask_budget(host.number - 1, DamageClass::silent).allowed;
    host.loss_excused = host.loss_excused || truth_.next_loss_is_excused(host.number);
    CrashReport const report =
        host.disk->crash_power(std::nullopt, lost ? LieFate::lost : LieFate::come_true);
    host.betrayed = host.betrayed || report.lies_lost;
    credit_disk_errors(host);
    record_taken(host);
    return report;
}

void World::replace_disk(std::uint32_t index, const DiskImage& image, bool new_identity) {
    Host& host = hosts_[index];
    crash(index, CrashKind::power);
    if (host.loss_excused) {
        truth_.excuse_next_loss(host.number);  // of the disk too, not only of what power took
    }
    host.disk->replace(image);
    host.stopped_cleanly = false;
    if (new_identity) {
        host.disk_uuid = broker::DiskUuid{broker::fold64(host.disk_uuid.value(), ++host.disks)};
        raft_invariants_.on_replaced(host.number);
    } else {
        host.betrayed = true;
    }
    record_taken(host);
    forget_memory(host.number);
    recorder_.history().crash(scheduler_.now().nanoseconds(), host.number,
                              new_identity ? reports::Disk::wiped : reports::Disk::damaged);
}

void World::mend(std::uint32_t index) {
    Host& host = hosts_[index];
    if (host.refused && !host.betrayed) {
        host.refused = false;
        host.state = HostState::down;
    }
    start(index);
}

std::string World::excuse_for(PartitionId partition) const {
    for (const broker::raft::Configuration& configuration : configurations_of(partition, false)) {
        auto const votes = [this](const broker::Member& voter) {
            const Host& host = hosts_[voter.id.value() - 1];
            return host.disk_uuid == voter.disk && !host.refused;
        };
        if (!has_quorum(configuration, votes)) {
            return fmt::format(
                "{}: fewer than a quorum of its voters have a disk that can be "
                "trusted",
                topics_.label(partition));
        }
        // A forced reconfiguration may leave fewer voters than the topic asks for.
        if (configuration.voters.size() < topics_.topic_of(partition).min_insync_replicas) {
            return fmt::format("{}: fewer voters are left than min_insync_replicas",
                               topics_.label(partition));
        }
    }
    return "";
}

void World::find_excuses() {
    excuses_.clear();
    excused_.assign(topics_.partitions().size(), false);
    bool const damaged = std::any_of(hosts_.begin(), hosts_.end(), [](const Host& host) {
        return host.refused || host.disks > 1;
    });
    if (!damaged) {
        return;
    }
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        std::string const excuse = excuse_for(info.id);
        if (!excuse.empty()) {
            excused_[info.id.value()] = true;
            excuses_.push_back(excuse);
        }
    }
}

}  // namespace brokersim
