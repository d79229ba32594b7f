// Triggers, limits, and the accounting of elements; what each kind does is in faults/.
#include "sim/fault_engine.h"

#include "faults/kinds.h"
#include "sim/observer.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {
namespace {

constexpr Duration look_for_role_every{10'000'000};  // for two election timeouts

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
    : limits_{limits},
      actions_{actions},
      trace_{trace},
      random_{seed, "faults.targets"},
      targets_{actions, random_, [this](const std::string& id) { return resolved(id); }} {
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

void FaultEngine::end(const std::vector<bool>& behind) {
    running_ = false;
    armed_ = 0;
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        ElementState& state = states_[i];
        if (state.active) {
            bool const stays = !behind.empty() && !state.hosts.empty() &&
                               std::all_of(state.hosts.begin(), state.hosts.end(),
                                           [&](std::uint32_t host) { return behind[host]; });
            finish(i, stays ? Told::no : Told::yes);
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
        FaultScene scene = scene_of(element);  // a later stage of what has begun
        state.fault->on_stage(scene);
        settle(scene);
        return;
    }
    // What chance drew for an idle machine would do nothing: it waits for a write instead.
    bool const needs_work = rules_of(state.element.kind).waits == Waits::always;
    if (state.element.trigger.kind == Trigger::Kind::arm ||
        (needs_work && is_by_chance(state.element))) {
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
    if (!looks()) {
        return;
    }
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        ElementState& state = states_[i];
        if (state.active && state.fault->watches_steps()) {
            FaultScene scene = scene_of(i);
            state.fault->on_step(scene, host);
            settle(scene);
        }
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
    Downs const downs = rules_of(state.element.kind).downs;
    if (downs == Downs::none || (!limits_.keep_quorum && !limits_.max_down)) {
        return true;
    }
    std::uint32_t down = downs == Downs::one_by_one ? 1 : 0;
    for (std::uint32_t host = 0; host < actions_.brokers(); ++host) {
        bool const taken = downs == Downs::all && std::find(state.hosts.begin(), state.hosts.end(),
                                                            host) != state.hosts.end();
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
    // Faults of links act on those of their target; without one on all, which needs no draw.
    TargetUse const use = rules_of(what.kind).target;
    // An administrator finds out by asking.
    bool const on_hosts = (use == TargetUse::brokers && !is_administration(what.kind)) ||
                          (use == TargetUse::links && what.target.kind != TargetKind::all);
    if (use == TargetUse::none && rules_of(what.kind).downs == Downs::all) {
        state.hosts = targets_.draw_some(actions_.brokers());
    }
    if (on_hosts) {
        if (state.hosts.empty()) {
            state.hosts = resolve(what.target);
        }
    }
    if (on_hosts && state.hosts.empty() && is_by_chance(what)) {
        // A role that nobody has now may have somebody soon.
        Time const now = actions_.scheduler().now();
        state.unresolved_since = state.unresolved_since.value_or(now);
        if (now < *state.unresolved_since + actions_.largest_election_timeout() * 2) {
            actions_.scheduler().push(now + look_for_role_every,
                                      Work{WorkKind::fault_fire, element, 0, 0});
            return;
        }
    }
    if ((on_hosts && state.hosts.empty()) || !within_limits(state)) {
        state.fate = ElementFate::no_target;
        state.done = true;
        return;
    }
    fire(element);
}

FaultScene FaultEngine::scene_of(std::uint32_t element) {
    ElementState& state = states_[element];
    return FaultScene{state.element, element, state.hosts,          actions_,
                      targets_,      random_, within_limits(state), running_};
}

void FaultEngine::settle(const FaultScene& scene) {
    if (scene.effective) {
        mark_effective(scene.index);
    }
    if (!scene.refusal.empty()) {
        states_[scene.index].refusal = scene.refusal;
    }
}

void FaultEngine::fire(std::uint32_t element) {
    ElementState& state = states_[element];
    state.fired_at = actions_.scheduler().now();
    bool const looks_again = state.fault != nullptr;
    if (!looks_again) {
        state.fault = make_fault(state.element.kind);
    }
    if (trace_.observer() != nullptr &&
        !looks_again) {  // before it acts: roles are still those it was aimed at
        trace_.observer()->on_fault(element, state, true);
    }
    FaultScene scene = scene_of(element);
    state.refusal.clear();
    // In force before it acts: what it sets off at once may come back to it.
    state.active = true;
    bool const acted = state.fault->begin(scene);
    settle(scene);
    if (!acted) {
        state.active = false;
        if (std::optional<Duration> const wait = state.fault->look_again(scene)) {
            scene.stage_in(*wait);
            return;
        }
        state.refusal = scene.refusal;
        state.fate = state.refusal.empty() ? ElementFate::no_target : ElementFate::refused;
        state.done = true;
        return;
    }
    ++changes_;
    if (state.fate == ElementFate::scheduled) {
        state.fate = ElementFate::fired;
    }
    state.chances_before = chances_now(element);
    watching_ += state.fault->watches_steps() ? 1U : 0U;
    std::uint32_t const host = state.hosts.empty() ? 0 : state.hosts.front();
    on_event("fault_started", host, 1, state.element.id);
    if (!state.fault->lasting()) {
        state.had_chance = state.fault->had_chance(state.element, 0);
        watching_ -= state.fault->watches_steps() ? 1U : 0U;
        state.active = false;
        state.done = true;
    } else if (state.element.lasts) {
        scene.end_in(*state.element.lasts);
    }
}

void FaultEngine::on_leader(std::uint32_t host, std::uint32_t partition) {
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        if (states_[i].fault && states_[i].fate == ElementFate::fired) {
            FaultScene scene = scene_of(i);
            states_[i].fault->on_leader(scene, host, partition);
            settle(scene);
        }
    }
}

void FaultEngine::on_end(std::uint32_t element) {
    if (running_ && states_[element].active) {
        finish(element);
    }
}

void FaultEngine::finish(std::uint32_t element, Told told) {
    ElementState& state = states_[element];
    ++changes_;
    if (trace_.observer() != nullptr && told == Told::yes) {
        trace_.observer()->on_fault(element, state, false);
    }
    FaultScene scene = scene_of(element);
    std::uint64_t const chances = chances_now(element) - state.chances_before;
    bool const over = state.fault->end(scene);
    settle(scene);
    if (!over && running_) {
        return;
    }
    state.had_chance = state.fault->had_chance(state.element, chances);
    watching_ -= state.fault->watches_steps() ? 1U : 0U;
    state.active = false;
    state.done = true;
    on_event("fault_ended", state.hosts.empty() ? 0 : state.hosts.front(), 1, state.element.id);
}

std::uint64_t FaultEngine::chances_now(std::uint32_t element) {
    FaultScene const scene = scene_of(element);
    return states_[element].fault->chances(scene);
}

void FaultEngine::on_host_down(std::uint32_t down) {
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        const ElementState& state = states_[i];
        if (state.active &&
            std::find(state.hosts.begin(), state.hosts.end(), down) != state.hosts.end()) {
            states_[i].fault->on_host_down(scene_of(i), down);
        }
        bool const over = state.active && state.fault->ends_with_hosts() &&
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

std::vector<std::uint32_t> FaultEngine::resolved(const std::string& id) const {
    for (const ElementState& state : states_) {
        if (state.element.id == id) {
            return state.hosts;
        }
    }
    return {};
}

}  // namespace brokersim
