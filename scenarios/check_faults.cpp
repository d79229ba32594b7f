// Scripts, random kinds and limits: faults that name nobody, come too late or wait for each other.
#include "faults/kinds.h"
#include "scenarios/meaning.h"
#include "scenarios/scalar.h"
#include "scenarios/suggest.h"
#include "scenarios/targets.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

/// Every value a distribution can draw, if they are few enough to say; else its bounds decide.
bool can_be_odd(const Distribution& brokers) {
    if (brokers.kind() == Distribution::Kind::choice) {
        return std::any_of(brokers.values().begin(), brokers.values().end(),
                           [](std::int64_t n) { return n % 2 != 0; });
    }
    return brokers.smallest() != brokers.largest() || brokers.smallest() % 2 != 0;
}

const Element* fault(Meaning& m, std::string_view id) {
    for (const Element& element : m.scenario.faults.script) {
        if (element.id == id) {
            return &element;
        }
    }
    return nullptr;
}

void check_fault_id(Meaning& m, const std::string& id, const std::string& at) {
    if (fault(m, id) != nullptr) {
        return;
    }
    std::vector<Candidate> candidates;
    for (const Element& element : m.scenario.faults.script) {
        candidates.push_back({element.id});
    }
    std::optional<std::string> const near = nearest(id, candidates);
    m.error(at, "SCN223", fmt::format("no fault has the id {}", quote_json(id)),
            near ? fmt::format("did you mean \"{}\"?", *near) : "");
}

void check_target(Meaning& m, const Target& target, const std::string& at) {
    check_number(m, target, at);
    if (target.kind == TargetKind::same) {
        check_fault_id(m, target.id, at);
    }
}

/// A fault that waits for itself, through others or not, never comes.
void check_waits(Meaning& m, const Element& first, const std::string& at) {
    const Element* next = &first;
    for (std::size_t steps = 0; steps <= m.scenario.faults.script.size(); ++steps) {
        std::string_view const of =
            next->target.kind == TargetKind::same && next->trigger.of.empty()
                ? std::string_view{next->target.id}
                : std::string_view{next->trigger.of};
        next = of.empty() ? nullptr : fault(m, of);
        if (next == nullptr) {
            return;
        }
        if (next == &first) {
            m.error(at, "SCN223", fmt::format("fault {} waits for itself", quote_json(first.id)));
            return;
        }
    }
}

void check_shape(Meaning& m, Shape shape, const std::string& at) {
    std::int64_t const least = shape == Shape::bridge ? 4 : shape == Shape::majorities_ring ? 5 : 0;
    if (m.good({"/cluster/brokers"}) && m.fewest_brokers() < least) {
        m.error(at, "SCN220", fmt::format("{} needs {} brokers", name_of(shape), least), "",
                {m.findings.place("\"brokers\"", m.span("/cluster/brokers"))});
    }
    if (shape == Shape::halves && m.good({"/cluster/brokers"}) &&
        can_be_odd(m.scenario.cluster.brokers)) {
        m.error(at, "SCN220", "halves need an even number of brokers", "",
                {m.findings.place("\"brokers\"", m.span("/cluster/brokers"))});
    }
}

void check_groups(Meaning& m, const Element& element, const std::string& at) {
    if (element.shape != Shape::groups) {
        return;
    }
    std::vector<std::string> seen;
    std::int64_t nodes = 0;
    bool rest = false;
    for (std::size_t i = 0; i < element.groups.size(); ++i) {
        for (std::size_t j = 0; j < element.groups[i].size(); ++j) {
            const Target& target = element.groups[i][j];
            std::string const pointer = pointer_to(pointer_to(at, i), j);
            check_target(m, target, pointer);
            if (contains(seen, target.text)) {
                m.error(pointer, "SCN219", fmt::format("\"{}\" stands in two groups", target.text));
            }
            seen.push_back(target.text);
            nodes += target.kind == TargetKind::node ? 1 : 0;
            rest = rest || target.kind == TargetKind::rest || target.kind == TargetKind::all;
        }
    }
    if (contains(seen, "all") && seen.size() > 1 &&
        !(seen.size() == 2 && contains(seen, "clients"))) {
        m.error(at, "SCN219", "\"all\" leaves no broker for another group");
    } else if (!rest && m.good({"/cluster/brokers", at}) &&
               nodes < m.scenario.cluster.brokers.largest()) {
        m.error(at, "SCN219", "the groups leave brokers out", "add the group [\"rest\"]");
    }
}

}  // namespace

