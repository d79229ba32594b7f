// The simulated disk of one broker: page cache, media, names, and what a crash leaves of them.
//
// It keeps the contract of env/disk.h and uses every freedom that contract leaves. A file has its
// cached bytes, which the machine reads, and its durable bytes, which survive a power loss; writes
// that completed but are covered by no completed sync wait between the two as pieces, in the order
// of their completion. A sync is an interval: it covers exactly the pieces that were there when it
// was submitted, and makes them durable when it completes.
//
// Crashes: process (what completed stays cached and stays unsynced; each operation in flight may
// have happened wholly, in part, or not at all) and power (of the pieces that no completed sync
// covers, a drawn subset of 512-byte sectors survives, the last one perhaps torn inside; of the
// pending name operations a drawn subset).
#pragma once

#include "broker_core/base/random.h"
#include "broker_core/env/disk.h"
#include "faults/disk_profile.h"
#include "sim/disk_damage.h"
#include "sim/disk_errors.h"
#include "sim/disk_watcher.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokersim {

using broker::FileHandle;
using broker::OpId;

/// Time that operations take; set by the world, drawn per operation.
class DiskTimer {
public:
    DiskTimer() = default;
    DiskTimer(const DiskTimer&) = delete;
    DiskTimer& operator=(const DiskTimer&) = delete;
    virtual ~DiskTimer() = default;
    enum class Op : std::uint8_t { write, sync, name, read };
    /// Arranges that complete(slot) is called later.
    virtual void schedule(Op op, std::uint32_t slot) = 0;
};

/// What a power loss leaves of the pieces no sync covers (one shape per loss; independent coin
/// flips would almost never leave "all but one").
enum class SurvivalShape : std::uint8_t {
    drop_all,
    keep_all,
    prefix,       // the first so many
    suffix_only,  // the last so many: later data survives, earlier does not
    all_but_one,
    only_one,
    random_subset,
    // Never drawn: for who goes through all of them.
    first_torn,  // half of the first sector
    last_torn,   // all but half of the last one
};

/// What a power loss leaves of the name operations that no sync covers.
enum class NamesFate : std::uint8_t { drawn, kept, lost };

/// What becomes of bytes that a sync reported durable wrongly, or that share a sector with a write
/// that power cut short, where the profile lets it spoil them.
enum class LieFate : std::uint8_t { come_true, lost };

/// What kind of disk it is.
struct DiskSpec {
    DiskTraits traits;
    std::uint64_t capacity = 0;  // bytes, 0: no limit
};

/// Names and contents, as a power loss that keeps all that is durable leaves them.
using DiskImage = std::vector<std::pair<std::string, Bytes>>;

struct CrashReport {
    std::uint64_t uncovered_bytes = 0;  // completed or in flight, covered by no completed sync
    std::uint64_t lost_bytes = 0;       // of these, gone
    std::uint64_t names_lost = 0;       // name operations that did not survive
    bool torn = false;                  // a sector survived in part
    bool lies_lost = false;             // something that a sync had reported durable is gone
    SurvivalShape shape = SurvivalShape::drop_all;
};

class VirtualDisk final : public broker::Disk {
public:
    VirtualDisk(std::uint64_t seed, std::uint32_t node, DiskTimer& timer, DiskWatcher& watcher,
                const DiskSpec& spec = {});

    // broker::Disk
    std::vector<std::string> list() override;
    broker::Result<Bytes> read(std::string_view name, std::uint64_t offset) override;
    void read(OpId op, std::string_view name, std::uint64_t offset, std::uint64_t length) override;
    FileHandle create(OpId op, std::string_view name) override;
    void write(OpId op, FileHandle file, std::uint64_t offset, ByteSpan data) override;
    void sync(OpId op, FileHandle file) override;
    void truncate(OpId op, FileHandle file, std::uint64_t size) override;
    void rename(OpId op, std::string_view from, std::string_view to) override;
    void remove(OpId op, std::string_view name) override;
    void sync_dir(OpId op) override;

    /// The operation in `slot` completes now.
    broker::DiskDone complete(std::uint32_t slot);

    /// The process dies. Operations in flight happen in part, as drawn.
    CrashReport crash_process();
    /// Power fails. `shape`: given, or drawn. With `lost` the media turn out to lack a drawn part,
    /// at least one sector, of what syncs lied about.
    CrashReport crash_power(std::optional<SurvivalShape> shape = std::nullopt,
                            LieFate lies = LieFate::come_true, NamesFate names = NamesFate::drawn);
    /// The whole disk is another one from here on. Requires that nothing is in flight.
    void replace(const DiskImage& image);
    [[nodiscard]] DiskImage image() const;

