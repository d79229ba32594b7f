// System calls, and what their errors mean to a log.
#include "broker_core/posix/posix_disk.h"

#include "broker_core/base/check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace broker::posix {
namespace {

constexpr char private_prefix = '+';
constexpr mode_t file_mode = 0644;

/// Calls again what a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) {
        result = call();
    }
    return result;
}

int error_of(int result) {
    return result < 0 ? errno : 0;
}

DiskOutcome outcome_of(int error) {
    if (error == 0) {
        return DiskOutcome::ok;
    }
    return error == ENOSPC || error == EDQUOT ? DiskOutcome::no_space : DiskOutcome::io_error;
}

/// A name of the seam: [a-z0-9.-]{1,64}, and none of the two that every directory has.
bool is_name(std::string_view name) {
    constexpr std::size_t name_bytes_max = 64;
    bool const legal = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
    return legal && !name.empty() && name.size() <= name_bytes_max && name != "." && name != "..";
}

/// Closes a descriptor when the scope ends.
class Closer {
public:
    explicit Closer(int descriptor) : descriptor_{descriptor} {}
    Closer(const Closer&) = delete;
    Closer& operator=(const Closer&) = delete;
    ~Closer() { ::close(descriptor_); }

private:
    int descriptor_;
};

}  // namespace

Result<std::unique_ptr<PosixDisk>> PosixDisk::open(std::string directory) {
    int const descriptor = uninterrupted(
        [&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) {
        return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io_error,
                    "disk: open directory");
    }
    std::unique_ptr<PosixDisk> disk{new PosixDisk{std::move(directory), descriptor}};
    disk->remove_private_names();
    return disk;
}

PosixDisk::~PosixDisk() {
    for (const File& file : files_) {
        if (file.descriptor >= 0) {
            ::close(file.descriptor);
        }
    }
    ::close(directory_descriptor_);
}

std::vector<std::string> PosixDisk::all_names() const {
    std::vector<std::string> names;
    DIR* const stream = ::opendir(directory_.c_str());
    if (stream == nullptr) {
        return names;
    }
    while (const dirent* const row = ::readdir(stream)) {
        names.emplace_back(row->d_name);
    }
    ::closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

void PosixDisk::remove_private_names() {
    for (const std::string& name : all_names()) {
        if (name.front() == private_prefix) {
            ::unlinkat(directory_descriptor_, name.c_str(), 0);
        }
    }
}

std::vector<std::string> PosixDisk::list() {
    std::vector<std::string> names = all_names();
    std::erase_if(names, [](const std::string& name) { return !is_name(name); });
    return names;
}

Result<Bytes> PosixDisk::read(std::string_view name, std::uint64_t offset) {
    return read_bytes(name, offset, UINT64_MAX);
}

void PosixDisk::read(OpId op, std::string_view name, std::uint64_t offset, std::uint64_t length) {
    CHECK(is_name(name));
    pending_.push_back(Op{op, Kind::read, {}, offset, {}, std::string{name}, {}, length});
}

Result<Bytes> PosixDisk::read_bytes(std::string_view name, std::uint64_t offset,
                                    std::uint64_t length) const {
    CHECK(is_name(name));
    std::string const path{name};
    int const descriptor = uninterrupted(
        [&] { return ::openat(directory_descriptor_, path.c_str(), O_RDONLY | O_CLOEXEC); });
    if (descriptor < 0) {
        return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io_error, "disk: read");
    }
    Closer const closer{descriptor};
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) {
        return fail(ErrorCode::io_error, "disk: read");
    }
    auto const size = static_cast<std::uint64_t>(status.st_size);
    Bytes content(static_cast<std::size_t>(std::min(length, size - std::min(offset, size))));
    std::size_t done = 0;
    while (done < content.size()) {
        ssize_t const got = uninterrupted([&] {
            return ::pread(descriptor, content.data() + done, content.size() - done,
                           static_cast<off_t>(offset + done));
        });
        if (got <= 0) {
            return fail(ErrorCode::io_error, "disk: read");  // also a file that became shorter
        }
        done += static_cast<std::size_t>(got);
    }
    return content;
}

