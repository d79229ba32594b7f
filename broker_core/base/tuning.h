// Tuning: every number that an operator may turn, with its default; data that the code reads.
#pragma once

#include "broker_core/base/time.h"

#include <cstdint>

namespace broker {

/// When an entry counts as stored, which is when it may count for a quorum and be acknowledged.
/// Term and vote are synced in every mode.
enum class Durability : std::uint8_t {
    fsync,        // once a sync submitted after its write has completed
    write_cache,  // once its write completed; a sync follows by time or bytes
    none,         // once its write completed; synced only at segment roll, cut and shutdown
};

/// The log of one partition. A group closes at the first of window, batches, bytes, rotation,
/// flush, shutdown; one write and one sync carry a whole group.
struct WalTuning {
    std::uint64_t segment_bytes = 64 * 1024;  // 4 KiB .. 1 GiB, a multiple of 512
    Duration group_window = 2_ms;             // 0: close as soon as the disk is idle
    std::uint32_t group_max_batches = 1'000;
    std::uint64_t group_max_bytes = 5'000'000;
    std::uint32_t queue_max = 2'500;  // batches not stored yet, at which produce waits
    std::uint32_t max_inflight_writes = 4;
    std::uint32_t max_inflight_syncs = 1;
    bool pad_groups = false;  // to whole sectors: for disks that may spoil a sector they tear
    bool preallocate = true;  // extend a new segment to its full size before its first append
    Durability durability = Durability::fsync;
    // write_cache: a sync is due so long after the oldest unsynced write, or at so many bytes.
    Duration sync_interval = 100_ms;
    std::uint64_t sync_bytes = 1 << 20;
};

struct RaftTuning {
    Duration election_timeout = 150_ms;  // smallest; each node draws up to jitter more each time
    Duration election_jitter = 150_ms;
    Duration heartbeat = 50_ms;
    std::uint32_t max_inflight = 64;                // appends sent to one follower, unanswered
    std::uint64_t max_inflight_bytes = 1 << 20;     // payload of these
    std::uint64_t max_append_bytes = 64 * 1024;     // payload of one append; at least one entry
    std::uint64_t max_uncommitted_bytes = 8 << 20;  // of one partition; beyond: produce waits
    bool commit_before_own_sync = false;            // Raft thesis 10.2.1, last paragraph
    bool read_index = false;                        // ListOffsets waits for a confirmed leader
    Duration transfer_timeout = 150_ms;             // then a hand-over is given up
    std::uint64_t snapshot_threshold = 1'000;       // entries committed between two snapshots
    std::uint64_t trailing = 100;                   // entries kept below the start of the records
    std::uint64_t snapshot_chunk = 16 * 1024;       // bytes of a snapshot in one message, >= 1
};

enum class Acks1 : std::uint8_t {
    written,  // answered when the leader's write completed (page cache)
    synced,   // answered after the leader's own sync
};

struct BrokerTuning {
    Duration request_timeout = 30_s;  // upper bound of a produce request's own timeout
    Duration shutdown_grace = 10_s;   // from the stop signal to an unclean exit
    // Produce bytes in hand of a node, unanswered or not written yet; beyond: produce waits.
    std::uint64_t admission_bytes = 1 << 20;
    std::uint32_t pipelined_max = 100;  // unanswered requests of one connection; then not read
    std::uint32_t fetch_max_bytes = 1 << 20;
    // Newest entries of a partition that a fetch finds in memory; older ones are read from the
    // disk.
    std::uint64_t hot_buffer_bytes = 1 << 20;
    std::uint32_t message_max_bytes = 1 << 20;  // one record batch
    Acks1 acks1 = Acks1::written;
    std::uint64_t retention_bytes = 0;  // of topics that do not say; 0: no limit
    Duration retention_time{};          // likewise
    bool strict_unknown_producer = true;
    Duration producer_expiry = 86'400_s;
};

struct Tuning {
    WalTuning wal;
    RaftTuning raft;
    BrokerTuning broker;
};

}  // namespace broker
