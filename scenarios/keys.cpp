// The table of keys itself. Times in nanoseconds, sizes in bytes.
#include "scenarios/keys.h"

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

/// A row written from left to right, so that the table stays a table.
struct Row : KeyRow {
    [[nodiscard]] constexpr Row range(std::int64_t from, std::int64_t to) const {
        Row made = *this;
        made.low = from;
        made.high = to;
        return made;
    }
    [[nodiscard]] constexpr Row of(std::string_view allowed) const {
        Row made = *this;
        made.words = allowed;
        return made;
    }
    [[nodiscard]] constexpr Row or_else(std::string_view written) const {
        Row made = *this;
        made.fallback = written;
        return made;
    }
    [[nodiscard]] constexpr Row drawn() const {
        Row made = *this;
        made.distribution = true;
        return made;
    }
    [[nodiscard]] constexpr Row needed() const {
        Row made = *this;
        made.required = true;
        return made;
    }
};

constexpr Row key(std::string_view place, std::string_view name, ValueType type,
                  std::string_view meaning) {
    return {{.place = place, .key = name, .type = type, .text = meaning}};
}

using enum ValueType;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1'000 * ms;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t year = 365 * 24 * hour;

// clang-format off
constexpr Row table[] = {
    key("", "$schema", any, "the editor schema"),
    key("", "format", integer, "version of the format").range(1, 1).needed(),
    key("", "name", text, "the file's name without its ending; [a-z0-9-], 3 to 64 of them")
        .needed(),
    key("", "why", text, "what must hold and why, up to 200 characters").needed(),
    key("", "comment", any, "free text, not read"),
    key("", "covers", texts, "ids this file stands for: T07, FD-06, M34a, R16"),
    key("", "tags", texts, "words for selecting scenarios"),
    key("", "extends", any, "path or list of paths, relative to this file"),
    key("", "cluster", object, "brokers, topics, network, disks, clocks"),
    key("", "workload", object, "what clients do"),
    key("", "tuning", object, "knobs of the broker"),
    key("", "plant", texts, "a list of one planted bug, by id or name"),
    key("", "faults", object, "what breaks"),
    key("", "run", object, "length, limits and seeds"),
    key("", "expect", object, "what a green run shows"),
    key("", "matrix", object, "one scenario per combination of these values"),
    key("", "regressions", list, "seeds that once showed something; played before all others"),

    key("cluster", "brokers", integer, "number of brokers").range(1, 9).or_else("3").drawn(),
    key("cluster", "durability", word,
        "when an entry counts as stored: after its sync, or after its write with syncs by time "
        "(write_cache) or at segment rolls only (none)")
        .of("fsync write_cache none").or_else("fsync").drawn(),
    key("cluster", "strict_unknown_producer", boolean,
        "refuse an unknown producer that does not begin at sequence 0").or_else("true"),
    key("cluster", "image", text, "file of records already on disk, relative to this file"),
    key("cluster", "topics", list, "topics and their partitions"),
    key("cluster", "network", object, "latencies"),
    key("cluster", "disk", object, "what disks are like"),
    key("cluster", "clocks", object, "skew and drift"),
    key("cluster", "start", object, "order and pace"),
    key("cluster", "comment", any, "free text, not read"),

    key("cluster.topics[]", "name", text, "name of the topic").needed(),
    key("cluster.topics[]", "partitions", integer, "number of partitions")
        .range(1, 64).or_else("1").drawn(),
    key("cluster.topics[]", "replication_factor", integer,
        "copies of each; default the smaller of 3 and brokers").range(1, 9).drawn(),
    key("cluster.topics[]", "min_insync_replicas", integer, "refuse acks=all below so many; 0: off")
        .range(0, 9).or_else("0").drawn(),
    key("cluster.topics[]", "retention_bytes", size,
        "older records go beyond so many bytes; 0: the knob says").range(0, std::int64_t{1} << 40)
        .or_else("0B").drawn(),
    key("cluster.topics[]", "retention_time", duration,
        "older records go; 0: the knob says").range(0, year).or_else("0s").drawn(),
    key("cluster.topics[]", "comment", any, "free text, not read"),

    key("cluster.network", "latency", duration, "between brokers, per message")
        .range(0, minute).or_else(R"({"uniform": ["200us", "1ms"]})").drawn(),
    key("cluster.network", "client_latency", duration, "between clients and brokers, per message")
        .range(0, minute).or_else(R"({"uniform": ["100us", "500us"]})").drawn(),
    key("cluster.network", "queue_capacity", integer,
        "messages under way from one broker to another; of too many one is lost; 0: any number")
        .range(0, 1'000'000).or_else("0").drawn(),
    key("cluster.network", "comment", any, "free text, not read"),

    key("cluster.disk", "write", duration, "time of a write, per operation")
        .range(0, minute).or_else(R"({"uniform": ["20us", "200us"]})").drawn(),
    key("cluster.disk", "sync", duration, "time of a sync, per operation")
        .range(0, minute).or_else(R"({"exponential": {"mean": "2ms", "max": "200ms"}})").drawn(),
    key("cluster.disk", "profile", word,
        "what disk and file system promise: see faults/disk_profile.h")
        .of("strict ext4_ordered xfs ext4_data btrfs odirect_dsync nopsow liar slow full")
        .or_else("strict").drawn(),
    key("cluster.disk", "capacity", size,
        "bytes that a disk holds until the faults end; 0: the profile says")
        .range(0, std::int64_t{1} << 40).or_else("0B").drawn(),
    key("cluster.disk", "mixed", boolean,
        "profile and capacity are drawn for each broker; else once for all of them")
        .or_else("false").drawn(),
    key("cluster.disk", "comment", any, "free text, not read"),

    key("cluster.clocks", "offset", duration, "of a node's wall clock")
        .range(-year, year).or_else(R"({"uniform": ["-1ms", "1ms"]})").drawn(),
    key("cluster.clocks", "drift_ppm", integer,
        "of a node's clocks, parts per million; equal ones are set one apart")
        .range(-100'000, 100'000).or_else(R"({"uniform": [-200, 200]})").drawn(),
    key("cluster.clocks", "comment", any, "free text, not read"),

    key("cluster.start", "order", word, "of the first start of the brokers")
        .of("ascending any").or_else("ascending"),
    key("cluster.start", "stagger", duration, "between two starts")
        .range(0, minute).or_else("0s").drawn(),
    key("cluster.start", "comment", any, "free text, not read"),

    key("workload", "producers", integer, "number of producers").range(1, 64).or_else("1").drawn(),
    key("workload", "consumers", integer, "number of readers of everything")
        .range(0, 64).or_else("1").drawn(),
    key("workload", "acks", word, "what a producer waits for").of("0 1 all").or_else("all").drawn(),
    key("workload", "idempotent", boolean,
        "producer ids and sequences; has effect where acks is all").or_else("true").drawn(),
    key("workload", "messages", integer, "of all producers together")
        .range(1, 10'000'000).or_else("100").drawn(),
    key("workload", "rate", rate, "messages per second or minute, of all producers together")
        .range(1, 10'000'000'000).or_else("100/s").drawn(),
    key("workload", "payload", size, "bytes of a value, per message")
        .range(1, 524'288).or_else("100B").drawn(),
    key("workload", "payload_content", word, "what a value holds: noise, zeros, or both in turn")
        .of("random zeros zero_runs").or_else("random").drawn(),
    key("workload", "batch_records", integer, "most records of one batch")
        .range(1, 10'000).or_else("1").drawn(),
    key("workload", "linger", duration, "wait for more records of a batch")
        .range(0, 10 * second).or_else("0s").drawn(),
    key("workload", "max_in_flight", integer, "requests in flight of one connection")
        .range(1, 5).or_else("5").drawn(),
    key("workload", "first_sequence", integer, "sequence of a producer's first record")
        .range(0, 2'147'483'647).or_else("0").drawn(),
    key("workload", "flavour", word,
        "of a batch of unknown fate: sent again as it was, or under a new epoch (naive_bump)")
        .of("default naive_bump").or_else("default").drawn(),
    key("workload", "retry_backoff", duration, "wait before a retry")
        .range(0, minute).or_else("100ms").drawn(),
    key("workload", "retry_attempts", integer, "retries of one batch")
        .range(0, 2'147'483'647).or_else("2147483647").drawn(),
    key("workload", "request_timeout", duration,
        "a request without an answer for so long is given up")
        .range(ms, 10 * minute).or_else("1s").drawn(),
    key("workload", "delivery_timeout", duration,
        "a batch not acknowledged for so long is given up").range(ms, hour).or_else("30s").drawn(),
    key("workload", "reread_after", duration,
        "a reader starts over from the first record so long after it last did; 0s: never")
        .range(0, hour).or_else("0s").drawn(),
    key("workload", "read_via", target, "first contact broker of the readers"),
    key("workload", "reader_stops_at", integer,
        "readers stop after so many records; demonstrations only").range(0, 1'000'000'000),
    key("workload", "steps", list, "bursts instead of one stream"),
    key("workload", "comment", any, "free text, not read"),

    key("workload.steps[]", "id", text, "name of the burst").needed(),
    key("workload.steps[]", "at", duration, "start, since the run phase began")
        .range(0, 24 * hour).drawn(),
    key("workload.steps[]", "when", object, "start after an event"),
    key("workload.steps[]", "messages", integer, "of the burst")
        .range(1, 10'000'000).or_else("1").drawn(),
    key("workload.steps[]", "rate", rate, "default: that of the workload").range(1, 10'000'000'000),
    key("workload.steps[]", "via", target, "first contact broker"),
    key("workload.steps[]", "comment", any, "free text, not read"),

    key("tuning", "swarm", boolean, "a quarter of the knobs not named leave their default")
        .or_else("false"),
    key("tuning", "comment", any, "free text, not read"),

    key("faults", "script", list, "faults that fire once, each with its trigger"),
    key("faults", "random", object, "kinds that fire again and again"),
    key("faults", "swarm", boolean,
        "classes and intensities are drawn; rows of random replace theirs").or_else("false"),
    key("faults", "limits", object, "how much may be broken at once"),
    key("faults", "heal", word,
        "all: when the faults are over everything is mended; core: only a drawn set of brokers "
        "with a quorum of every partition is, and the others stay down, paused or cut off")
        .of("all core").or_else("all").drawn(),
    key("faults", "comment", any, "free text, not read"),

    key("faults.script[]", "id", text, "name of the fault, unique in the file").needed(),
    key("faults.script[]", "at", duration,
        "time since the run phase began; beside arm: from then on").range(0, 24 * hour).drawn(),
    key("faults.script[]", "when", object, "after an event"),
    key("faults.script[]", "arm", object, "when the named work is in flight"),
    key("faults.script[]", "do", text, "kind of the fault").needed(),
    key("faults.script[]", "target", target, "whom"),
    key("faults.script[]", "for", duration,
        "how long; default: until healed, restarted, or the heal phase")
        .range(0, 24 * hour).drawn(),
    key("faults.script[]", "topology", any, "of a partition: groups, or a shape"),
    key("faults.script[]", "direction", word,
        "which way a partition blocks, seen from its first group")
        .of("both in out").or_else("both"),
    key("faults.script[]", "only", texts, "of a fault on messages: strikes those about these words")
        .of("votes appends append_replies heartbeats snapshot_chunks produce fetch responses"),
    key("faults.script[]", "args", object, "arguments of the kind"),
    key("faults.script[]", "may_miss", boolean, "allowed to take no effect").or_else("false"),
    key("faults.script[]", "comment", any, "free text, not read"),

    key("when", "event", text, "a probe, or an event of the world such as node_down or step_done")
        .needed(),
    key("when", "target", target, "on whom"),
    key("when", "id", text, "of which fault, or of step_done of which step"),
    key("when", "nth", integer, "which time").range(1, 1'000'000'000).or_else("1"),
    key("when", "not_before", duration, "since the run phase began")
        .range(0, 24 * hour).or_else("0s").drawn(),
    key("when", "after", duration, "then wait so long").range(0, 24 * hour).or_else("0s").drawn(),
    key("when", "comment", any, "free text, not read"),

    key("arm", "on", text, "work in flight").needed(),
    key("arm", "nth", integer, "which time").range(1, 1'000'000'000).or_else("1"),
    key("arm", "comment", any, "free text, not read"),

    key("args", "kind", word, "of a crash: what the disk keeps")
        .of("process power serve_then_power mixed").or_else("mixed"),
    key("args", "grace", duration, "of a shutdown: killed after so long; default: the broker's own")
        .range(0, hour).drawn(),
    key("args", "probability", probability, "per message, of a drop, duplicate or reorder")
        .range(0, 1'000'000'000).or_else("1"),
    key("args", "by", duration,
        "delay: added; reorder, late_timer: mean; slow_cpu: per step; a clock: so far; "
        "rolling_restart: time down; all_down, start_order: longest gap")
        .range(0, 24 * hour).drawn(),
    key("args", "offset", duration, "of clock_skew: the wall clock shows so much more")
        .range(-24 * hour, 24 * hour),
    key("args", "ppm", integer, "of a drift: so many millionths faster")
        .range(-500'000, 1'000'000),
    key("args", "times", integer, "of crash_loop: so many crashes").range(2, 100).or_else("3"),
    key("args", "counts_suspend", boolean, "of suspend: the monotonic clock goes on meanwhile")
        .or_else("false"),
    key("args", "graceful", boolean, "of rolling_restart: a stop and not a crash").or_else("true"),
    key("args", "waits", boolean, "of rolling_restart: until each node serves again")
        .or_else("true"),
    key("args", "retract", boolean,
        "of a crash: inside a step, of which some last effects never happen").or_else("false"),
    key("args", "factor", integer, "of slow_disk and slow_link: times slower")
        .range(1, 1'000'000).or_else("10").drawn(),
    key("args", "bytes_per_second", integer, "of bandwidth: of each direction of a link")
        .range(1, 1'000'000'000).or_else("100000"),
    key("args", "queue", integer, "of bandwidth: so many messages may wait")
        .range(1, 1'000'000).or_else("8"),
    key("args", "point", word, "of a reset: before or after the request was processed")
        .of("before after any").or_else("any"),
    key("args", "full_at", word, "of disk_full: where it shows; any: not at syncs")
        .of("any write sync create rename").or_else("any"),
    key("args", "damage_at", word, "of bit_rot and sector_error: what it strikes; any: drawn")
        .of("any payload header segment hard_state snapshot").or_else("any"),
    key("args", "lost_at", word, "of lost_write: one that later ones prove, or the last")
        .of("any middle tail").or_else("any"),
    key("args", "asks_early", boolean,
        "of a change of members: asks even a leader that has committed nothing in its term")
        .or_else("false"),
    key("args", "while_up", boolean,
        "of damage: its broker goes on and meets it when it reads its files, or restarts later")
        .or_else("false"),
    key("args", "then_power", boolean, "of lost_fsync: power fails when its time is over")
        .or_else("false"),
    key("args", "keeps_identity", boolean,
        "of wipe: the empty disk says that it is the former one; needs limits.unsafe_wipe")
        .or_else("false"),
    key("args", "strikes", word, "of a disk error: the next operation, or all in its time")
        .of("once all").or_else("once"),
    key("args", "during", word, "of sync_error: the sync itself, or writeback before it")
        .of("sync writeback").or_else("sync"),
    key("args", "nth", integer, "of sync_error: the nth sync of a file since the fault began")
        .range(1, 1'000'000).or_else("1"),
    key("args", "partition", text, "of an administrator's operation: topic/number; default: drawn"),
    key("args", "percent", integer, "of delete_records: so much of what may be read")
        .range(1, 100).or_else("50"),
    key("args", "fault", text, "of heal: id of the fault it ends; default: all"),
    key("args", "comment", any, "free text, not read"),

    key("faults.random", "crash", object, "random faults of this kind"),
    key("faults.random", "shutdown", object, "random faults of this kind"),
    key("faults.random", "pause", object, "random faults of this kind"),
    key("faults.random", "partition", object, "random faults of this kind"),
    key("faults.random", "drop", object, "random faults of this kind"),
    key("faults.random", "duplicate", object, "random faults of this kind"),
    key("faults.random", "reorder", object, "random faults of this kind"),
    key("faults.random", "delay", object, "random faults of this kind"),
    key("faults.random", "reset", object, "random faults of this kind"),
    key("faults.random", "disk_stall", object, "random faults of this kind"),
    key("faults.random", "slow_disk", object, "random faults of this kind"),
    key("faults.random", "sync_error", object, "random faults of this kind"),
    key("faults.random", "write_error", object, "random faults of this kind"),
    key("faults.random", "read_error", object, "random faults of this kind"),
    key("faults.random", "short_write", object, "random faults of this kind"),
    key("faults.random", "short_read", object, "random faults of this kind"),
    key("faults.random", "disk_full", object, "random faults of this kind"),
    key("faults.random", "all_down", object, "random faults of this kind"),
    key("faults.random", "start_order", object, "random faults of this kind"),
    key("faults.random", "rolling_restart", object, "random faults of this kind"),
    key("faults.random", "crash_loop", object, "random faults of this kind"),
    key("faults.random", "suspend", object, "random faults of this kind"),
    key("faults.random", "slow_cpu", object, "random faults of this kind"),
    key("faults.random", "late_timer", object, "random faults of this kind"),
    key("faults.random", "clock_skew", object, "random faults of this kind"),
    key("faults.random", "clock_drift", object, "random faults of this kind"),
    key("faults.random", "clock_forward", object, "random faults of this kind"),
    key("faults.random", "clock_back", object, "random faults of this kind"),
    key("faults.random", "clock_freeze", object, "random faults of this kind"),
    key("faults.random", "monotonic_drift", object, "random faults of this kind"),
    key("faults.random", "clog", object, "random faults of this kind"),
    key("faults.random", "slow_link", object, "random faults of this kind"),
    key("faults.random", "bandwidth", object, "random faults of this kind"),
    key("faults.random", "flap", object, "random faults of this kind"),
    key("faults.random", "client_partition", object, "random faults of this kind"),
    key("faults.random", "half_open", object, "random faults of this kind"),
    key("faults.random", "refuse", object, "random faults of this kind"),
    key("faults.random", "bit_rot", object, "random faults of this kind"),
    key("faults.random", "sector_error", object, "random faults of this kind"),
    key("faults.random", "misdirected_write", object, "random faults of this kind"),
    key("faults.random", "lost_write", object, "random faults of this kind"),
    key("faults.random", "read_flip", object, "random faults of this kind"),
    key("faults.random", "misdirected_read", object, "random faults of this kind"),
    key("faults.random", "stale_read", object, "random faults of this kind"),
    key("faults.random", "lost_fsync", object, "random faults of this kind"),
    key("faults.random", "stale_image", object, "random faults of this kind"),
    key("faults.random", "wipe", object, "random faults of this kind"),
    key("faults.random", "transfer_leader", object, "random faults of this kind"),
    key("faults.random", "add_voter", object, "random faults of this kind"),
    key("faults.random", "remove_voter", object, "random faults of this kind"),
    key("faults.random", "add_learner", object, "random faults of this kind"),
    key("faults.random", "promote", object, "random faults of this kind"),
    key("faults.random", "replace_voter", object, "random faults of this kind"),
    key("faults.random", "joint_change", object, "random faults of this kind"),
    key("faults.random", "delete_records", object, "random faults of this kind"),
    key("faults.random", "force_reconfigure", object, "random faults of this kind"),
    key("faults.random", "comment", any, "free text, not read"),

    key("faults.random.KIND", "enabled", probability, "that the kind is on in a seed")
        .range(0, 1'000'000'000).or_else("1"),
    key("faults.random.KIND", "every", duration, "between two of them").range(0, 24 * hour).drawn(),
    key("faults.random.KIND", "probability", probability, "per message").range(0, 1'000'000'000),
    key("faults.random.KIND", "for", duration, "how long each lasts").range(0, 24 * hour).drawn(),
    key("faults.random.KIND", "target", any, "whom; of a list one is drawn"),
    key("faults.random.KIND", "topology", any, "shape of a partition; of a list one is drawn"),
    key("faults.random.KIND", "direction", word, "of a partition; any: drawn")
        .of("both in out any").or_else("both"),
    key("faults.random.KIND", "only", texts,
        "of a fault on messages: strikes those about these words")
        .of("votes appends append_replies heartbeats snapshot_chunks produce fetch responses"),
    key("faults.random.KIND", "args", object, "arguments of the kind"),
    key("faults.random.KIND", "comment", any, "free text, not read"),

    key("faults.limits", "budget", word,
        "strict: never more damage at once than the broker promises to survive; beyond: more, and "
        "loss of what was damaged is excused")
        .of("strict beyond").or_else("strict"),
    key("faults.limits", "keep_quorum", boolean, "at most a minority down or cut off at a time")
        .or_else("false"),
    key("faults.limits", "max_down", integer, "at most so many brokers down at a time").range(0, 9),
    key("faults.limits", "max_damaged", integer,
        "at most so many brokers with a damaged or forgetful disk at a time, whatever the budget")
        .range(0, 9),
    key("faults.limits", "unsafe_wipe", boolean,
        "a wiped disk may keep its identity, so that its broker votes and has forgotten everything")
        .or_else("false"),
    key("faults.limits", "stop_before_end", duration,
        "no new fault in the last part of the run phase").range(0, 24 * hour).or_else("0s"),
    key("faults.limits", "comment", any, "free text, not read"),

    key("run", "warm_up", duration, "before the run phase, without faults")
        .range(0, 10 * minute).or_else("2s").drawn(),
    key("run", "virtual_time", duration, "length of the run phase")
        .range(ms, 24 * hour).or_else("10s").drawn(),
    key("run", "settle", auto_or_duration, "time to recover; auto: derived from timeouts and sizes")
        .range(0, 24 * hour).or_else("auto"),
    key("run", "max_events", integer, "a run is cut off after so many events")
        .range(1, 1'000'000'000'000).or_else("20000000"),
    key("run", "wall_limit", duration, "and after so much real time")
        .range(ms, 24 * hour).or_else("60s"),
    key("run", "seeds", object, "what run does without --seeds"),
    key("run", "comment", any, "free text, not read"),

    key("run.seeds", "count", integer, "so many seeds").range(1, 1'000'000'000),
    key("run.seeds", "list", list, "these seeds"),
    key("run.seeds", "comment", any, "free text, not read"),

    key("expect", "holds", texts, "properties or groups this file is about"),
    key("expect", "violates", text, "the property that must be violated"),
    key("expect", "voids", word, "why every run must be void")
        .of("start_failed fault_without_effect fault_refused probe_not_reached broken_accounting"),
    key("expect", "in_seeds", object, "how often violates must be found"),
    key("expect", "reaches", texts, "probes that every run must hit"),
    key("expect", "sometimes", texts, "probes or judge notes that one seed must hit"),
    key("expect", "comment", any, "free text, not read"),

    key("expect.in_seeds", "at_least", probability, "share of the seeds")
        .range(0, 1'000'000'000).needed(),
    key("expect.in_seeds", "of", integer, "of so many seeds; default: as many as run")
        .range(1, 1'000'000'000),
    key("expect.in_seeds", "comment", any, "free text, not read"),

    key("regressions[]", "seed", seed, "the seed").needed(),
    key("regressions[]", "violated", text, "what it violated: a property, an id or an anomaly"),
    key("regressions[]", "signature", text, "as it was printed"),
    key("regressions[]", "commit", text, "at which it was seen"),
    key("regressions[]", "issue", text, "where it was reported"),
    key("regressions[]", "found", text, "date, such as 2026-03-02"),
    key("regressions[]", "repro", text, "path of a pinned file, relative to this file"),
    key("regressions[]", "comment", any, "free text, not read"),

    key("distribution", "uniform", list, "[low, high], both included"),
    key("distribution", "log_uniform", list, "[low, high], uniform in the logarithm"),
    key("distribution", "exponential", object, "mean and max"),
    key("distribution", "choice", list, "one of these values"),
    key("distribution", "weights", list, "of the values of choice"),
    key("distribution", "comment", any, "free text, not read"),

    key("exponential", "mean", any, "mean").needed(),
    key("exponential", "max", any, "cut there; default ten means"),
    key("exponential", "comment", any, "free text, not read"),
};
// clang-format on

// The same as plain rows: a Row is a KeyRow and nothing more.
constexpr auto rows = [] {
    std::array<KeyRow, std::size(table)> plain{};
    std::copy(std::begin(table), std::end(table), plain.begin());
    return plain;
}();

}  // namespace

std::span<const KeyRow> key_table() {
    return rows;
}

}  // namespace brokersim
