// Faults of a file: scripts, random kinds, limits; and what each kind may carry (SCN224).
#include "scenarios/read_faults.h"

#include "broker_core/base/probes.h"
#include "faults/kinds.h"
#include "scenarios/not_built.h"
#include "scenarios/only_words.h"
#include "scenarios/properties.h"
#include "scenarios/suggest.h"
#include "scenarios/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

struct ArmWord {
    std::string_view word;
    ArmOn on;
};
constexpr std::array arm_words = {
    ArmWord{"io_submit", ArmOn::io_submit},
    ArmWord{"io_done", ArmOn::io_done},
    ArmWord{"write", ArmOn::write},
    ArmWord{"sync", ArmOn::sync},
    ArmWord{"group_window", ArmOn::group_window},
    ArmWord{"queued_request", ArmOn::queued_request},
    ArmWord{"recovery", ArmOn::recovery},
    ArmWord{"unsent_ack", ArmOn::unsent_ack},
    ArmWord{"replication", ArmOn::replication},
    ArmWord{"snapshot", ArmOn::snapshot},
    ArmWord{"shutdown", ArmOn::shutdown},
};

constexpr std::uint32_t default_slow_factor = 10;

/// What `by` is where a file does not say it.
Duration default_by(FaultKind kind) {
    constexpr std::int64_t ms = 1'000'000;
    if (kind == FaultKind::reorder) {
        return Duration{5 * ms};
    }
    if (kind == FaultKind::slow_cpu || kind == FaultKind::late_timer) {
        return Duration{ms};
    }
    if (kind == FaultKind::rolling_restart || kind == FaultKind::flap) {
        return Duration{500 * ms};
    }
    if (kind == FaultKind::clock_forward) {
        return Duration{3'600'000 * ms};
    }
    return Duration{kind == FaultKind::clock_back ? 1'000 * ms : 0};
}

std::string did_you_mean(std::string_view word, const std::vector<Candidate>& candidates) {
    std::optional<std::string> const near = nearest(word, candidates);
    return near ? fmt::format("did you mean \"{}\"?", *near) : "";
}

std::string correction(std::string_view word, const std::vector<Candidate>& candidates) {
    std::optional<std::string> const near = nearest(word, candidates);
    return near ? quote_json(*near) : "";
}

void read_event(ObjectReader& when, Trigger& trigger) {
    std::optional<std::string> const event = when.text("event");
    if (!event) {
        return;
    }
    trigger.event = *event;
    auto const events = world_events();
    if (broker::probe_named(*event) ||
        std::find(events.begin(), events.end(), *event) != events.end()) {
        return;
    }
    if (is_not_built("when.event", *event)) {
        when.refuse("event", not_built_error("event", *event));
        return;
    }
    std::vector<Candidate> candidates;
    for (std::string_view const name : events) {
        candidates.push_back({name});
    }
    for (std::string_view const name : broker::probe_names) {
        candidates.push_back({name});
    }
    when.error("event", "SCN229", fmt::format("unknown event {}", quote_json(*event)),
               did_you_mean(*event, candidates), correction(*event, candidates));
}

void read_arm_word(ObjectReader& arm, Trigger& trigger) {
    std::optional<std::string> const word = arm.text("on");
    if (!word) {
        return;
    }
    std::vector<Candidate> candidates;
    for (const ArmWord& entry : arm_words) {
        if (entry.word == *word) {
            trigger.on = entry.on;
            return;
        }
        candidates.push_back({entry.word});
    }
    if (is_not_built("arm.on", *word)) {
        arm.refuse("on", not_built_error("work in flight", *word));
        return;
    }
    std::string help = did_you_mean(*word, candidates);
    arm.error("on", "SCN229", fmt::format("unknown work in flight {}", quote_json(*word)),
              help.empty() ? "words are io_submit, io_done, write, sync, group_window, "
                             "queued_request, recovery, unsent_ack, replication, snapshot, "
                             "shutdown"
                           : std::move(help),
              correction(*word, candidates));
}

Duration duration_or(std::optional<std::int64_t> nanoseconds, Duration absent = {}) {
    return nanoseconds ? Duration{*nanoseconds} : absent;
}

std::optional<Target> target_at(ObjectReader& object, std::string_view key,
                                const std::vector<TopicSpec>& topics) {
    const JsonValue* const value = object.value_of(key);
    return value == nullptr ? std::nullopt
                            : read_target(object.findings(), *value, object.pointer(key), topics);
}

bool is_client(TargetKind kind) {
    return kind == TargetKind::clients || kind == TargetKind::client;
}

/// Whether a kind can act on the target; SCN224 if not.
void check_target(Findings& findings, const KindRules& rules, const Target& target,
                  const Span& span, const std::string& pointer) {
    bool const fits = target.kind == TargetKind::same ||
                      (target.kind != TargetKind::rest &&
                       (rules.target == TargetUse::clients) == is_client(target.kind));
    if (rules.target == TargetUse::none || !fits) {
        findings.error(span, pointer, "SCN224",
                       fmt::format("{} cannot act on \"{}\"", name_of(rules.kind), target.text),
                       rules.target == TargetUse::none      ? "remove the target"
                       : rules.target == TargetUse::clients ? "write \"clients\" or \"client(p1)\""
                                                            : "name brokers, such as \"n1\"");
    }
}

/// Refuses keys that the kind has no use for.
void check_use(ObjectReader& object, const KindRules& rules) {
    auto const refuse = [&](std::string_view key, bool used) {
        if (!used && object.has(key)) {
            object.error(key, "SCN224", fmt::format("{} takes no \"{}\"", name_of(rules.kind), key),
                         "remove the key");
        }
    };
    refuse("for", rules.lasts);
    refuse("topology", rules.topology);
    refuse("direction", rules.topology);
    refuse("args", !rules.args.empty());
}

/// A key that may be drawn: its (smallest) value; what is not fixed is remembered in `drawn`.
std::optional<std::int64_t> number_or_drawn(ObjectReader& object, std::string_view key,
                                            ElementField field, std::vector<DrawnField>& drawn) {
    std::optional<Distribution> value = object.distribution(key);
    if (!value) {
        return std::nullopt;
    }
    std::int64_t const smallest = value->smallest();
    if (value->kind() != Distribution::Kind::fixed) {
        drawn.push_back({field, std::move(*value)});
    }
    return smallest;
}

void refuse_other_args(ObjectReader& args, const KindRules& rules) {
    for (const KeyRow* row : keys_of("args")) {
        if (row->key != "comment" && args.has(row->key) && !has_word(rules.args, row->key)) {
            args.error(row->key, "SCN224",
                       fmt::format("{} takes no argument \"{}\"", name_of(rules.kind), row->key),
                       fmt::format("its arguments are: {}", rules.args));
        }
    }
}

void read_args(ObjectReader& object, const KindRules& rules, const std::vector<TopicSpec>& topics,
               Element& element, std::vector<DrawnField>& drawn) {
    element.by = default_by(rules.kind);
    bool const slows = has_word(rules.args, "factor");
    element.factor = slows ? default_slow_factor : 1U;
    if (rules.args.empty()) {
        return;
    }
    ObjectReader args = object.object("args", "args");
    refuse_other_args(args, rules);
    element.crash = static_cast<CrashKind>(
        args.number("kind").value_or(static_cast<std::int64_t>(CrashKind::mixed)));
    element.grace =
        duration_or(number_or_drawn(args, "grace", ElementField::grace, drawn), Duration{-1});
    element.factor = static_cast<std::uint32_t>(
        number_or_drawn(args, "factor", ElementField::factor, drawn).value_or(element.factor));
    element.point = static_cast<ResetPoint>(
        args.number("point").value_or(static_cast<std::int64_t>(ResetPoint::any)));
    element.bytes_per_second =
        static_cast<std::uint32_t>(args.number("bytes_per_second").value_or(100'000));
    element.queue = static_cast<std::uint32_t>(args.number("queue").value_or(8));
    element.offset = duration_or(args.number("offset"));
    element.ppm = static_cast<std::int32_t>(args.number("ppm").value_or(0));
    element.times = static_cast<std::uint32_t>(args.number("times").value_or(3));
    element.counts_suspend = args.number("counts_suspend").value_or(0) != 0;
    element.graceful = args.number("graceful").value_or(1) != 0;
    element.waits = args.number("waits").value_or(1) != 0;
    element.keeps_identity = args.number("keeps_identity").value_or(0) != 0;
    element.then_power = args.number("then_power").value_or(0) != 0;
    element.retract = args.number("retract").value_or(0) != 0;
    element.full_at = static_cast<FullAt>(args.number("full_at").value_or(0));
    element.strikes = static_cast<Strikes>(args.number("strikes").value_or(0));
    element.during = static_cast<During>(args.number("during").value_or(0));
    element.nth = static_cast<std::uint32_t>(args.number("nth").value_or(1));
    element.damage_at = static_cast<DamageAt>(args.number("damage_at").value_or(0));
    element.asks_early = args.number("asks_early").value_or(0) != 0;
    element.while_up = args.number("while_up").value_or(0) != 0;
    element.lost_at = static_cast<LostAt>(args.number("lost_at").value_or(0));
    element.heals = args.text("fault").value_or("");
    element.percent = static_cast<std::uint32_t>(args.number("percent").value_or(element.percent));
    if (const JsonValue* const partition = args.value_of("partition")) {
        element.partition =
            read_partition(args.findings(), *partition, args.pointer("partition"), topics);
        element.partition_text = args.text("partition").value_or("");
    }
    if (has_word(rules.args, "probability")) {
        element.probability.parts_per_billion =
            static_cast<std::uint32_t>(args.number("probability").value_or(1'000'000'000));
    }
    element.by = duration_or(number_or_drawn(args, "by", ElementField::by, drawn), element.by);
    bool const no_by = !args.has("by") && !object.findings().broken(object.pointer("args"));
    if (rules.kind == FaultKind::delay && no_by) {
        object.error("args", "SCN013", "argument \"by\" is missing: how much longer",
                     R"(write "args": {"by": "50ms"})");
    }
}

void read_script_topology(ObjectReader& object, Element& element,
                          const std::vector<TopicSpec>& topics) {
    const JsonValue* const value = object.value_of("topology");
    if (value == nullptr) {
        object.error("topology", "SCN013", "key \"topology\" is missing",
                     R"(write "topology": "minority", or groups)");
        return;
    }
    if (value->is(JsonValue::Kind::list)) {
        element.shape = Shape::groups;
        element.groups = read_groups(object.findings(), *value, object.pointer("topology"), topics);
        return;
    }
    std::optional<std::string> const word = object.text("topology");
    std::optional<Shape> const shape = word ? shape_named(*word) : std::nullopt;
    if (word && is_not_built("topology", *word)) {
        object.refuse("topology", not_built_error("shape", *word));
    } else if (word && !shape) {
        object.error("topology", "SCN011", fmt::format("unknown shape {}", quote_json(*word)),
                     "shapes are one, leader, leader_with_clients, minority, minority_third, "
                     "majority, halves, bridge, "
                     "majorities_ring");
    }
    element.shape = shape.value_or(Shape::one);
}

std::optional<FaultKind> read_kind(ObjectReader& object) {
    std::optional<std::string> const word = object.text("do");
    if (!word) {
        return std::nullopt;
    }
    std::optional<FaultKind> const kind = fault_kind_named(*word);
    if (!kind && is_not_built("faults.random", *word)) {
        object.refuse("do", not_built_error("fault", *word));
    } else if (!kind) {
        std::vector<Candidate> candidates;
        for (std::string_view const name : fault_kind_names) {
            candidates.push_back({name});
        }
        std::string help = did_you_mean(*word, candidates);
        if (*word == "kill") {
            help = "did you mean \"crash\"?";
        } else if (*word == "power_loss") {
            help = R"(did you mean "crash" with "args": {"kind": "power"}?)";
        }
        object.error("do", "SCN011", fmt::format("unknown fault {}", quote_json(*word)),
                     std::move(help), correction(*word, candidates));
    }
    return kind;
}

ScriptElement read_element(Findings& findings, const JsonValue& value, const std::string& pointer,
                           const std::vector<TopicSpec>& topics) {
    ObjectReader object{findings, &value, pointer, "faults.script[]"};
    ScriptElement element;
    element.id = object.text("id").value_or("");
    if (std::optional<Trigger> trigger = read_trigger(object, true, topics, element.drawn)) {
        element.trigger = std::move(*trigger);
    }
    element.may_miss = object.number("may_miss").value_or(0) != 0;
    std::optional<Target> target = target_at(object, "target", topics);
    std::optional<std::int64_t> const lasts =
        number_or_drawn(object, "for", ElementField::lasts, element.drawn);
    std::optional<FaultKind> const kind = read_kind(object);
    if (!kind) {
        return element;
    }
    element.kind = *kind;
    const KindRules& rules = rules_of(*kind);
    check_use(object, rules);
    if (target) {
        check_target(findings, rules, *target, object.span("target"), object.pointer("target"));
        element.target = std::move(*target);
    } else if (rules.target == TargetUse::brokers && !object.has("target") &&
               value.is(JsonValue::Kind::object)) {
        object.error("target", "SCN013",
                     fmt::format("key \"target\" is missing: {} whom?", name_of(*kind)),
                     "write \"target\": \"n1\", or a role such as \"leader(orders/0)\"");
    } else if (rules.target == TargetUse::clients) {
        element.target = {.kind = TargetKind::clients, .text = "clients"};
    } else if (rules.target == TargetUse::none || rules.target == TargetUse::links) {
        element.target = {.kind = TargetKind::all, .text = "all"};
    }
    if (lasts && rules.lasts) {
        element.lasts = Duration{*lasts};
    }
    if (rules.topology) {
        read_script_topology(object, element, topics);
    }
    element.direction = static_cast<Direction>(object.number("direction").value_or(0));
    element.only = read_only_words(object, rules);
    read_args(object, rules, topics, element, element.drawn);
    return element;
}

/// A string, or a list of them, each read by `read`.
template <class Read>
void each_of(ObjectReader& object, std::string_view key, Read read) {
    const JsonValue* const value = object.value_of(key);
    if (value == nullptr) {
        return;
    }
    if (!value->is(JsonValue::Kind::list)) {
        read(*value, object.pointer(key));
        return;
    }
    std::size_t index = 0;
    for (const JsonValue* item : object.list(key)) {
        read(*item, pointer_to(object.pointer(key), index));
        ++index;
    }
}

void read_random_shapes(ObjectReader& object, RandomFault& fault) {
    each_of(object, "topology", [&](const JsonValue& item, const std::string& at) {
        std::optional<Shape> const shape =
            item.is(JsonValue::Kind::string) ? shape_named(item.text) : std::nullopt;
        if (!shape && is_not_built("topology", item.text)) {
            object.findings().add(item.span, at, not_built_error("shape", item.text));
            return;
        }
        if (!shape) {
            object.findings().error(item.span, at,
                                    item.is(JsonValue::Kind::string) ? "SCN011" : "SCN012",
                                    "a random partition takes a shape, or a list of shapes",
                                    "shapes are one, leader, leader_with_clients, minority, "
                                    "minority_third, majority, halves, bridge, "
                                    "majorities_ring");
            return;
        }
        fault.shapes.push_back(*shape);
    });
    if (fault.shapes.empty()) {
        fault.shapes.push_back(Shape::one);
    }
}

/// `every` or `probability`, whichever the kind is placed by.
void read_pace(ObjectReader& object, const KindRules& rules, RandomFault& fault) {
    bool const per_message = rules.placement == Placement::per_message;
    std::string_view const wanted = per_message ? "probability" : "every";
    std::string_view const other = per_message ? "every" : "probability";
    fault.every = object.distribution("every");
    fault.probability.parts_per_billion =
        static_cast<std::uint32_t>(object.number("probability").value_or(0));
    if (object.has("every") && object.has("probability")) {
        object.one_of({"every", "probability"}, false);
    } else if (object.has(other)) {
        object.error(
            other, "SCN224",
            fmt::format("{} takes \"{}\", not \"{}\"", name_of(rules.kind), wanted, other));
    } else {
        object.one_of({wanted}, fault.enabled.parts_per_billion == 0);
    }
}

RandomFault read_random(Findings& findings, FaultKind kind, const JsonValue& value,
                        const std::string& pointer, const std::vector<TopicSpec>& topics) {
    ObjectReader object{findings, &value, pointer, "faults.random.KIND"};
    const KindRules& rules = rules_of(kind);
    RandomFault fault;
    fault.kind = kind;
    fault.enabled.parts_per_billion =
        static_cast<std::uint32_t>(object.number("enabled").value_or(1'000'000'000));
    check_use(object, rules);
    read_pace(object, rules, fault);
    if (std::optional<Distribution> lasts = object.distribution("for")) {
        fault.lasts = std::move(lasts);
    }
    each_of(object, "target", [&](const JsonValue& item, const std::string& at) {
        if (std::optional<Target> target = read_target(findings, item, at, topics)) {
            check_target(findings, rules, *target, item.span, at);
            fault.targets.push_back(std::move(*target));
        }
    });
    if (rules.topology) {
        read_random_shapes(object, fault);
    }
    std::int64_t const direction = object.number("direction").value_or(0);
    fault.any_direction = direction == 3;
    fault.direction = fault.any_direction ? Direction::both : static_cast<Direction>(direction);
    fault.arguments.only = read_only_words(object, rules);
    read_args(object, rules, topics, fault.arguments, fault.drawn);
    return fault;
}

}  // namespace

std::optional<Trigger> read_trigger(ObjectReader& object, bool arm,
                                    const std::vector<TopicSpec>& topics,
                                    std::vector<DrawnField>& drawn) {
    std::size_t const before = object.findings().diagnostics.size();
    Trigger trigger;
    trigger.at = duration_or(number_or_drawn(object, "at", ElementField::at, drawn));
    bool const armed = arm && object.has("arm");
    if (armed) {
        object.one_of({"when", "arm"}, false);
        trigger.kind = Trigger::Kind::arm;
        ObjectReader body = object.object("arm", "arm");
        read_arm_word(body, trigger);
        trigger.nth = static_cast<std::uint64_t>(body.number("nth").value_or(1));
    } else {
        object.one_of(arm ? std::vector<std::string_view>{"at", "when", "arm"}
                          : std::vector<std::string_view>{"at", "when"},
                      false);
    }
    if (object.has("when")) {
        trigger.kind = Trigger::Kind::when;
        ObjectReader body = object.object("when", "when");
        read_event(body, trigger);
        trigger.target = target_at(body, "target", topics);
        trigger.of = body.text("id").value_or("");
        trigger.nth = static_cast<std::uint64_t>(body.number("nth").value_or(1));
        trigger.not_before =
            duration_or(number_or_drawn(body, "not_before", ElementField::not_before, drawn));
        trigger.after = duration_or(number_or_drawn(body, "after", ElementField::after, drawn));
    }
    return object.findings().diagnostics.size() == before ? std::optional{std::move(trigger)}
                                                          : std::nullopt;
}

FaultSpec read_faults(ObjectReader& scenario, const std::vector<TopicSpec>& topics) {
    ObjectReader object = scenario.object("faults", "faults");
    Findings& findings = object.findings();
    FaultSpec faults;
    std::size_t index = 0;
    for (const JsonValue* item : object.list("script")) {
        faults.script.push_back(
            read_element(findings, *item, pointer_to(object.pointer("script"), index), topics));
        ++index;
    }
    faults.swarm = object.number("swarm").value_or(0) != 0;
    ObjectReader random = object.object("random", "faults.random");
    for (const KindRules& rules : kind_rules()) {
        std::string_view const name = name_of(rules.kind);
        if (const JsonValue* const value = random.value_of(name);
            value != nullptr && rules.placement != Placement::never) {
            faults.random.push_back(
                read_random(findings, rules.kind, *value, random.pointer(name), topics));
        }
    }
    faults.heal = object.distribution("heal").value_or(faults.heal);
    ObjectReader limits = object.object("limits", "faults.limits");
    faults.limits.budget = static_cast<Budget>(limits.number("budget").value_or(0));
    faults.limits.keep_quorum = limits.number("keep_quorum").value_or(0) != 0;
    faults.limits.max_down = limits.number("max_down");
    faults.limits.max_damaged = limits.number("max_damaged");
    faults.limits.unsafe_wipe = limits.number("unsafe_wipe").value_or(0) != 0;
    faults.limits.stop_before_end = duration_or(limits.number("stop_before_end"));
    return faults;
}

}  // namespace brokersim
