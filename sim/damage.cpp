// Damage to disks: what the budget is told, and what the cluster cannot be blamed for afterwards.
#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "sim/invariants/quorum.h"
#include "sim/observer.h"
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

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

bool World::is_whole(const Host& host) const {
    if (host.refused || host.betrayed || host.disk->is_damaged()) {
        return false;
    }
    for (std::uint32_t number = 0; number < host.forgot.size(); ++number) {
        auto const& [index, chain] = host.forgot[number];
        bool const holds = index == LogIndex{} ||
                           truth_.stored_log(host.number, PartitionId{number}).holds(index, chain);
        if (!holds) {
            return false;
        }
    }
    return true;
}

void World::note_forgotten(Host& host) {
    host.forgot.clear();
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        LogIndex const stored = truth_.stored_log(host.number, info.id).last_index();
        LogIndex const index = std::min(stored, logs_.committed(info.id).last_index());
        const Link* const link = truth_.stored_log(host.number, info.id).at(index);
        host.forgot.emplace_back(index, link == nullptr ? 0 : link->chain);
    }
}

bool World::has_open_vote(const Host& host, PartitionId partition, broker::Term term) const {
    const broker::Replica* const replica = host.up() ? host.node->replica(partition) : nullptr;
    bool const asks = replica != nullptr && replica->serving() &&
                      std::holds_alternative<broker::raft::Candidate>(replica->raft().role()) &&
                      replica->raft().term() <= term;
    broker::HardState const stored = truth_.hard_state(host.number, partition);
    bool const gives =
        stored.term < term || (stored.term == term && stored.vote == broker::BrokerId{});
    return asks || gives;
}

CopiesView World::copies_of(std::uint32_t target, PartitionId partition, DamageClass damage) const {
    CopiesView view;
    view.target = target;
    view.damaged.assign(hosts_.size(), false);
    view.holds.assign(hosts_.size(), true);
    // Who forgets may go by a configuration that is over, and vote in it with others that never
    // heard of the next one.
    bool const former = damage != DamageClass::detectable;
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
    if (damage == DamageClass::amnesia) {
        broker::Term const term = truth_.hard_state(target + 1, partition).term;
        for (const Host& host : hosts_) {
            view.vote_open.push_back(has_open_vote(host, partition, term));
            view.forgot_before = view.forgot_before || host.forgot_votes;
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

BudgetAnswer World::peek_budget(std::uint32_t host, DamageClass damage) const {
    if (config_.limits.max_damaged) {
        std::int64_t damaged = 1;
        for (const Host& other : hosts_) {
            damaged += other.number != host + 1 && !is_whole(other) ? 1 : 0;
        }
        if (damaged > *config_.limits.max_damaged) {
            return {false,
                    fmt::format("{} brokers would be damaged at a time, and max_damaged is {}",
                                damaged, *config_.limits.max_damaged),
                    true};
        }
    }
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        BudgetAnswer answer = within_budget(damage, copies_of(host, info.id, damage));
        if (!answer.allowed) {
            answer.why = fmt::format("{} on n{}: {}", topics_.label(info.id), host + 1, answer.why);
            return answer;
        }
    }
    return {};
}

BudgetAnswer World::ask_budget(std::uint32_t host, DamageClass damage) {
    BudgetAnswer answer = peek_budget(host, damage);
    if (!answer.allowed && !answer.always && config_.limits.budget == Budget::beyond) {
        exceed_budget(hosts_[host]);
        return {};
    }
    return answer;
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
    if (lost) {
        note_forgotten(host);
    }
    std::optional<SurvivalShape> shape;
    NamesFate names = NamesFate::drawn;
    if (remains_) {
        constexpr std::array shapes = {SurvivalShape::keep_all, SurvivalShape::drop_all,
                                       SurvivalShape::first_torn, SurvivalShape::last_torn};
        shape = shapes[static_cast<std::size_t>(*remains_)];
        bool const most = *remains_ == Remains::keep_all || *remains_ == Remains::max_torn;
        names = most ? NamesFate::kept : NamesFate::lost;
    }
    CrashReport const report =
        host.disk->crash_power(shape, lost ? LieFate::lost : LieFate::come_true, names);
    host.betrayed = host.betrayed || report.lies_lost;
    credit_disk_errors(host);
    record_taken(host);
    return report;
}

void World::replace_disk(std::uint32_t index, const DiskImage& image, bool new_identity) {
    Host& host = hosts_[index];
    crash(index, CrashKind::power);
    if (!new_identity) {
        note_forgotten(host);
    }
    if (host.loss_excused) {
        truth_.excuse_next_loss(host.number);  // of the disk too, not only of what power took
    }
    host.disk->replace(image);
    host.stopped_cleanly = false;
    if (image.empty()) {
        // With it go term and vote, of which the budget knows that nobody asks again.
        host.forgot_votes = host.forgot_votes || !new_identity;
        raft_invariants_.on_replaced(host.number);
    }
    if (new_identity) {
        host.disk_uuid = broker::DiskUuid{broker::fold64(host.disk_uuid.value(), ++host.disks)};
    } else {
        host.betrayed = true;
    }
    record_taken(host);
    forget_memory(host.number);
    recorder_.history().crash(scheduler_.now().nanoseconds(), host.number,
                              image.empty() ? reports::Disk::wiped : reports::Disk::damaged);
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
