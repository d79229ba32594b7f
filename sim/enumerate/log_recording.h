// LogRecording: one broker's log driven by a small scenario, with all its I/O and promises noted.
//
// The log is the broker's own (broker_core/wal) on the simulated disk; messages, sizes, batches,
// disk latencies and tuning are those of the scenario. A cluster of several brokers makes the
// recorded one a follower: half way a leader of a new term cuts a few entries off and goes on.
// Compaction comes where the scenario's snapshot threshold asks for it.
#pragma once

#include "scenarios/run_config.h"
#include "sim/enumerate/io_trace.h"
#include "sim/enumerate/log_model.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim::enumeration {

inline constexpr std::uint64_t records_max = 64;
inline constexpr std::uint64_t groups_max = 4;    // of client batches
inline constexpr std::uint64_t segments_max = 3;  // the one that booting makes included

struct LogRecording {
    std::uint64_t seed = 0;
    broker::WalTuning tuning;
    NameTable names;
    IoTrace trace;
    LogModel model;
    /// After the first i events of the trace: what a power loss, and what the death of the process
    /// may not take. They differ only where entries are acknowledged before they are synced.
    std::vector<Claims> after_power;
    std::vector<Claims> after_process;
    struct Note {
        std::size_t event = 0;  // before this event of the trace
        std::string text;
    };
    std::vector<Note> notes;  // what was asked of the log and what it promised, for stories
    std::uint64_t records = 0;
    std::uint64_t groups = 0;
    std::uint64_t segments = 0;
};

inline constexpr broker::wal::DiskIdentity recorded_identity{
    broker::ClusterId{1}, broker::BrokerId{1}, broker::DiskUuid{1}};

/// A log that never comes to rest is recorded as far as it goes: its recoveries will show why.
/// Errors: why the scenario is too large, in words. Throws CheckTripped where the log trips.
tl::expected<LogRecording, std::string> record_log(const RunConfig& config);

}  // namespace brokersim::enumeration
