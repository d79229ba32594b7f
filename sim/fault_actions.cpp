// What each kind of fault does when it fires and when it ends.
#include "broker_core/base/check.h"
#include "sim/fault_engine.h"
#include "sim/observer.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {
namespace {

constexpr Duration wait_for_stop{10'000'000};  // of a restart, for a node still stopping

}  // namespace

namespace {

/// The incarnation of a host when the element fired.
std::uint32_t life_of(const ElementState& state, std::uint32_t host) {
    for (std::size_t i = 0; i < state.hosts.size() && i < state.lives.size(); ++i) {
        if (state.hosts[i] == host) {
            return state.lives[i];
        }
    }
    return 0;
}

/// Bits of hosts; of none: every broker.
std::uint32_t mask_of(const std::vector<std::uint32_t>& hosts) {
    std::uint32_t mask = 0;
    for (std::uint32_t const host : hosts) {
        mask |= 1U << host;
    }
    return hosts.empty() ? UINT32_MAX : mask;
}

}  // namespace

bool FaultEngine::act(std::uint32_t index, ElementState& state) {
    const Element& element = state.element;
    VirtualNetwork& network = actions_.network();
    switch (element.kind) {
        case FaultKind::partition:
            return act_partition(index, state);
        case FaultKind::drop:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::delay:
            network.begin(MessageFault{index, element.kind, element.probability, element.by,
                                       mask_of(state.hosts)});
            return true;
        case FaultKind::reset: {
            std::uint32_t broken = 0;
            for (std::uint32_t const member : members_of(element.target)) {
                if (member >= actions_.brokers()) {
                    broken +=
                        actions_.reset_connections(member - actions_.brokers(), element.point);
                }
            }
            if (broken > 0) {
                mark_effective(index);
                return true;
            }
            return false;
        }
        case FaultKind::crash:
        case FaultKind::shutdown:
        case FaultKind::restart:
        case FaultKind::pause:
        case FaultKind::disk_stall:
        case FaultKind::slow_disk:
            return act_on_hosts(index, state);
        case FaultKind::transfer_leader:
        case FaultKind::add_voter:
        case FaultKind::remove_voter:
        case FaultKind::add_learner:
        case FaultKind::promote:
        case FaultKind::replace_voter:
        case FaultKind::joint_change:
        case FaultKind::delete_records:
            return administrate(index, state);
        case FaultKind::heal:
            return true;
    }
    return false;
}

bool FaultEngine::act_on_hosts(std::uint32_t index, ElementState& state) {
    Element& element = state.element;
    Time const now = actions_.scheduler().now();
    if (element.kind == FaultKind::crash && element.crash == CrashKind::mixed) {
        std::uint64_t const drawn = random_.below(10);
        element.crash = drawn < 4   ? CrashKind::process
                        : drawn < 8 ? CrashKind::power
                                    : CrashKind::serve_then_power;
    }
    bool acted = false;
    std::vector<std::uint32_t> const hosts = state.hosts;
    for (std::uint32_t const host : hosts) {
        bool did = false;
        switch (element.kind) {
            case FaultKind::crash: {
                bool const second = state.active;
                CrashKind const kind = element.crash == CrashKind::serve_then_power
                                           ? (second ? CrashKind::power : CrashKind::process)
                                           : element.crash;
                did = actions_.crash(host, kind);
                break;
            }
            case FaultKind::shutdown:
                if (state.active && actions_.incarnation(host) != life_of(state, host)) {
                    break;  // it stopped in time, and another life has begun
                }
                if (state.active) {
                    did = actions_.crash(host, CrashKind::process);  // its grace is over
                } else {
                    did = actions_.stop(host);
                    if (did && element.grace >= Duration{}) {
                        actions_.scheduler().push(now + element.grace,
                                                  Work{WorkKind::fault_fire, index, 0, 0});
                    }
                }
                break;
            case FaultKind::restart:
                did = actions_.start(host);
                break;
            case FaultKind::pause:
                did = actions_.pause(host, element.lasts ? now + *element.lasts : Time::never(),
                                     index);
                break;
            case FaultKind::disk_stall:
                actions_.stall_disk(host, element.lasts ? now + *element.lasts : Time::never(),
                                    index);
                did = true;
                break;
            case FaultKind::slow_disk:
                actions_.slow_disk(host, element.factor, index);
                did = true;
                break;
            case FaultKind::partition:
            case FaultKind::drop:
            case FaultKind::duplicate:
            case FaultKind::reorder:
            case FaultKind::delay:
            case FaultKind::reset:
            case FaultKind::transfer_leader:
            case FaultKind::add_voter:
            case FaultKind::remove_voter:
            case FaultKind::add_learner:
            case FaultKind::promote:
            case FaultKind::replace_voter:
            case FaultKind::joint_change:
            case FaultKind::delete_records:
            case FaultKind::heal:
                CHECK(false);
                break;
        }
        acted = acted || did;
    }
    bool const proven = element.kind == FaultKind::crash || element.kind == FaultKind::shutdown ||
                        element.kind == FaultKind::restart;
    if (acted && proven) {
        mark_effective(index);
    }
    return acted;
}