void check_number(Meaning& m, const Target& target, const std::string& at) {
    if (target.kind == TargetKind::node && m.good({"/cluster/brokers"}) &&
        target.number > m.fewest_brokers()) {
        m.error(at, "SCN204",
                fmt::format("{} does not exist in the smallest cluster this scenario can draw ({})",
                            target.text, m.fewest_brokers()),
                "", {m.findings.place("\"brokers\"", m.span("/cluster/brokers"))});
    }
    const Distribution& clients =
        target.consumer ? m.scenario.workload.consumers : m.scenario.workload.producers;
    if (target.kind == TargetKind::client && m.good({"/workload"}) &&
        target.number > clients.smallest()) {
        m.error(at, "SCN204",
                fmt::format("{} does not exist: this scenario can have only {}", target.text,
                            clients.smallest()));
    }
}

void check_trigger(Meaning& m, const Trigger& trigger, const std::vector<DrawnField>& drawn,
                   const std::string& at) {
    Duration const end{m.scenario.run.virtual_time.smallest()};
    bool const timed = m.good({"/run/virtual_time"});
    auto const late = [&](Duration when, const std::string& pointer) {
        if (timed && when >= end) {
            m.error(
                pointer, "SCN205",
                fmt::format("{} is not before the end of the run phase ({})",
                            write_duration(when.nanoseconds()), write_duration(end.nanoseconds())));
        }
    };
    late(trigger.at, at + "/at");
    for (const DrawnField& field : drawn) {
        if (field.field == ElementField::at || field.field == ElementField::not_before) {
            late(Duration{field.value.largest()}, at + "/" + std::string{path_of(field.field)});
        }
    }
    if (trigger.kind != Trigger::Kind::when) {
        return;
    }
    late(trigger.not_before, at + "/when/not_before");
    if (trigger.target) {
        check_target(m, *trigger.target, at + "/when/target");
        if (trigger.event == "step_done") {
            m.error(at + "/when/target", "SCN224", "event \"step_done\" happens on no broker",
                    "remove the target");
        }
    }
    if (!trigger.of.empty()) {
        const std::vector<StepSpec>& steps = m.scenario.workload.steps;
        if (trigger.event == "step_done") {
            bool const known = std::any_of(steps.begin(), steps.end(), [&](const StepSpec& step) {
                return step.id == trigger.of;
            });
            if (!known) {
                m.error(at + "/when/id", "SCN223",
                        fmt::format("no step has the id {}", quote_json(trigger.of)));
            }
        } else if (trigger.event != "fault_started" && trigger.event != "fault_ended") {
            m.error(at + "/when/id", "SCN224",
                    fmt::format("event \"{}\" belongs to no fault or step", trigger.event),
                    "remove the id");
        } else {
            check_fault_id(m, trigger.of, at + "/when/id");
        }
    }
}

void check_ids(Meaning& m) {
    std::vector<std::string> ids;
    auto const take = [&](const std::string& id, const std::string& at) {
        if (!id.empty() && contains(ids, id)) {
            m.error(at, "SCN223", fmt::format("id {} is used twice", quote_json(id)));
        }
        ids.push_back(id);
    };
    for (std::size_t i = 0; i < m.scenario.workload.steps.size(); ++i) {
        take(m.scenario.workload.steps[i].id, pointer_to("/workload/steps", i) + "/id");
    }
    for (std::size_t i = 0; i < m.scenario.faults.script.size(); ++i) {
        take(m.scenario.faults.script[i].id, pointer_to("/faults/script", i) + "/id");
    }
}

void check_script(Meaning& m) {
    for (std::size_t i = 0; i < m.scenario.faults.script.size(); ++i) {
        const ScriptElement& element = m.scenario.faults.script[i];
        std::string const at = pointer_to("/faults/script", i);
        check_trigger(m, element.trigger, element.drawn, at);
        check_target(m, element.target, at + "/target");
        if (!element.heals.empty()) {
            check_fault_id(m, element.heals, at + "/args/fault");
        }
        if (rules_of(element.kind).topology && m.good({at + "/topology"})) {
            check_groups(m, element, at + "/topology");
            check_shape(m, element.shape, at + "/topology");
        }
        if (m.good({at})) {
            check_waits(m, element, at);
        }
    }
}

