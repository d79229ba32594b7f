// Recovery: what the files of one partition still prove after any crash.
//
// Order: base, segment chain, then frames. The chain is walked back from the segment with the
// largest id; each segment header states where its predecessor ends, and bytes behind that end are
// dead. It ends at the first segment of all, or where the base makes what lies before superfluous.
//
//   where the first bad frame is found                            | verdict
//   --------------------------------------------------------------+---------------------------
//   no segment begins at or before the entry behind the base      | damaged; base installed: void
//   the log lacks the last entry of the base                      | damaged; base installed: void
//   before the stated end of a segment that has a successor       | damaged: it was sealed
//   a segment named by its successor is missing, or its header bad| damaged
//   last segment, a later valid frame claims it durable (frontier)| damaged: it was promised
//   last segment, no such frame                                   | torn tail: cut here
//   last segment, nothing but zeros behind                        | clean end
//
// "Bad" is any of: header checksum (which covers place and length), payload checksum, chain,
// index not following, term falling. "Void": the leader's snapshot replaced a log that contradicts
// it or ends before it, and nothing of that log counts any more. What lies before the first bad
// frame but is not proven durable by a frontier may be in the page cache only; the log writes it
// again into a fresh segment before anything is claimed. Sources: the tail rule after leveldb's
// log_reader; telling a torn tail from damage after protocol-aware recovery (Alagappan et al.,
// FAST'18), with the durable frontier as witness.
#pragma once

#include "broker_core/base/result.h"
#include "broker_core/wal/base_file.h"
#include "broker_core/wal/frame.h"
#include "broker_core/wal/hard_state.h"
#include "broker_core/wal/places.h"

#include <cstdint>
#include <string>
#include <vector>

namespace broker::wal {

struct SegmentImage {
    std::string name;
    Bytes bytes;
};

struct RecoveredEntry {
    LogIndex index;
    Term term;
    bool control = false;
    Bytes payload;
    FramePlace place = {};  // where it was read
};

/// A frame to be written again, as flags, identity and payload.
struct CopiedFrame {
    std::uint16_t flags = 0;  // entry, truncate, control
    LogIndex index;
    Term term;
    Bytes payload;
};

/// A segment whose name is durable, and the first entry it may hold.
struct LinkedSegment {
    SegmentId id;
    LogIndex first_index;
};

struct RecoveryReport {
    PartitionId partition;
    std::uint64_t frames_kept = 0;    // in place, proven durable
    std::uint64_t frames_copied = 0;  // valid, not proven: written again
    std::uint64_t bytes_cut = 0;      // of the tail, up to the last byte that was not zero
    bool torn = false;                // the tail held anything at all
    std::uint64_t files_refused = 0;  // outside the chain, or never finished: removed
    bool clean_stop = false;          // a clean-shutdown mark named this very end
    bool replaced = false;            // the log was void: an installed base took its place
    LogIndex base;                    // last entry of the base; 0: none
};

struct RecoveredLog {
    std::vector<RecoveredEntry> entries;  // contiguous from behind the base, truncations replayed
    std::vector<LinkedSegment> segments;  // of the chain, in log order
    std::vector<CopiedFrame> copied;
    SegmentHeader fresh;             // header of the segment that continues the log
    std::vector<std::string> stale;  // names outside the chain, to be removed
    RecoveryReport report;
};

/// Reads the segments of one partition (any order, temporary files left out).
/// largest_id: the largest segment id seen on the disk, temporary files included.
/// Errors: damaged (see the table; nothing is changed), foreign (another cluster, node or disk).
Result<RecoveredLog> recover_log(const std::vector<SegmentImage>& segments,
                                 const DiskIdentity& identity, PartitionId partition,
                                 SegmentId largest_id, const Base& base = {});

}  // namespace broker::wal
