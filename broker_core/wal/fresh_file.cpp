// The phases of a file that appears at once.
#include "broker_core/wal/fresh_file.h"

#include "broker_core/base/check.h"

namespace broker::wal {

OpId FreshFile::submit() {
    OpId const op = ops_->draw();
    if (submitted_ == 0) {
        first_ = op;
    }
    CHECK(op == first_ + submitted_);
    ++submitted_;
    return op;
}

void FreshFile::begin() {
    CHECK(phase_ == Phase::idle);
    phase_ = Phase::writing;
    OpId const op = submit();
    handle_ = disk_->create(op, name_ + std::string{temporary_suffix});
}

void FreshFile::write(std::uint64_t offset, ByteSpan data) {
    CHECK(phase_ == Phase::writing);
    CHECK(!sealed_);
    OpId const op = submit();
    parts_.push_back(Part{op, offset, Bytes{data.begin(), data.end()}});
    disk_->write(op, handle_, offset, data);
}

void FreshFile::truncate(std::uint64_t size) {
    CHECK(phase_ == Phase::writing);
    CHECK(!sealed_);
    OpId const op = submit();
    disk_->truncate(op, handle_, size);
}

void FreshFile::seal() {
    CHECK(phase_ == Phase::writing);
    sealed_ = true;
    maybe_sync();
}

void FreshFile::maybe_sync() {
    if (!sealed_ || completed_ < submitted_) {
        return;
    }
    phase_ = Phase::syncing;
    submitted_ = 0;
    completed_ = 0;
    OpId const op = submit();
    disk_->sync(op, handle_);
}

void FreshFile::rename() {
    CHECK(phase_ == Phase::prepared);
    phase_ = Phase::renaming;
    submitted_ = 0;
    completed_ = 0;
    OpId const op = submit();
    disk_->rename(op, name_ + std::string{temporary_suffix}, name_);
}

bool FreshFile::continues(const DiskDone& done) {
    if (done.missing == 0 || done.outcome != DiskOutcome::ok) {
        return false;
    }
    for (Part& part : parts_) {
        if (part.op == done.op) {
            CHECK(done.missing < part.data.size());
            std::uint64_t const happened = part.data.size() - done.missing;
            part.offset += happened;
            part.data.erase(part.data.begin(),
                            part.data.begin() + static_cast<std::ptrdiff_t>(happened));
            part.op = ops_->draw();
            disk_->write(part.op, handle_, part.offset, part.data);
            return true;
        }
    }
    return false;
}

bool FreshFile::on_disk_done(const DiskDone& done) {
    if (continues(done)) {
        return true;
    }
    bool const wrote =
        std::erase_if(parts_, [&](const Part& part) { return part.op == done.op; }) > 0;
    if (!wrote && (submitted_ == 0 || done.op < first_ || done.op >= first_ + submitted_)) {
        return false;
    }
    if (done.outcome != DiskOutcome::ok) {
        failed_ = true;
        return true;
    }
    ++completed_;
    CHECK(completed_ <= submitted_);
    if (completed_ < submitted_) {
        return true;
    }
    switch (phase_) {
        case Phase::writing:
            maybe_sync();
            break;
        case Phase::syncing:
            phase_ = Phase::prepared;
            submitted_ = 0;
            break;
        case Phase::renaming:
            phase_ = Phase::renamed;
            submitted_ = 0;
            break;
        case Phase::idle:
        case Phase::prepared:
        case Phase::renamed:
            CHECK(false);
            break;
    }
    return true;
}

}  // namespace broker::wal
