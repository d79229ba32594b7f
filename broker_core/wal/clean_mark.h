// The clean-shutdown mark of one partition: a small file that says where the log ended when its
// broker had synced all of it and stopped.
//
// It is written last of all, once everything else is durable, and removed durably before the log
// of the next incarnation takes anything, so that it never stands beside a log it does not
// describe. A log that ends before its mark lost what had been synced.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/env/disk.h"
#include "broker_core/wal/fresh_file.h"
#include "broker_core/wal/hard_state.h"

#include <cstdint>
#include <optional>
#include <string>

namespace broker::wal {

inline constexpr std::size_t clean_mark_bytes = 44;

/// {magic u32, cluster u64, node u32, disk u64, last index u64, last term u64, crc u32}, little
/// endian.
struct CleanMark {
    DiskIdentity identity;
    LogIndex last_index;
    Term last_term;

    friend bool operator==(const CleanMark&, const CleanMark&) = default;
};
Bytes encode_clean_mark(const CleanMark& mark);
/// Nothing if the bytes are no whole mark: then the stop was not finished, which is no damage.
std::optional<CleanMark> decode_clean_mark(ByteSpan bytes);

/// "p3.clean"
std::string clean_mark_name(PartitionId partition);

/// Writes the mark: temporary name, sync, rename, sync of the directory.
class CleanMarkFile {
public:
    CleanMarkFile(PartitionId partition, Disk& disk, OpIds& ops)
        : disk_{disk}, ops_{ops}, file_{clean_mark_name(partition), disk, ops} {}

    /// Once per incarnation.
    void begin(const CleanMark& mark);
    /// Returns whether the operation was this file's.
    bool on_disk_done(const DiskDone& done);
    [[nodiscard]] bool begun() const { return begun_; }
    [[nodiscard]] bool durable() const { return durable_; }
    [[nodiscard]] bool failed() const { return failed_ || file_.failed(); }

private:
    Disk& disk_;
    OpIds& ops_;
    FreshFile file_;
    OpId directory_sync_;
    bool begun_ = false;
    bool durable_ = false;
    bool failed_ = false;
};

}  // namespace broker::wal
