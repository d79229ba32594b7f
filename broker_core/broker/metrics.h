// Metrics: what a node would show on a dashboard, as plain integers read at one instant.
#pragma once

#include "broker_core/base/time.h"

#include <algorithm>
#include <cstdint>

namespace broker {

/// Counters grow over one incarnation; gauges are what holds now, summed over its partitions.
struct NodeMetrics {
    // Counters.
    std::uint64_t log_written_bytes = 0;  // group writes that completed
    std::uint64_t syncs = 0;              // of logs, completed
    Duration sync_time;                   // from submission to completion, summed
    Duration sync_time_max;
    std::uint64_t elections_won = 0;
    // Gauges.
    std::uint64_t log_queued = 0;         // batches appended and not stored yet
    std::uint64_t admitted_bytes = 0;     // produce bytes in hand
    std::uint64_t uncommitted_bytes = 0;  // of partitions it leads
    std::uint64_t requests_unanswered = 0;
    std::uint64_t requests_waiting = 0;  // for room; their connections are not read
    std::uint64_t fetches_parked = 0;

    /// Takes over the counters of another incarnation.
    void add_counters(const NodeMetrics& other) {
        log_written_bytes += other.log_written_bytes;
        syncs += other.syncs;
        sync_time += other.sync_time;
        sync_time_max = std::max(sync_time_max, other.sync_time_max);
        elections_won += other.elections_won;
    }
    void add_gauges(const NodeMetrics& other) {
        log_queued += other.log_queued;
        admitted_bytes += other.admitted_bytes;
        uncommitted_bytes += other.uncommitted_bytes;
        requests_unanswered += other.requests_unanswered;
        requests_waiting += other.requests_waiting;
        fetches_parked += other.fetches_parked;
    }
};

}  // namespace broker
