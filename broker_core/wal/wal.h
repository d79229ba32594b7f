// The write-ahead log of one partition: appends frames, syncs in groups, opens promises once
// covered.
//
// Happy path: append() encodes the frame into the open group; the group closes when it is full or
// old and is written with one write; once that completed, a sync is submitted; its completion
// raises flushed() and opens every promise whose frames had been written before that sync was
// submitted. Promises on term and vote wait for the hard-state file in the same way.
// Durability: that is mode `fsync`. In the others an entry is stored once it is written, and syncs
// come later: in `write_cache` by time or bytes, in `none` only where something asks for one (the
// end of a segment, a cut, flush(), a promise that names the level). Power loss may then take
// stored entries, always a suffix of the log; terms and votes it never takes.
// Rotation: a frame that does not fit closes the group and begins the next segment, whose header
// states where this one ends. The new file is written under a temporary name; only when the old
// segment is wholly synced it is renamed and the directory synced, and only then is it appended to.
// Truncation: the frame that cuts a conflicting suffix is synced before any frame behind it is
// written; flushed() falls at once, and no sync in flight can raise it again.
// Compaction: once a base is durable that stands for a prefix of the log, whole segments within it
// are removed. Installation: a base from a leader replaces the whole log; once its name is durable
// whatever stood before is void, and a new chain of segments begins behind it.
// Reading: an entry that counts as stored can be read back from the files (log_reader.h).
// Failure modes: any write or sync error poisons the log: failed() holds for ever, no promise
// opens any more, and the node must stop. So does a reading that stays wrong. What power loss
// leaves, recovery.h decides.
#pragma once

#include "broker_core/base/probes.h"
#include "broker_core/base/sealed.h"
#include "broker_core/base/tuning.h"
#include "broker_core/env/disk.h"
#include "broker_core/wal/clean_mark.h"
#include "broker_core/wal/fresh_file.h"
#include "broker_core/wal/hard_state.h"
#include "broker_core/wal/log_reader.h"
#include "broker_core/wal/promise.h"
#include "broker_core/wal/recovery.h"

#include <deque>
#include <optional>
#include <vector>

namespace broker::wal {

/// What booting found; the machine above starts from it once the log is open.
struct Booted {
    Base base;                            // index 0: none
    std::vector<RecoveredEntry> entries;  // behind the base
    HardState hard_state;
    RecoveryReport report;
};

class Wal {
public:
    /// The references must outlive the log.
    Wal(const WalTuning& tuning, const DiskIdentity& identity, PartitionId partition, Disk& disk,
        OpIds& ops, Probes& probes);

    /// Reads what is on the disk and submits what makes it durable: hard state and tail move to
    /// fresh files. Nothing may be claimed before open().
    /// Errors: damaged, foreign (recovery.h); io_error. The disk is then left untouched.
    Result<Booted> boot();
    /// Whether all that boot() read is durable.
    [[nodiscard]] bool open() const { return boot_phase_ == BootPhase::open; }
    /// A write or sync failed, or a reading for good.
    [[nodiscard]] bool failed() const { return failed_; }
    /// Incarnations that reached service on this disk, this one included.
    [[nodiscard]] std::uint32_t boots() const { return hard_state_.boots(); }

    /// Appends the entry last_index() + 1. Requires open().
    void append(Time now, LogIndex index, Term term, bool control, ByteSpan payload);
    /// Removes every entry from `first` on; first <= last_index(). Promises on them are dropped.
    /// kept_term: term of the entry before, 0 if there is none.
    void truncate(Time now, LogIndex first, Term kept_term);
    /// Writes a base that stands for the log up to base.index <= flushed(), and then removes what
    /// it makes superfluous. Requires !compacting().
    void compact(const Base& base);
    /// Also while files are being removed: one of them may have the temporary name of a base.
    [[nodiscard]] bool compacting() const { return bases_.busy() || !removals_.empty(); }
    /// Replaces the whole log: it goes on behind the installed base. Promises that are held are
    /// dropped; flushed() reaches base.index once the base is durable.
    void install(const Base& base);
    /// Stores term and vote; the number is for Requirement. A new term drops the promises to peers
    /// that are still held: what they say belongs to a term that is over.
    std::uint64_t store(const HardState& state);
    /// Holds the reply until its requirement is met; at once if it is.
    void promise(const Requirement& requirement, Sealed<Reply> reply);
    /// Closes the open group now and asks for a sync of all there is. Appends nothing, discards
    /// nothing, and twice equals once.
    void flush();

