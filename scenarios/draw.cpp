// Drawing a run: every value that is drawn once per run, then the plan of faults.
#include "broker_core/base/hash.h"
#include "faults/kinds.h"
#include "scenarios/draw_streams.h"
#include "scenarios/knobs.h"
#include "scenarios/run_config.h"
#include "scenarios/scalar.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

// A quarter of the knobs that a swarm does not name leave their default.
constexpr std::uint64_t one_knob_in = 4;

void draw_topics(Draws& draws, const ClusterSpec& cluster, RunConfig& run) {
    for (const TopicSpec& spec : cluster.topics) {
        std::string const at = "/cluster/topics/" + spec.name + "/";
        auto const draw = [&](std::string_view key, const Distribution& from) {
            return static_cast<std::uint32_t>(
                draws.value(at + std::string{key}, "cluster.topics[]", key, from));
        };
        broker::TopicConfig topic;
        topic.name = spec.name;
        topic.partitions = draw("partitions", spec.partitions);
        topic.replication_factor = spec.replication_factor
                                       ? draw("replication_factor", *spec.replication_factor)
                                       : std::min(3U, run.brokers);
        topic.min_insync_replicas = draw("min_insync_replicas", spec.min_insync_replicas);
        topic.retention_bytes = static_cast<std::uint64_t>(draws.value(
            at + "retention_bytes", "cluster.topics[]", "retention_bytes", spec.retention_bytes));
        topic.retention_time = Duration{draws.value(at + "retention_time", "cluster.topics[]",
                                                    "retention_time", spec.retention_time)};
        run.topics.push_back(std::move(topic));
    }
}

/// Clocks of every node. Equal rates would make timers of all nodes strike together and hide
/// split votes, so a rate that another node has is raised by one part per million.
void draw_clocks(Draws& draws, const ClusterSpec& cluster, RunConfig& run) {
    for (std::uint32_t i = 0; i < run.brokers; ++i) {
        NodeClock clock;
        clock.offset = Duration{draws.value("/cluster/clocks/offset", "cluster.clocks", "offset",
                                            cluster.clock_offset, i)};
        clock.drift_ppm =
            static_cast<std::int32_t>(draws.value("/cluster/clocks/drift_ppm", "cluster.clocks",
                                                  "drift_ppm", cluster.clock_drift_ppm, i));
        auto const taken = [&] {
            return std::any_of(run.clocks.begin(), run.clocks.end(), [&](const NodeClock& other) {
                return other.drift_ppm == clock.drift_ppm;
            });
        };
        while (taken()) {
            ++clock.drift_ppm;
        }
        run.clocks.push_back(clock);
    }
}

void draw_starts(Draws& draws, const ClusterSpec& cluster, RunConfig& run) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t broker = 1; broker <= run.brokers; ++broker) {
        order.push_back(broker);
    }
    if (cluster.start_any_order) {
        broker::Random random = draws.stream("/cluster/start/order");
        for (std::size_t left = order.size(); left > 1; --left) {
            std::size_t const other = random.below(left);
            std::swap(order[left - 1], order[other]);
        }
        draws.remember("/cluster/start/order", fmt::format("{}", fmt::join(order, " ")));
    }
    Duration at;
    for (std::size_t i = 0; i < order.size(); ++i) {
        run.starts.push_back({order[i], std::min(at, run.warm_up)});
        at += Duration{draws.value("/cluster/start/stagger", "cluster.start", "stagger",
                                   cluster.start_stagger, i)};
    }
}

void draw_producers(Draws& draws, const WorkloadSpec& workload, RunConfig& run) {
    auto const draw = [&](std::string_view key, const Distribution& from, std::uint64_t entity) {
        return draws.value("/workload/" + std::string{key}, "workload", key, from, entity);
    };
    auto const producers = static_cast<std::uint64_t>(draw("producers", workload.producers, 0));
    run.consumers = static_cast<std::uint32_t>(draw("consumers", workload.consumers, 0));
    ProducerConfig common;
    common.batch_records =
        static_cast<std::uint32_t>(draw("batch_records", workload.batch_records, 0));
    common.max_in_flight =
        static_cast<std::uint32_t>(draw("max_in_flight", workload.max_in_flight, 0));
    common.first_sequence =
        static_cast<std::int32_t>(draw("first_sequence", workload.first_sequence, 0));
    common.payload_content =
        static_cast<PayloadContent>(draw("payload_content", workload.payload_content, 0));
    common.linger = Duration{draw("linger", workload.linger, 0)};
    common.retry_backoff = Duration{draw("retry_backoff", workload.retry_backoff, 0)};
    common.retry_attempts =
        static_cast<std::uint32_t>(draw("retry_attempts", workload.retry_attempts, 0));
    common.request_timeout = Duration{draw("request_timeout", workload.request_timeout, 0)};
    common.delivery_timeout = Duration{draw("delivery_timeout", workload.delivery_timeout, 0)};
    for (std::uint64_t i = 0; i < producers; ++i) {
        ProducerConfig producer = common;
        producer.acks = static_cast<ProducerAcks>(draw("acks", workload.acks, i));
        // Sequences prove nothing to a producer that does not wait for all.
        producer.idempotent =
            draw("idempotent", workload.idempotent, i) != 0 && producer.acks == ProducerAcks::all;
        producer.flavour = static_cast<ProducerFlavour>(draw("flavour", workload.flavour, i));
        run.producers.push_back(producer);
    }
    run.reread_after = Duration{draw("reread_after", workload.reread_after, 0)};
    run.read_via = workload.read_via;
    if (workload.reader_stops_at) {
        run.reader_stops_at = static_cast<std::uint64_t>(*workload.reader_stops_at);
    }
}