void FaultEngine::finish(std::uint32_t index) {
    ElementState& state = states_[index];
    const Element& element = state.element;
    VirtualNetwork& network = actions_.network();
    Time const now = actions_.scheduler().now();
    state.chances = chances_now(state) - state.chances_before;  // of messages: see below
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_fault(index, state, false);
    }
    switch (element.kind) {
        case FaultKind::partition:
            for (const auto& [from, to] : state.blocked) {
                network.unblock(from, to);
            }
            state.blocked.clear();
            break;
        case FaultKind::drop:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::delay:
            state.chances = network.end(index);
            break;
        case FaultKind::crash:
        case FaultKind::shutdown: {
            if (!running_) {
                break;  // the heal phase starts everything
            }
            bool stopping = false;
            for (std::uint32_t const host : state.hosts) {
                bool const again = element.kind == FaultKind::shutdown &&
                                   actions_.is_running(host) && !actions_.is_up(host);
                stopping = stopping || again;
                if (!again) {
                    actions_.start(host);
                }
            }
            if (stopping) {
                actions_.scheduler().push(now + wait_for_stop,
                                          Work{WorkKind::fault_end, index, 0, 0});
                return;
            }
            bool const serves_first =
                element.kind == FaultKind::crash && element.crash == CrashKind::serve_then_power;
            if (serves_first && state.seen == 0) {
                // Power fails after the restarted node read its cache and acted on it.
                state.seen = 1;
                std::int64_t const limit = 2 * actions_.largest_election_timeout().nanoseconds();
                Duration const after{random_.between(std::int64_t{0}, limit)};
                actions_.scheduler().push(now + after, Work{WorkKind::fault_fire, index, 0, 0});
                return;
            }
            break;
        }
        case FaultKind::slow_disk:
            for (std::uint32_t const host : state.hosts) {
                // The largest of what is still in force on that disk.
                std::uint32_t factor = 1;
                std::uint32_t by = UINT32_MAX;
                for (std::uint32_t i = 0; i < states_.size(); ++i) {
                    const ElementState& other = states_[i];
                    bool const same = std::find(other.hosts.begin(), other.hosts.end(), host) !=
                                      other.hosts.end();
                    if (i != index && other.active && same &&
                        other.element.kind == FaultKind::slow_disk &&
                        other.element.factor > factor) {
                        factor = other.element.factor;
                        by = i;
                    }
                }
                actions_.slow_disk(host, factor, by);
            }
            break;
        case FaultKind::pause:
            for (const std::uint32_t host : state.hosts) {
                actions_.end_pause(host, index);
            }
            break;
        case FaultKind::disk_stall:
            for (const std::uint32_t host : state.hosts) {
                actions_.end_stall(host, index);
            }
            break;
        case FaultKind::restart:
        case FaultKind::reset:
        case FaultKind::transfer_leader:
        case FaultKind::add_voter:
        case FaultKind::remove_voter:
        case FaultKind::add_learner:
        case FaultKind::promote:
        case FaultKind::replace_voter:
        case FaultKind::joint_change:
        case FaultKind::delete_records:
        case FaultKind::heal:
            break;
    }
    state.active = false;
    state.done = true;
    on_event("fault_ended", state.hosts.empty() ? 0 : state.hosts.front(), 1, element.id);
}

