// One function per section of a file.
#include "scenarios/sections.h"

#include "faults/mutant_table.h"
#include "scenarios/check.h"
#include "scenarios/extends.h"
#include "scenarios/knobs.h"
#include "scenarios/object_reader.h"
#include "scenarios/read_faults.h"
#include "scenarios/suggest.h"
#include "scenarios/targets.h"
#include "scenarios/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

constexpr std::size_t longest_name = 64;
constexpr std::size_t longest_why = 200;

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

bool is_plain_name(std::string_view name) {
    return name.size() >= 3 && name.size() <= longest_name &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

void read_identity(ObjectReader& object, Scenario& scenario) {
    if (!object.has("format")) {
        object.error("format", "SCN003", "\"format\" is missing", R"(write "format": 1)");
    } else if (const JsonValue& format = *object.value_of("format");
               !format.is(JsonValue::Kind::number) || format.text != "1") {
        object.error("format", "SCN003", "this tool reads format 1", "write 1", "1");
    }
    scenario.name = object.text("name").value_or("");
    if (object.has("name") && !object.findings().broken("/name")) {
        std::string const stem = stem_of(scenario.path);
        if (!is_plain_name(scenario.name)) {
            object.error("name", "SCN014",
                         "a name is 3 to 64 lower-case letters, digits and hyphens");
        } else if (scenario.name != stem) {
            object.error("name", "SCN215",
                         fmt::format("the name is not that of the file, {}", quote_json(stem)),
                         "write " + quote_json(stem), quote_json(stem));
        }
    }
    scenario.why = object.text("why").value_or("");
    if (characters(scenario.why) > longest_why) {
        object.error("why", "SCN014",
                     fmt::format("\"why\" has {} characters, {} are allowed",
                                 characters(scenario.why), longest_why));
    }
    scenario.tags = object.texts("tags");
    scenario.covers = object.texts("covers");
}

std::vector<TopicSpec> read_topics(ObjectReader& cluster) {
    if (!cluster.has("topics")) {
        return {TopicSpec{}};
    }
    std::vector<TopicSpec> topics;
    std::size_t index = 0;
    for (const JsonValue* item : cluster.list("topics")) {
        ObjectReader object{cluster.findings(), item, pointer_to(cluster.pointer("topics"), index),
                            "cluster.topics[]"};
        TopicSpec topic;
        topic.name = object.text("name").value_or("");
        bool const slash = topic.name.find_first_of("/()") != std::string::npos;
        bool const twice = std::any_of(topics.begin(), topics.end(), [&](const TopicSpec& other) {
            return object.has("name") && other.name == topic.name;
        });
        if (object.has("name") && (topic.name.empty() || topic.name.size() > 249 || slash)) {
            object.error("name", "SCN014",
                         "a topic's name has 1 to 249 characters, none of them / ( )");
        } else if (twice) {
            object.error("name", "SCN223",
                         fmt::format("topic {} is here twice", quote_json(topic.name)));
        }
        object.read("partitions", topic.partitions);
        topic.replication_factor = object.distribution("replication_factor");
        object.read("min_insync_replicas", topic.min_insync_replicas);
        object.read("retention_bytes", topic.retention_bytes);
        object.read("retention_time", topic.retention_time);
        topics.push_back(std::move(topic));
        ++index;
    }
    return topics;
}

void read_cluster(ObjectReader& scenario, ClusterSpec& cluster) {
    ObjectReader object = scenario.object("cluster", "cluster");
    object.read("brokers", cluster.brokers);
    object.read("durability", cluster.durability);
    cluster.strict_unknown_producer = object.number("strict_unknown_producer").value_or(1) != 0;
    if (std::optional<std::string> const image = object.text("image")) {
        std::uint32_t const file = object.span("image").file;
        cluster.image = path_beside(object.findings().files[file].path, *image);
        if (!is_file(cluster.image)) {
            object.error("image", "SCN213", fmt::format("there is no file {}", quote_json(*image)));
        }
    }
    cluster.topics = read_topics(object);
    ObjectReader network = object.object("network", "cluster.network");
    network.read("latency", cluster.latency);
    network.read("client_latency", cluster.client_latency);
    network.read("queue_capacity", cluster.queue_capacity);
    ObjectReader disk = object.object("disk", "cluster.disk");
    disk.read("write", cluster.disk_write);
    disk.read("sync", cluster.disk_sync);
    disk.read("profile", cluster.disk_profile);
    disk.read("capacity", cluster.disk_capacity);
    disk.read("mixed", cluster.disk_mixed);
    ObjectReader clocks = object.object("clocks", "cluster.clocks");
    clocks.read("offset", cluster.clock_offset);
    clocks.read("drift_ppm", cluster.clock_drift_ppm);
    ObjectReader start = object.object("start", "cluster.start");
    cluster.start_any_order = start.number("order").value_or(0) == 1;
    start.read("stagger", cluster.start_stagger);
}

StepSpec read_step(Findings& findings, const JsonValue& value, const std::string& pointer,
                   const std::vector<TopicSpec>& topics) {
    ObjectReader object{findings, &value, pointer, "workload.steps[]"};
    StepSpec step;
    step.id = object.text("id").value_or("");
    if (std::optional<Trigger> trigger = read_trigger(object, false, topics, step.drawn)) {
        if (trigger->kind == Trigger::Kind::at) {
            step.at = trigger->at;
        } else {
            step.when = std::move(trigger);
        }
    }
    object.read("messages", step.messages);
    step.rate_mhz = object.number("rate").value_or(0);
    if (const JsonValue* const via = object.value_of("via")) {
        step.via = read_target(findings, *via, object.pointer("via"), topics);
    }
    return step;
}

void read_workload(ObjectReader& scenario, const std::vector<TopicSpec>& topics,
                   WorkloadSpec& workload) {
    ObjectReader object = scenario.object("workload", "workload");
    object.read("producers", workload.producers);
    object.read("consumers", workload.consumers);
    object.read("acks", workload.acks);
    object.read("idempotent", workload.idempotent);
    object.read("messages", workload.messages);
    object.read("rate", workload.rate_mhz);
    object.read("payload", workload.payload);
    object.read("payload_content", workload.payload_content);
    object.read("batch_records", workload.batch_records);
    object.read("linger", workload.linger);
    object.read("max_in_flight", workload.max_in_flight);
    object.read("first_sequence", workload.first_sequence);
    object.read("flavour", workload.flavour);
    object.read("retry_backoff", workload.retry_backoff);
    object.read("retry_attempts", workload.retry_attempts);
    object.read("request_timeout", workload.request_timeout);
    object.read("delivery_timeout", workload.delivery_timeout);
    object.read("reread_after", workload.reread_after);
    if (const JsonValue* const via = object.value_of("read_via")) {
        workload.read_via =
            read_target(object.findings(), *via, object.pointer("read_via"), topics);
    }
    workload.reader_stops_at = object.number("reader_stops_at");
    std::size_t index = 0;
    for (const JsonValue* item : object.list("steps")) {
        workload.steps.push_back(read_step(object.findings(), *item,
                                           pointer_to(object.pointer("steps"), index), topics));
        ++index;
    }
}

void read_tuning(ObjectReader& scenario, TuningSpec& tuning) {
    ObjectReader object = scenario.object("tuning", "tuning");
    tuning.swarm = object.number("swarm").value_or(0) != 0;
    for (const KnobRow& knob : knob_table()) {
        std::optional<Distribution> value = object.distribution(knob.key.key);
        if (value) {
            tuning.knobs.push_back({std::string{knob.key.key}, std::move(*value)});
        }
    }
}

void read_plant(ObjectReader& scenario, std::string& plant) {
    std::vector<std::string> const planted = scenario.texts("plant");
    if (planted.empty()) {
        return;
    }
    plant = planted.front();
    if (planted.size() > 1) {
        scenario.error("plant", "SCN211", "only one bug can be planted at a time");
        return;
    }
    if (find_mutant(plant) != nullptr) {
        return;
    }
    std::vector<Candidate> candidates;
    for (const MutantRow& row : mutant_table()) {
        candidates.push_back({row.name});
        candidates.push_back({row.id});
    }
    std::optional<std::string> const near = nearest(plant, candidates);
    scenario.findings().add(
        scenario.value_of("plant")->items.front().span, scenario.pointer("plant") + "/0",
        {"SCN211", fmt::format("{} is not the id or the name of a planted bug", quote_json(plant)),
         near ? fmt::format("did you mean \"{}\"?", *near)
              : "`brokersim scenario doc plant` lists them",
         near ? quote_json(*near) : ""});
}

void read_seeds(ObjectReader& run, RunSpec& spec) {
    if (!run.has("seeds")) {
        return;
    }
    ObjectReader object = run.object("seeds", "run.seeds");
    object.one_of({"count", "list"}, false);
    spec.seed_count = static_cast<std::uint64_t>(object.number("count").value_or(1));
    std::size_t index = 0;
    for (const JsonValue* item : object.list("list")) {
        tl::expected<std::uint64_t, ValueError> seed = read_seed(*item);
        if (seed) {
            spec.seed_list.push_back(*seed);
        } else {
            object.findings().add(item->span, pointer_to(object.pointer("list"), index),
                                  std::move(seed.error()));
        }
        ++index;
    }
    if (!spec.seed_list.empty()) {
        spec.seed_count = spec.seed_list.size();
    }
}

void read_run(ObjectReader& scenario, RunSpec& run) {
    ObjectReader object = scenario.object("run", "run");
    object.read("warm_up", run.warm_up);
    object.read("virtual_time", run.virtual_time);
    std::int64_t const settle = object.number("settle").value_or(-1);
    if (settle >= 0) {
        run.settle = Duration{settle};
    }
    run.max_events = static_cast<std::uint64_t>(
        object.number("max_events").value_or(static_cast<std::int64_t>(run.max_events)));
    run.wall_limit = Duration{object.number("wall_limit").value_or(run.wall_limit.nanoseconds())};
    read_seeds(object, run);
}

void read_expect(ObjectReader& scenario, ExpectSpec& expect) {
    if (!scenario.has("expect")) {
        scenario.error("expect", "SCN228", "\"expect\" is missing, here and in what this extends",
                       R"(write "expect": {"holds": ["safety", "liveness"]})");
        return;
    }
    ObjectReader object = scenario.object("expect", "expect");
    object.one_of({"holds", "violates", "voids"}, false);
    expect.holds = object.texts("holds");
    if (std::optional<std::string> violates = object.text("violates")) {
        expect.kind = ExpectSpec::Kind::violates;
        expect.violates = std::move(*violates);
    }
    if (std::optional<std::int64_t> const voids = object.number("voids")) {
        expect.kind = ExpectSpec::Kind::voids;
        expect.voids = static_cast<VoidReason>(*voids + 1);  // after `none`
    }
    ObjectReader in_seeds = object.object("in_seeds", "expect.in_seeds");
    expect.in_seeds_at_least_ppb =
        static_cast<std::uint64_t>(in_seeds.number("at_least").value_or(1'000'000'000));
    expect.in_seeds_of = static_cast<std::uint64_t>(in_seeds.number("of").value_or(0));
    expect.reaches = object.texts("reaches");
    expect.sometimes = object.texts("sometimes");
}

std::vector<Regression> read_regressions(ObjectReader& scenario) {
    std::vector<Regression> regressions;
    std::size_t index = 0;
    for (const JsonValue* item : scenario.list("regressions")) {
        ObjectReader object{scenario.findings(), item,
                            pointer_to(scenario.pointer("regressions"), index), "regressions[]"};
        Regression regression;
        if (const JsonValue* const value = object.value_of("seed")) {
            tl::expected<std::uint64_t, ValueError> seed = read_seed(*value);
            if (seed) {
                regression.seed = *seed;
            } else {
                object.refuse("seed", std::move(seed.error()));
            }
        }
        regression.violated = object.text("violated").value_or("");
        regression.signature = object.text("signature").value_or("");
        regression.commit = object.text("commit").value_or("");
        regression.issue = object.text("issue").value_or("");
        regression.found = object.text("found").value_or("");
        if (std::optional<std::string> const repro = object.text("repro")) {
            std::uint32_t const file = object.span("repro").file;
            regression.repro = path_beside(object.findings().files[file].path, *repro);
        }
        regressions.push_back(std::move(regression));
        ++index;
    }
    return regressions;
}

}  // namespace

Scenario read_sections(Findings& findings, const JsonValue& root, const std::string& path,
                       const std::string& suffix) {
    Scenario scenario;
    scenario.path = path;
    ObjectReader object{findings, &root, "", "", {"format", "expect"}};
    read_identity(object, scenario);
    scenario.name += suffix.empty() ? "" : "@" + suffix;
    read_cluster(object, scenario.cluster);
    read_workload(object, scenario.cluster.topics, scenario.workload);
    read_tuning(object, scenario.tuning);
    read_plant(object, scenario.plant);
    scenario.faults = read_faults(object, scenario.cluster.topics);
    read_run(object, scenario.run);
    read_expect(object, scenario.expect);
    scenario.regressions = read_regressions(object);
    check_meaning(findings, root, scenario);
    scenario.hash = hash_scenario(scenario);
    return scenario;
}

}  // namespace brokersim
