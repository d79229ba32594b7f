// A row per tag: what it asks of a scenario, and the piece of a scenario file that gives it.
#include "sim/mutants/pins.h"

#include "faults/kinds.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokersim {
namespace {

using Json = nlohmann::ordered_json;

struct PinRow {
    std::string_view tag;
    std::string_view kinds;  // of faults, all of which it asks for
    std::string_view knob;   // that must be turned
    std::string_view pin;    // JSON; empty: nothing in this build has it
};

constexpr PinRow rows[] = {
    {"four", "", "",
     R"({"cluster": {"brokers": 4, "topics":
         [{"name": "orders", "partitions": {"choice": [1, 2]}, "replication_factor": 4}]}})"},
    {"five", "", "",
     R"({"cluster": {"brokers": 5, "topics":
         [{"name": "orders", "partitions": {"choice": [1, 2]}, "replication_factor": 5}]}})"},
    {"dup", "duplicate", "", R"({"faults": {"random": {"duplicate": {"probability": 0.1}}}})"},
    {"reorder", "reorder", "",
     R"({"faults": {"random": {"reorder": {"probability": 0.1, "args": {"by": "50ms"}}}}})"},
    {"async", "slow_disk", "wal.max_inflight_writes",
     R"({"tuning": {"wal.max_inflight_writes": 4, "wal.max_inflight_syncs": 2},
         "faults": {"random": {"slow_disk":
         {"every": "1s", "for": "500ms", "target": "one", "args": {"factor": 20}}}}})"},
    {"slow_disk", "slow_disk", "",
     R"({"faults": {"random": {"slow_disk":
         {"every": "1s", "for": "500ms", "target": "one", "args": {"factor": 20}}}}})"},
    {"roll", "", "wal.segment_bytes",
     R"({"tuning": {"wal.segment_bytes": {"choice": ["4KiB", "8KiB"]}}})"},
    {"tiny", "", "raft.max_append_bytes", R"({"tuning": {"raft.max_append_bytes": "1B"}})"},
    {"snap", "crash", "raft.snapshot_threshold",
     R"({"tuning": {"raft.snapshot_threshold": {"choice": [1, 10]},
         "raft.trailing": {"choice": [0, 5]}, "partition.retention_bytes": "2KiB"},
         "faults": {"random": {"crash":
         {"every": "2s", "for": {"choice": ["300ms", "3s"]}, "target": "one"}}}})"},
    {"joint", "joint_change", "", R"({"faults": {"random": {"joint_change": {"every": "1s"}}}})"},
    {"idem", "reset", "",
     R"({"workload": {"acks": "all", "idempotent": true, "max_in_flight": 5},
         "faults": {"random": {"reset":
         {"every": "400ms", "target": "clients", "args": {"point": "after"}}}}})"},
    {"reset", "reset", "",
     R"({"faults": {"random": {"reset":
         {"every": "400ms", "target": "clients", "args": {"point": "after"}}}}})"},
    {"acks1", "", "", R"({"workload": {"acks": {"choice": ["0", "1"]}, "idempotent": false}})"},
    {"stop", "shutdown", "",
     R"({"faults": {"random": {"shutdown": {"every": "1s", "for": "300ms", "target": "one",
         "args": {"grace": {"choice": ["2ms", "10s"]}}}}}})"},
    {"eio", "sync_error write_error", "",
     R"({"faults": {"random": {
         "sync_error": {"every": "2s", "for": "200ms", "target": "one"},
         "write_error": {"every": "2s", "for": "200ms", "target": "one"}}}})"},
    {"full", "disk_full", "",
     R"({"faults": {"random": {"disk_full": {"every": "2s", "for": "200ms", "target": "one"}}}})"},
    {"tear", "crash", "",
     R"({"faults": {"random": {"crash":
         {"every": "1s", "for": "300ms", "target": "one", "args": {"kind": "power"}}}}})"},
    {"stp", "crash", "",
     R"({"faults": {"random": {"crash":
         {"every": "1s", "for": "300ms", "target": "one",
         "args": {"kind": "serve_then_power"}}}}})"},
    {"nested", "crash_loop", "",
     R"({"faults": {"random": {"crash_loop":
         {"every": "2s", "target": "one", "args": {"kind": "power", "times": 3}}}}})"},
    {"tight", "", "broker.admission_bytes",
     R"({"tuning": {"broker.admission_bytes": "1B",
         "broker.request_timeout": {"uniform": ["1ms", "50ms"]}}})"},
    {"rot", "", "", ""},
    {"misdirect", "", "", ""},
    {"wipe", "", "", ""},
    {"topics", "", "", ""},
};