    /// The last `count` operations that were submitted never were: the process died before it could
    /// ask for them. None of them has completed.
    void retract(std::uint64_t count);

    /// Whether the element made pages fail and nobody was told yet.
    [[nodiscard]] bool owes_error(std::uint32_t element) const;
    /// Whether nobody will ever be told of some: their file is gone, or they were not lost.
    [[nodiscard]] bool forgave_error(std::uint32_t element) const;
    /// Whether a failed sync undid what the machine had written, since the last call.
    bool take_rolled_back() { return std::exchange(rolled_back_, false); }
    /// The profile gives way: there is space, and syncs tell the truth.
    void mend();

    [[nodiscard]] const DiskTraits& traits() const { return spec_.traits; }
    [[nodiscard]] bool write_in_flight() const { return writes_in_flight_ > 0; }
    [[nodiscard]] bool sync_in_flight() const { return syncs_in_flight_ > 0; }
    [[nodiscard]] std::uint32_t syncs_in_flight() const { return syncs_in_flight_; }
    /// The errors that it reports, and who caused them.
    [[nodiscard]] DiskErrors& errors() { return errors_; }
    [[nodiscard]] const DiskErrors& errors() const { return errors_; }
    [[nodiscard]] DiskDamage& damage() { return damage_; }
    [[nodiscard]] const DiskDamage& damage() const { return damage_; }
    [[nodiscard]] DiskLies& lies() { return lies_; }
    [[nodiscard]] const DiskLies& lies() const { return lies_; }
    /// The file of a name, as the machine sees it.
    [[nodiscard]] std::optional<std::uint32_t> inode_named(std::string_view name) const;
    /// Whether a file reads as something else than was written to it.
    [[nodiscard]] bool is_damaged() const;
    /// What syncs made durable of a file.
    [[nodiscard]] ByteSpan durable_bytes(std::uint32_t inode) const {
        return inodes_[inode].durable;
    }
    /// The same of every file there ever was; empty of those that are gone.
    [[nodiscard]] std::vector<Bytes> all_durable_bytes() const;
    /// Writes that syncs made durable so far, of files that lies are told about; and the newest of
    /// them that was there when power last failed and lies could be lost.
    [[nodiscard]] std::uint64_t synced_writes() const { return synced_writes_; }
    [[nodiscard]] std::uint64_t lossy_up_to() const { return lossy_up_to_; }
    /// Bytes that a power loss could take now.
    [[nodiscard]] std::uint64_t uncovered_bytes() const;
    [[nodiscard]] std::uint64_t submitted() const { return submitted_; }
    [[nodiscard]] std::uint64_t completed() const { return completed_; }
    /// Bytes of all files as a booting node would read them.
    [[nodiscard]] std::uint64_t image_bytes() const;
    [[nodiscard]] std::uint32_t files_count() const;

private:
    enum class OpKind : std::uint8_t {
        create,
        write,
        sync,
        truncate,
        rename,
        remove,
        sync_dir,
        read,
    };

    /// A change of content waiting for its sync.
    struct Piece {
        std::uint64_t sequence = 0;
        bool is_truncate = false;
        std::uint64_t offset = 0;  // truncate: the new size
        Bytes data;
    };
    struct Inode {
        Bytes cache;    // cached bytes; what lies between their end and cache_size reads as zeros
        Bytes durable;  // likewise
        std::uint64_t cache_size = 0;
        std::uint64_t durable_size = 0;
        std::uint64_t allocated = 0;      // behind the last byte ever written
        std::uint64_t synced = 0;         // synced_writes_ after its last write that a sync covered
        std::vector<Piece> pieces;        // ascending by sequence
        std::vector<std::uint32_t> owed;  // elements behind an error that the next sync reports
        std::uint32_t leads = 0;          // names that lead here, durable and pending ones included
        bool in_use = false;
        bool spared = false;  // no sync of it ever lies
    };
    struct NameOp {
        std::uint64_t sequence = 0;
        OpKind kind = OpKind::create;
        std::string from;  // create, remove: the name
        std::string to;
        std::uint32_t inode = 0;
    };
    struct Op {
        OpId id;
        std::uint64_t number = 0;  // of its submission
        OpKind kind = OpKind::write;
        std::uint32_t inode = 0;
        std::uint64_t offset = 0;  // truncate: the size
        std::uint64_t covers = 0;  // sync, sync_dir: sequences up to here
        std::uint64_t length = 0;  // read: bytes wanted
        Bytes data;
        std::string from;
        std::string to;
        bool in_use = false;
    };

