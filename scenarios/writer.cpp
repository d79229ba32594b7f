// Writing scenarios, section by section, through the rows of the table of keys.
#include "scenarios/writer.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "faults/kinds.h"
#include "scenarios/keys.h"
#include "scenarios/knobs.h"
#include "scenarios/scalar.h"
#include "scenarios/targets.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

namespace brokersim {
namespace {

/// Collects the members of one object and writes them in the order they were added.
class ObjectWriter {
public:
    explicit ObjectWriter(std::string_view place) : place_{place} {}

    void raw(std::string_view key, const std::string& json) {
        CHECK(find_key(place_, key) != nullptr);
        text_ += (text_.empty() ? "" : ", ") + quote_json(key) + ": " + json;
    }
    void text(std::string_view key, std::string_view value) { raw(key, quote_json(value)); }
    void number(std::string_view key, std::int64_t value) {
        raw(key, write_scalar(row(key), value));
    }
    void duration(std::string_view key, Duration value) { number(key, value.nanoseconds()); }
    void drawn(std::string_view key, const Distribution& value) {
        raw(key, distribution(row(key), value));
    }
    void texts(std::string_view key, const std::vector<std::string>& values) {
        if (!values.empty()) {
            std::string list;
            for (const std::string& value : values) {
                list += (list.empty() ? "" : ", ") + quote_json(value);
            }
            raw(key, "[" + list + "]");
        }
    }
    [[nodiscard]] std::string json() const { return "{" + text_ + "}"; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

private:
    [[nodiscard]] const KeyRow& row(std::string_view key) const {
        const KeyRow* const found = find_key(place_, key);
        CHECK(found != nullptr);
        return *found;
    }

    static std::string distribution(const KeyRow& row, const Distribution& value) {
        auto const one = [&row](std::int64_t number) { return write_scalar(row, number); };
        switch (value.kind()) {
            case Distribution::Kind::fixed:
                break;
            case Distribution::Kind::uniform:
                return fmt::format(R"({{"uniform": [{}, {}]}})", one(value.low()),
                                   one(value.high()));
            case Distribution::Kind::log_uniform:
                return fmt::format(R"({{"log_uniform": [{}, {}]}})", one(value.low()),
                                   one(value.high()));
            case Distribution::Kind::exponential:
                return fmt::format(R"({{"exponential": {{"mean": {}, "max": {}}}}})",
                                   one(value.low()), one(value.high()));
            case Distribution::Kind::choice: {
                std::string values;
                std::string weights;
                for (std::int64_t const number : value.values()) {
                    values += (values.empty() ? "" : ", ") + one(number);
                }
                for (std::uint32_t const weight : value.weights()) {
                    weights += (weights.empty() ? "" : ", ") + fmt::format("{}", weight);
                }
                return weights.empty()
                           ? fmt::format(R"({{"choice": [{}]}})", values)
                           : fmt::format(R"({{"choice": [{}], "weights": [{}]}})", values, weights);
            }
        }
        return one(value.low());
    }

    std::string_view place_;
    std::string text_;
};

constexpr std::array<std::string_view, 7> arm_names = {
    "io_submit", "io_done", "write", "sync", "group_window", "queued_request", "recovery"};

std::string write_when(const Trigger& trigger) {
    ObjectWriter when{"when"};
    when.text("event", trigger.event);
    if (trigger.target) {
        when.text("target", trigger.target->text);
    }
    if (!trigger.of.empty()) {
        when.text("id", trigger.of);
    }
    when.number("nth", static_cast<std::int64_t>(trigger.nth));
    when.duration("not_before", trigger.not_before);
    when.duration("after", trigger.after);
    return when.json();
}

void write_trigger(ObjectWriter& object, const Trigger& trigger) {
    if (trigger.kind == Trigger::Kind::when) {
        object.raw("when", write_when(trigger));
        return;
    }
    object.duration("at", trigger.at);
    if (trigger.kind == Trigger::Kind::arm) {
        ObjectWriter arm{"arm"};
        arm.text("on", name_of(trigger.on));
        arm.number("nth", static_cast<std::int64_t>(trigger.nth));
        object.raw("arm", arm.json());
    }
}

/// The arguments that the kind has.
ObjectWriter write_args(FaultKind kind, const Element& element) {
    std::string_view const has = rules_of(kind).args;
    ObjectWriter args{"args"};
    if (has_word(has, "kind")) {
        args.number("kind", static_cast<std::int64_t>(element.crash));
    }
    if (has_word(has, "grace") && element.grace >= Duration{}) {
        args.duration("grace", element.grace);
    }
    if (has_word(has, "probability")) {
        args.number("probability", element.probability.parts_per_billion);
    }
    if (has_word(has, "by")) {
        args.duration("by", element.by);
    }
    if (has_word(has, "factor")) {
        args.number("factor", element.factor);
    }
    if (has_word(has, "point")) {
        args.number("point", static_cast<std::int64_t>(element.point));
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

std::string write_cluster(const ClusterSpec& cluster) {
    ObjectWriter object{"cluster"};
    object.drawn("brokers", cluster.brokers);
    object.drawn("durability", cluster.durability);
    object.number("strict_unknown_producer", cluster.strict_unknown_producer ? 1 : 0);
    if (!cluster.image.empty()) {
        object.text("image", std::filesystem::path{cluster.image}.filename().string());
    }
    std::string topics;
    for (const TopicSpec& spec : cluster.topics) {
        ObjectWriter topic{"cluster.topics[]"};
        topic.text("name", spec.name);
        topic.drawn("partitions", spec.partitions);
        if (spec.replication_factor) {
            topic.drawn("replication_factor", *spec.replication_factor);
        }
        topic.drawn("min_insync_replicas", spec.min_insync_replicas);
        topics += (topics.empty() ? "" : ", ") + topic.json();
    }
    object.raw("topics", "[" + topics + "]");
    ObjectWriter network{"cluster.network"};
    network.drawn("latency", cluster.latency);
    network.drawn("client_latency", cluster.client_latency);
    object.raw("network", network.json());
    ObjectWriter disk{"cluster.disk"};
    disk.drawn("write", cluster.disk_write);
    disk.drawn("sync", cluster.disk_sync);
    object.raw("disk", disk.json());
    ObjectWriter clocks{"cluster.clocks"};
    clocks.drawn("offset", cluster.clock_offset);
    clocks.drawn("drift_ppm", cluster.clock_drift_ppm);
    object.raw("clocks", clocks.json());
    ObjectWriter start{"cluster.start"};
    start.number("order", cluster.start_any_order ? 1 : 0);
    start.drawn("stagger", cluster.start_stagger);
    object.raw("start", start.json());
    return object.json();
}

std::string write_step(const StepSpec& spec) {
    ObjectWriter step{"workload.steps[]"};
    step.text("id", spec.id);
    if (spec.at) {
        step.duration("at", *spec.at);
    }
    if (spec.when) {
        step.raw("when", write_when(*spec.when));
    }
    step.drawn("messages", spec.messages);
    if (spec.rate_mhz != 0) {
        step.number("rate", spec.rate_mhz);
    }
    if (spec.via) {
        step.text("via", spec.via->text);
    }
    return step.json();
}

std::string write_workload(const WorkloadSpec& workload) {
    ObjectWriter object{"workload"};
    object.drawn("producers", workload.producers);
    object.drawn("consumers", workload.consumers);
    object.drawn("acks", workload.acks);
    object.drawn("idempotent", workload.idempotent);
    object.drawn("messages", workload.messages);
    object.drawn("rate", workload.rate_mhz);
    object.drawn("payload", workload.payload);
    object.drawn("batch_records", workload.batch_records);
    object.drawn("linger", workload.linger);
    object.drawn("max_in_flight", workload.max_in_flight);
    object.drawn("first_sequence", workload.first_sequence);
    object.drawn("retry_backoff", workload.retry_backoff);
    object.drawn("retry_attempts", workload.retry_attempts);
    object.drawn("request_timeout", workload.request_timeout);
    object.drawn("delivery_timeout", workload.delivery_timeout);
    if (workload.read_via) {
        object.text("read_via", workload.read_via->text);
    }
    if (workload.reader_stops_at) {
        object.number("reader_stops_at", *workload.reader_stops_at);
    }
    std::string steps;
    for (const StepSpec& step : workload.steps) {
        steps += (steps.empty() ? "" : ",\n    ") + write_step(step);
    }
    if (!steps.empty()) {
        object.raw("steps", "[\n    " + steps + "]");
    }
    return object.json();
}

std::string write_tuning(const TuningSpec& tuning) {
    ObjectWriter object{"tuning"};
    object.number("swarm", tuning.swarm ? 1 : 0);
    for (const TuningSpec::Knob& knob : tuning.knobs) {
        object.drawn(knob.name, knob.value);
    }
    return object.json();
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
    Element arguments = fault.arguments;
    arguments.probability = fault.probability;
    ObjectWriter args{"args"};
    std::string json = "{}";
    if (fault.by) {
        args.drawn("by", *fault.by);
        json = args.json();
    } else if (rules.placement != Placement::per_message || has_word(rules.args, "by")) {
        arguments.probability = Probability{1'000'000'000};
        json = write_args(fault.kind, arguments).json();
    }
    if (json != "{}") {
        object.raw("args", json);
    }
    return object.json();
}

std::string write_faults(const FaultSpec& faults) {
    ObjectWriter object{"faults"};
    std::string script;
    for (const Element& element : faults.script) {
        script += (script.empty() ? "" : ",\n    ") + write_element(element);
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
    ObjectWriter limits{"faults.limits"};
    limits.number("keep_quorum", faults.limits.keep_quorum ? 1 : 0);
    if (faults.limits.max_down) {
        limits.number("max_down", *faults.limits.max_down);
    }
    limits.duration("stop_before_end", faults.limits.stop_before_end);
    object.raw("limits", limits.json());
    return object.json();
}

std::string write_run(const RunSpec& run, bool everything) {
    ObjectWriter object{"run"};
    object.drawn("warm_up", run.warm_up);
    object.drawn("virtual_time", run.virtual_time);
    object.number("settle", run.settle ? run.settle->nanoseconds() : -1);
    object.number("max_events", static_cast<std::int64_t>(run.max_events));
    if (everything) {
        object.duration("wall_limit", run.wall_limit);
        ObjectWriter seeds{"run.seeds"};
        if (run.seed_list.empty()) {
            seeds.number("count", static_cast<std::int64_t>(run.seed_count));
        } else {
            std::string list;
            for (std::uint64_t const seed : run.seed_list) {
                list += (list.empty() ? "" : ", ") + fmt::format("\"{:#x}\"", seed);
            }
            seeds.raw("list", "[" + list + "]");
        }
        object.raw("seeds", seeds.json());
    }
    return object.json();
}

std::string write_expect(const ExpectSpec& expect) {
    ObjectWriter object{"expect"};
    switch (expect.kind) {
        case ExpectSpec::Kind::holds:
            object.texts("holds", expect.holds);
            break;
        case ExpectSpec::Kind::violates: {
            object.text("violates", expect.violates);
            ObjectWriter in_seeds{"expect.in_seeds"};
            in_seeds.number("at_least", static_cast<std::int64_t>(expect.in_seeds_at_least_ppb));
            if (expect.in_seeds_of > 0) {
                in_seeds.number("of", static_cast<std::int64_t>(expect.in_seeds_of));
            }
            object.raw("in_seeds", in_seeds.json());
            break;
        }
        case ExpectSpec::Kind::voids:
            if (expect.voids != VoidReason::none) {
                object.number("voids", static_cast<std::int64_t>(expect.voids) - 1);
            }
            break;
    }
    object.texts("reaches", expect.reaches);
    object.texts("sometimes", expect.sometimes);
    return object.json();
}

/// everything: with names, texts and what does not change a run.
std::string write(const Scenario& scenario, bool everything) {
    std::string text = "{\n  \"format\": 1";
    auto const section = [&text](std::string_view key, const std::string& json) {
        text += ",\n  " + quote_json(key) + ": " + json;
    };
    if (everything) {
        section("name", quote_json(scenario.name));
        section("why", quote_json(scenario.why));
        ObjectWriter lists{""};
        lists.texts("covers", scenario.covers);
        lists.texts("tags", scenario.tags);
        std::string const json = lists.json();
        if (!lists.empty()) {
            text += ",\n  " + json.substr(1, json.size() - 2);
        }
    }
    section("cluster", write_cluster(scenario.cluster));
    section("workload", write_workload(scenario.workload));
    section("tuning", write_tuning(scenario.tuning));
    if (!scenario.plant.empty()) {
        section("plant", "[" + quote_json(scenario.plant) + "]");
    }
    section("faults", write_faults(scenario.faults));
    section("run", write_run(scenario.run, everything));
    section("expect", write_expect(scenario.expect));
    return text + "\n}\n";
}

}  // namespace

std::string_view name_of(ArmOn on) {
    return arm_names[static_cast<std::size_t>(on)];
}

std::string write_element(const Element& element) {
    const KindRules& rules = rules_of(element.kind);
    ObjectWriter object{"faults.script[]"};
    object.text("id", element.id);
    write_trigger(object, element.trigger);
    object.text("do", name_of(element.kind));
    if (rules.target != TargetUse::none) {
        object.text("target", element.target.text);
    }
    if (element.lasts && rules.lasts) {
        object.duration("for", *element.lasts);
    }
    if (rules.topology) {
        object.raw("topology", element.shape == Shape::groups ? write_groups(element.groups)
                                                              : quote_json(name_of(element.shape)));
        object.number("direction", static_cast<std::int64_t>(element.direction));
    }
    if (ObjectWriter const args = write_args(element.kind, element); !args.empty()) {
        object.raw("args", args.json());
    }
    object.number("may_miss", element.may_miss || !element.scripted ? 1 : 0);
    return object.json();
}

std::string write_scenario(const Scenario& scenario) {
    return write(scenario, true);
}

std::uint64_t hash_scenario(const Scenario& scenario) {
    return broker::hash_text(write(scenario, false));
}

}  // namespace brokersim