FileHandle PosixDisk::create(OpId op, std::string_view name) {
    CHECK(is_name(name));
    File file;
    // The file is there at once, without its name: writes may be submitted, and may complete,
    // before the create does.
    file.private_name = fmt::format("{}{}", private_prefix, files_.size() + 1);
    file.descriptor = uninterrupted([&] {
        return ::openat(directory_descriptor_, file.private_name.c_str(),
                        O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, file_mode);
    });
    file.error = error_of(file.descriptor);
    files_.push_back(std::move(file));
    FileHandle const handle{static_cast<std::uint32_t>(files_.size())};
    pending_.push_back(Op{op, Kind::create, handle, 0, {}, std::string{name}, {}});
    return handle;
}

void PosixDisk::write(OpId op, FileHandle file, std::uint64_t offset, ByteSpan data) {
    pending_.push_back(Op{op, Kind::write, file, offset, Bytes{data.begin(), data.end()}, {}, {}});
}

void PosixDisk::truncate(OpId op, FileHandle file, std::uint64_t size) {
    pending_.push_back(Op{op, Kind::truncate, file, size, {}, {}, {}});
}

void PosixDisk::sync(OpId op, FileHandle file) {
    pending_.push_back(Op{op, Kind::sync, file, 0, {}, {}, {}});
}

void PosixDisk::rename(OpId op, std::string_view from, std::string_view to) {
    CHECK(is_name(from));
    CHECK(is_name(to));
    pending_.push_back(Op{op, Kind::rename, {}, 0, {}, std::string{from}, std::string{to}});
}

void PosixDisk::remove(OpId op, std::string_view name) {
    CHECK(is_name(name));
    pending_.push_back(Op{op, Kind::remove, {}, 0, {}, std::string{name}, {}});
}

void PosixDisk::sync_dir(OpId op) {
    pending_.push_back(Op{op, Kind::sync_dir, {}, 0, {}, {}, {}});
}

DiskDone PosixDisk::complete(std::size_t place) {
    CHECK(place < pending_.size());
    auto const at = pending_.begin() + static_cast<std::ptrdiff_t>(place);
    Op const op = std::move(*at);
    pending_.erase(at);
    if (op.kind == Kind::read) {
        Result<Bytes> content = read_bytes(op.from, op.offset, op.length);
        if (content) {
            return DiskDone{op.id, DiskOutcome::ok, 0, std::move(*content)};
        }
        bool const gone = content.error().code == ErrorCode::not_found;
        return DiskDone{op.id, gone ? DiskOutcome::not_found : DiskOutcome::io_error};
    }
    return DiskDone{op.id, outcome_of(perform(op))};
}

int PosixDisk::perform(const Op& op) {
    switch (op.kind) {
        case Kind::rename:
            return error_of(::renameat(directory_descriptor_, op.from.c_str(),
                                       directory_descriptor_, op.to.c_str()));
        case Kind::remove: {
            // What is not there needs no removal: a crash may have been faster.
            int const error = error_of(::unlinkat(directory_descriptor_, op.from.c_str(), 0));
            return error == ENOENT ? 0 : error;
        }
        case Kind::sync_dir:
            return error_of(::fsync(directory_descriptor_));
        case Kind::read:
            CHECK(false);  // complete() sees to it
            break;
        case Kind::create:
        case Kind::write:
        case Kind::truncate:
        case Kind::sync:
            break;
    }
    CHECK(op.file.value() >= 1);
    CHECK(op.file.value() <= files_.size());
    const File& file = files_[op.file.value() - 1];
    if (file.error != 0) {
        return file.error;
    }
    if (op.kind == Kind::create) {
        return error_of(::renameat(directory_descriptor_, file.private_name.c_str(),
                                   directory_descriptor_, op.from.c_str()));
    }
    if (op.kind == Kind::write) {
        return write_all(file.descriptor, op);
    }
    if (op.kind == Kind::truncate) {
        return error_of(uninterrupted(
            [&] { return ::ftruncate(file.descriptor, static_cast<off_t>(op.offset)); }));
    }
    return error_of(::fsync(file.descriptor));  // not again: see the head of the header
}

int PosixDisk::write_all(int descriptor, const Op& op) {
    std::size_t done = 0;
    while (done < op.data.size()) {
        ssize_t const wrote = uninterrupted([&] {
            return ::pwrite(descriptor, op.data.data() + done, op.data.size() - done,
                            static_cast<off_t>(op.offset + done));
        });
        if (wrote < 0) {
            return errno;
        }
        if (wrote == 0) {
            return EIO;  // no progress and no reason
        }
        done += static_cast<std::size_t>(wrote);
    }
    return 0;
}

}  // namespace broker::posix