    /// Begins to read entries back from the files: from `first` on, at least one, and as many of
    /// its segment as fit into max_bytes and are not behind `last`. Requires open() and behind the
    /// base: first <= last <= stored(). Output::read answers with the number that is returned.
    std::uint64_t read(LogIndex first, LogIndex last, std::uint64_t max_bytes);

    /// Writes the clean-shutdown mark once all is durable; returns whether it is durable as well.
    /// Nothing may be appended or stored afterwards.
    bool mark_clean();

    /// Returns whether the operation was this log's.
    bool on_disk_done(Time now, const DiskDone& done);
    /// Closes a group whose window is over and submits what may be submitted; the node calls it
    /// once at the end of each step.
    void finish_step(Time now);
    [[nodiscard]] Time next_deadline() const;

    [[nodiscard]] LogIndex last_index() const { return last_index_; }
    /// Everything up to here is durable. Falls only by truncation.
    [[nodiscard]] LogIndex flushed() const { return flushed_; }
    /// Everything up to here counts as stored by the durability mode. Falls only by truncation.
    [[nodiscard]] LogIndex stored() const {
        return tuning_.durability == Durability::fsync ? flushed_ : written_;
    }
    /// Whether all that was appended and stored is durable.
    [[nodiscard]] bool idle() const;
    /// Frames that were appended and do not count as stored yet.
    [[nodiscard]] std::uint64_t queued() const { return last_index_.value() - stored().value(); }
    /// Counters of this incarnation, for dashboards.
    struct Metrics {
        std::uint64_t written_bytes = 0;
        std::uint64_t syncs = 0;
        Duration sync_time;  // from submission to completion, summed
        Duration sync_time_max;
    };
    [[nodiscard]] const Metrics& metrics() const { return metrics_; }
    [[nodiscard]] bool has_open_group() const { return !open_group_.bytes.empty(); }

    /// What happened since the last call, for the caller to act on.
    struct Output {
        std::vector<Reply> opened;
        std::vector<ProducePart> dropped;  // their entries were cut: their promise never opens
        std::optional<DurableLog> stored;
        std::optional<DurableVote> vote;
        std::vector<EntriesRead> read;

        void clear() {
            opened.clear();
            dropped.clear();
            stored.reset();
            vote.reset();
            read.clear();
        }
    };
    /// Swaps the output into `into`, which must be empty; both keep their capacity.
    void take(Output& into);

private:
    /// Frames that go to the disk in one write. Closed groups wait in log order.
    struct Group {
        SegmentId segment;
        std::uint64_t offset = 0;      // of bytes[0] in its segment
        std::uint64_t last_frame = 0;  // offset of the last frame within bytes
        Bytes bytes;
        LogIndex last_index;  // highest live entry of this group or before it; lowered by cuts
        Term last_term;
        WalPosition end;
        std::uint32_t frames = 0;
        std::uint64_t size_bytes = 0;  // of the write; the buffer is gone once it completed
        Time opened_at;
        Time written_at;
        bool cut = false;                     // holds a truncation: later groups wait for its sync
        std::uint64_t hard_state_number = 0;  // durable before this group is written
        OpId write;                           // in flight; 0: not submitted, or completed
        bool submitted = false;
        bool written = false;
        bool covered = false;  // by a sync in flight
    };
    struct SyncInFlight {
        OpId op;
        Time submitted_at;
        std::uint64_t groups;  // counted from the front of groups_
    };
    struct Pending {
        Requirement requirement;
        Sealed<Reply> reply;
    };
    /// Where the next frame will be encoded.
    struct Cursor {
        SegmentHeader header;
        std::uint64_t size = 0;    // bytes this segment may grow to
        std::uint64_t offset = 0;  // end of the last frame
        std::uint32_t chain = 0;
    };
    /// A segment on its way to the disk; the one that receives writes stays in current_.
    struct SegmentFile {
        SegmentId id;
        FreshFile file;
        OpId directory_sync;  // in flight
        bool linked = false;  // its name is durable
        LogIndex first_index;
        LogIndex behind_base;  // waits for this installed base to be durable; 0: for none
    };
    /// An installed base on its way to the disk.
    struct Installing {
        Base base;
        std::uint64_t hard_state_number = 0;  // durable before it is written
        bool submitted = false;
    };
    /// The end of the log before the frame: where a segment begins that begins with it. Before a
    /// cut, as the cut may be lost with power while the segment stays.
    struct End {
        LogIndex index;
        Term term;
    };
    enum class BootPhase : std::uint8_t {
        closed,
        preparing_state,
        renaming_state,
        linking_state,
        renaming_segment,
        linking_segment,
        open,
    };

