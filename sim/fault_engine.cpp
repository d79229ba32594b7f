// Triggers, limits, and the accounting of elements; what each kind does is in fault_actions.cpp.
#include "sim/fault_engine.h"

#include "broker_core/base/check.h"
#include "faults/kinds.h"
#include "sim/observer.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {
namespace {

constexpr Duration look_again{3'000'000};  // of a reset that found nothing in flight

}  // namespace

std::string fault_text(const Element& element) {
    std::string text{name_of(element.kind)};
    if (element.kind == FaultKind::crash) {
        constexpr const char* kinds[] = {".process", ".power", ".serve_then_power", ".mixed"};
        text += kinds[static_cast<std::size_t>(element.crash)];
    }
    return text;
}

FaultEngine::FaultEngine(std::vector<Element> plan, const FaultLimits& limits, std::uint64_t seed,
                         FaultActions& actions, Trace& trace)
    : limits_{limits}, actions_{actions}, trace_{trace}, random_{seed, "faults.targets"} {
    for (Element& element : plan) {
        if (element.trigger.kind == Trigger::Kind::when &&
            std::find(watched_.begin(), watched_.end(), element.trigger.event) == watched_.end()) {
            watched_.push_back(element.trigger.event);
        }
        ElementState state;
        state.element = std::move(element);
        states_.push_back(std::move(state));
    }
}

void FaultEngine::begin(Time now) {
    began_ = now;
    running_ = true;
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        if (states_[i].element.trigger.kind != Trigger::Kind::when) {
            actions_.scheduler().push(now + states_[i].element.trigger.at,
                                      Work{WorkKind::fault_fire, i, 0, 0});
        }
    }
}

void FaultEngine::end() {
    running_ = false;
    armed_ = 0;
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        ElementState& state = states_[i];
        if (state.active) {
            finish(i);
        }
        if (state.fate == ElementFate::scheduled) {
            state.fate = ElementFate::not_reached;
        }
        state.armed = false;
        state.done = true;
    }
}

void FaultEngine::mark_effective(std::uint32_t element) {
    if (element >= states_.size()) {
        return;
    }
    states_[element].fate = ElementFate::effective;
}

void FaultEngine::on_fire(std::uint32_t element) {
    ElementState& state = states_[element];
    if (!running_ || state.done) {
        return;
    }
    if (state.active) {
        fire(element);  // a later stage of what has begun
        return;
    }
    // What chance drew for an idle machine would do nothing: it waits for a write instead.
    bool const needs_work = state.element.kind == FaultKind::pause ||
                            state.element.kind == FaultKind::disk_stall ||
                            state.element.kind == FaultKind::slow_disk;
    if (state.element.trigger.kind == Trigger::Kind::arm ||
        (needs_work && !state.element.scripted)) {
        state.armed = true;
        state.io_before.clear();
        for (std::uint32_t host = 0; host < actions_.brokers(); ++host) {
            state.io_before.push_back(io_count(state, host));
        }
        ++armed_;
        for (std::uint32_t host = 0; host < actions_.brokers(); ++host) {
            look(host);
        }
        return;
    }
    trigger(element);
}

std::uint64_t FaultEngine::io_count(const ElementState& state, std::uint32_t host) const {
    return state.element.trigger.on == ArmOn::io_done ? actions_.disk_completions(host)
                                                      : actions_.disk_activity(host);
}

bool FaultEngine::is_reached(const ElementState& state, std::uint32_t host) const {
    const Trigger& trigger_of = state.element.trigger;
    const bool counts = trigger_of.kind == Trigger::Kind::arm &&
                        (trigger_of.on == ArmOn::io_submit || trigger_of.on == ArmOn::io_done);
    if (counts) {
        return io_count(state, host) >= state.io_before[host] + trigger_of.nth;
    }
    return actions_.in_flight(host, trigger_of.on);
}

