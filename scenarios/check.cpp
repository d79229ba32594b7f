// The checks of meaning, one function per subject.
#include "scenarios/check.h"

#include "broker_core/base/probes.h"
#include "faults/kinds.h"
#include "scenarios/knobs.h"
#include "scenarios/properties.h"
#include "scenarios/scalar.h"
#include "scenarios/suggest.h"
#include "scenarios/targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace brokersim {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

/// Every value a distribution can draw, if they are few enough to say; else its bounds decide.
bool can_be_odd(const Distribution& brokers) {
    if (brokers.kind() == Distribution::Kind::choice) {
        return std::any_of(brokers.values().begin(), brokers.values().end(),
                           [](std::int64_t n) { return n % 2 != 0; });
    }
    return brokers.smallest() != brokers.largest() || brokers.smallest() % 2 != 0;
}

class Meaning {
public:
    Meaning(Findings& findings, const JsonValue& root, const Scenario& scenario)
        : findings_{findings}, root_{root}, scenario_{scenario} {}

    void check() {
        check_topics();
        check_workload();
        check_tuning();
        check_ids();
        check_script();
        check_random();
        check_limits();
        check_expect();
    }

private:
    /// The value at `pointer`, or the nearest object around it.
    [[nodiscard]] Span span(std::string_view pointer) const {
        const JsonValue* at = &root_;
        while (!pointer.empty()) {
            pointer.remove_prefix(1);
            std::size_t const end = std::min(pointer.find('/'), pointer.size());
            std::string_view const step = pointer.substr(0, end);
            pointer.remove_prefix(end);
            if (at->is(JsonValue::Kind::list)) {
                std::size_t index = 0;
                for (char const c : step) {
                    index = index * 10 + static_cast<std::size_t>(c - '0');
                }
                if (index >= at->items.size()) {
                    break;
                }
                at = &at->items[index];
                continue;
            }
            const JsonMember* const member = at->find(step);
            if (member == nullptr) {
                break;
            }
            at = &member->value;
        }
        return at->span;
    }

    [[nodiscard]] bool written(std::string_view parent, std::string_view key) const {
        return span(parent) != span(pointer_to(parent, key));
    }

    [[nodiscard]] bool good(std::initializer_list<std::string_view> pointers) const {
        return std::none_of(pointers.begin(), pointers.end(),
                            [&](std::string_view p) { return findings_.broken(p); });
    }

    void error(const std::string& pointer, std::string code, std::string message,
               std::string help = "", std::vector<std::string> notes = {}) {
        findings_.add(span(pointer), pointer,
                      {std::move(code), std::move(message), std::move(help)}, std::move(notes));
    }

    [[nodiscard]] std::int64_t fewest_brokers() const {
        return scenario_.cluster.brokers.smallest();
    }

    void check_topics() {
        if (!good({"/cluster/brokers"})) {
            return;
        }
        for (std::size_t i = 0; i < scenario_.cluster.topics.size(); ++i) {
            const TopicSpec& topic = scenario_.cluster.topics[i];
            std::string const at = pointer_to("/cluster/topics", i);
            std::int64_t const fewest = fewest_brokers();
            std::string const factor_at = at + "/replication_factor";
            if (!good({at})) {
                continue;
            }
            if (topic.replication_factor && topic.replication_factor->largest() > fewest) {
                error(factor_at, "SCN201",
                      fmt::format("replication_factor {} is larger than the smallest cluster this "
                                  "scenario can draw ({})",
                                  topic.replication_factor->largest(), fewest),
                      "", {findings_.place("\"brokers\"", span("/cluster/brokers"))});
                continue;
            }
            std::int64_t const copies = topic.replication_factor
                                            ? topic.replication_factor->smallest()
                                            : std::min<std::int64_t>(3, fewest);
            if (topic.min_insync_replicas.largest() > copies) {
                error(at + "/min_insync_replicas", "SCN202",
                      fmt::format("min_insync_replicas {} is larger than the smallest "
                                  "replication_factor this scenario can draw ({})",
                                  topic.min_insync_replicas.largest(), copies));
            }
        }
    }