    std::uint64_t segment_size_for(std::uint64_t payload) const;
    SegmentFile make_segment(const SegmentHeader& header, std::uint64_t size, ByteSpan content);
    void begin_next_segment(std::uint64_t payload, End before);
    void encode(Time now, std::uint16_t flags, LogIndex index, Term term, End before,
                ByteSpan payload);
    void close_group();
    void pump();
    void submit_writes();
    [[nodiscard]] bool sync_due(const Group& first);
    void submit_syncs();
    void ask_for_sync() { sync_asked_ = cursor_.header.base + cursor_.offset; }
    void merge_written();
    void recycle(Bytes& bytes);
    void on_read_done();
    void advance_rotation();
    void advance_boot();
    void sync_boot_directory();
    void submit_base();
    void on_base_durable(LogIndex base);
    void remove_before_base();
    void remove(const std::string& name);
    void drop_promises(LogIndex kept);
    /// The write was cut short: asks for its last `missing` bytes again.
    void write_rest(Group& group, std::uint64_t missing);
    void on_write_done(Group& group);
    void on_sync_done(std::uint64_t groups);
    void raise_stored(LogIndex index, Term term);
    [[nodiscard]] bool met(const Requirement& requirement) const;
    void open_promises();

    WalTuning tuning_;
    DiskIdentity identity_;
    PartitionId partition_;
    Disk& disk_;
    OpIds& ops_;
    Probes& probes_;
    HardStateFile hard_state_;
    BaseFiles bases_;

    BootPhase boot_phase_ = BootPhase::closed;
    OpId boot_directory_sync_;
    bool boot_directory_synced_ = false;
    std::vector<std::string> stale_;
    std::vector<OpId> removals_;
    bool mark_found_ = false;  // a clean-shutdown mark, to be removed before the log opens
    OpId mark_removal_;
    CleanMarkFile clean_mark_;
    LogReader reader_;
    Places places_;

    Cursor cursor_;
    std::optional<SegmentFile> current_;  // receives writes
    std::deque<SegmentFile> next_;        // being created, in log order
    Group open_group_;                    // gathering frames
    std::deque<Group> groups_;            // closed, not yet durable
    std::vector<SyncInFlight> syncs_;
    std::uint32_t writes_in_flight_ = 0;
    std::vector<LinkedSegment> linked_;   // whose names are durable, in log order
    std::vector<SegmentFile> abandoned_;  // begun for a log that was replaced
    std::optional<Installing> installing_;
    std::vector<LogIndex> base_files_;  // on the disk, ascending; the last one counts
    Term base_term_;                    // of the last one
    std::vector<Bytes> spare_;          // buffers of finished groups, to be used again

    Generation generation_;  // cuts and installs
    // Invariant: flushed_ <= written_ <= last_index_.
    LogIndex last_index_;
    Term last_term_;
    LogIndex written_;
    LogIndex flushed_;
    WalPosition frontier_;    // log position known durable
    WalPosition sync_asked_;  // a sync up to here is wanted, whatever the mode
    bool failed_ = false;
    Time now_;  // of the event being handled

    std::vector<Pending> pending_;
    bool promises_may_open_ = false;
    Metrics metrics_;
    Output output_;
};

}  // namespace broker::wal
