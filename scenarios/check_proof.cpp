// A scenario that proves nothing: named properties that nothing threatens (SCN231), and faults that
// can never fire (SCN232).
#include "faults/kinds.h"
#include "scenarios/meaning.h"
#include "scenarios/properties.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

bool is_on(const RandomFault& fault) {
    bool const per_message = rules_of(fault.kind).placement == Placement::per_message;
    return fault.enabled.parts_per_billion > 0 &&
           (!per_message || fault.probability.parts_per_billion > 0);
}

/// Whether a fault of one of `kinds` (empty: any) can act here. What only undoes others threatens
/// nothing.
bool is_threatened(const Scenario& scenario, std::string_view kinds) {
    auto const threatens = [&](FaultKind kind) {
        return kind != FaultKind::heal && kind != FaultKind::restart &&
               (kinds.empty() || has_word(kinds, name_of(kind)));
    };
    const FaultSpec& faults = scenario.faults;
    return faults.swarm || !scenario.cluster.image.empty() ||
           std::any_of(faults.script.begin(), faults.script.end(),
                       [&](const Element& element) { return threatens(element.kind); }) ||
           std::any_of(faults.random.begin(), faults.random.end(), [&](const RandomFault& fault) {
               return is_on(fault) && threatens(fault.kind);
           });
}

/// With acks=1, whether each fault is a power loss of a quorum, which excuses every loss (T09).
bool excuses_every_loss(Meaning& m) {
    const FaultSpec& faults = m.scenario.faults;
    bool const never_all =
        m.scenario.workload.acks.largest() == static_cast<int>(ProducerAcks::leader);
    std::int64_t const quorum = m.most_brokers() / 2 + 1;
    return never_all && !faults.swarm && faults.random.empty() && !faults.script.empty() &&
           std::all_of(faults.script.begin(), faults.script.end(), [&](const Element& element) {
               bool const undoes =
                   element.kind == FaultKind::heal || element.kind == FaultKind::restart;
               return undoes ||
                      (element.kind == FaultKind::crash && element.crash == CrashKind::power &&
                       least_down(m, element.target) >= quorum);
           });
}

const PropertyRow* property_of(std::string_view name) {
    for (const PropertyRow& row : property_table()) {
        if (row.name == name || (row.ids.size() == 1 && row.ids.front() == name)) {
            return &row;
        }
    }
    return nullptr;
}

void check_threats(Meaning& m) {
    const ExpectSpec& expect = m.scenario.expect;
    if (expect.kind != ExpectSpec::Kind::holds || !m.good({"/faults", "/workload", "/cluster"})) {
        return;
    }
    for (std::size_t i = 0; i < expect.holds.size(); ++i) {
        // A group stands for everything that every run checks, a control run among them.
        const PropertyRow* const row = property_of(expect.holds[i]);
        std::string const at = pointer_to("/expect/holds", i);
        if (row == nullptr || !m.good({at})) {
            continue;
        }
        if (!is_threatened(m.scenario, row->threats)) {
            m.error(at, "SCN231", fmt::format("no fault of this file can break {}", row->name),
                    row->threats.empty() ? "add a fault, or write \"safety\""
                                         : fmt::format("add one of: {}", row->threats));
        } else if (row->name == "no_lost_acks" && excuses_every_loss(m)) {
            m.error(at, "SCN231",
                    "with acks=1 a power loss of a quorum excuses every loss (T09): this cannot "
                    "fail",
                    "write \"acks\": \"all\", or lose power on fewer brokers");
        }
    }
}

/// Why a target can never be anybody, or "".
std::string nobody(Meaning& m, const Target& target) {
    std::int64_t const most = m.most_brokers();
    const auto& topics = m.scenario.cluster.topics;
    bool const single =
        most == 1 || std::all_of(topics.begin(), topics.end(), [](const TopicSpec& topic) {
            return topic.replication_factor && topic.replication_factor->largest() == 1;
        });
    bool const follows = target.kind == TargetKind::follower ||
                         target.kind == TargetKind::followers ||
                         target.kind == TargetKind::lagging || target.kind == TargetKind::learner;
    if (follows && single) {
        return fmt::format("\"{}\" is nobody: there is one copy of each partition", target.text);
    }
    if (target.kind == TargetKind::minority && most < 3) {
        return fmt::format("\"minority\" is nobody with {} broker{}", most, most == 1 ? "" : "s");
    }
    return "";
}

bool acts_on_links(FaultKind kind) {
    return rules_of(kind).target == TargetUse::links;
}

void never(Meaning& m, const std::string& at, const std::string& why) {
    m.error(at, "SCN232", "this fault can never fire: " + why);
}