/// Nanoseconds between messages at a rate per 1000 s.
Duration interval_of(std::int64_t rate_mhz) {
    return Duration{1'000'000'000'000 / rate_mhz};
}

/// One field of the element at `pointer`, which is an object of `place`.
std::int64_t draw_field(Draws& draws, const std::string& pointer, std::string_view place,
                        const DrawnField& field) {
    std::string_view const path = path_of(field.field);
    std::size_t const slash = path.find('/');
    bool const inner = slash != std::string_view::npos;  // of `when` or `args`
    return draws.value(pointer + std::string{path}, inner ? path.substr(0, slash) : place,
                       inner ? path.substr(slash + 1) : path, field.value);
}

void draw_steps(Draws& draws, const WorkloadSpec& workload, RunConfig& run) {
    std::int64_t const rate = draws.value("/workload/rate", "workload", "rate", workload.rate_mhz);
    if (workload.steps.empty()) {
        StepConfig stream;
        stream.id = "stream";
        stream.messages = static_cast<std::uint32_t>(
            draws.value("/workload/messages", "workload", "messages", workload.messages));
        stream.interval = interval_of(rate);
        run.steps.push_back(std::move(stream));
        return;
    }
    for (const StepSpec& spec : workload.steps) {
        StepConfig step{
            .id = spec.id,
            .trigger = spec.when ? *spec.when : Trigger{.at = spec.at.value_or(Duration{})},
            .via = spec.via,
        };
        for (const DrawnField& field : spec.drawn) {
            set_field(
                step.trigger, field.field,
                draw_field(draws, "/workload/steps/" + spec.id + "/", "workload.steps[]", field));
        }
        step.messages =
            static_cast<std::uint32_t>(draws.value("/workload/steps/" + spec.id + "/messages",
                                                   "workload.steps[]", "messages", spec.messages));
        step.interval = interval_of(spec.rate_mhz > 0 ? spec.rate_mhz : rate);
        run.steps.push_back(std::move(step));
    }
}

/// After the topics and the tuning: a full disk has room for a little more than its logs.
void draw_disks(Draws& draws, const ClusterSpec& cluster, RunConfig& run) {
    bool const mixed =
        draws.value("/cluster/disk/mixed", "cluster.disk", "mixed", cluster.disk_mixed) != 0;
    std::uint64_t partitions = 0;
    for (const broker::TopicConfig& topic : run.topics) {
        partitions += topic.partitions;
    }
    for (std::uint64_t broker = 0; broker < run.brokers; ++broker) {
        if (broker > 0 && !mixed) {
            run.disks.push_back(run.disks.front());
            continue;
        }
        DiskOfBroker disk;
        disk.profile = static_cast<DiskProfile>(draws.value(
            "/cluster/disk/profile", "cluster.disk", "profile", cluster.disk_profile, broker));
        disk.capacity = static_cast<std::uint64_t>(draws.value(
            "/cluster/disk/capacity", "cluster.disk", "capacity", cluster.disk_capacity, broker));
        if (disk.profile == DiskProfile::full && disk.capacity == 0) {
            constexpr std::uint64_t spare = 64 * 1024;
            disk.capacity = 2 * partitions * run.tuning.wal.segment_bytes + spare;
        }
        disk.slowness = traits_of(disk.profile).slowness;
        run.disks.push_back(disk);
    }
    std::int64_t slowness = 1;
    if (!mixed) {
        slowness = run.disks.front().slowness;  // of the run
        for (DiskOfBroker& disk : run.disks) {
            disk.slowness = 1;
        }
    }
    run.disk_write = cluster.disk_write.times(slowness);
    run.disk_sync = cluster.disk_sync.times(slowness);
}

