// The table of knobs: each is a field of broker::Tuning, in nanoseconds, bytes or a count.
#include "scenarios/knobs.h"

#include <array>
#include <iterator>

namespace brokersim {
namespace {

using broker::Acks1;
using broker::Duration;
using broker::Tuning;

constexpr std::int64_t us = 1'000;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t kib = 1'024;
constexpr std::int64_t gib = 1'073'741'824;

/// The presets of group commit.
struct Preset {
    Duration window;
    std::uint32_t batches;
    std::uint64_t bytes;
    std::uint32_t queue;
};
constexpr std::array presets = {
    Preset{Duration{0}, 1'000, 5'000'000, 2'500},              // immediate
    Preset{Duration{2 * ms}, 1'000, 5'000'000, 2'500},         // default
    Preset{Duration{10 * ms}, 2'000, 15'000'000, 10'000},      // medium
    Preset{Duration{50 * ms}, 10'000, 50'000'000, 50'000},     // high
    Preset{Duration{100 * ms}, 20'000, 100'000'000, 100'000},  // ultra
    Preset{Duration{100 * ms}, 10'000, 50'000'000, 50'000},    // incident
};

void set_preset(Tuning& tuning, std::int64_t index) {
    const Preset& preset = presets[static_cast<std::size_t>(index)];
    tuning.wal.group_window = preset.window;
    tuning.wal.group_max_batches = preset.batches;
    tuning.wal.group_max_bytes = preset.bytes;
    tuning.wal.queue_max = preset.queue;
}

constexpr KeyRow key(std::string_view name, ValueType type, std::int64_t low, std::int64_t high,
                     std::string_view text, std::string_view words = "") {
    return {.place = "tuning",
            .key = name,
            .type = type,
            .low = low,
            .high = high,
            .words = words,
            .distribution = true,
            .text = text};
}

// Field access in both directions; a field is an integer, a Duration, a bool or an enum.
template <class Field>
constexpr Field from_number(std::int64_t value) {
    return static_cast<Field>(value);
}
template <>
constexpr Duration from_number<Duration>(std::int64_t value) {
    return Duration{value};
}
template <class Field>
constexpr std::int64_t to_number(Field value) {
    return static_cast<std::int64_t>(value);
}
template <>
constexpr std::int64_t to_number<Duration>(Duration value) {
    return value.nanoseconds();
}

#define BROKERSIM_KNOB(field)                                      \
    [](Tuning& tuning, std::int64_t value) {                       \
        tuning.field = from_number<decltype(tuning.field)>(value); \
    },                                                             \
        [](const Tuning& tuning) { return to_number(tuning.field); }

constexpr std::int64_t segment_rare[] = {4 * kib, 8 * kib, 32 * kib, 256 * kib};
constexpr std::int64_t window_rare[] = {0, 20 * ms, 100 * ms};
constexpr std::int64_t few_rare[] = {1, 2};
constexpr std::int64_t one_rare[] = {1};
constexpr std::int64_t zero_rare[] = {0};
constexpr std::int64_t on_rare[] = {1};
constexpr std::int64_t writes_rare[] = {1, 2, 8};
constexpr std::int64_t syncs_rare[] = {2};
constexpr std::int64_t interval_rare[] = {5 * ms, 2 * s};
constexpr std::int64_t sync_bytes_rare[] = {1, 4 * kib};
constexpr std::int64_t jitter_rare[] = {30 * ms};
constexpr std::int64_t heartbeat_rare[] = {100 * ms};
constexpr std::int64_t request_rare[] = {1 * ms, 10 * ms, 50 * ms};
constexpr std::int64_t expiry_rare[] = {1 * s};
constexpr std::int64_t transfer_rare[] = {15 * ms};
constexpr std::int64_t threshold_rare[] = {1, 10};
constexpr std::int64_t trailing_rare[] = {0, 5};
constexpr std::int64_t chunk_rare[] = {64};
constexpr std::int64_t buffer_rare[] = {0, 1 * kib, 16 * kib};
constexpr std::int64_t retention_rare[] = {1, 8 * kib};
constexpr std::int64_t age_rare[] = {1 * s, 3 * s};

using enum ValueType;

const KnobRow rows[] = {
    {key("wal.group_preset", word, 0, 5, "window, batches, bytes and queue of group commit at once",
         "immediate default medium high ultra incident"),
     set_preset,
     [](const Tuning&) { return std::int64_t{1}; },
     {}},
    {key("wal.segment_bytes", size, 4 * kib, gib, "size of a log segment, a multiple of 512"),
     [](Tuning& tuning, std::int64_t value) {
         tuning.wal.segment_bytes = static_cast<std::uint64_t>(value / 512 * 512);
     },
     [](const Tuning& tuning) { return to_number(tuning.wal.segment_bytes); }, segment_rare},
    {key("wal.group_window", duration, 0, 10 * s, "a group closes so long after its first frame"),
     BROKERSIM_KNOB(wal.group_window), window_rare},
    {key("wal.group_max_batches", integer, 1, 1'000'000, "and with so many batches"),
     BROKERSIM_KNOB(wal.group_max_batches), few_rare},
    {key("wal.group_max_bytes", size, 1, gib, "and with so many bytes"),
     BROKERSIM_KNOB(wal.group_max_bytes), one_rare},
    {key("wal.queue_max", integer, 1, 1'000'000, "batches of a log not stored yet; produce waits"),
     BROKERSIM_KNOB(wal.queue_max), few_rare},
    {key("wal.max_inflight_writes", integer, 1, 64, "writes of one log on their way to the disk"),
     BROKERSIM_KNOB(wal.max_inflight_writes), writes_rare},
    {key("wal.max_inflight_syncs", integer, 1, 64, "syncs of one log on their way to the disk"),
     BROKERSIM_KNOB(wal.max_inflight_syncs), syncs_rare},
    {key("wal.preallocate", boolean, 0, 1, "extend a segment to its full size at once"),
     BROKERSIM_KNOB(wal.preallocate), zero_rare},
    {key("wal.pad_groups", boolean, 0, 1, "groups of frames end with a sector, and share none"),
     BROKERSIM_KNOB(wal.pad_groups), on_rare},
    {key("wal.sync_interval", duration, 0, 600 * s,
         "write_cache: longest wait of a write for its sync"),
     BROKERSIM_KNOB(wal.sync_interval), interval_rare},
    {key("wal.sync_bytes", size, 1, gib, "write_cache: and most bytes that wait for one"),
     BROKERSIM_KNOB(wal.sync_bytes), sync_bytes_rare},
    {key("raft.election_timeout", duration, 1 * ms, 3'600 * s, "smallest election timeout"),
     BROKERSIM_KNOB(raft.election_timeout),
     {}},
    {key("raft.election_jitter", duration, 1 * us, 3'600 * s, "drawn on top of it, each time"),
     BROKERSIM_KNOB(raft.election_jitter), jitter_rare},
    {key("raft.heartbeat", duration, 100 * us, 600 * s, "between heartbeats of a leader"),
     BROKERSIM_KNOB(raft.heartbeat), heartbeat_rare},
    {key("raft.max_inflight", integer, 1, 10'000, "unanswered appends to one follower"),
     BROKERSIM_KNOB(raft.max_inflight), few_rare},
    {key("raft.max_append_bytes", size, 1, gib, "payload of one append; at least one entry"),
     BROKERSIM_KNOB(raft.max_append_bytes), one_rare},
    {key("raft.max_uncommitted_bytes", size, 1, gib, "of one partition; beyond, produce waits"),
     BROKERSIM_KNOB(raft.max_uncommitted_bytes), one_rare},
    {key("raft.commit_before_own_sync", boolean, 0, 1, "a leader counts a quorum without itself"),
     BROKERSIM_KNOB(raft.commit_before_own_sync), on_rare},
    {key("raft.max_inflight_bytes", size, 1, gib, "payload of these appends"),
     BROKERSIM_KNOB(raft.max_inflight_bytes), one_rare},
    {key("raft.read_index", boolean, 0, 1, "ListOffsets waits until the leader proved it leads"),
     BROKERSIM_KNOB(raft.read_index), on_rare},
    {key("raft.transfer_timeout", duration, 1 * ms, 600 * s, "then a hand-over is given up"),
     BROKERSIM_KNOB(raft.transfer_timeout), transfer_rare},
    {key("raft.snapshot_threshold", integer, 1, 1'000'000,
         "entries that may go, before a snapshot takes their place"),
     BROKERSIM_KNOB(raft.snapshot_threshold), threshold_rare},
    {key("raft.trailing", integer, 0, 1'000'000, "entries kept although their records are gone"),
     BROKERSIM_KNOB(raft.trailing), trailing_rare},
    {key("raft.snapshot_chunk", size, 1, gib, "of a snapshot on its way, in one message"),
     BROKERSIM_KNOB(raft.snapshot_chunk), chunk_rare},
    {key("partition.retention_bytes", size, 0, gib * 1024,
         "of topics that do not say: older records go; 0: no limit"),
     BROKERSIM_KNOB(broker.retention_bytes), retention_rare},
    {key("partition.retention_time", duration, 0, 31'536'000 * s, "likewise, by age; 0: no limit"),
     BROKERSIM_KNOB(broker.retention_time), age_rare},
    {key("broker.request_timeout", duration, 1 * ms, 3'600 * s, "bound of a produce request's own"),
     BROKERSIM_KNOB(broker.request_timeout), request_rare},
    {key("broker.shutdown_grace", duration, 0, 3'600 * s, "from the stop signal to the kill"),
     BROKERSIM_KNOB(broker.shutdown_grace), zero_rare},
    {key("broker.admission_bytes", size, 1, gib,
         "produce bytes in hand of a node; beyond, produce waits"),
     BROKERSIM_KNOB(broker.admission_bytes), one_rare},
    {key("broker.pipelined_max", integer, 1, 100'000,
         "unanswered requests of one connection, which is then not read"),
     BROKERSIM_KNOB(broker.pipelined_max), few_rare},
    {key("broker.fetch_max_bytes", size, 1, gib, "of one fetched partition; at least one batch"),
     BROKERSIM_KNOB(broker.fetch_max_bytes), one_rare},
    {key("broker.hot_buffer_bytes", size, 0, gib,
         "newest entries of a partition that a fetch finds in memory; older ones are read from the "
         "disk"),
     BROKERSIM_KNOB(broker.hot_buffer_bytes), buffer_rare},
    {key("broker.acks1", word, 0, 1, "what acks=1 waits for", "written synced"),
     BROKERSIM_KNOB(broker.acks1), on_rare},
    {key("partition.producer_expiry", duration, 1 * ms, 31'536'000 * s,
         "an idle producer is forgotten"),
     BROKERSIM_KNOB(broker.producer_expiry), expiry_rare},
};
#undef BROKERSIM_KNOB

}  // namespace

std::span<const KnobRow> knob_table() {
    return rows;
}

const KnobRow* find_knob(std::string_view name) {
    for (const KnobRow& row : rows) {
        if (row.key.key == name) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace brokersim