    Op& submit(OpId id, OpKind kind, DiskTimer::Op timing);
    std::uint32_t inode_of(FileHandle file) const { return file.value() - 1; }
    [[nodiscard]] DiskWork work_of(const Op& op) const;
    [[nodiscard]] bool covers_anything(const Op& op) const;
    broker::DiskDone carry_out(Op& op);
    /// What a reading gives of at most `length` bytes, faults included.
    broker::Result<Bytes> read_bytes(std::string_view name, std::uint64_t offset,
                                     std::uint64_t length);
    broker::DiskOutcome sync_done(Op& op);
    void perform(Op& op);
    void fail(Op& op);
    /// The error that an earlier sync or a writeback left to this sync.
    broker::DiskOutcome report_owed(std::uint32_t inode);
    /// What the media hold of pages that did not get there, where the sync reports nothing.
    enum class BadPages : std::uint8_t { poisoned, lied_about };
    void fail_pages(std::uint32_t inode, std::uint64_t covers, BadPages bad, std::uint32_t element);
    void roll_back(std::uint32_t inode, std::uint64_t covers);
    void write_back(std::uint32_t inode);
    [[nodiscard]] std::uint64_t room_for(const Op& op) const;
    [[nodiscard]] std::uint64_t free_bytes() const;
    /// The first `count` pending name operations become durable.
    void commit_names(std::size_t count);
    void commit_names_of(std::uint32_t inode, std::uint64_t covers);
    /// The first `length` bytes of a write happen.
    void write_part(const Op& op, std::uint64_t length);
    /// How much of a write happens that was cut short: none (choice 0), up to a page border (1), or
    /// all (2).
    std::uint64_t part_of(const Op& op, std::uint64_t choice);
    void apply_to_cache(Inode& inode, std::uint64_t offset, ByteSpan data);
    static void apply(Bytes& bytes, std::uint64_t& size, std::uint64_t offset, ByteSpan data);
    static void resize(Bytes& bytes, std::uint64_t& size, std::uint64_t new_size);
    /// Gives the space of a file back that no name leads to any more, whatever happens.
    void release(std::uint32_t inode);
    void perform_name_op(NameOp op);
    /// `names` no longer has `name`.
    void unlink(std::map<std::string, std::uint32_t, std::less<>>& names, const std::string& name);
    /// Counts anew what leads where.
    void count_leads();
    void apply_name(std::map<std::string, std::uint32_t, std::less<>>& names, const NameOp& op);
    void make_durable(std::uint32_t inode, std::uint64_t up_to);
    void survive(SurvivalShape shape, LieFate lies, CrashReport& report);
    void spoil_sector(Inode& file, ByteSpan synced, std::uint64_t offset, std::uint64_t length,
                      LieFate lies, CrashReport& report);
    void survive_names(NamesFate fate, CrashReport& report);
    void forget_owed();
    void lose_lies(CrashReport& report);
    void tell_survivors();
    void lie_about(std::uint32_t inode, const Piece& piece);
    /// Zeros where there is nothing.
    static Bytes durable_part(const Inode& file, std::uint64_t offset, std::uint64_t length);
    /// Slots of what was submitted and has not completed, in the order of their ids.
    [[nodiscard]] std::vector<std::uint32_t> in_flight() const;
    void reset_in_flight();
    Bytes recycled(ByteSpan content);
    void recycle(Bytes&& bytes);

    std::uint32_t node_;
    DiskTimer& timer_;
    DiskWatcher& watcher_;
    DiskSpec spec_;
    DiskErrors errors_;
    DiskDamage damage_;
    DiskLies lies_;
    broker::Random random_;
    broker::Random lie_random_;
    broker::Random garbage_random_;
    broker::Random short_random_;
    std::vector<Inode> inodes_;
    std::map<std::string, std::uint32_t, std::less<>> names_;          // as the machine sees them
    std::map<std::string, std::uint32_t, std::less<>> durable_names_;  // as power loss leaves them
    std::vector<NameOp> pending_names_;                                // ascending by sequence
    std::vector<std::uint32_t> owed_;      // errors that a former incarnation was not told of
    std::vector<std::uint32_t> forgiven_;  // and those that nobody will ever be told of
    std::vector<Op> ops_;
    std::vector<std::uint32_t> free_ops_;
    std::vector<Bytes> spare_;
    std::uint64_t sequence_ = 0;
    std::uint64_t submitted_ = 0;
    std::uint64_t completed_ = 0;
    std::uint64_t synced_writes_ = 0;
    std::uint64_t lossy_up_to_ = 0;
    std::uint64_t settled_up_to_ = 0;  // synced_writes_ when power failed last: true or lost
    bool rolled_back_ = false;
    std::uint32_t writes_in_flight_ = 0;
    std::uint32_t syncs_in_flight_ = 0;
};

}  // namespace brokersim
