// Reading an image, noting operations.
#include "sim/enumerate/fork_disk.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace brokersim::enumeration {
namespace {

IoOp op_of(IoKind kind, OpId id) {
    IoOp op;
    op.kind = kind;
    op.id = id;
    return op;
}

}  // namespace

void ForkDisk::begin(const Image& image) {
    image_ = &image;
    next_file_ = image.next_file;
    trace_.clear();
    completed_ = 0;
}

std::vector<std::string> ForkDisk::list() {
    std::vector<std::string> names;
    names.reserve(image_->files.size());
    for (const ImageFile& file : image_->files) {
        names.push_back(names_.text(file.name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

broker::Result<Bytes> ForkDisk::read(std::string_view name, std::uint64_t offset) {
    for (const ImageFile& file : image_->files) {
        if (names_.text(file.name) == name) {
            CHECK(offset == 0 || offset == file.size);  // it never reads short
            Bytes content;
            if (offset == file.size) {
                return content;
            }
            content.reserve(file.size);
            content.assign(file.content.begin(), file.content.end());
            content.resize(file.size);
            return content;
        }
    }
    return broker::fail(broker::ErrorCode::not_found, "disk: read");
}

broker::FileHandle ForkDisk::create(OpId op, std::string_view name) {
    IoOp noted = op_of(IoKind::create, op);
    noted.file = next_file_;
    noted.from = names_.id_of(name);
    ++next_file_;
    trace_.submit(noted);
    return broker::FileHandle{next_file_};
}

void ForkDisk::write(OpId op, broker::FileHandle file, std::uint64_t offset, ByteSpan data) {
    IoOp noted = op_of(IoKind::write, op);
    noted.file = file.value() - 1;
    noted.offset = offset;
    trace_.submit(noted, data);
}

void ForkDisk::read(OpId op, std::string_view name, std::uint64_t offset, std::uint64_t length) {
    (void)op;
    (void)name;
    (void)offset;
    (void)length;
    CHECK(false);
}

void ForkDisk::truncate(OpId op, broker::FileHandle file, std::uint64_t size) {
    IoOp noted = op_of(IoKind::truncate, op);
    noted.file = file.value() - 1;
    noted.offset = size;
    trace_.submit(noted);
}

void ForkDisk::sync(OpId op, broker::FileHandle file) {
    IoOp noted = op_of(IoKind::sync, op);
    noted.file = file.value() - 1;
    trace_.submit(noted);
}

void ForkDisk::rename(OpId op, std::string_view from, std::string_view to) {
    IoOp noted = op_of(IoKind::rename, op);
    noted.from = names_.id_of(from);
    noted.to = names_.id_of(to);
    trace_.submit(noted);
}

void ForkDisk::remove(OpId op, std::string_view name) {
    IoOp noted = op_of(IoKind::remove, op);
    noted.from = names_.id_of(name);
    trace_.submit(noted);
}

void ForkDisk::sync_dir(OpId op) {
    trace_.submit(op_of(IoKind::sync_dir, op));
}

broker::DiskDone ForkDisk::complete() {
    std::uint32_t const place = completed_;
    ++completed_;
    trace_.complete(place);
    return broker::DiskDone{trace_.ops()[place].id, broker::DiskOutcome::ok};
}

}  // namespace brokersim::enumeration