void check_random(Meaning& m) {
    for (const RandomFault& fault : m.scenario.faults.random) {
        std::string const at = pointer_to("/faults/random", name_of(fault.kind));
        for (std::size_t i = 0; i < fault.targets.size(); ++i) {
            std::string const target = at + "/target";
            bool const listed = fault.targets.size() > 1;
            check_target(m, fault.targets[i], listed ? pointer_to(target, i) : target);
        }
        for (Shape const shape : fault.shapes) {
            check_shape(m, shape, at + "/topology");
        }
    }
}

std::int64_t least_down(Meaning& m, const Target& target) {
    std::int64_t const n = m.fewest_brokers();
    switch (target.kind) {
        case TargetKind::all:
            return n;
        case TargetKind::majority:
            return n / 2 + 1;
        case TargetKind::minority:
            return (n - 1) / 2;
        case TargetKind::node:
        case TargetKind::one:
        case TargetKind::leader:
        case TargetKind::follower:
        case TargetKind::candidate:
        case TargetKind::learner:
        case TargetKind::lagging:
        case TargetKind::tiebreaker:
            return 1;
        case TargetKind::minority_third:
            return std::max<std::int64_t>(n / 3, 1);
        case TargetKind::followers:
        case TargetKind::voters:
        case TargetKind::clients:
        case TargetKind::client:
        case TargetKind::same:
        case TargetKind::rest:
            break;
    }
    return 0;
}

/// What the limits never allow, whatever the run holds.
void check_damage(Meaning& m, const Element& element, const std::string& at) {
    const FaultLimits& limits = m.scenario.faults.limits;
    if (!is_damage(element.kind) || !m.good({"/cluster/brokers", at, "/faults/limits"})) {
        return;
    }
    if (element.keeps_identity && !limits.unsafe_wipe) {
        m.error(at + "/args/keeps_identity", "SCN221",
                "a wiped disk that keeps its identity needs limits.unsafe_wipe");
    }
    std::int64_t const struck = least_down(m, element.target);
    if (limits.max_damaged && struck > *limits.max_damaged) {
        m.error(
            at + "/target", "SCN221",
            fmt::format("{} of \"{}\" damages {} brokers, against max_damaged {}",
                        name_of(element.kind), element.target.text, struck, *limits.max_damaged));
    }
}

void check_limits(Meaning& m) {
    const FaultLimits& limits = m.scenario.faults.limits;
    Duration const end{m.scenario.run.virtual_time.smallest()};
    if (m.good({"/run/virtual_time", "/faults/limits"}) && limits.stop_before_end >= end) {
        m.error("/faults/limits/stop_before_end", "SCN222",
                "stop_before_end leaves no time for faults");
    }
    for (const RandomFault& fault : m.scenario.faults.random) {
        if (fault.arguments.keeps_identity && !limits.unsafe_wipe) {
            m.error("/faults/random/wipe/args/keeps_identity", "SCN221",
                    "a wiped disk that keeps its identity needs limits.unsafe_wipe");
        }
    }
    for (std::size_t i = 0; i < m.scenario.faults.script.size(); ++i) {
        const Element& element = m.scenario.faults.script[i];
        check_damage(m, element, pointer_to("/faults/script", i));
        if (element.kind == FaultKind::force_reconfigure && limits.budget == Budget::strict &&
            m.good({pointer_to("/faults/script", i), "/faults/limits"})) {
            m.error(pointer_to("/faults/script", i) + "/do", "SCN225",
                    "force_reconfigure always goes beyond what a correct broker survives",
                    R"(write "limits": {"budget": "beyond"})");
        }
        bool const downs = rules_of(element.kind).downs == Downs::all;
        bool const everybody = rules_of(element.kind).target == TargetUse::none;
        std::int64_t const down = everybody ? m.fewest_brokers() : least_down(m, element.target);
        std::string const at = pointer_to("/faults/script", i);
        if (!downs || !m.good({"/cluster/brokers", at, "/faults/limits"})) {
            continue;
        }
        if (limits.keep_quorum && down > (m.fewest_brokers() - 1) / 2) {
            m.error(at + "/target", "SCN221",
                    fmt::format("{} of \"{}\" takes the quorum, against keep_quorum",
                                name_of(element.kind), element.target.text));
        } else if (limits.max_down && down > *limits.max_down) {
            m.error(
                at + "/target", "SCN221",
                fmt::format("{} of \"{}\" takes {} brokers down, against max_down {}",
                            name_of(element.kind), element.target.text, down, *limits.max_down));
        }
    }
}

}  // namespace brokersim
