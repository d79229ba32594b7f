// The errors that one simulated disk reports while faults are in force, and who gets the credit.
//
// An error strikes operations of its kind as they complete: the next one, or all of them until it
// is lifted. What a failed operation leaves on the disk is the disk's matter.
#pragma once

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
    FaultKind kind = FaultKind::write_error;  // sync_error, write_error, read_error, disk_full
    FullAt full_at = FullAt::any;             // disk_full
    Strikes strikes = Strikes::once;
};

class DiskErrors {
public:
    void add(const DiskError& error) { errors_.push_back(error); }
    void remove(std::uint32_t element);
    [[nodiscard]] bool any() const { return !errors_.empty(); }

    /// An operation of this kind completes: its outcome.
    broker::DiskOutcome outcome(DiskWork work);
    /// How many operations the kind of error could have struck so far.
    [[nodiscard]] std::uint64_t chances(FaultKind kind, FullAt full_at) const;
    /// Errors reported so far.
    [[nodiscard]] std::uint64_t reported() const { return reported_; }
    /// Elements that struck since the last call.
    std::vector<std::uint32_t> take_effective();

private:
    std::vector<DiskError> errors_;
    std::array<std::uint64_t, disk_work_count> met_{};  // operations, by kind
    std::vector<std::uint32_t> effective_;
    std::uint64_t reported_ = 0;
};

}  // namespace brokersim
