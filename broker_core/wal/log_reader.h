// Entries read back from the log's files, while the log goes on.
//
// What comes back is believed only if it is the frame that was written: valid for its place, whole,
// and of the very index and term that the log put there. A reading may go wrong once where the
// media are right, or fail once; so it is tried again, a few times. What stays wrong is damage: a
// disk that lost what it had promised is not believed in anything else, and the log fails.
// A reading may also bring less than it was asked for; the rest is asked for again.
#pragma once

#include "broker_core/base/probes.h"
#include "broker_core/env/disk.h"
#include "broker_core/wal/places.h"
#include "broker_core/wal/recovery.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace broker::wal {

/// The outcome of one reading: entries that follow each other, payloads byte for byte as they were
/// appended; none if their segment was removed meanwhile.
struct EntriesRead {
    std::uint64_t number = 0;  // of LogReader::begin()
    std::vector<RecoveredEntry> entries;
};

class LogReader {
public:
    /// How often one range is read before what is wrong with it is damage.
    static constexpr std::uint32_t attempts_max = 3;

    /// The references must outlive the reader.
    LogReader(PartitionId partition, Disk& disk, OpIds& ops, Probes& probes)
        : partition_{partition}, disk_{disk}, ops_{ops}, probes_{probes} {}

    /// Submits a reading of the entries from `first` on: those of one segment, up to `last`, with
    /// frames of max_bytes together, but at least one. The places must hold first..last. Returns
    /// its number.
    std::uint64_t begin(Places& places, LogIndex first, LogIndex last, std::uint64_t max_bytes);
    /// Returns whether the operation was this reader's.
    bool on_disk_done(const DiskDone& done);
    /// Something stayed wrong: see above.
    [[nodiscard]] bool failed() const { return failed_; }
    /// A segment that was not there any more; the caller knows whether that may be.
    [[nodiscard]] std::optional<SegmentId> take_missing();
    /// Readings that are over, in the order in which they ended.
    [[nodiscard]] std::vector<EntriesRead> take_done();

private:
    struct Reading {
        std::uint64_t number = 0;
        OpId op;  // in flight
        LogIndex first;
        std::vector<FramePlace> places;  // of first, and what follows; all of one segment
        Bytes bytes;                     // from the first frame on, as far as they came
        std::uint32_t attempts = 0;
    };

    [[nodiscard]] static std::uint64_t wanted(const Reading& reading);
    void submit(Reading& reading);
    /// nullopt if anything is not as it was written.
    [[nodiscard]] static std::optional<std::vector<RecoveredEntry>> entries_of(
        const Reading& reading);
    /// Takes in what came; returns whether the reading is over.
    bool take(Reading& reading, const DiskDone& done);

    PartitionId partition_;
    Disk& disk_;
    OpIds& ops_;
    Probes& probes_;
    std::uint64_t begun_ = 0;
    std::vector<Reading> readings_;  // in flight
    std::vector<EntriesRead> done_;
    std::optional<SegmentId> missing_;
    bool failed_ = false;
};

}  // namespace broker::wal