    void check_workload() {
        const WorkloadSpec& workload = scenario_.workload;
        bool const never_all = workload.acks.largest() < static_cast<int>(ProducerAcks::all);
        if (written("/workload", "idempotent") &&
            good({"/workload/idempotent", "/workload/acks"}) &&
            workload.idempotent.largest() == 1 && never_all) {
            error("/workload/idempotent", "SCN208",
                  "idempotent has effect where acks is all, but acks can never be all");
        }
        if (workload.reader_stops_at && !contains(scenario_.tags, "demonstration")) {
            error("/workload/reader_stops_at", "SCN230",
                  "reader_stops_at is for demonstrations only", "add the tag \"demonstration\"");
        }
        if (workload.read_via) {
            check_contact(*workload.read_via, "/workload/read_via");
        }
        for (std::size_t i = 0; i < workload.steps.size(); ++i) {
            std::string const at = pointer_to("/workload/steps", i);
            const StepSpec& step = workload.steps[i];
            if (step.via) {
                check_contact(*step.via, at + "/via");
            }
            Trigger trigger = step.when.value_or(Trigger{});
            trigger.at = step.at.value_or(Duration{});
            check_trigger(trigger, at);
        }
    }

    /// The first contact of a client is one broker.
    void check_contact(const Target& target, const std::string& at) {
        switch (target.kind) {
            case TargetKind::node:
            case TargetKind::one:
            case TargetKind::leader:
            case TargetKind::follower:
                check_number(target, at);
                return;
            case TargetKind::minority:
            case TargetKind::majority:
            case TargetKind::all:
            case TargetKind::followers:
            case TargetKind::clients:
            case TargetKind::client:
            case TargetKind::same:
            case TargetKind::rest:
                break;
        }
        error(at, "SCN224", fmt::format("a first contact is one broker, not \"{}\"", target.text),
              "write \"n1\" or \"leader(orders/0)\"");
    }

    void check_number(const Target& target, const std::string& at) {
        if (target.kind == TargetKind::node && good({"/cluster/brokers"}) &&
            target.number > fewest_brokers()) {
            error(
                at, "SCN204",
                fmt::format("{} does not exist in the smallest cluster this scenario can draw ({})",
                            target.text, fewest_brokers()),
                "", {findings_.place("\"brokers\"", span("/cluster/brokers"))});
        }
        const Distribution& clients =
            target.consumer ? scenario_.workload.consumers : scenario_.workload.producers;
        if (target.kind == TargetKind::client && good({"/workload"}) &&
            target.number > clients.smallest()) {
            error(at, "SCN204",
                  fmt::format("{} does not exist: this scenario can have only {}", target.text,
                              clients.smallest()));
        }
    }

    void check_tuning() {
        std::int64_t heartbeat = broker::RaftTuning{}.heartbeat.nanoseconds();
        std::int64_t timeout = broker::RaftTuning{}.election_timeout.nanoseconds();
        std::string at;
        for (const TuningSpec::Knob& knob : scenario_.tuning.knobs) {
            std::string const pointer = pointer_to("/tuning", knob.name);
            if (knob.name == "raft.heartbeat") {
                heartbeat = knob.value.largest();
                at = pointer;
            } else if (knob.name == "raft.election_timeout") {
                timeout = knob.value.smallest();
                at = at.empty() ? pointer : at;
            } else if (knob.name == "wal.segment_bytes") {
                check_segments(knob.value, pointer);
            }
        }
        if (!at.empty() && good({"/tuning"}) && heartbeat >= timeout) {
            error(at, "SCN218",
                  fmt::format("the longest raft.heartbeat ({}) is not below the shortest "
                              "raft.election_timeout ({})",
                              write_duration(heartbeat), write_duration(timeout)));
        }
    }

    void check_segments(const Distribution& size, const std::string& pointer) {
        bool const range = size.kind() == Distribution::Kind::uniform ||
                           size.kind() == Distribution::Kind::log_uniform;
        std::vector<std::int64_t> values = size.values();
        values.push_back(size.smallest());
        bool const whole = std::all_of(values.begin(), values.end(),
                                       [](std::int64_t bytes) { return bytes % 512 == 0; });
        if (!range && !whole) {  // what a range draws is rounded down
            error(pointer, "SCN218", "wal.segment_bytes is a multiple of 512B");
        }
    }

