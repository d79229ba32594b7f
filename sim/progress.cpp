// L6: who must get on, as the world stands now.
#include "broker_core/base/check.h"
#include "sim/invariants/quorum.h"
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

namespace brokersim {

Duration World::progress_window() const {
    // Elections, then one entry through the slowest pair of link and disk, and a client that asks
    // every silent broker first.
    Duration const round =
        network_.largest_latency() * 2 + slowest(config_.disk_write) + slowest(config_.disk_sync);
    Duration window =
        largest_election_timeout() * 20 + round * 64 + config_.tuning.wal.group_window * 4;
    Duration asking{};
    for (const ProducerConfig& producer : config_.producers) {
        asking = std::max(asking,
                          producer.request_timeout + producer.retry_backoff * 2 + producer.linger);
    }
    return window + asking * (static_cast<std::int64_t>(config_.brokers) + 1);
}

bool World::works(const Host& host) const {
    bool const slowed =
        host.slowness.disk.any() || host.slowness.cpu.any() || host.slowness.timers.any();
    return host.up() && !host.stopping && host.node->serving() && !host.pauses.any() &&
           !host.stalls.at(scheduler_.now()) && !slowed && !host.disk->errors().any() &&
           !host.disk->damage().any() && !host.clock.changed();
}

bool World::is_silent(const Host& host, std::uint32_t towards) const {
    if (!host.up() || host.pauses.any()) {
        return true;
    }
    for (std::uint32_t other = 0; other < hosts_.size(); ++other) {
        std::uint32_t const index = host.number - 1;
        bool const cut = network_.cut(index, other) && network_.cut(other, index);
        if (((towards >> other) & 1U) != 0 && !cut) {
            return false;
        }
    }
    return true;
}

bool World::is_asked(PartitionId partition, std::uint32_t working) const {
    return std::any_of(producers_.begin(), producers_.end(), [&](const Producer* producer) {
        std::uint32_t const member = network_.client_member(producer->id());
        for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
            if (((working >> host) & 1U) != 0 &&
                (network_.cut(member, host) || network_.cut(host, member))) {
                return false;
            }
        }
        return producer->waits_for(partition.value());
    });
}

std::uint32_t World::must_get_on(PartitionId partition) const {
    constexpr std::size_t hosts_max = 10;  // all sets of them are looked at
    if (hosts_.size() > hosts_max) {
        return 0;
    }
    std::uint32_t able = 0;
    for (const Host& host : hosts_) {
        able |= works(host) ? 1U << (host.number - 1) : 0U;
    }
    std::vector<broker::raft::Configuration> const members = configurations_of(partition, false);
    for (std::uint32_t set = able; set != 0; set = (set - 1) & able) {
        auto const in_set = [&](std::uint32_t host) { return ((set >> host) & 1U) != 0; };
        auto const works_for = [&](const broker::Member& member) {
            std::uint32_t const host = member.id.value() - 1;
            return in_set(host) && hosts_[host].disk_uuid == member.disk;
        };
        bool good = std::all_of(members.begin(), members.end(),
                                [&](const auto& one) { return has_quorum(one, works_for); });
        for (const Host& host : hosts_) {
            std::uint32_t const from = host.number - 1;
            if (!in_set(from)) {
                good = good && is_silent(host, set);
                continue;
            }
            for (std::uint32_t to = 0; to < hosts_.size(); ++to) {
                good = good && (!in_set(to) || !network_.cut(from, to));
            }
        }
        auto const enough = static_cast<std::uint32_t>(std::popcount(set));
        if (good && enough >= topics_.topic_of(partition).min_insync_replicas) {
            return set;
        }
    }
    return 0;
}

void World::look_at_progress() {
    std::uint64_t changes = faults_->changes();
    for (const Host& host : hosts_) {
        changes += host.incarnation + host.ended.size();
    }
    Time const now = scheduler_.now();
    progress_.look(now, changes);
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        bool const certain = phase_ == Phase::run && network_.is_undisturbed();
        std::uint32_t const working = certain ? must_get_on(info.id) : 0;
        LogIndex const committed = logs_.committed(info.id).last_index();
        if (progress_.is_stuck(info.id.value(), working, is_asked(info.id, working), committed,
                               now)) {
            violations_.add("L6", 0, [&] {
                return fmt::format(
                    "{}: a quorum of its voters works and a producer waits, and for {} s nothing "
                    "commits behind index {}{}",
                    topics_.label(info.id), progress_.window().nanoseconds() / 1'000'000'000,
                    committed.value(), views_of(info.id));
            });
        }
    }
}

}  // namespace brokersim
