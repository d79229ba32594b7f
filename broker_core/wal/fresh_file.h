// A new file that is either absent or whole after any crash: temporary name, write, sync, rename.
//
// The caller syncs the directory after the rename completed; before that the name is not durable.
#pragma once

#include "broker_core/env/disk.h"

#include <cstdint>
#include <string>
#include <vector>

namespace broker::wal {

inline constexpr std::string_view temporary_suffix = ".tmp";

class FreshFile {
public:
    /// `name`: the final one. Nothing happens before begin().
    FreshFile(std::string name, Disk& disk, OpIds& ops)
        : name_{std::move(name)}, disk_{&disk}, ops_{&ops} {}

    /// Creates the temporary file; write() and truncate() may follow in the same step, then seal().
    void begin();
    void write(std::uint64_t offset, ByteSpan data);
    void truncate(std::uint64_t size);
    /// No more writes: the sync is submitted once all of them completed.
    void seal();
    /// Requires prepared().
    void rename();

    /// Returns whether the operation was this file's.
    bool on_disk_done(const DiskDone& done);

    /// Written and synced under its temporary name.
    [[nodiscard]] bool prepared() const { return phase_ >= Phase::prepared; }
    [[nodiscard]] bool rename_submitted() const { return phase_ >= Phase::renaming; }
    [[nodiscard]] bool renamed() const { return phase_ == Phase::renamed; }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] FileHandle handle() const { return handle_; }

private:
    enum class Phase : std::uint8_t { idle, writing, syncing, prepared, renaming, renamed };

    /// A write in flight; of one that was cut short, what is left of it.
    struct Part {
        OpId op;
        std::uint64_t offset = 0;
        Bytes data;
    };

    OpId submit();
    /// Whether the operation was a write that was cut short, and its rest is on its way.
    bool continues(const DiskDone& done);
    void maybe_sync();

    std::string name_;
    Disk* disk_;
    OpIds* ops_;
    FileHandle handle_;
    Phase phase_ = Phase::idle;
    std::vector<Part> parts_;
    // The operations of one phase have consecutive ids: first_ .. first_ + submitted_ - 1. Only
    // rests of writes have others.
    OpId first_;
    std::uint64_t submitted_ = 0;
    std::uint64_t completed_ = 0;  // Invariant: completed_ <= submitted_.
    bool sealed_ = false;
    bool failed_ = false;
};

}  // namespace broker::wal
