// Swarm: each seed draws which classes of faults are on, how hard they strike, and when.
//
// For the kinds that exist: 5 % of seeds have no fault (control), 10 % exactly one
// class (attribution), 10 % all; else each class by its own chance. Quiet windows of 3-10 T_e
// alternate with chaos of 5-20 T_e, and faults begin only in chaos, so that the cluster also
// shows what it does after it broke. One in ten down and cut states lasts 20-100 T_e.
// A class that is on strikes at least once, however rare it is; and what a change of members needs
// before it (somebody outside to join, a learner to promote) is drawn with it.
#include "faults/kinds.h"
#include "scenarios/draw_streams.h"
#include "scenarios/scalar.h"
#include "scenarios/swarm_classes.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

constexpr std::size_t elements_at_most = 1'000;

struct Window {
    Duration begin;
    Duration end;
};

Duration tenths(Duration timeout, std::int64_t tenths_of_it) {
    return timeout * tenths_of_it / 10;
}

/// Chaos windows of the run phase, with quiet ones before, between and (by chance) after them.
std::vector<Window> draw_windows(Draws& draws, const FaultPhase& phase) {
    broker::Random random = draws.stream("/faults/swarm/windows");
    std::vector<Window> windows;
    // A run begins in either: what strikes a young cluster matters too.
    bool chaos = random.below(2) == 0;
    for (Duration at; at < phase.end && windows.size() < elements_at_most;) {
        Duration const shortest = tenths(phase.timeout, chaos ? 50 : 30);
        Duration const longest = tenths(phase.timeout, chaos ? 200 : 100);
        Duration const end = std::min(phase.end, at + random.between(shortest, longest));
        if (chaos) {
            windows.push_back({at, end});
        }
        at = end;
        chaos = !chaos;
    }
    if (windows.empty()) {
        windows.push_back({Duration{}, phase.end});
    }
    return windows;
}

/// Which classes are on.
std::vector<bool> draw_classes(Draws& draws) {
    broker::Random mode = draws.stream("/faults/swarm/mode");
    std::uint64_t const percent = mode.below(100);
    std::span<const SwarmClass> const classes = swarm_classes();
    std::uint64_t const only = mode.below(classes.size());
    std::vector<bool> on;
    for (std::size_t i = 0; i < classes.size(); ++i) {
        std::string const at = fmt::format("/faults/swarm/{}/on", name_of(classes[i].kind));
        broker::Random random = draws.stream(at);
        bool const by_chance = random.below(100) < classes[i].on_percent;
        bool chosen = by_chance;
        if (percent < 5) {
            chosen = false;
        } else if (percent < 15) {
            chosen = i == only;
        } else if (percent < 25) {
            chosen = true;
        }
        on.push_back(chosen);
    }
    draws.remember("/faults/swarm/mode", percent < 5    ? "control"
                                         : percent < 15 ? "one class"
                                         : percent < 25 ? "all classes"
                                                        : "by chance");
    return on;
}

struct ClassStreams {
    ClassStreams(const Draws& draws, const std::string& at)
        : intensity{draws.stream(at + "/intensity")},
          every{draws.stream(at + "/every")},
          lasts{draws.stream(at + "/for")},
          target{draws.stream(at + "/target")},
          detail{draws.stream(at + "/detail")},
          arm{draws.stream(at + "/arm")},
          once{draws.stream(at + "/once")},
          members{draws.stream(at + "/members")} {}

    broker::Random intensity, every, lasts, target, detail, arm, once, members;
};

Target word(TargetKind kind, std::string_view text) {
    return {.kind = kind, .text = std::string{text}};
}

Target role(TargetKind kind, std::string_view name, std::size_t partition,
            const FaultPhase& phase) {
    Target target = word(kind, fmt::format("{}({})", name, phase.partitions[partition]));
    target.partition = static_cast<std::uint32_t>(partition);
    return target;
}

