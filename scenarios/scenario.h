// Scenario: a scenario file as typed data, checked, with every default filled in.
//
// Keys and units are those of the file format (README of this folder); durations are nanoseconds,
// sizes bytes, probabilities parts per billion. A Distribution is drawn once per run unless noted.
#pragma once

#include "broker_core/base/tuning.h"
#include "broker_core/broker/topics.h"
#include "faults/fault.h"
#include "scenarios/value.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokersim {

/// A field of an element, or of the trigger of a step, that may be drawn.
enum class ElementField : std::uint8_t { at, not_before, after, lasts, grace, by, factor };

/// Where a file writes the field, below its element: "for", "when/after", "args/by".
constexpr std::string_view path_of(ElementField field) {
    constexpr std::array<std::string_view, 7> paths = {
        "at", "when/not_before", "when/after", "for", "args/grace", "args/by", "args/factor"};
    return paths[static_cast<std::size_t>(field)];
}

struct DrawnField {
    ElementField field = ElementField::at;
    Distribution value;
};

struct TopicSpec {
    std::string name = "orders";
    Distribution partitions = Distribution::fixed(1);
    std::optional<Distribution> replication_factor;  // none: min(3, brokers)
    Distribution min_insync_replicas = Distribution::fixed(0);
    Distribution retention_bytes = Distribution::fixed(0);
    Distribution retention_time = Distribution::fixed(0);
};

