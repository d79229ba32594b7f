// Every submission is noted before it is passed on.
#include "sim/enumerate/recording_disk.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace brokersim::enumeration {
namespace {

FileId file_of(broker::FileHandle handle) {
    return handle.value() - 1;
}

}  // namespace

void RecordingDisk::note(const IoOp& op, ByteSpan data) {
    in_flight_.push_back(trace_.submit(op, data));
}

broker::FileHandle RecordingDisk::create(OpId op, std::string_view name) {
    broker::FileHandle const handle = other_.create(op, name);
    IoOp noted;
    noted.kind = IoKind::create;
    noted.id = op;
    noted.file = file_of(handle);
    noted.from = names_.id_of(name);
    note(noted);
    return handle;
}

void RecordingDisk::write(OpId op, broker::FileHandle file, std::uint64_t offset, ByteSpan data) {
    IoOp noted;
    noted.kind = IoKind::write;
    noted.id = op;
    noted.file = file_of(file);
    noted.offset = offset;
    note(noted, data);
    other_.write(op, file, offset, data);
}

void RecordingDisk::truncate(OpId op, broker::FileHandle file, std::uint64_t size) {
    IoOp noted;
    noted.kind = IoKind::truncate;
    noted.id = op;
    noted.file = file_of(file);
    noted.offset = size;
    note(noted);
    other_.truncate(op, file, size);
}

void RecordingDisk::sync(OpId op, broker::FileHandle file) {
    IoOp noted;
    noted.kind = IoKind::sync;
    noted.id = op;
    noted.file = file_of(file);
    note(noted);
    other_.sync(op, file);
}

void RecordingDisk::rename(OpId op, std::string_view from, std::string_view to) {
    IoOp noted;
    noted.kind = IoKind::rename;
    noted.id = op;
    noted.from = names_.id_of(from);
    noted.to = names_.id_of(to);
    note(noted);
    other_.rename(op, from, to);
}

void RecordingDisk::remove(OpId op, std::string_view name) {
    IoOp noted;
    noted.kind = IoKind::remove;
    noted.id = op;
    noted.from = names_.id_of(name);
    note(noted);
    other_.remove(op, name);
}

void RecordingDisk::sync_dir(OpId op) {
    IoOp noted;
    noted.kind = IoKind::sync_dir;
    noted.id = op;
    note(noted);
    other_.sync_dir(op);
}

void RecordingDisk::completed(OpId op) {
    auto const at = std::find_if(in_flight_.begin(), in_flight_.end(),
                                 [&](std::uint32_t place) { return trace_.ops()[place].id == op; });
    CHECK(at != in_flight_.end());
    trace_.complete(*at);
    in_flight_.erase(at);
}

}  // namespace brokersim::enumeration