/// One broker most of the time, a leader often, more of them now and then, all at once rarely.
/// percents: below which the draw stays; 75: only ever one broker.
Target draw_brokers(broker::Random& random, const FaultPhase& phase, std::uint64_t percents) {
    std::uint64_t const percent = random.below(percents);
    std::size_t const partition = random.below(phase.partitions.size());
    if (percent < 40) {
        return word(TargetKind::one, "one");
    }
    if (percent < 65) {
        return role(TargetKind::leader, "leader", partition, phase);
    }
    if (percent < 75) {
        return role(TargetKind::follower, "follower", partition, phase);
    }
    if (percent < 87) {
        return word(TargetKind::minority, "minority");
    }
    return percent < 94 ? word(TargetKind::majority, "majority") : word(TargetKind::all, "all");
}

/// What a class does over a whole chaos window: intensities are uniform in the logarithm.
void draw_message_class(ClassStreams& streams, FaultKind kind, const FaultPhase& phase,
                        Element& element) {
    std::int64_t const parts = streams.intensity.log_uniform(1'000'000, 100'000'000);
    std::int64_t const slowest = std::max<std::int64_t>(2'000'000, phase.timeout.nanoseconds() / 2);
    Duration const by{streams.detail.log_uniform(1'000'000, slowest)};
    if (kind != FaultKind::delay) {
        element.probability.parts_per_billion = static_cast<std::uint32_t>(parts);
    }
    if (kind == FaultKind::delay || kind == FaultKind::reorder) {
        element.by = by;
    }
}