// ---------------------------------------------------------------------------------------------
// Partitions

std::vector<std::uint32_t> FaultEngine::members_of(const Target& target) {
    std::vector<std::uint32_t> members;
    if (target.kind == TargetKind::clients) {
        for (std::uint32_t client = 0; client < actions_.clients(); ++client) {
            members.push_back(actions_.brokers() + client);
        }
        return members;
    }
    if (target.kind == TargetKind::client) {
        std::uint32_t const first = target.consumer ? actions_.producers() : 0;
        std::uint32_t const client = first + target.number - 1;
        if (target.number >= 1 && client < actions_.clients()) {
            members.push_back(actions_.brokers() + client);
        }
        return members;
    }
    return resolve(target);
}

std::vector<std::uint32_t> FaultEngine::draw_order() {
    std::vector<std::uint32_t> order;
    for (std::uint32_t host = 0; host < actions_.brokers(); ++host) {
        order.push_back(host);
    }
    for (std::size_t left = order.size(); left > 1; --left) {
        std::uint64_t const other = random_.below(left);
        std::swap(order[left - 1], order[other]);
    }
    return order;
}

std::optional<std::vector<std::vector<std::uint32_t>>> FaultEngine::groups_of(ElementState& state) {
    const Element& element = state.element;
    std::uint32_t const brokers = actions_.brokers();
    std::vector<std::vector<std::uint32_t>> groups;
    auto const others = [&](const std::vector<std::uint32_t>& side) {
        std::vector<std::uint32_t> rest;
        for (std::uint32_t host = 0; host < brokers; ++host) {
            if (std::find(side.begin(), side.end(), host) == side.end()) {
                rest.push_back(host);
            }
        }
        return rest;
    };
    if (element.shape == Shape::groups) {
        std::vector<bool> named(brokers + actions_.clients(), false);
        std::optional<std::size_t> rest_at;
        for (const std::vector<Target>& targets : element.groups) {
            std::vector<std::uint32_t> group;
            for (const Target& target : targets) {
                if (target.kind == TargetKind::rest) {
                    rest_at = groups.size();
                    continue;
                }
                std::vector<std::uint32_t> const members = members_of(target);
                if (members.empty()) {
                    return std::nullopt;
                }
                for (std::uint32_t const member : members) {
                    if (!named[member]) {
                        named[member] = true;
                        group.push_back(member);
                    }
                }
            }
            groups.push_back(std::move(group));
        }
        if (rest_at) {
            for (std::uint32_t host = 0; host < brokers; ++host) {
                if (!named[host]) {
                    groups[*rest_at].push_back(host);
                }
            }
        }
        return groups;
    }
    if (brokers < 2) {
        return std::nullopt;
    }
    std::vector<std::uint32_t> side;
    switch (element.shape) {
        case Shape::one:
            side = draw_some(1);
            break;
        case Shape::minority:
            side = draw_some(std::max<std::uint32_t>(1, (brokers - 1) / 2));
            break;
        case Shape::majority:
            side = draw_some(brokers / 2 + 1);
            break;
        case Shape::halves:
            side = draw_some(brokers / 2);
            break;
        case Shape::leader:
        case Shape::leader_with_clients: {
            std::optional<std::uint32_t> const leader =
                actions_.leader_of(element.target.partition);
            if (!leader) {
                return std::nullopt;
            }
            side = {*leader};
            break;
        }
        case Shape::bridge: {
            // The first one drawn stands between the two sides and is cut from neither.
            std::vector<std::uint32_t> const order = draw_order();
            auto const middle = order.begin() + 1 + (brokers - 1) / 2;
            groups.emplace_back(order.begin() + 1, middle);
            groups.emplace_back(middle, order.end());
            return groups;
        }
        case Shape::majorities_ring:
            for (std::uint32_t const host : draw_order()) {
                groups.push_back({host});
            }
            return groups;
        case Shape::groups:
            break;
    }
    std::vector<std::uint32_t> rest = others(side);
    if (element.shape == Shape::leader_with_clients) {
        for (std::uint32_t client = 0; client < actions_.clients(); ++client) {
            side.push_back(brokers + client);
        }
    }
    groups.push_back(std::move(side));
    groups.push_back(std::move(rest));
    return groups;
}

