// The tables of properties, anomalies, events and notes.
#include "scenarios/properties.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace brokersim {
namespace {

const PropertyRow properties[] = {
    {"no_lost_acks", {"B2"}},
    {"no_duplicates", {"B3", "B4"}},
    {"no_phantoms", {"B4", "B14"}},
    {"no_reorder", {"B7", "B8"}},
    {"offsets_consistent", {"B5"}},
    {"bytes_intact", {"B12", "B16"}},
    {"high_watermark_sound", {"B6"}},
    {"ack_is_durable", {"B1", "R16"}},
    {"election_safety", {"R1", "R10", "R11", "R18", "R19"}},
    {"log_matching", {"R2", "R3", "R14"}},
    {"commit_safety", {"R4", "R5", "R6", "R7", "R8", "R13", "R17"}},
    {"raft_state_sound", {"R9", "R12", "R15", "R20", "R21", "R23"}},
    {"persist_before_send", {"R16"}},
    {"recovery_sound", {"R22", "R24", "R25"}},
    {"dedup_sound", {"B9", "B10"}},
    {"retention_sound", {"B11"}},
    {"clean_shutdown", {"B15"}},
    {"recovers", {"L1", "L2", "L3"}, true},
    {"all_requests_answered", {"L4", "B13"}, true},
    {"progress_during_faults", {"L5", "L6"}, true},
    {"replicas_identical", {"L3"}, true},
    {"checks_hold", {"CHECK"}},
};

constexpr std::array<std::string_view, 22> anomalies = {
    "LOST_ACKED",          "DUPLICATE",        "ABORTED_READ",       "PHANTOM",
    "WRONG_PARTITION",     "READ_BEFORE_SEND", "CORRUPT_RECORD",     "INCONSISTENT_OFFSET",
    "ACK_OFFSET_MISMATCH", "REALTIME_REORDER", "PRODUCER_REORDER",   "POLL_NONMONOTONIC",
    "POLL_SKIP",           "OFFSET_GAP",       "READ_THEN_LOST",     "READ_ABOVE_HW",
    "HW_REGRESSION",       "HW_AHEAD",         "ACK_BEFORE_DURABLE", "REPLICA_DIVERGENCE",
    "COMMITTED_TRUNCATED", "TORN_BATCH",
};

constexpr std::array<std::string_view, 4> events = {"node_up", "node_down", "fault_started",
                                                    "fault_ended"};

constexpr std::array<std::string_view, 4> notes = {"judge.duplicate_allowed", "judge.lost_excused",
                                                   "judge.recovered", "judge.unseen"};

}  // namespace

std::span<const PropertyRow> property_table() {
    return properties;
}
std::span<const std::string_view> anomaly_codes() {
    return anomalies;
}
std::span<const std::string_view> world_events() {
    return events;
}
std::span<const std::string_view> judge_notes() {
    return notes;
}

std::vector<std::string_view> ids_of_property(std::string_view name) {
    std::vector<std::string_view> ids;
    bool const group = name == "safety" || name == "liveness";
    for (const PropertyRow& row : properties) {
        bool const member = group && row.liveness == (name == "liveness");
        if (row.name == name || member) {
            ids.insert(ids.end(), row.ids.begin(), row.ids.end());
        }
        for (std::string_view const id : row.ids) {
            if (id == name && ids.empty()) {
                ids.push_back(id);
            }
        }
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

}  // namespace brokersim