/// How long an element of a class lasts.
Duration draw_length(ClassStreams& streams, const SwarmClass& row, const FaultPhase& phase) {
    Duration const usual = streams.lasts.between(tenths(phase.timeout, row.shortest),
                                                 tenths(phase.timeout, row.longest));
    Duration const outage =
        streams.lasts.between(tenths(phase.timeout, 200), tenths(phase.timeout, 1'000));
    bool const is_outage = streams.lasts.below(10) == 0;
    return row.long_outages && is_outage ? outage : usual;
}

void draw_details(ClassStreams& streams, const SwarmClass& row, const FaultPhase& phase,
                  Element& element) {
    const KindRules& rules = rules_of(row.kind);
    if (is_administration(row.kind)) {
        // Whom it concerns is drawn among those whom it can, when it fires.
        element.target = word(TargetKind::one, "one");
        if (rules.target != TargetUse::brokers) {
            element.target = word(TargetKind::all, "all");
        }
    } else if (rules.target == TargetUse::brokers) {
        // The budget lets few disks be damaged at once: the rest would be refused.
        constexpr std::uint64_t any_number = 100;
        constexpr std::uint64_t one_broker = 75;
        element.target =
            draw_brokers(streams.target, phase, is_damage(row.kind) ? one_broker : any_number);
    } else if (rules.target == TargetUse::clients) {
        element.target = word(TargetKind::clients, "clients");
    } else {
        element.target = word(TargetKind::all, "all");
    }
    if (rules.lasts) {
        element.lasts = draw_length(streams, row, phase);
    }
    if (row.arguments != nullptr) {
        row.arguments(streams.detail, phase, element);
    }
}

/// A change of members before `element`, of the same partition: on its way when that fires, which
/// then asks until it is done.
Element change_before(FaultKind kind, std::string_view what, const Element& element,
                      Duration before) {
    Element change;
    change.kind = kind;
    change.scripted = false;
    change.id = fmt::format("{}.{}", element.id, what);
    change.target = word(TargetKind::one, "one");
    change.partition = element.partition;
    change.partition_text = element.partition_text;
    change.trigger.at = std::max(Duration{}, element.trigger.at - before);
    return change;
}

/// Where every broker holds the partition nobody can join it, and only a learner can be promoted:
/// what is missing comes first.
void draw_members(ClassStreams& streams, const FaultPhase& phase, Element& element,
                  std::vector<Element>& plan) {
    bool const joins =
        element.kind == FaultKind::add_voter || element.kind == FaultKind::add_learner ||
        element.kind == FaultKind::replace_voter || element.kind == FaultKind::promote;
    if (!joins || phase.brokers < 2) {
        return;
    }
    std::size_t const partition = streams.members.below(phase.partitions.size());
    element.partition = static_cast<std::uint32_t>(partition);
    element.partition_text = phase.partitions[partition];
    Duration const step =
        streams.members.between(tenths(phase.timeout, 2), tenths(phase.timeout, 20));
    bool const promotes = element.kind == FaultKind::promote;
    if (phase.replicas[partition] >= phase.brokers) {
        plan.push_back(
            change_before(FaultKind::remove_voter, "room", element, promotes ? step * 2 : step));
    }
    if (promotes) {
        plan.push_back(change_before(FaultKind::add_learner, "learner", element, step));
    }
}

void draw_class(Draws& draws, const SwarmClass& row, const std::vector<Window>& windows,
                const FaultPhase& phase, std::vector<Element>& plan) {
    std::string const at = "/faults/swarm/" + std::string{name_of(row.kind)};
    ClassStreams streams{draws, at};
    Element common;
    common.kind = row.kind;
    common.scripted = false;
    std::size_t number = 0;
    if (row.every == 0) {
        draw_message_class(streams, row.kind, phase, common);
        common.target = word(TargetKind::all, "all");
        draws.remember(at, row.kind == FaultKind::delay
                               ? write_duration(common.by.nanoseconds())
                               : write_probability(common.probability.parts_per_billion));
        for (const Window& window : windows) {
            Element element = common;
            element.id = drawn_id(row.kind, ++number);
            element.trigger.at = window.begin;
            element.lasts = window.end - window.begin;
            plan.push_back(std::move(element));
        }
        return;
    }
    // From half to twice the mean of the table, uniform in the logarithm.
    std::int64_t const scale = streams.intensity.log_uniform(50, 200);
    Duration const mean = tenths(phase.timeout, row.every) * scale / 100;
    draws.remember(at + "/every", write_duration(mean.nanoseconds()));
    auto const strike = [&](Duration now) {
        Element element = common;
        element.id = drawn_id(row.kind, ++number);
        arm_or_place(streams.arm, row.kind, now, element.trigger);
        draw_details(streams, row, phase, element);
        draw_members(streams, phase, element, plan);
        plan.push_back(std::move(element));
    };
    for (const Window& window : windows) {
        Duration now = window.begin;
        while (number < elements_at_most) {
            now += Duration{1'000'000 +
                            streams.every.exponential(mean.nanoseconds(), mean.nanoseconds() * 10)};
            if (now >= window.end) {
                break;
            }
            strike(now);
        }
    }
    if (number == 0) {
        const Window& window = windows[streams.once.below(windows.size())];
        // Early in it: what it sets off takes its time.
        Duration const span = (window.end - window.begin) / 2;
        strike(window.begin + streams.once.between(Duration{}, span));
    }
}

}  // namespace

void draw_swarm_faults(Draws& draws, const std::vector<RandomFault>& replaced,
                       const FaultPhase& phase, std::vector<Element>& plan) {
    if (phase.end <= Duration{}) {
        return;
    }
    std::vector<Window> const windows = draw_windows(draws, phase);
    std::span<const SwarmClass> const classes = swarm_classes();
    std::vector<bool> const on = draw_classes(draws);
    for (std::size_t i = 0; i < classes.size(); ++i) {
        bool const elsewhere =
            std::any_of(replaced.begin(), replaced.end(),
                        [&](const RandomFault& fault) { return fault.kind == classes[i].kind; });
        if (on[i] && !elsewhere) {
            draw_class(draws, classes[i], windows, phase, plan);
        }
    }
}

}  // namespace brokersim