void FaultEngine::block_between(std::uint32_t index, ElementState& state,
                                const std::vector<std::uint32_t>& a,
                                const std::vector<std::uint32_t>& b) {
    VirtualNetwork& network = actions_.network();
    bool const out = state.element.direction != Direction::in;
    bool const in = state.element.direction != Direction::out;
    for (std::uint32_t const from : a) {
        for (std::uint32_t const to : b) {
            if (from >= actions_.brokers() && to >= actions_.brokers()) {
                continue;  // clients do not speak to each other
            }
            if (out) {
                network.block(from, to, index);
                state.blocked.emplace_back(from, to);
            }
            if (in) {
                network.block(to, from, index);
                state.blocked.emplace_back(to, from);
            }
        }
    }
}

bool FaultEngine::act_partition(std::uint32_t index, ElementState& state) {
    std::optional<std::vector<std::vector<std::uint32_t>>> const groups = groups_of(state);
    if (!groups || groups->size() < 2) {
        return false;
    }
    state.members = groups->front();
    for (std::uint32_t const member : state.members) {
        if (member < actions_.brokers()) {
            state.hosts.push_back(member);
        }
    }
    for (std::size_t i = 0; i < groups->size(); ++i) {
        for (std::size_t j = i + 1; j < groups->size(); ++j) {
            // In a ring each reaches so many neighbours on both sides that all have a majority.
            std::size_t const apart = std::min(j - i, groups->size() - (j - i));
            std::size_t const reach = (groups->size() / 2 + 1) / 2;
            if (state.element.shape == Shape::majorities_ring && apart <= reach) {
                continue;
            }
            block_between(index, state, (*groups)[i], (*groups)[j]);
        }
    }
    return !state.blocked.empty();
}

std::uint64_t FaultEngine::chances_now(const ElementState& state) const {
    std::uint64_t sum = 0;
    switch (state.element.kind) {
        case FaultKind::partition:
            for (const auto& [from, to] : state.blocked) {
                sum += actions_.network().wanted(from, to);
            }
            break;
        case FaultKind::drop:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::delay:
            break;  // the network counts them, message by message
        case FaultKind::pause:
            for (std::uint32_t const host : state.hosts) {
                sum += actions_.event_activity(host);
            }
            break;
        case FaultKind::disk_stall:
            for (std::uint32_t const host : state.hosts) {
                sum += actions_.disk_ops_met(host);
            }
            break;
        case FaultKind::slow_disk:
            for (std::uint32_t const host : state.hosts) {
                sum += actions_.disk_activity(host);
            }
            break;
        case FaultKind::crash:
        case FaultKind::shutdown:
        case FaultKind::restart:
        case FaultKind::reset:
        case FaultKind::transfer_leader:
        case FaultKind::add_voter:
        case FaultKind::remove_voter:
        case FaultKind::add_learner:
        case FaultKind::promote:
        case FaultKind::replace_voter:
        case FaultKind::joint_change:
        case FaultKind::delete_records:
        case FaultKind::heal:
            break;
    }
    return sum;
}

}  // namespace brokersim