void FaultEngine::look(std::uint32_t host) {
    if (armed_ == 0) {
        return;
    }
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        ElementState& state = states_[i];
        if (!state.armed || state.done || !is_reached(state, host)) {
            continue;
        }
        // A role is asked anew each time; a drawn target is any broker with such work.
        bool const any = state.element.target.kind == TargetKind::one;
        if (!any) {
            std::vector<std::uint32_t> const hosts = resolve(state.element.target);
            if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) {
                continue;
            }
            state.hosts = hosts;
        } else {
            state.hosts = {host};
        }
        state.armed = false;
        --armed_;
        trigger(i);
    }
}

void FaultEngine::on_event(std::string_view event, std::uint32_t host, std::uint64_t times,
                           std::string_view of) {
    if (!running_) {
        return;
    }
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        ElementState& state = states_[i];
        const Trigger& trigger_of = state.element.trigger;
        if (trigger_of.kind != Trigger::Kind::when || state.done || state.active ||
            state.seen >= trigger_of.nth || trigger_of.event != event ||
            (!trigger_of.of.empty() && trigger_of.of != of)) {
            continue;
        }
        Time const now = actions_.scheduler().now();
        if (now < began_ + trigger_of.not_before) {
            continue;
        }
        if (trigger_of.target) {
            std::vector<std::uint32_t> const hosts = resolve(*trigger_of.target);
            if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) {
                continue;
            }
        }
        state.seen += times;
        if (state.seen >= trigger_of.nth) {
            actions_.scheduler().push(now + trigger_of.after, Work{WorkKind::fault_fire, i, 0, 0});
        }
    }
}

bool FaultEngine::within_limits(const ElementState& state) const {
    bool const takes_down =
        state.element.kind == FaultKind::crash || state.element.kind == FaultKind::shutdown;
    if (!takes_down) {
        return true;
    }
    std::uint32_t down = 0;
    for (std::uint32_t host = 0; host < actions_.brokers(); ++host) {
        bool const taken =
            std::find(state.hosts.begin(), state.hosts.end(), host) != state.hosts.end();
        if (taken || !actions_.is_up(host)) {
            ++down;
        }
    }
    if (limits_.keep_quorum && down > (actions_.brokers() - 1) / 2) {
        return false;
    }
    return !limits_.max_down || down <= *limits_.max_down;
}

void FaultEngine::trigger(std::uint32_t element) {
    ElementState& state = states_[element];
    const Element& what = state.element;
    if (what.kind == FaultKind::heal) {
        state.fired_at = actions_.scheduler().now();
        state.fate = heal(what.heals) ? ElementFate::effective : ElementFate::fired;
        state.done = true;
        return;
    }
    bool const on_hosts = what.kind == FaultKind::crash || what.kind == FaultKind::shutdown ||
                          what.kind == FaultKind::restart || what.kind == FaultKind::pause ||
                          what.kind == FaultKind::disk_stall || what.kind == FaultKind::slow_disk;
    // Faults of links act on those of their target; without one on all, which needs no draw.
    bool const on_links = (what.kind == FaultKind::drop || what.kind == FaultKind::duplicate ||
                           what.kind == FaultKind::reorder || what.kind == FaultKind::delay) &&
                          what.target.kind != TargetKind::all;
    if (on_hosts || on_links) {
        if (state.hosts.empty()) {
            state.hosts = resolve(what.target);
        }
        if (state.hosts.empty() || !within_limits(state)) {
            state.fate = ElementFate::no_target;
            state.done = true;
            return;
        }
    }
    fire(element);
}

