// Roles and draws.
#include "sim/faults/target_finder.h"

#include <algorithm>

namespace brokersim {

std::vector<std::uint32_t> TargetFinder::draw_some(std::uint32_t count) {
    std::vector<std::uint32_t> all;
    for (std::uint32_t host = 0; host < world_.brokers(); ++host) {
        if (!world_.is_failed(host)) {
            all.push_back(host);
        }
    }
    std::vector<std::uint32_t> drawn;
    while (drawn.size() < count && !all.empty()) {
        std::uint64_t const at = random_.below(all.size());
        drawn.push_back(all[at]);
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(at));
    }
    std::sort(drawn.begin(), drawn.end());
    return drawn;
}

std::vector<std::uint32_t> TargetFinder::draw_order() {
    std::vector<std::uint32_t> order;
    for (std::uint32_t host = 0; host < world_.brokers(); ++host) {
        order.push_back(host);
    }
    for (std::size_t left = order.size(); left > 1; --left) {
        std::uint64_t const other = random_.below(left);
        std::swap(order[left - 1], order[other]);
    }
    return order;
}

std::vector<std::uint32_t> TargetFinder::followers(const Target& target) const {
    std::vector<std::uint32_t> hosts;
    std::optional<std::uint32_t> const leader = world_.leader_of(target.partition);
    if (!leader) {
        return hosts;
    }
    for (broker::BrokerId const replica : world_.replicas_of(target.partition)) {
        if (replica.value() - 1 != *leader) {
            hosts.push_back(replica.value() - 1);
        }
    }
    return hosts;
}

std::vector<std::uint32_t> TargetFinder::one_of(std::vector<std::uint32_t> hosts) {
    if (hosts.size() > 1) {
        std::uint64_t const at = random_.below(hosts.size());
        hosts = {hosts[at]};
    }
    return hosts;
}

std::vector<std::uint32_t> TargetFinder::hosts(const Target& target) {
    std::uint32_t const brokers = world_.brokers();
    std::vector<std::uint32_t> hosts;
    switch (target.kind) {
        case TargetKind::node:
            if (target.number >= 1 && target.number <= brokers) {
                hosts.push_back(target.number - 1);
            }
            break;
        case TargetKind::one: {
            std::vector<std::uint32_t> up;
            for (std::uint32_t host = 0; host < brokers; ++host) {
                if (world_.is_up(host)) {
                    up.push_back(host);
                }
            }
            if (!up.empty()) {
                std::uint64_t const at = random_.below(up.size());
                hosts.push_back(up[at]);
            }
            break;
        }
        case TargetKind::minority:
            hosts = draw_some((brokers - 1) / 2);
            break;
        case TargetKind::minority_third:
            hosts = draw_some(std::max<std::uint32_t>(brokers / 3, 1));
            break;
        case TargetKind::majority:
            hosts = draw_some(brokers / 2 + 1);
            break;
        case TargetKind::all:
            hosts = draw_some(brokers);
            break;
        case TargetKind::leader:
            if (std::optional<std::uint32_t> const leader = world_.leader_of(target.partition)) {
                hosts.push_back(*leader);
            }
            break;
        case TargetKind::follower:
            hosts = one_of(followers(target));
            break;
        case TargetKind::candidate:
        case TargetKind::learner:
        case TargetKind::lagging:
        case TargetKind::tiebreaker:
            hosts = one_of(world_.hosts_in_role(target.kind, target.partition));
            break;
        case TargetKind::followers:
            hosts = followers(target);
            break;
        case TargetKind::voters:
            for (broker::BrokerId const replica : world_.replicas_of(target.partition)) {
                hosts.push_back(replica.value() - 1);
            }
            break;
        case TargetKind::same:
            hosts = resolved_(target.id);
            break;
        case TargetKind::clients:
        case TargetKind::client:
        case TargetKind::rest:
            break;
    }
    return hosts;
}

std::vector<std::uint32_t> TargetFinder::members(const Target& target) {
    std::vector<std::uint32_t> members;
    if (target.kind == TargetKind::clients) {
        for (std::uint32_t client = 0; client < world_.clients(); ++client) {
            members.push_back(world_.brokers() + client);
        }
        return members;
    }
    if (target.kind == TargetKind::client) {
        std::uint32_t const first = target.consumer ? world_.producers() : 0;
        std::uint32_t const client = first + target.number - 1;
        if (target.number >= 1 && client < world_.clients()) {
            members.push_back(world_.brokers() + client);
        }
        return members;
    }
    return hosts(target);
}

}  // namespace brokersim