void draw_tuning(Draws& draws, const Scenario& scenario, RunConfig& run) {
    const TuningSpec& tuning = scenario.tuning;
    run.tuning.broker.strict_unknown_producer = scenario.cluster.strict_unknown_producer;
    run.tuning.wal.durability = static_cast<broker::Durability>(
        draws.value("/cluster/durability", "cluster", "durability", scenario.cluster.durability));
    // A preset sets the knobs of group commit, so a swarm leaves those alone.
    bool const preset = std::any_of(tuning.knobs.begin(), tuning.knobs.end(), [](const auto& knob) {
        return knob.name == "wal.group_preset";
    });
    for (const KnobRow& row : knob_table()) {
        std::string const at = "/tuning/" + std::string{row.key.key};
        auto const named = std::find_if(tuning.knobs.begin(), tuning.knobs.end(),
                                        [&](const auto& knob) { return knob.name == row.key.key; });
        if (named != tuning.knobs.end()) {
            row.set(run.tuning, draws.value(at, "tuning", row.key.key, named->value));
            continue;
        }
        bool const of_preset =
            preset && (row.key.key.substr(0, 9) == "wal.group" || row.key.key == "wal.queue_max");
        if (!tuning.swarm || row.rare.empty() || of_preset) {
            continue;
        }
        broker::Random random = draws.stream(at);
        if (random.below(one_knob_in) == 0) {
            std::int64_t const rare = row.rare[random.below(row.rare.size())];
            row.set(run.tuning, rare);
            draws.remember(at, write_scalar(row.key, rare));
        }
    }
    // A leader that beats more slowly than its followers wait could never lead.
    Duration const slowest = run.tuning.raft.election_timeout * 3 / 4;
    run.tuning.raft.heartbeat = std::min(run.tuning.raft.heartbeat, slowest);
}

void draw_plan(Draws& draws, const Scenario& scenario, RunConfig& run) {
    for (const ScriptElement& written : scenario.faults.script) {
        Element element = written;
        for (const DrawnField& field : written.drawn) {
            set_field(
                element, field.field,
                draw_field(draws, "/faults/script/" + written.id + "/", "faults.script[]", field));
        }
        run.plan.push_back(std::move(element));
    }
    run.limits = scenario.faults.limits;
    run.heal =
        static_cast<HealMode>(draws.value("/faults/heal", "faults", "heal", scenario.faults.heal));
    FaultPhase phase;
    phase.end = run.virtual_time - run.limits.stop_before_end;
    phase.timeout = run.tuning.raft.election_timeout + run.tuning.raft.election_jitter;
    phase.brokers = run.brokers;
    phase.unsafe_wipe = run.limits.unsafe_wipe;
    for (const broker::TopicConfig& topic : run.topics) {
        for (std::uint32_t i = 0; i < topic.partitions; ++i) {
            phase.partitions.push_back(fmt::format("{}/{}", topic.name, i));
            phase.replicas.push_back(topic.replication_factor);
        }
    }
    for (const RandomFault& fault : scenario.faults.random) {
        draw_random_fault(draws, fault, phase, run.plan);
    }
    if (scenario.faults.swarm) {
        draw_swarm_faults(draws, scenario.faults.random, phase, run.plan);
    }
}

}  // namespace

std::int64_t Draws::value(std::string_view pointer, std::string_view place, std::string_view key,
                          const Distribution& distribution, std::uint64_t entity) {
    broker::Random random = stream(pointer, entity);
    std::int64_t const drawn = distribution.draw(random);
    if (distribution.kind() != Distribution::Kind::fixed) {
        const KeyRow* const row = find_key(place, key);
        std::string const index = entity == 0 ? "" : fmt::format("[{}]", entity);
        remember(std::string{pointer} + index,
                 row == nullptr ? fmt::format("{}", drawn) : write_scalar(*row, drawn));
    }
    return drawn;
}

void Draws::remember(std::string_view pointer, std::string_view value) {
    lines.push_back(fmt::format("{} = {}", pointer, value));
}

RunConfig draw_run(const Scenario& scenario, std::uint64_t seed) {
    Draws draws{seed};
    RunConfig run;
    run.seed = seed;
    run.run_id = broker::mix64(broker::fold64(scenario.hash, seed));
    run.brokers = static_cast<std::uint32_t>(
        draws.value("/cluster/brokers", "cluster", "brokers", scenario.cluster.brokers));
    run.warm_up = Duration{draws.value("/run/warm_up", "run", "warm_up", scenario.run.warm_up)};
    run.virtual_time = Duration{
        draws.value("/run/virtual_time", "run", "virtual_time", scenario.run.virtual_time)};
    run.settle = scenario.run.settle;
    run.max_events = scenario.run.max_events;
    run.wall_limit = scenario.run.wall_limit;
    run.latency = scenario.cluster.latency;
    run.client_latency = scenario.cluster.client_latency;
    run.queue_capacity =
        static_cast<std::uint32_t>(draws.value("/cluster/network/queue_capacity", "cluster.network",
                                               "queue_capacity", scenario.cluster.queue_capacity));
    run.payload = scenario.workload.payload;
    run.image = scenario.cluster.image;
    draw_topics(draws, scenario.cluster, run);
    draw_clocks(draws, scenario.cluster, run);
    draw_starts(draws, scenario.cluster, run);
    draw_tuning(draws, scenario, run);
    draw_disks(draws, scenario.cluster, run);
    draw_producers(draws, scenario.workload, run);
    draw_steps(draws, scenario.workload, run);
    draw_plan(draws, scenario, run);
    run.movable = std::any_of(run.plan.begin(), run.plan.end(), [](const Element& element) {
        return may_move_replicas(element.kind);
    });
    run.drawn_values = std::move(draws.lines);
    return run;
}

}  // namespace brokersim
