// Writing scenarios, section by section, through the rows of the table of keys.
#include "scenarios/writer.h"

#include "broker_core/base/hash.h"
#include "scenarios/object_writer.h"
#include "scenarios/scalar.h"
#include "scenarios/write_faults.h"

#include <fmt/format.h>

#include <filesystem>

namespace brokersim {
namespace {

/// A default of a key that came later than the format is left out of what is hashed, so that no
/// scenario became another one by it.
bool is_default(const Distribution& value, std::int64_t fallback = 0) {
    return value.kind() == Distribution::Kind::fixed && value.smallest() == fallback;
}

std::string write_cluster(const ClusterSpec& cluster, bool everything) {
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
        topic.drawn("retention_bytes", spec.retention_bytes);
        topic.drawn("retention_time", spec.retention_time);
        topics += (topics.empty() ? "" : ", ") + topic.json();
    }
    object.raw("topics", "[" + topics + "]");
    ObjectWriter network{"cluster.network"};
    network.drawn("latency", cluster.latency);
    network.drawn("client_latency", cluster.client_latency);
    if (everything || !is_default(cluster.queue_capacity)) {
        network.drawn("queue_capacity", cluster.queue_capacity);
    }
    object.raw("network", network.json());
    ObjectWriter disk{"cluster.disk"};
    disk.drawn("write", cluster.disk_write);
    disk.drawn("sync", cluster.disk_sync);
    disk.drawn("profile", cluster.disk_profile);
    disk.drawn("capacity", cluster.disk_capacity);
    disk.drawn("mixed", cluster.disk_mixed);
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
        write_field(step, "at", ElementField::at, spec.at->nanoseconds(), spec.drawn);
    }
    if (spec.when) {
        step.raw("when", write_when(*spec.when, spec.drawn));
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

std::string write_workload(const WorkloadSpec& workload, bool everything) {
    ObjectWriter object{"workload"};
    object.drawn("producers", workload.producers);
    object.drawn("consumers", workload.consumers);
    object.drawn("acks", workload.acks);
    object.drawn("idempotent", workload.idempotent);
    object.drawn("messages", workload.messages);
    object.drawn("rate", workload.rate_mhz);
    object.drawn("payload", workload.payload);
    object.drawn("payload_content", workload.payload_content);
    object.drawn("batch_records", workload.batch_records);
    object.drawn("linger", workload.linger);
    object.drawn("max_in_flight", workload.max_in_flight);
    object.drawn("first_sequence", workload.first_sequence);
    if (everything || !is_default(workload.flavour)) {
        object.drawn("flavour", workload.flavour);
    }
    object.drawn("retry_backoff", workload.retry_backoff);
    object.drawn("retry_attempts", workload.retry_attempts);
    object.drawn("request_timeout", workload.request_timeout);
    object.drawn("delivery_timeout", workload.delivery_timeout);
    object.drawn("reread_after", workload.reread_after);
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

/// share: with `in_seeds`, which a file with a list of seeds may not have.
std::string write_expect(const ExpectSpec& expect, bool share) {
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
            if (share) {
                object.raw("in_seeds", in_seeds.json());
            }
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

std::string write_regressions(const std::vector<Regression>& regressions) {
    std::string list;
    for (const Regression& one : regressions) {
        ObjectWriter object{"regressions[]"};
        object.text("seed", fmt::format("{:#x}", one.seed));
        auto const text = [&](std::string_view key, const std::string& value) {
            if (!value.empty()) {
                object.text(key, value);
            }
        };
        text("violated", one.violated);
        text("signature", one.signature);
        text("commit", one.commit);
        text("issue", one.issue);
        text("found", one.found);
        text("repro", std::filesystem::path{one.repro}.filename().string());
        list += (list.empty() ? "" : ", ") + object.json();
    }
    return "[" + list + "]";
}

/// everything: with names, texts and what does not change a run.
std::string write(const Scenario& scenario, bool everything) {
    std::string text = "{\n  \"format\": 1";
    auto const section = [&text](std::string_view key, const std::string& json) {
        text += ",\n  " + quote_json(key) + ": " + json;
    };
    if (everything) {
        // A child of a matrix is written under the name of its file.
        section("name", quote_json(scenario.name.substr(0, scenario.name.find('@'))));
        section("why", quote_json(scenario.why));
        ObjectWriter lists{""};
        lists.texts("covers", scenario.covers);
        lists.texts("tags", scenario.tags);
        std::string const json = lists.json();
        if (!lists.empty()) {
            text += ",\n  " + json.substr(1, json.size() - 2);
        }
    }
    section("cluster", write_cluster(scenario.cluster, everything));
    section("workload", write_workload(scenario.workload, everything));
    section("tuning", write_tuning(scenario.tuning));
    if (!scenario.plant.empty()) {
        section("plant", "[" + quote_json(scenario.plant) + "]");
    }
    section("faults", write_faults(scenario.faults));
    section("run", write_run(scenario.run, everything));
    section("expect", write_expect(scenario.expect, !everything || scenario.run.seed_list.empty()));
    if (everything && !scenario.regressions.empty()) {
        section("regressions", write_regressions(scenario.regressions));
    }
    return text + "\n}\n";
}

}  // namespace

std::string write_scenario(const Scenario& scenario) {
    return write(scenario, true);
}

std::uint64_t hash_scenario(const Scenario& scenario) {
    return broker::hash_text(write(scenario, false));
}

}  // namespace brokersim
