// Topics, clients and knobs: what contradicts itself over some value that can be drawn.
#include "scenarios/meaning.h"
#include "scenarios/scalar.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

/// The first contact of a client is one broker.
void check_contact(Meaning& m, const Target& target, const std::string& at) {
    switch (target.kind) {
        case TargetKind::node:
        case TargetKind::one:
        case TargetKind::leader:
        case TargetKind::follower:
        case TargetKind::candidate:
        case TargetKind::learner:
        case TargetKind::lagging:
        case TargetKind::tiebreaker:
            check_number(m, target, at);
            return;
        case TargetKind::minority:
        case TargetKind::minority_third:
        case TargetKind::majority:
        case TargetKind::all:
        case TargetKind::followers:
        case TargetKind::voters:
        case TargetKind::clients:
        case TargetKind::client:
        case TargetKind::same:
        case TargetKind::rest:
            break;
    }
    m.error(at, "SCN224", fmt::format("a first contact is one broker, not \"{}\"", target.text),
            "write \"n1\" or \"leader(orders/0)\"");
}

void check_segments(Meaning& m, const Distribution& size, const std::string& pointer) {
    bool const range = size.kind() == Distribution::Kind::uniform ||
                       size.kind() == Distribution::Kind::log_uniform;
    std::vector<std::int64_t> values = size.values();
    values.push_back(size.smallest());
    bool const whole = std::all_of(values.begin(), values.end(),
                                   [](std::int64_t bytes) { return bytes % 512 == 0; });
    if (!range && !whole) {  // what a range draws is rounded down
        m.error(pointer, "SCN218", "wal.segment_bytes is a multiple of 512B");
    }
}

}  // namespace

void check_topics(Meaning& m) {
    if (!m.good({"/cluster/brokers"})) {
        return;
    }
    for (std::size_t i = 0; i < m.scenario.cluster.topics.size(); ++i) {
        const TopicSpec& topic = m.scenario.cluster.topics[i];
        std::string const at = pointer_to("/cluster/topics", i);
        std::int64_t const fewest = m.fewest_brokers();
        std::string const factor_at = at + "/replication_factor";
        if (!m.good({at})) {
            continue;
        }
        if (topic.replication_factor && topic.replication_factor->largest() > fewest) {
            m.error(factor_at, "SCN201",
                    fmt::format("replication_factor {} is larger than the smallest cluster this "
                                "scenario can draw ({})",
                                topic.replication_factor->largest(), fewest),
                    "", {m.findings.place("\"brokers\"", m.span("/cluster/brokers"))});
            continue;
        }
        std::int64_t const copies = topic.replication_factor ? topic.replication_factor->smallest()
                                                             : std::min<std::int64_t>(3, fewest);
        if (topic.min_insync_replicas.largest() > copies) {
            m.error(at + "/min_insync_replicas", "SCN202",
                    fmt::format("min_insync_replicas {} is larger than the smallest "
                                "replication_factor this scenario can draw ({})",
                                topic.min_insync_replicas.largest(), copies));
        }
    }
}

void check_workload(Meaning& m) {
    const WorkloadSpec& workload = m.scenario.workload;
    bool const never_all = workload.acks.largest() < static_cast<int>(ProducerAcks::all);
    // A matrix that varies acks has children that idempotent does nothing for.
    bool const child = m.scenario.name.find('@') != std::string::npos;
    if (!child && m.written("/workload", "idempotent") &&
        m.good({"/workload/idempotent", "/workload/acks"}) && workload.idempotent.largest() == 1 &&
        never_all) {
        m.error("/workload/idempotent", "SCN208",
                "idempotent has effect where acks is all, but acks can never be all");
    }
    if (workload.reader_stops_at && !contains(m.scenario.tags, "demonstration")) {
        m.error("/workload/reader_stops_at", "SCN230", "reader_stops_at is for demonstrations only",
                "add the tag \"demonstration\"");
    }
    if (workload.read_via) {
        check_contact(m, *workload.read_via, "/workload/read_via");
    }
    for (std::size_t i = 0; i < workload.steps.size(); ++i) {
        std::string const at = pointer_to("/workload/steps", i);
        const StepSpec& step = workload.steps[i];
        if (step.via) {
            check_contact(m, *step.via, at + "/via");
        }
        Trigger trigger = step.when.value_or(Trigger{});
        trigger.at = step.at.value_or(Duration{});
        check_trigger(m, trigger, step.drawn, at);
    }
}

void check_tuning(Meaning& m) {
    std::int64_t heartbeat = broker::RaftTuning{}.heartbeat.nanoseconds();
    std::int64_t timeout = broker::RaftTuning{}.election_timeout.nanoseconds();
    std::string at;
    for (const TuningSpec::Knob& knob : m.scenario.tuning.knobs) {
        std::string const pointer = pointer_to("/tuning", knob.name);
        if (knob.name == "raft.heartbeat") {
            heartbeat = knob.value.largest();
            at = pointer;
        } else if (knob.name == "raft.election_timeout") {
            timeout = knob.value.smallest();
            at = at.empty() ? pointer : at;
        } else if (knob.name == "wal.segment_bytes") {
            check_segments(m, knob.value, pointer);
        }
    }
    if (!at.empty() && m.good({"/tuning"}) && heartbeat >= timeout) {
        m.error(at, "SCN218",
                fmt::format("the longest raft.heartbeat ({}) is not below the shortest "
                            "raft.election_timeout ({})",
                            write_duration(heartbeat), write_duration(timeout)));
    }
}

}  // namespace brokersim