const PinRow* find_row(std::string_view tag) {
    auto const* const at = std::find_if(std::begin(rows), std::end(rows),
                                        [&](const PinRow& row) { return row.tag == tag; });
    return at == std::end(rows) ? nullptr : at;
}

bool has_kind(const FaultSpec& faults, FaultKind kind) {
    auto const is_it = [kind](const auto& one) { return one.kind == kind; };
    return faults.swarm || std::any_of(faults.random.begin(), faults.random.end(), is_it) ||
           std::any_of(faults.script.begin(), faults.script.end(), is_it);
}

bool has_kinds(const FaultSpec& faults, std::string_view kinds) {
    for (std::size_t i = 0; i < fault_kind_count; ++i) {
        auto const kind = static_cast<FaultKind>(i);
        if (has_word(kinds, name_of(kind)) && !has_kind(faults, kind)) {
            return false;
        }
    }
    return true;
}

bool turns(const TuningSpec& tuning, std::string_view knob) {
    return tuning.swarm ||
           std::any_of(tuning.knobs.begin(), tuning.knobs.end(),
                       [&](const TuningSpec::Knob& one) { return one.name == knob; });
}

bool has_voters(const Scenario& scenario, std::int64_t count) {
    return scenario.cluster.brokers.largest() >= count &&
           std::any_of(scenario.cluster.topics.begin(), scenario.cluster.topics.end(),
                       [count](const TopicSpec& topic) {
                           return topic.replication_factor &&
                                  topic.replication_factor->largest() >= count;
                       });
}

/// The expectation of a file with a planted bug, laid over that of its base.
Json expectation(const Overlay& overlay) {
    Json expect = {{"violates", overlay.violates}};
    // null takes away what is inherited, and only that.
    if (!overlay.under->expect.holds.empty()) {
        expect["holds"] = nullptr;
    }
    if (!overlay.under->expect.sometimes.empty()) {
        expect["sometimes"] = nullptr;
    }
    return expect;
}

}  // namespace

bool is_need(std::string_view tag) {
    return find_row(tag) != nullptr;
}

bool can_pin(std::string_view tag) {
    const PinRow* const row = find_row(tag);
    return row != nullptr && !row->pin.empty();
}

bool meets(const Scenario& scenario, std::string_view tag) {
    const PinRow* const row = find_row(tag);
    if (row == nullptr || row->pin.empty()) {
        return false;
    }
    if (tag == "four" || tag == "five") {
        return has_voters(scenario, tag == "four" ? 4 : 5);
    }
    if (tag == "acks1") {
        return scenario.workload.acks.smallest() < static_cast<int>(ProducerAcks::all);
    }
    if (tag == "idem" && scenario.workload.idempotent.largest() == 0) {
        return false;
    }
    return has_kinds(scenario.faults, row->kinds) &&
           (row->knob.empty() || turns(scenario.tuning, row->knob));
}

std::string overlay_text(const Overlay& overlay) {
    Json file = {{"format", 1},
                 {"name", overlay.name},
                 {"why", "Written by `brokersim mutants run`: what it measured, to be run again."},
                 {"extends", overlay.base}};
    for (const std::string& tag : overlay.needs) {
        if (const PinRow* const row = find_row(tag); row != nullptr && !row->pin.empty()) {
            file.merge_patch(Json::parse(row->pin));
        }
    }
    if (!overlay.plant.empty()) {
        file["plant"] = Json::array({overlay.plant});
        file["expect"] = expectation(overlay);
    }
    return file.dump(2) + "\n";
}

}  // namespace brokersim
