// The errors that one simulated disk reports while faults are in force, and who gets the credit.
//
// An error strikes operations of its kind as they complete: the next one, or all of them until it
// is lifted. What a failed operation leaves on the disk is the disk's matter, and so is whether it
// is reported at once: some errors show at a later sync only.
#pragma once

#include "broker_core/base/random.h"
#include "broker_core/env/disk.h"
#include "faults/fault.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace brokersim {

/// Operations, as far as errors tell them apart.
enum class DiskWork : std::uint8_t {
    write,  // into space that the file has
    grow,   // a write that needs further space
    sync,   // of a file
    sync_names,
    create,
    rename,
    read,
    free,  // needs neither space nor media: never struck
};
inline constexpr std::size_t disk_work_count = 8;

struct DiskError {
    std::uint32_t element = 0;
    FaultKind kind = FaultKind::write_error;  // or any other of these in faults/disk_errors.cpp
    FullAt full_at = FullAt::any;             // disk_full
    Strikes strikes = Strikes::once;
    During during = During::sync;  // sync_error
    std::uint32_t nth = 1;         // sync_error: the nth sync of a file, from when it is added on
};

/// What strikes one operation.
struct DiskStrike {
    broker::DiskOutcome outcome = broker::DiskOutcome::ok;
    std::vector<std::uint32_t> elements;  // behind it; each alone would have sufficed
};

class DiskErrors {
public:
    void add(const DiskError& error) { errors_.push_back(Active{error, {}}); }
    void remove(std::uint32_t element);
    [[nodiscard]] bool any() const { return !errors_.empty(); }

    /// An operation of this kind completes, on this file if it has one: what strikes it.
    /// covers: of a sync, whether there is anything that it should make durable.
    DiskStrike strike(DiskWork work, std::uint32_t inode, bool covers);
    /// A read or write of so many bytes comes to nothing behind some of them: how many bytes it
    /// lacks at its end, at least one and never all; 0: it is not struck.
    std::uint64_t cut_short(FaultKind kind, std::uint64_t length, broker::Random& random);
    /// A write completed, and is written back at once: who makes that fail.
    std::vector<std::uint32_t> strike_writeback();
    /// The node is told of an error: these elements took effect.
    void report(const std::vector<std::uint32_t>& elements);
    /// What these elements did came to light without an error.
    void mark_effective(const std::vector<std::uint32_t>& elements);
    /// How many operations the kind of error could have struck so far.
    [[nodiscard]] std::uint64_t chances(FaultKind kind, FullAt full_at) const;
    /// The same of a sync error: if it strikes in writeback, syncs that had anything to write; if
    /// it waits for an nth sync, the files that had so many while it was in force.
    [[nodiscard]] std::uint64_t sync_chances(const DiskError& error) const;
    /// Errors reported so far.
    [[nodiscard]] std::uint64_t reported() const { return reported_; }
    /// Elements that struck since the last call.
    std::vector<std::uint32_t> take_effective();

private:
    struct Count {
        std::uint32_t inode = 0;
        std::uint32_t syncs = 0;
    };
    struct Active {
        DiskError error;
        std::vector<Count> counts;  // if it waits for an nth sync
    };
    static bool is_turn(Active& active, std::uint32_t inode);
    static bool strikes(Active& active, DiskWork work, std::uint32_t inode, bool covers);

    std::vector<Active> errors_;
    std::array<std::uint64_t, disk_work_count> met_{};  // operations, by kind
    std::array<std::uint64_t, disk_work_count> failed_{};
    std::uint64_t covering_syncs_ = 0;  // of these, syncs with something to write
    std::vector<std::uint32_t> effective_;
    std::uint64_t reported_ = 0;
};

}  // namespace brokersim
