// The base of a log: the snapshot that stands for everything before its first entry, as a file.
//
// A base is written whole under a temporary name, synced, renamed, and its name synced; only then
// may the segments before it go. It either cuts a prefix of the local log (compaction), which holds
// its last entry, or came from a leader and replaces a log that does not (installed). So a log
// that lacks the last entry of a compaction's base has lost something, while one that lacks that
// of an installed base is simply over.
#pragma once

#include "broker_core/env/disk.h"
#include "broker_core/wal/fresh_file.h"
#include "broker_core/wal/hard_state.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace broker::wal {

struct Base {
    LogIndex index;  // the last entry it stands for; 0: none, the log begins with entry 1
    Term term;       // of that entry
    bool installed = false;
    Bytes snapshot;
};

/// "p3-000000000000002a.base": partition 3, the log begins behind entry 42.
std::string base_name(PartitionId partition, LogIndex index);

/// {magic u64, version u16, installed u8, cluster u64, node u32, disk u64, partition u32, index
/// u64, term u64, length u32, snapshot, crc32c u32}, little endian.
Bytes encode_base(const Base& base, const DiskIdentity& identity, PartitionId partition);
/// Errors: damaged (the file was renamed into place whole); foreign.
Result<Base> decode_base(ByteSpan bytes, const DiskIdentity& identity, PartitionId partition);

/// Writes bases of one partition, and removes what they make useless.
class BaseFiles {
public:
    BaseFiles(PartitionId partition, const DiskIdentity& identity, Disk& disk, OpIds& ops)
        : partition_{partition}, identity_{identity}, disk_{disk}, ops_{ops} {}

    void write(const Base& base);
    /// Returns whether the operation was one of these files'.
    bool on_disk_done(const DiskDone& done);
    /// The newest base that became durable since the last call.
    std::optional<LogIndex> take_durable();
    [[nodiscard]] bool busy() const { return !jobs_.empty(); }
    [[nodiscard]] bool failed() const { return failed_; }

private:
    struct Job {
        LogIndex index;
        FreshFile file;
        OpId directory_sync;
    };

    PartitionId partition_;
    DiskIdentity identity_;
    Disk& disk_;
    OpIds& ops_;
    std::vector<Job> jobs_;  // in the order of writing
    std::optional<LogIndex> durable_;
    bool failed_ = false;
};

}  // namespace broker::wal
