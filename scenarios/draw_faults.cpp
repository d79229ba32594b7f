// Random faults of one kind, drawn into elements of the plan.
#include "faults/kinds.h"
#include "scenarios/draw_streams.h"
#include "scenarios/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

/// Two faults of one kind are at least so far apart, and there are at most so many: a distribution
/// that can draw 0 must not fill the plan.
constexpr Duration shortest_gap{1'000'000};
constexpr std::size_t elements_at_most = 10'000;

constexpr std::array work_in_flight = {ArmOn::write, ArmOn::sync, ArmOn::group_window};

Target target_of(const KindRules& rules) {
    switch (rules.target) {
        case TargetUse::none:
        case TargetUse::links:
            return {.kind = TargetKind::all, .text = "all"};
        case TargetUse::clients:
            return {.kind = TargetKind::clients, .text = "clients"};
        case TargetUse::brokers:
            break;
    }
    return {.kind = TargetKind::one, .text = "one"};
}

/// The streams of one kind, so that a new key of it moves none of the others.
struct KindStreams {
    KindStreams(const Draws& draws, const std::string& at)
        : every{draws.stream(at + "/every")},
          lasts{draws.stream(at + "/for")},
          target{draws.stream(at + "/target")},
          topology{draws.stream(at + "/topology")},
          direction{draws.stream(at + "/direction")},
          arm{draws.stream(at + "/arm")} {}

    broker::Random every, lasts, target, topology, direction, arm;
};

}  // namespace

void arm_or_place(broker::Random& random, FaultKind kind, Duration at, Trigger& trigger) {
    trigger.at = at;
    Waits const waits = rules_of(kind).waits;
    if (waits == Waits::always) {
        // A machine without work cannot be seen to stall.
        trigger.kind = Trigger::Kind::arm;
        trigger.on = random.below(2) == 0 ? ArmOn::write : ArmOn::sync;
        return;
    }
    if (waits == Waits::no || random.below(10) == 0) {
        trigger.kind = Trigger::Kind::at;
        return;
    }
    trigger.kind = Trigger::Kind::arm;
    trigger.on = work_in_flight[random.below(work_in_flight.size())];
}

std::string drawn_id(FaultKind kind, std::size_t number) {
    return fmt::format("{}#{}", name_of(kind), number);
}

void set_field(Trigger& trigger, ElementField field, std::int64_t value) {
    switch (field) {
        case ElementField::at:
            trigger.at = Duration{value};
            break;
        case ElementField::not_before:
            trigger.not_before = Duration{value};
            break;
        case ElementField::after:
            trigger.after = Duration{value};
            break;
        case ElementField::lasts:
        case ElementField::grace:
        case ElementField::by:
        case ElementField::factor:
            break;  // of no trigger
    }
}

void set_field(Element& element, ElementField field, std::int64_t value) {
    switch (field) {
        case ElementField::at:
        case ElementField::not_before:
        case ElementField::after:
            set_field(element.trigger, field, value);
            break;
        case ElementField::lasts:
            element.lasts = Duration{value};
            break;
        case ElementField::grace:
            element.grace = Duration{value};
            break;
        case ElementField::by:
            element.by = Duration{value};
            break;
        case ElementField::factor:
            element.factor = static_cast<std::uint32_t>(value);
            break;
    }
}

void draw_random_fault(Draws& draws, const RandomFault& fault, const FaultPhase& phase,
                       std::vector<Element>& plan) {
    const KindRules& rules = rules_of(fault.kind);
    std::string const at = "/faults/random/" + std::string{name_of(fault.kind)};
    broker::Random enabled = draws.stream(at + "/enabled");
    bool const on = enabled.chance(fault.enabled);
    if (fault.enabled.parts_per_billion < 1'000'000'000) {
        draws.remember(at + "/enabled", on ? "true" : "false");
    }
    if (!on) {
        return;
    }
    KindStreams streams{draws, at};
    std::vector<broker::Random> arguments;
    for (const DrawnField& field : fault.drawn) {
        arguments.push_back(draws.stream(at + "/" + std::string{path_of(field.field)}));
    }
    auto const draw_arguments = [&](Element& element) {
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            set_field(element, fault.drawn[i].field, fault.drawn[i].value.draw(arguments[i]));
        }
    };
    Element common = fault.arguments;
    common.kind = fault.kind;
    common.scripted = false;
    common.target = target_of(rules);
    common.direction = fault.direction;
    if (rules.placement == Placement::per_message) {
        Element element = common;
        element.id = drawn_id(fault.kind, 1);
        element.probability = fault.probability;
        element.lasts = fault.lasts ? Duration{fault.lasts->draw(streams.lasts)} : phase.end;
        draw_arguments(element);
        if (!fault.targets.empty()) {
            element.target = fault.targets[streams.target.below(fault.targets.size())];
        }
        plan.push_back(std::move(element));
        return;
    }
    if (!fault.every) {
        return;
    }
    Duration now;
    for (std::size_t number = 1; number <= elements_at_most; ++number) {
        now += std::max(shortest_gap, Duration{fault.every->draw(streams.every)});
        if (now >= phase.end) {
            break;
        }
        Element element = common;
        element.id = drawn_id(fault.kind, number);
        arm_or_place(streams.arm, fault.kind, now, element.trigger);
        if (fault.lasts) {
            element.lasts = Duration{fault.lasts->draw(streams.lasts)};
        }
        if (!fault.targets.empty()) {
            element.target = fault.targets[streams.target.below(fault.targets.size())];
        }
        if (!fault.shapes.empty()) {
            element.shape = fault.shapes[streams.topology.below(fault.shapes.size())];
        }
        if (fault.any_direction) {
            element.direction = static_cast<Direction>(streams.direction.below(3));
        }
        draw_arguments(element);
        plan.push_back(std::move(element));
    }
}

}  // namespace brokersim
