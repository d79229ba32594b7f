// Term and vote of one partition, kept in two slots so that a torn update never loses both.
//
// A store writes the older slot, syncs, and only then is the state durable (one write, so that
// term and vote change together). At boot the state moves to a fresh file (temporary, sync,
// rename, sync of the directory) before the first vote: the slot that was read may be only in the
// page cache, and the other may be the sole durable one.
#pragma once

#include "broker_core/base/hard_state.h"
#include "broker_core/base/probes.h"
#include "broker_core/base/sealed.h"
#include "broker_core/env/disk.h"
#include "broker_core/wal/frame.h"

#include <cstdint>
#include <optional>

namespace broker::wal {

/// Who a file belongs to; one of another cluster, node or disk is refused.
struct DiskIdentity {
    ClusterId cluster;
    BrokerId node;
    DiskUuid disk;

    friend bool operator==(const DiskIdentity&, const DiskIdentity&) = default;
};

inline constexpr std::uint64_t hard_state_slot_stride = 4096;
inline constexpr std::uint64_t hard_state_slot_bytes = 52;

/// One slot: {sequence u64, term u64, vote u32, boots u32, cluster u64, node u32, disk u64,
/// partition u32, crc u32}, little endian.
struct HardStateSlot {
    std::uint64_t sequence = 0;  // the larger of the two slots is current
    HardState state;
    std::uint32_t boots = 0;  // incarnations that reached service on this disk
    DiskIdentity identity;
    PartitionId partition;
};
Bytes encode_hard_state_slot(const HardStateSlot& slot);
std::optional<HardStateSlot> decode_hard_state_slot(ByteSpan bytes);

/// The current slot of a file's bytes.
/// Errors: damaged, if neither slot is readable (never "term 0": that is a second vote);
/// foreign, if it belongs to another cluster, node or disk. A slot of another partition, or one
/// that stands in the other one's place, went astray and counts as unreadable.
Result<HardStateSlot> read_hard_state(ByteSpan file, const DiskIdentity& identity,
                                      PartitionId partition);
/// One that is not may be an update that power cut short, or a bad reading.
bool both_slots_readable(ByteSpan file, PartitionId partition);

/// The open hard-state file of one incarnation.
class HardStateFile {
public:
    HardStateFile(PartitionId partition, const DiskIdentity& identity, Disk& disk, OpIds& ops,
                  Probes& probes)
        : identity_{identity},
          partition_{partition},
          disk_{disk},
          ops_{ops},
          probes_{probes},
          fresh_file_{hard_state_name(partition), disk, ops} {}

    /// Begins the move to a fresh file holding `recovered` with one more boot counted. The caller
    /// renames it once fresh_file().prepared(), then syncs the directory.
    void begin(const HardStateSlot& recovered);
    [[nodiscard]] FreshFile& fresh_file() { return fresh_file_; }

    /// Submits a new state; returns its number. A state still waiting for the disk is replaced.
    std::uint64_t store(const HardState& state);
    /// The number of the newest durable state.
    [[nodiscard]] std::uint64_t durable_number() const { return durable_number_; }
    /// The number of the newest state handed in, and that state.
    [[nodiscard]] std::uint64_t number() const { return number_; }
    [[nodiscard]] const HardState& current() const { return current_; }

    /// Returns whether the operation was this file's.
    bool on_disk_done(const DiskDone& done);
    /// The state that became durable since the last call, if any.
    std::optional<DurableVote> take_proof();
    /// The disk reported an error: nothing is known about this file any more.
    [[nodiscard]] bool failed() const { return failed_ || fresh_file_.failed(); }
    /// Nothing waits for the disk.
    [[nodiscard]] bool idle() const { return pending_op_ == OpId{} && number_ == writing_number_; }
    [[nodiscard]] std::uint32_t boots() const { return boots_; }

private:
    void write_slot();

    DiskIdentity identity_;
    PartitionId partition_;
    Disk& disk_;
    OpIds& ops_;
    Probes& probes_;
    FreshFile fresh_file_;

    OpId pending_op_;   // the write or sync of a slot in flight; 0: none
    Bytes slot_bytes_;  // of the slot being written
    std::uint64_t slot_offset_ = 0;
    bool syncing_ = false;

    std::uint64_t sequence_ = 0;        // of the newest slot written
    std::uint64_t number_ = 0;          // states handed to store()
    std::uint64_t writing_number_ = 0;  // the one in flight
    std::uint64_t durable_number_ = 0;  // Invariant: durable <= writing <= number.
    HardState current_;                 // newest handed in
    HardState writing_;                 // in flight
    std::uint32_t boots_ = 0;
    std::optional<DurableVote> proof_;
    bool failed_ = false;
};

}  // namespace broker::wal