    void check_ids() {
        std::vector<std::string> ids;
        auto const take = [&](const std::string& id, const std::string& at) {
            if (!id.empty() && contains(ids, id)) {
                error(at, "SCN223", fmt::format("id {} is used twice", quote_json(id)));
            }
            ids.push_back(id);
        };
        for (std::size_t i = 0; i < scenario_.workload.steps.size(); ++i) {
            take(scenario_.workload.steps[i].id, pointer_to("/workload/steps", i) + "/id");
        }
        for (std::size_t i = 0; i < scenario_.faults.script.size(); ++i) {
            take(scenario_.faults.script[i].id, pointer_to("/faults/script", i) + "/id");
        }
    }

    [[nodiscard]] const Element* fault(std::string_view id) const {
        for (const Element& element : scenario_.faults.script) {
            if (element.id == id) {
                return &element;
            }
        }
        return nullptr;
    }

    void check_fault_id(const std::string& id, const std::string& at) {
        if (fault(id) != nullptr) {
            return;
        }
        std::vector<Candidate> candidates;
        for (const Element& element : scenario_.faults.script) {
            candidates.push_back({element.id});
        }
        std::optional<std::string> const near = nearest(id, candidates);
        error(at, "SCN223", fmt::format("no fault has the id {}", quote_json(id)),
              near ? fmt::format("did you mean \"{}\"?", *near) : "");
    }

    void check_trigger(const Trigger& trigger, const std::string& at) {
        Duration const end{scenario_.run.virtual_time.smallest()};
        bool const timed = good({"/run/virtual_time"});
        auto const late = [&](Duration when, const std::string& pointer) {
            if (timed && when >= end) {
                error(pointer, "SCN205",
                      fmt::format("{} is not before the end of the run phase ({})",
                                  write_duration(when.nanoseconds()),
                                  write_duration(end.nanoseconds())));
            }
        };
        late(trigger.at, at + "/at");
        if (trigger.kind != Trigger::Kind::when) {
            return;
        }
        late(trigger.not_before, at + "/when/not_before");
        if (trigger.target) {
            check_target(*trigger.target, at + "/when/target");
        }
        if (!trigger.of.empty()) {
            if (trigger.event != "fault_started" && trigger.event != "fault_ended") {
                error(at + "/when/id", "SCN224",
                      fmt::format("event \"{}\" belongs to no fault", trigger.event),
                      "remove the id");
            } else {
                check_fault_id(trigger.of, at + "/when/id");
            }
        }
    }

    void check_target(const Target& target, const std::string& at) {
        check_number(target, at);
        if (target.kind == TargetKind::same) {
            check_fault_id(target.id, at);
        }
    }

    void check_script() {
        for (std::size_t i = 0; i < scenario_.faults.script.size(); ++i) {
            const Element& element = scenario_.faults.script[i];
            std::string const at = pointer_to("/faults/script", i);
            check_trigger(element.trigger, at);
            check_target(element.target, at + "/target");
            if (!element.heals.empty()) {
                check_fault_id(element.heals, at + "/args/fault");
            }
            if (element.kind == FaultKind::partition && good({at + "/topology"})) {
                check_groups(element, at + "/topology");
                check_shape(element.shape, at + "/topology");
            }
            if (good({at})) {
                check_waits(element, at);
            }
        }
    }

    /// A fault that waits for itself, through others or not, never comes.
    void check_waits(const Element& first, const std::string& at) {
        const Element* next = &first;
        for (std::size_t steps = 0; steps <= scenario_.faults.script.size(); ++steps) {
            std::string_view const of =
                next->target.kind == TargetKind::same && next->trigger.of.empty()
                    ? std::string_view{next->target.id}
                    : std::string_view{next->trigger.of};
            next = of.empty() ? nullptr : fault(of);
            if (next == nullptr) {
                return;
            }
            if (next == &first) {
                error(at, "SCN223", fmt::format("fault {} waits for itself", quote_json(first.id)));
                return;
            }
        }
    }