void FaultEngine::fire(std::uint32_t element) {
    ElementState& state = states_[element];
    bool const first = !state.active;
    if (!first && !within_limits(state)) {
        return;  // a later stage that the limits forbid
    }
    if (first) {
        state.lives.clear();
        for (std::uint32_t const host : state.hosts) {
            state.lives.push_back(actions_.incarnation(host));
        }
        state.fired_at = actions_.scheduler().now();
    }
    if (trace_.observer() != nullptr) {  // before it acts: roles are still those it was aimed at
        trace_.observer()->on_fault(element, state, true);
    }
    if (!act(element, state)) {
        bool const asks_again =
            state.element.kind == FaultKind::reset || is_administration(state.element.kind);
        if (is_administration(state.element.kind) && !may_ask_again(state)) {
            state.fate = ElementFate::no_target;
            state.done = true;
            return;
        }
        if (asks_again) {
            // Wait for work in flight rather than break what nobody would notice; and for a leader
            // that is free to do what it is asked.
            actions_.scheduler().push(actions_.scheduler().now() + look_again,
                                      Work{WorkKind::fault_fire, element, 0, 0});
            return;
        }
        if (first) {
            state.fate = ElementFate::no_target;
            state.done = true;
        }
        return;
    }
    if (state.fate == ElementFate::scheduled) {
        state.fate = ElementFate::fired;
    }
    if (first) {
        state.active = true;
        state.chances_before = chances_now(state);
        std::uint32_t const host = state.hosts.empty() ? 0 : state.hosts.front();
        on_event("fault_started", host, 1, state.element.id);
    }
    if (state.element.lasts) {
        actions_.scheduler().push(actions_.scheduler().now() + *state.element.lasts,
                                  Work{WorkKind::fault_end, element, 0, 0});
    } else if (state.element.kind == FaultKind::restart || state.element.kind == FaultKind::reset ||
               is_administration(state.element.kind)) {
        state.active = false;
        state.done = true;
    }
}

bool FaultEngine::may_ask_again(ElementState& state) {
    Time const now = actions_.scheduler().now();
    if (!state.asked_since) {
        state.asked_since = now;
    }
    return state.element.scripted ||
           now < *state.asked_since + actions_.largest_election_timeout() * 2;
}

void FaultEngine::on_end(std::uint32_t element) {
    if (running_ && states_[element].active) {
        finish(element);
    }
}

void FaultEngine::on_host_down() {
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        const ElementState& state = states_[i];
        bool const over = state.active && state.element.kind == FaultKind::pause &&
                          std::none_of(state.hosts.begin(), state.hosts.end(),
                                       [this](std::uint32_t host) { return actions_.is_up(host); });
        if (over) {
            finish(i);
        }
    }
}

bool FaultEngine::heal(const std::string& id) {
    bool ended = false;
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        if (states_[i].active && (id.empty() || states_[i].element.id == id)) {
            finish(i);
            ended = true;
        }
    }
    return ended;
}

// ---------------------------------------------------------------------------------------------
// Targets

std::vector<std::uint32_t> FaultEngine::draw_some(std::uint32_t count) {
    std::vector<std::uint32_t> all;
    for (std::uint32_t host = 0; host < actions_.brokers(); ++host) {
        if (!actions_.is_failed(host)) {
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

std::vector<std::uint32_t> FaultEngine::resolve(const Target& target) {
    std::uint32_t const brokers = actions_.brokers();
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
                if (actions_.is_up(host)) {
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
        case TargetKind::majority:
            hosts = draw_some(brokers / 2 + 1);
            break;
        case TargetKind::all:
            hosts = draw_some(brokers);
            break;
        case TargetKind::leader:
            if (std::optional<std::uint32_t> const leader = actions_.leader_of(target.partition)) {
                hosts.push_back(*leader);
            }
            break;
        case TargetKind::follower:
        case TargetKind::followers: {
            std::optional<std::uint32_t> const leader = actions_.leader_of(target.partition);
            if (!leader) {
                break;
            }
            for (broker::BrokerId const replica : actions_.replicas_of(target.partition)) {
                if (replica.value() - 1 != *leader) {
                    hosts.push_back(replica.value() - 1);
                }
            }
            if (target.kind == TargetKind::follower && hosts.size() > 1) {
                std::uint64_t const at = random_.below(hosts.size());
                hosts = {hosts[at]};
            }
            break;
        }
        case TargetKind::voters:
            for (broker::BrokerId const replica : actions_.replicas_of(target.partition)) {
                hosts.push_back(replica.value() - 1);
            }
            break;
        case TargetKind::same:
            for (const ElementState& state : states_) {
                if (state.element.id == target.id) {
                    hosts = state.hosts;
                }
            }
            break;
        case TargetKind::clients:
        case TargetKind::client:
        case TargetKind::rest:
            break;
    }
    return hosts;
}

}  // namespace brokersim
