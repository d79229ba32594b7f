// PosixDisk: env/disk.h on one directory of real files, by blocking system calls.
//
// An operation is queued when it is submitted and performed when complete() is called for it, so
// that whoever owns the loop decides where it blocks; completions have the order of these calls.
//
// A new file is made under a private name ("+1", which no name of the seam can be) and gets its own
// by a rename when its create completes. Opening with O_TRUNC instead would throw the bytes of a
// replaced file away before the new name is durable, and unlinking it first would leave a moment
// without either; both are weaker than the seam allows. What a crash leaves under private names is
// removed by the next disk on the directory.
//
// sync is fsync, sync_dir is fsync of the directory (POSIX.1-2017 leaves to the implementation what
// they reach; on Linux file systems the storage device is flushed, fsync(2)). A sync that failed is
// never repeated here: the kernel may have dropped the pages (Rebello et al., ATC'20).
#pragma once

#include "broker_core/env/disk.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace broker::posix {

class PosixDisk final : public Disk {
public:
    /// directory: exists, and nobody else writes in it. It is held open until the end.
    /// Errors: not_found (no such directory), io_error.
    static Result<std::unique_ptr<PosixDisk>> open(std::string directory);
    /// Operations that were not performed never happen.
    ~PosixDisk() override;

    // Disk
    std::vector<std::string> list() override;
    Result<Bytes> read(std::string_view name, std::uint64_t offset) override;
    void read(OpId op, std::string_view name, std::uint64_t offset, std::uint64_t length) override;
    FileHandle create(OpId op, std::string_view name) override;
    void write(OpId op, FileHandle file, std::uint64_t offset, ByteSpan data) override;
    void truncate(OpId op, FileHandle file, std::uint64_t size) override;
    void sync(OpId op, FileHandle file) override;
    void rename(OpId op, std::string_view from, std::string_view to) override;
    void remove(OpId op, std::string_view name) override;
    void sync_dir(OpId op) override;

    /// Operations submitted and not completed.
    [[nodiscard]] std::size_t pending() const { return pending_.size(); }
    /// Performs a pending operation, counted from the oldest one, and blocks until it is done.
    DiskDone complete(std::size_t place = 0);

private:
    enum class Kind : std::uint8_t {
        create,
        write,
        truncate,
        sync,
        rename,
        remove,
        sync_dir,
        read
    };
    struct Op {
        OpId id;
        Kind kind = Kind::sync;
        FileHandle file;
        std::uint64_t offset = 0;  // truncate: the size
        Bytes data;
        std::string from;  // create, remove, read: the name
        std::string to;
        std::uint64_t length = 0;  // read: bytes wanted
    };
    struct File {
        int descriptor = -1;
        int error = 0;  // errno of its making; every operation on it reports it
        std::string private_name;
    };

    PosixDisk(std::string directory, int descriptor)
        : directory_{std::move(directory)}, directory_descriptor_{descriptor} {}

    void remove_private_names();
    /// At most `length` bytes. Errors: not_found, io_error.
    [[nodiscard]] Result<Bytes> read_bytes(std::string_view name, std::uint64_t offset,
                                           std::uint64_t length) const;
    [[nodiscard]] std::vector<std::string> all_names() const;
    /// 0, or errno.
    int perform(const Op& op);
    static int write_all(int descriptor, const Op& op);

    std::string directory_;
    int directory_descriptor_;
    std::vector<File> files_;  // by handle - 1
    std::deque<Op> pending_;
};

}  // namespace broker::posix