struct ClusterSpec {
    Distribution brokers = Distribution::fixed(3);
    Distribution durability = Distribution::fixed(0);  // words as broker::Durability
    bool strict_unknown_producer = true;
    std::vector<TopicSpec> topics = {TopicSpec{}};
    // Drawn per message.
    Distribution latency = Distribution::uniform(200'000, 1'000'000);
    Distribution client_latency = Distribution::uniform(100'000, 500'000);
    Distribution queue_capacity = Distribution::fixed(0);  // between two brokers; 0: any number
    // Drawn per operation.
    Distribution disk_write = Distribution::uniform(20'000, 200'000);
    Distribution disk_sync = Distribution::exponential(2'000'000, 200'000'000);
    Distribution disk_profile = Distribution::fixed(0);   // words as DiskProfile
    Distribution disk_capacity = Distribution::fixed(0);  // bytes; 0: the profile says
    Distribution disk_mixed = Distribution::fixed(0);     // each broker draws both for itself
    // Drawn per node. Rates differ always: equal ticks on all nodes would hide split votes.
    Distribution clock_offset = Distribution::uniform(-1'000'000, 1'000'000);
    Distribution clock_drift_ppm = Distribution::uniform(-200, 200);
    bool start_any_order = false;                         // else ascending
    Distribution start_stagger = Distribution::fixed(0);  // between two starts
    std::string image;  // foreign records on the disks at the start; see Image. Empty: none
};

enum class ProducerAcks : std::uint8_t { none, leader, all };

/// One burst of a workload made of steps.
struct StepSpec {
    std::string id;
    std::optional<Duration> at;   // since the run phase began
    std::optional<Trigger> when;  // or after an event
    Distribution messages = Distribution::fixed(1);
    std::int64_t rate_mhz = 0;      // messages per 1000 s; 0: the workload's
    std::optional<Target> via;      // first contact broker
    std::vector<DrawnField> drawn;  // of its trigger
};

/// What the values of messages hold behind their identity.
enum class PayloadContent : std::uint8_t {
    random,     // bytes that look like noise
    zeros,      // zeros only, as an unwritten disk would give
    zero_runs,  // noise and zeros in turn, 64 bytes each
};

/// What an idempotent producer does about a batch of unknown fate (KIP-360).
enum class ProducerFlavour : std::uint8_t {
    careful,     // tries again under the same name; "default" in files
    naive_bump,  // raises its epoch at once and sends again: brokers cannot recognise the batch
};

struct WorkloadSpec {
    Distribution producers = Distribution::fixed(1);
    Distribution consumers = Distribution::fixed(1);
    // Drawn per producer; words as ProducerAcks.
    Distribution acks = Distribution::fixed(2);
    Distribution idempotent = Distribution::fixed(1);
    Distribution messages = Distribution::fixed(100);       // of all producers together
    Distribution rate_mhz = Distribution::fixed(100'000);   // messages per 1000 s, together
    Distribution payload = Distribution::fixed(100);        // bytes of a value, per message
    Distribution payload_content = Distribution::fixed(0);  // words as PayloadContent
    Distribution batch_records = Distribution::fixed(1);    // most records of one batch
    Distribution linger = Distribution::fixed(0);
    Distribution max_in_flight = Distribution::fixed(5);
    Distribution first_sequence = Distribution::fixed(0);
    Distribution flavour = Distribution::fixed(0);  // per producer; words as ProducerFlavour
    Distribution retry_backoff = Distribution::fixed(100'000'000);
    Distribution retry_attempts = Distribution::fixed(INT32_MAX);
    Distribution request_timeout = Distribution::fixed(1'000'000'000);
    Distribution delivery_timeout = Distribution::fixed(30'000'000'000);
    Distribution reread_after = Distribution::fixed(0);  // 0: readers never start over
    std::optional<Target> read_via;                      // first contact of the readers
    std::optional<std::int64_t> reader_stops_at;         // demonstrations only
    std::vector<StepSpec> steps;                         // instead of one stream
};

/// Knobs of the broker, each fixed or drawn; what is not named keeps its default.
struct TuningSpec {
    bool swarm = false;  // a quarter of the knobs not named leave their default
    struct Knob {
        std::string name;  // "wal.segment_bytes"; table: scenarios/knobs.h
        Distribution value;
    };
    std::vector<Knob> knobs;
};

/// Random faults of one kind.
struct RandomFault {
    FaultKind kind = FaultKind::crash;
    Probability enabled{1'000'000'000};  // in this seed at all
    std::optional<Distribution> every;   // between two of them; message faults: none
    Probability probability;             // per message, for drop, duplicate, reorder
    std::optional<Distribution> lasts;
    std::vector<Target> targets;  // one is drawn
    std::vector<Shape> shapes;    // partition: one is drawn
    Direction direction = Direction::both;
    bool any_direction = false;     // drawn
    Element arguments;              // crash, grace, by, factor, point
    std::vector<DrawnField> drawn;  // of the arguments, at each use
};

/// An element that a file writes. Fields that are drawn hold their smallest value until then.
struct ScriptElement : Element {
    ScriptElement() = default;
    // Implicit, so that a drawn plan can be written down as a script.
    ScriptElement(Element element) : Element{std::move(element)} {}

    std::vector<DrawnField> drawn;
};

/// strict: no more damage at once than the broker promises to survive. beyond: more, on purpose;
/// loss and standstill of what was damaged are excused then, and nothing else is.
enum class Budget : std::uint8_t { strict, beyond };

struct FaultLimits {
    Budget budget = Budget::strict;
    bool keep_quorum = false;  // at most a minority down or cut off at a time
    std::optional<std::int64_t> max_down;
    std::optional<std::int64_t> max_damaged;  // brokers at a time; nothing lifts it
    bool unsafe_wipe = false;                 // a wiped disk may keep its identity
    Duration stop_before_end;
};

/// What ends with the faults. core: a drawn set of brokers that has a quorum of every partition is
/// mended, and all others stay as they are for ever.
enum class HealMode : std::uint8_t { all, core };

struct FaultSpec {
    std::vector<ScriptElement> script;
    bool swarm = false;  // classes and intensities are drawn; `random` replaces rows
    std::vector<RandomFault> random;
    Distribution heal = Distribution::fixed(0);  // HealMode
    FaultLimits limits;
};

struct RunSpec {
    Distribution warm_up = Distribution::fixed(2'000'000'000);
    Distribution virtual_time = Distribution::fixed(10'000'000'000);
    std::optional<Duration> settle;  // none: derived from the run's own numbers
    std::uint64_t max_events = 20'000'000;
    Duration wall_limit = Duration{60'000'000'000};
    std::uint64_t seed_count = 1;
    std::vector<std::uint64_t> seed_list;  // if not empty, instead of a count
};

enum class VoidReason : std::uint8_t {
    none,
    start_failed,
    fault_without_effect,
    fault_refused,
    probe_not_reached,
    broken_accounting,
};

struct ExpectSpec {
    enum class Kind : std::uint8_t { holds, violates, voids } kind = Kind::holds;
    std::vector<std::string> holds;  // properties or groups this file is about
    std::string violates;            // a property, an invariant id or an anomaly code
    std::uint64_t in_seeds_at_least_ppb = 1'000'000'000;
    std::uint64_t in_seeds_of = 0;  // 0: as many as run
    VoidReason voids = VoidReason::none;
    std::vector<std::string> reaches;    // probes every run must hit
    std::vector<std::string> sometimes;  // probes or judge notes one seed must hit
};

/// A seed that once showed something; `run` plays it before all others.
struct Regression {
    std::uint64_t seed = 0;
    std::string violated;   // property, id or anomaly; empty: not said
    std::string signature;  // as printed then
    std::string commit;
    std::string issue;
    std::string found;  // date
    std::string repro;  // path of a pinned file
};

struct Scenario {
    std::string name;  // of a child of a matrix: name@acks=1,brokers=3
    std::string why;
    std::vector<std::string> tags;
    std::vector<std::string> covers;
    std::string path;  // of the file it came from
    ClusterSpec cluster;
    WorkloadSpec workload;
    TuningSpec tuning;
    std::string plant;  // mutant, by id or name; empty: the clean broker
    FaultSpec faults;
    RunSpec run;
    ExpectSpec expect;
    std::vector<Regression> regressions;
    /// 64-bit hash of the resolved form; names and comments do not count.
    std::uint64_t hash = 0;
};

}  // namespace brokersim
