// The tables of properties, anomalies, events and notes.
#include "scenarios/properties.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace brokersim {
namespace {

// Faults after which a node boots from its disk.
constexpr std::string_view restarts =
    "crash shutdown all_down start_order rolling_restart crash_loop sync_error write_error "
    "read_error disk_full bit_rot sector_error misdirected_write read_flip misdirected_read "
    "lost_write stale_read stale_image wipe";

const PropertyRow properties[] = {
    {"no_lost_acks", {"B2"}, false, "", "every acknowledged message can be read"},
    {"no_duplicates", {"B3", "B4"}, false, "", "no message is stored twice"},
    {"no_phantoms", {"B4", "B14"}, false, "", "nothing is read that was not sent"},
    {"no_reorder", {"B7", "B8"}, false, "", "messages of a producer keep their order"},
    {"offsets_consistent", {"B5"}, false, "", "an offset means one record, for ever"},
    {"bytes_intact", {"B12", "B16"}, false, "", "what is read is what was sent, whole batches"},
    {"high_watermark_sound", {"B6"}, false, "", "nothing is read that could still be lost"},
    {"ack_is_durable", {"B1", "R16"}, false, "", "an ack leaves after the covering sync"},
    {"election_safety",
     {"R1", "R10", "R11", "R18", "R19"},
     false,
     "",
     "one leader per term, one vote per term, terms only rise"},
    {"log_matching", {"R2", "R3", "R14"}, false, "", "equal index and term: equal logs before"},
    {"commit_safety",
     {"R4", "R5", "R6", "R7", "R8", "R13", "R17"},
     false,
     "",
     "what was committed once stays, everywhere"},
    {"raft_state_sound",
     {"R9", "R12", "R15", "R20", "R21", "R23"},
     false,
     "",
     "a node's own state fits together after every step"},
    {"persist_before_send", {"R16"}, false, "", "promises leave after the sync that covers them"},
    {"recovery_sound",
     {"R22", "R24", "R25"},
     false,
     restarts,
     "a restart finds all that was promised, and nothing that was cut"},
    {"dedup_sound", {"B9", "B10"}, false, "", "the producer table is the fold of the log"},
    {"retention_sound", {"B11"}, false, "", "only what may be dropped is dropped"},
    {"clean_shutdown",
     {"B15"},
     false,
     "shutdown rolling_restart",
     "a graceful stop leaves everything durable that it accepted"},
    {"recovers", {"L1", "L2", "L3"}, true, "", "after the faults there are leaders and progress"},
    {"all_requests_answered", {"L4", "B13"}, true, "", "every request gets an answer in time"},
    {"progress_during_faults", {"L5", "L6"}, true, "", "the run goes on while faults act"},
    {"replicas_identical", {"L3"}, true, "", "after the faults all replicas are equal"},
    {"checks_hold", {"CHECK"}, false, "", "no assertion of the broker fails"},
};

constexpr std::array<std::string_view, 22> anomalies = {
    "LOST_ACKED",          "DUPLICATE",        "ABORTED_READ",       "PHANTOM",
    "WRONG_PARTITION",     "READ_BEFORE_SEND", "CORRUPT_RECORD",     "INCONSISTENT_OFFSET",
    "ACK_OFFSET_MISMATCH", "REALTIME_REORDER", "PRODUCER_REORDER",   "POLL_NONMONOTONIC",
    "POLL_SKIP",           "OFFSET_GAP",       "READ_THEN_LOST",     "READ_ABOVE_HW",
    "HW_REGRESSION",       "HW_AHEAD",         "ACK_BEFORE_DURABLE", "REPLICA_DIVERGENCE",
    "COMMITTED_TRUNCATED", "TORN_BATCH",
};

// Of the world; the probes of the broker come on top. node_recovered: every log it holds is read
// and serves. wal_sync_failed: a sync reported an error. response_lost: on its way to a client.
// producer_retry: a batch is sent again. producer_expired: one is given up, its time is over.
// step_done: all messages of a step of the workload were handed to their producers.
constexpr std::array<std::string_view, 11> events = {
    "node_up",         "node_down",       "node_recovered",
    "fault_started",   "fault_ended",     "step_done",
    "wal_sync_failed", "response_lost",   "first_reply_after_restart",
    "producer_retry",  "producer_expired"};

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

bool is_invariant(std::string_view id) {
    return std::any_of(std::begin(properties), std::end(properties), [&](const PropertyRow& row) {
        return std::find(row.ids.begin(), row.ids.end(), id) != row.ids.end();
    });
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