std::int64_t most_messages(const WorkloadSpec& workload) {
    std::int64_t messages = workload.steps.empty() ? workload.messages.largest() : 0;
    for (const StepSpec& step : workload.steps) {
        messages += step.messages.largest();
    }
    return messages;
}

bool some_broker_goes_down(const Scenario& scenario) {
    auto const downs = [](FaultKind kind) { return rules_of(kind).downs != Downs::none; };
    const FaultSpec& faults = scenario.faults;
    return faults.swarm ||
           std::any_of(faults.script.begin(), faults.script.end(),
                       [&](const Element& element) { return downs(element.kind); }) ||
           std::any_of(faults.random.begin(), faults.random.end(),
                       [&](const RandomFault& fault) { return is_on(fault) && downs(fault.kind); });
}

/// What makes a kind idle in every cluster that this file can draw, or "".
std::string idle_kind(Meaning& m, FaultKind kind, bool groups) {
    bool const between_brokers =
        acts_on_links(kind) && kind != FaultKind::delay && kind != FaultKind::slow_link;
    if (m.most_brokers() == 1 && between_brokers) {
        return "one broker sends nothing to another";
    }
    if (m.most_brokers() == 1 && rules_of(kind).topology && !groups) {
        return "a shape needs two brokers";
    }
    return "";
}

void check_element(Meaning& m, const Element& element, const std::string& at) {
    const FaultSpec& faults = m.scenario.faults;
    std::string why = idle_kind(m, element.kind, element.shape == Shape::groups);
    if (why.empty()) {
        why = nobody(m, element.target);
    }
    if (element.kind == FaultKind::restart && !some_broker_goes_down(m.scenario)) {
        why = "no broker of this file goes down";
    } else if (element.kind == FaultKind::heal && faults.script.size() == 1 &&
               faults.random.empty() && !faults.swarm) {
        why = "there is no other fault to heal";
    }
    const Trigger& trigger = element.trigger;
    std::string_view const event = trigger.event;
    bool const of_acks = event == "ack_sent" || event == "ack_all_sent" || event == "ack_one_sent";
    if (trigger.kind == Trigger::Kind::when && of_acks && m.good({"/workload"}) &&
        static_cast<std::int64_t>(trigger.nth) > most_messages(m.scenario.workload)) {
        why = fmt::format("there are only {} messages to acknowledge",
                          most_messages(m.scenario.workload));
    }
    if (!why.empty()) {
        never(m, at, why);
    }
}

/// Whether limits refuse every fault of a kind that takes brokers down.
bool is_always_refused(Meaning& m, FaultKind kind) {
    const FaultLimits& limits = m.scenario.faults.limits;
    return rules_of(kind).downs != Downs::none && ((limits.keep_quorum && m.most_brokers() < 3) ||
                                                   (limits.max_down && *limits.max_down == 0));
}

void check_random_fault(Meaning& m, const RandomFault& fault, const std::string& at) {
    Duration const end =
        Duration{m.scenario.run.virtual_time.largest()} - m.scenario.faults.limits.stop_before_end;
    std::string why = idle_kind(m, fault.kind, false);
    if (fault.enabled.parts_per_billion == 0 && !m.scenario.faults.swarm) {
        why = "\"enabled\" is 0, and no swarm draws this kind";
    } else if (fault.enabled.parts_per_billion > 0 && !is_on(fault)) {
        why = "its probability is 0";
    } else if (fault.every && m.good({"/run/virtual_time"}) &&
               fault.every->smallest() >= end.nanoseconds()) {
        why = "the first one would come after the run phase";
    } else if (is_always_refused(m, fault.kind)) {
        why = "the limits refuse every one";
    } else if (!fault.targets.empty() && why.empty()) {
        bool const all = std::all_of(fault.targets.begin(), fault.targets.end(),
                                     [&](const Target& t) { return !nobody(m, t).empty(); });
        why = all ? nobody(m, fault.targets.front()) : "";
    }
    if (!why.empty()) {
        never(m, at, why);
    }
}

void check_firing(Meaning& m) {
    if (!m.good({"/cluster"})) {
        return;
    }
    const FaultSpec& faults = m.scenario.faults;
    for (std::size_t i = 0; i < faults.script.size(); ++i) {
        std::string const at = pointer_to("/faults/script", i);
        if (m.good({at})) {
            check_element(m, faults.script[i], at);
        }
    }
    for (const RandomFault& fault : faults.random) {
        std::string const at = pointer_to("/faults/random", name_of(fault.kind));
        if (m.good({at, "/faults/limits"})) {
            check_random_fault(m, fault, at);
        }
    }
}

}  // namespace

void check_proof(Meaning& m) {
    check_threats(m);
    check_firing(m);
}

}  // namespace brokersim
