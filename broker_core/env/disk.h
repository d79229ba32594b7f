// Disk: what a node may ask of storage, and what it may believe afterwards.
//
// Submit and complete: an operation is submitted under an OpId and completes later as an event
// DiskDone with the same id, in any order. Listing and reading without an id are synchronous and
// belong to booting; whoever serves submits his reads like everything else.
//
// Durability contract, weaker than any file system we know, on purpose:
//  - A completed write is visible to later reads of this machine, also after the process died.
//    It is NOT durable: a power loss may keep all of it, none of it, or any subset of its
//    512-byte sectors, and a sector may itself be torn.
//    It may have been cut short without an error: then its end did not happen (DiskDone::missing).
//  - A completed sync(file) makes durable exactly the writes and truncates of that file that had
//    completed before the sync was SUBMITTED. Later ones wait for another sync.
//  - Names are separate from content: a created, renamed or removed name is durable only after a
//    sync_dir submitted after it completed. A file whose name was never made durable vanishes at
//    power loss, whatever of its content was synced.
//  - After a write or sync that reported an error nothing is known about the file's bytes, and a
//    later successful sync proves nothing about them (PostgreSQL fsync errors, 2018; ATC'20).
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace broker {

enum class DiskOutcome : std::uint8_t {
    ok,
    io_error,
    no_space,
    not_found,  // of a read: no file has that name
};

/// The completion of one submitted operation.
struct DiskDone {
    OpId op;
    DiskOutcome outcome;
    /// Of a write that reports no error: bytes at its end that did not happen, fewer than it has.
    /// Whoever needs them asks for them again (POSIX.1-2017, pwrite).
    std::uint64_t missing = 0;
    /// Of a read that reports no error: what was read.
    Bytes content = {};
};

/// The storage of one node: one flat directory. Names: [a-z0-9.-]{1,64}.
class Disk {
public:
    Disk() = default;
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    virtual ~Disk() = default;

    /// All names, ascending.
    virtual std::vector<std::string> list() = 0;
    /// Content from `offset` bytes on: all of it or less, but at least one byte if there is one.
    /// Errors: not_found; io_error if any sector cannot be read.
    virtual Result<Bytes> read(std::string_view name, std::uint64_t offset) = 0;
    /// The whole content, in as many readings as that takes. Errors: as read().
    Result<Bytes> read_all(std::string_view name) {
        Bytes content;
        for (;;) {
            Result<Bytes> part = read(name, content.size());
            if (!part || part->empty()) {
                return part ? Result<Bytes>{std::move(content)} : std::move(part);
            }
            if (content.empty()) {
                content = std::move(*part);
            } else {
                content.insert(content.end(), part->begin(), part->end());
            }
        }
    }

    /// Submits a read of `length` >= 1 bytes from `offset` on. It gives all of them or less, but at
    /// least one byte if there is one, as they stand at some instant before it completes.
    virtual void read(OpId op, std::string_view name, std::uint64_t offset,
                      std::uint64_t length) = 0;
    /// Creates an empty file (replacing one of that name) and opens it for writing. The handle
    /// stays valid through renames, until the incarnation ends.
    virtual FileHandle create(OpId op, std::string_view name) = 0;
    /// Writes `data` at `offset` bytes, extending the file if needed (a gap reads as zeros).
    virtual void write(OpId op, FileHandle file, std::uint64_t offset, ByteSpan data) = 0;
    /// Sets the size in bytes; new bytes read as zeros while the machine is up.
    virtual void truncate(OpId op, FileHandle file, std::uint64_t size) = 0;
    virtual void sync(OpId op, FileHandle file) = 0;
    /// Atomically gives the file called `from` the name `to`, replacing what stood there.
    virtual void rename(OpId op, std::string_view from, std::string_view to) = 0;
    virtual void remove(OpId op, std::string_view name) = 0;
    virtual void sync_dir(OpId op) = 0;
};

/// Hands out the ids of one incarnation's operations.
class OpIds {
public:
    /// start: ids are start + 1, start + 2, ...; so that several users of one disk do not meet.
    explicit OpIds(std::uint64_t start = 0) : last_{start} {}

    OpId draw() {
        ++last_;
        return last_;
    }

private:
    OpId last_;
};

}  // namespace broker