    void check_shape(Shape shape, const std::string& at) {
        if (shape == Shape::halves && good({"/cluster/brokers"}) &&
            can_be_odd(scenario_.cluster.brokers)) {
            error(at, "SCN220", "halves need an even number of brokers", "",
                  {findings_.place("\"brokers\"", span("/cluster/brokers"))});
        }
    }

    void check_groups(const Element& element, const std::string& at) {
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
                check_target(target, pointer);
                if (contains(seen, target.text)) {
                    error(pointer, "SCN219",
                          fmt::format("\"{}\" stands in two groups", target.text));
                }
                seen.push_back(target.text);
                nodes += target.kind == TargetKind::node ? 1 : 0;
                rest = rest || target.kind == TargetKind::rest || target.kind == TargetKind::all;
            }
        }
        if (contains(seen, "all") && seen.size() > 1 &&
            !(seen.size() == 2 && contains(seen, "clients"))) {
            error(at, "SCN219", "\"all\" leaves no broker for another group");
        } else if (!rest && good({"/cluster/brokers", at}) &&
                   nodes < scenario_.cluster.brokers.largest()) {
            error(at, "SCN219", "the groups leave brokers out", "add the group [\"rest\"]");
        }
    }

    void check_random() {
        for (const RandomFault& fault : scenario_.faults.random) {
            std::string const at = pointer_to("/faults/random", name_of(fault.kind));
            for (std::size_t i = 0; i < fault.targets.size(); ++i) {
                std::string const target = at + "/target";
                bool const listed = fault.targets.size() > 1;
                check_target(fault.targets[i], listed ? pointer_to(target, i) : target);
            }
            for (Shape const shape : fault.shapes) {
                check_shape(shape, at + "/topology");
            }
        }
    }

    /// The most brokers that the target can mean in the smallest cluster.
    [[nodiscard]] std::int64_t least_down(const Target& target) const {
        std::int64_t const n = fewest_brokers();
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
                return 1;
            case TargetKind::followers:
            case TargetKind::clients:
            case TargetKind::client:
            case TargetKind::same:
            case TargetKind::rest:
                break;
        }
        return 0;
    }

    void check_limits() {
        const FaultLimits& limits = scenario_.faults.limits;
        Duration const end{scenario_.run.virtual_time.smallest()};
        if (good({"/run/virtual_time", "/faults/limits"}) && limits.stop_before_end >= end) {
            error("/faults/limits/stop_before_end", "SCN222",
                  "stop_before_end leaves no time for faults");
        }
        for (std::size_t i = 0; i < scenario_.faults.script.size(); ++i) {
            const Element& element = scenario_.faults.script[i];
            bool const downs =
                element.kind == FaultKind::crash || element.kind == FaultKind::shutdown;
            std::int64_t const down = least_down(element.target);
            std::string const at = pointer_to("/faults/script", i);
            if (!downs || !good({"/cluster/brokers", at, "/faults/limits"})) {
                continue;
            }
            if (limits.keep_quorum && down > (fewest_brokers() - 1) / 2) {
                error(at + "/target", "SCN221",
                      fmt::format("{} of \"{}\" takes the quorum, against keep_quorum",
                                  name_of(element.kind), element.target.text));
            } else if (limits.max_down && down > *limits.max_down) {
                error(at + "/target", "SCN221",
                      fmt::format("{} of \"{}\" takes {} brokers down, against max_down {}",
                                  name_of(element.kind), element.target.text, down,
                                  *limits.max_down));
            }
        }
    }

    void check_expect() {
        const ExpectSpec& expect = scenario_.expect;
        bool const planted = !scenario_.plant.empty();
        bool const demonstration = contains(scenario_.tags, "demonstration");
        bool const whole = good({"/expect"}) && written("", "expect");
        if (whole && expect.kind == ExpectSpec::Kind::holds && planted) {
            error("/expect/holds", "SCN211", "a planted bug is there to be found",
                  "write \"violates\" instead of \"holds\"");
        }
        if (whole && expect.kind != ExpectSpec::Kind::holds && !planted && !demonstration) {
            error("/expect", "SCN211", "only a planted bug or a demonstration is expected to fail",
                  "add \"plant\", or the tag \"demonstration\"");
        }
        if (expect.kind != ExpectSpec::Kind::violates && written("/expect", "in_seeds")) {
            error("/expect/in_seeds", "SCN015", "\"in_seeds\" belongs to \"violates\"");
        } else if (!scenario_.run.seed_list.empty() && written("/expect", "in_seeds")) {
            error("/expect/in_seeds", "SCN216", "in_seeds needs run.seeds.count, not a list");
        }
        for (std::size_t i = 0; i < expect.holds.size(); ++i) {
            check_property(expect.holds[i], pointer_to("/expect/holds", i), false);
            check_shown(expect.holds[i], pointer_to("/expect/holds", i));
        }
        if (expect.kind == ExpectSpec::Kind::violates) {
            check_property(expect.violates, "/expect/violates", true);
        }
        check_probes(expect.reaches, "/expect/reaches", false);
        check_probes(expect.sometimes, "/expect/sometimes", true);
    }

    void check_property(const std::string& name, const std::string& at, bool anomaly) {
        auto const codes = anomaly_codes();
        if (!ids_of_property(name).empty() ||
            (anomaly && std::find(codes.begin(), codes.end(), name) != codes.end())) {
            return;
        }
        std::vector<Candidate> candidates{{"safety"}, {"liveness"}};
        for (const PropertyRow& row : property_table()) {
            candidates.push_back({row.name});
        }
        for (std::string_view const code : codes) {
            if (anomaly) {
                candidates.push_back({code});
            }
        }
        std::optional<std::string> const near = nearest(name, candidates);
        findings_.add(span(at), at,
                      {"SCN011", fmt::format("unknown property {}", quote_json(name)),
                       near ? fmt::format("did you mean \"{}\"?", *near) : "",
                       near ? quote_json(*near) : ""});
    }

    /// What the workload of this file could never show to be broken.
    void check_shown(const std::string& name, const std::string& at) {
        const WorkloadSpec& workload = scenario_.workload;
        if (!good({"/workload"})) {
            return;
        }
        bool const never_all = workload.acks.largest() < static_cast<int>(ProducerAcks::all);
        bool const never_idempotent = workload.idempotent.largest() == 0 || never_all;
        if (name == "no_lost_acks" && workload.acks.largest() == 0) {
            error(at, "SCN209", "acks can only be 0: nothing is acknowledged, so nothing is lost");
        } else if (name == "no_duplicates" && workload.retry_attempts.largest() > 0 &&
                   never_idempotent) {
            error(at, "SCN210",
                  "a retry of a producer that is not idempotent may be stored twice (T03)",
                  R"(write "idempotent": true, or "retry_attempts": 0)");
        } else if (name == "dedup_sound" && never_idempotent) {
            error(at, "SCN212", "no producer of this file is idempotent: nothing is deduplicated");
        } else if (name == "retention_sound") {
            error(at, "SCN212", "no topic of this file drops records");
        }
    }

    void check_probes(const std::vector<std::string>& names, const std::string& at, bool notes) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            auto const judged = judge_notes();
            bool const note =
                notes && std::find(judged.begin(), judged.end(), names[i]) != judged.end();
            if (note || broker::probe_named(names[i])) {
                continue;
            }
            std::vector<Candidate> candidates;
            for (std::string_view const probe : broker::probe_names) {
                candidates.push_back({probe});
            }
            for (std::string_view const name : judged) {
                if (notes) {
                    candidates.push_back({name});
                }
            }
            std::optional<std::string> const near = nearest(names[i], candidates);
            std::string const pointer = pointer_to(at, i);
            findings_.add(span(pointer), pointer,
                          {"SCN229", fmt::format("unknown probe {}", quote_json(names[i])),
                           near ? fmt::format("did you mean \"{}\"?", *near) : "",
                           near ? quote_json(*near) : ""});
        }
    }

    Findings& findings_;
    const JsonValue& root_;
    const Scenario& scenario_;
};

}  // namespace

void check_meaning(Findings& findings, const JsonValue& root, const Scenario& scenario) {
    Meaning{findings, root, scenario}.check();
}

}  // namespace brokersim
