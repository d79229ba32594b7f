// RunConfig: everything one run needs, with every per-run value drawn from scenario and seed.
#pragma once

#include "broker_core/base/tuning.h"
#include "broker_core/broker/topics.h"
#include "faults/disk_profile.h"
#include "faults/fault.h"
#include "scenarios/scenario.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

struct ProducerConfig {
    ProducerAcks acks = ProducerAcks::all;
    bool idempotent = true;
    std::uint32_t batch_records = 1;  // at most so many records in one batch
    std::uint32_t max_in_flight = 5;
    std::int32_t first_sequence = 0;
    ProducerFlavour flavour = ProducerFlavour::careful;
    PayloadContent payload_content = PayloadContent::random;
    Duration linger;
    Duration retry_backoff;
    std::uint32_t retry_attempts = INT32_MAX;
    Duration request_timeout;
    Duration delivery_timeout;
};

/// A burst: so many messages, one every `interval`, from `at` or from an event on.
struct StepConfig {
    std::string id;
    Trigger trigger;
    std::uint32_t messages = 0;
    Duration interval;
    std::optional<Target> via;
};

struct NodeStart {
    std::uint32_t broker = 1;
    Duration at;  // since the beginning of the run, in warm-up
};

struct NodeClock {
    Duration offset;             // of the wall clock
    std::int32_t drift_ppm = 0;  // of wall and monotonic clock alike
};

struct DiskOfBroker {
    DiskProfile profile = DiskProfile::strict;
    std::uint64_t capacity = 0;  // bytes until the faults end; 0: no limit
    std::int64_t slowness = 1;   // its operations take so many times those of the run
};

struct RunConfig {
    std::uint64_t seed = 0;
    std::uint64_t run_id = 0;  // hash of scenario and seed: stands in every message
    std::uint32_t brokers = 3;
    std::vector<broker::TopicConfig> topics;
    bool movable = false;  // every broker may become a replica of every partition
    broker::Tuning tuning;

    // Drawn at each use.
    Distribution latency;
    Distribution client_latency;
    std::uint32_t queue_capacity = 0;  // datagrams from one broker to another; 0: any number
    Distribution disk_write;
    Distribution disk_sync;
    std::vector<DiskOfBroker> disks;  // by broker - 1
    Distribution payload;

    std::vector<NodeClock> clocks;  // by broker - 1
    std::vector<NodeStart> starts;  // ascending by time; every broker once
    std::string image;

    std::vector<ProducerConfig> producers;
    std::uint32_t consumers = 1;
    Duration reread_after;          // 0: consumers never start over
    std::vector<StepConfig> steps;  // at least one: a stream is one step at time 0
    std::optional<Target> read_via;
    std::optional<std::uint64_t> reader_stops_at;

    /// Scripted and drawn elements. Drawn ones are `at` or `arm` elements inside the run phase.
    std::vector<Element> plan;
    FaultLimits limits;
    HealMode heal = HealMode::all;

    Duration warm_up;
    Duration virtual_time;
    std::optional<Duration> settle;
    std::uint64_t max_events = 0;
    Duration wall_limit;

    /// What was drawn, as "pointer = value" lines for reports.
    std::vector<std::string> drawn_values;
};

/// Draws a run. Each value draws from a stream named by its JSON pointer, so that adding, moving
/// or removing a key moves no other draw.
RunConfig draw_run(const Scenario& scenario, std::uint64_t seed);

}  // namespace brokersim
