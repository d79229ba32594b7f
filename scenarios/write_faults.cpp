// Writing triggers and faults.
#include "scenarios/write_faults.h"

#include "faults/kinds.h"
#include "scenarios/object_writer.h"
#include "scenarios/only_words.h"
#include "scenarios/scalar.h"
#include "scenarios/targets.h"
#include "scenarios/writer.h"

#include <array>

namespace brokersim {
namespace {

constexpr std::array<std::string_view, 11> arm_names = {
    "io_submit", "io_done",    "write",       "sync",     "group_window", "queued_request",
    "recovery",  "unsent_ack", "replication", "snapshot", "shutdown"};

void write_trigger(ObjectWriter& object, const Trigger& trigger,
                   const std::vector<DrawnField>& drawn) {
    if (trigger.kind == Trigger::Kind::when) {
        object.raw("when", write_when(trigger, drawn));
        return;
    }
    write_field(object, "at", ElementField::at, trigger.at.nanoseconds(), drawn);
    if (trigger.kind == Trigger::Kind::arm) {
        ObjectWriter arm{"arm"};
        arm.text("on", name_of(trigger.on));
        arm.number("nth", static_cast<std::int64_t>(trigger.nth));
        object.raw("arm", arm.json());
    }
}

/// The arguments that the kind has.
ObjectWriter write_args(FaultKind kind, const Element& element,
                        const std::vector<DrawnField>& drawn) {
    std::string_view const has = rules_of(kind).args;
    ObjectWriter args{"args"};
    if (has_word(has, "kind")) {
        args.number("kind", static_cast<std::int64_t>(element.crash));
    }
    if (has_word(has, "grace") && element.grace >= Duration{}) {
        write_field(args, "grace", ElementField::grace, element.grace.nanoseconds(), drawn);
    }
    if (has_word(has, "probability")) {
        args.number("probability", element.probability.parts_per_billion);
    }
    if (has_word(has, "by")) {
        write_field(args, "by", ElementField::by, element.by.nanoseconds(), drawn);
    }
    if (has_word(has, "factor")) {
        write_field(args, "factor", ElementField::factor, element.factor, drawn);
    }
    if (has_word(has, "point")) {
        args.number("point", static_cast<std::int64_t>(element.point));
    }
    if (has_word(has, "bytes_per_second")) {
        args.number("bytes_per_second", element.bytes_per_second);
        args.number("queue", element.queue);
    }
    if (has_word(has, "offset")) {
        args.duration("offset", element.offset);
    }
    if (has_word(has, "ppm")) {
        args.number("ppm", element.ppm);
    }
    if (has_word(has, "times")) {
        args.number("times", element.times);
    }
    if (has_word(has, "counts_suspend")) {
        args.number("counts_suspend", element.counts_suspend ? 1 : 0);
    }
    if (has_word(has, "graceful")) {
        args.number("graceful", element.graceful ? 1 : 0);
    }
    if (has_word(has, "waits")) {
        args.number("waits", element.waits ? 1 : 0);
    }
    if (has_word(has, "then_power")) {
        args.number("then_power", element.then_power ? 1 : 0);
    }
    if (has_word(has, "keeps_identity")) {
        args.number("keeps_identity", element.keeps_identity ? 1 : 0);
    }
    if (has_word(has, "retract")) {
        args.number("retract", element.retract ? 1 : 0);
    }
    if (has_word(has, "full_at")) {
        args.number("full_at", static_cast<std::int64_t>(element.full_at));
    }
    if (has_word(has, "damage_at")) {
        args.number("damage_at", static_cast<std::int64_t>(element.damage_at));
    }
    if (has_word(has, "asks_early")) {
        args.number("asks_early", element.asks_early ? 1 : 0);
    }
    if (has_word(has, "while_up")) {
        args.number("while_up", element.while_up ? 1 : 0);
    }
    if (has_word(has, "lost_at")) {
        args.number("lost_at", static_cast<std::int64_t>(element.lost_at));
    }
    if (has_word(has, "strikes")) {
        args.number("strikes", static_cast<std::int64_t>(element.strikes));
    }
    if (has_word(has, "during")) {
        args.number("during", static_cast<std::int64_t>(element.during));
    }
    if (has_word(has, "nth")) {
        args.number("nth", element.nth);
    }
    if (has_word(has, "partition") && element.partition) {
        args.text("partition", element.partition_text);
    }
    if (has_word(has, "percent")) {
        args.number("percent", element.percent);
    }
    if (has_word(has, "fault") && !element.heals.empty()) {
        args.text("fault", element.heals);
    }
    return args;
}

std::string write_groups(std::vector<std::vector<Target>> const& groups) {
    std::string all;
    for (const std::vector<Target>& group : groups) {
        std::string one;
        for (const Target& target : group) {
            one += (one.empty() ? "" : ", ") + quote_json(target.text);
        }
        all += (all.empty() ? "[" : ", [") + one + "]";
    }
    return "[" + all + "]";
}

std::string write_random(const RandomFault& fault) {
    const KindRules& rules = rules_of(fault.kind);
    ObjectWriter object{"faults.random.KIND"};
    object.number("enabled", fault.enabled.parts_per_billion);
    if (fault.every) {
        object.drawn("every", *fault.every);
    }
    if (rules.placement == Placement::per_message) {
        object.number("probability", fault.probability.parts_per_billion);
    }
    if (fault.lasts) {
        object.drawn("for", *fault.lasts);
    }
    std::vector<std::string> targets;
    for (const Target& target : fault.targets) {
        targets.push_back(target.text);
    }
    object.texts("target", targets);
    std::vector<std::string> shapes;
    for (Shape const shape : fault.shapes) {
        shapes.emplace_back(name_of(shape));
    }
    object.texts("topology", shapes);
    if (rules.topology) {
        object.number("direction",
                      fault.any_direction ? 3 : static_cast<std::int64_t>(fault.direction));
    }
    object.texts("only", only_words(fault.arguments.only));
    Element arguments = fault.arguments;
    arguments.probability = Probability{1'000'000'000};
    bool const per_message = rules.placement == Placement::per_message;
    std::string json = "{}";
    if (!per_message || has_word(rules.args, "by")) {
        json = write_args(fault.kind, arguments, fault.drawn).json();
    }
    if (json != "{}") {
        object.raw("args", json);
    }
    return object.json();
}

}  // namespace

void write_field(ObjectWriter& object, std::string_view key, ElementField field, std::int64_t value,
                 const std::vector<DrawnField>& drawn) {
    for (const DrawnField& one : drawn) {
        if (one.field == field) {
            object.drawn(key, one.value);
            return;
        }
    }
    object.number(key, value);
}

std::string write_when(const Trigger& trigger, const std::vector<DrawnField>& drawn) {
    ObjectWriter when{"when"};
    when.text("event", trigger.event);
    if (trigger.target) {
        when.text("target", trigger.target->text);
    }
    if (!trigger.of.empty()) {
        when.text("id", trigger.of);
    }
    when.number("nth", static_cast<std::int64_t>(trigger.nth));
    write_field(when, "not_before", ElementField::not_before, trigger.not_before.nanoseconds(),
                drawn);
    write_field(when, "after", ElementField::after, trigger.after.nanoseconds(), drawn);
    return when.json();
}

std::string write_faults(const FaultSpec& faults) {
    ObjectWriter object{"faults"};
    std::string script;
    for (const ScriptElement& element : faults.script) {
        script += (script.empty() ? "" : ",\n    ") + write_element(element, element.drawn);
    }
    if (!script.empty()) {
        object.raw("script", "[\n    " + script + "]");
    }
    ObjectWriter random{"faults.random"};
    for (const RandomFault& fault : faults.random) {
        random.raw(name_of(fault.kind), write_random(fault));
    }
    if (!random.empty()) {
        object.raw("random", random.json());
    }
    object.number("swarm", faults.swarm ? 1 : 0);
    object.drawn("heal", faults.heal);
    ObjectWriter limits{"faults.limits"};
    limits.number("budget", static_cast<std::int64_t>(faults.limits.budget));
    limits.number("keep_quorum", faults.limits.keep_quorum ? 1 : 0);
    if (faults.limits.max_down) {
        limits.number("max_down", *faults.limits.max_down);
    }
    if (faults.limits.max_damaged) {
        limits.number("max_damaged", *faults.limits.max_damaged);
    }
    limits.number("unsafe_wipe", faults.limits.unsafe_wipe ? 1 : 0);
    limits.duration("stop_before_end", faults.limits.stop_before_end);
    object.raw("limits", limits.json());
    return object.json();
}

std::string_view name_of(ArmOn on) {
    return arm_names[static_cast<std::size_t>(on)];
}

std::string write_element(const Element& element, const std::vector<DrawnField>& drawn) {
    const KindRules& rules = rules_of(element.kind);
    ObjectWriter object{"faults.script[]"};
    object.text("id", element.id);
    write_trigger(object, element.trigger, drawn);
    object.text("do", name_of(element.kind));
    if (rules.target != TargetUse::none &&
        (rules.target != TargetUse::links || element.target.kind != TargetKind::all)) {
        object.text("target", element.target.text);
    }
    if (element.lasts && rules.lasts) {
        write_field(object, "for", ElementField::lasts, element.lasts->nanoseconds(), drawn);
    }
    if (rules.topology) {
        object.raw("topology", element.shape == Shape::groups ? write_groups(element.groups)
                                                              : quote_json(name_of(element.shape)));
        object.number("direction", static_cast<std::int64_t>(element.direction));
    }
    object.texts("only", only_words(element.only));
    if (ObjectWriter const args = write_args(element.kind, element, drawn); !args.empty()) {
        object.raw("args", args.json());
    }
    object.number("may_miss", element.may_miss || !element.scripted ? 1 : 0);
    return object.json();
}

}  // namespace brokersim
