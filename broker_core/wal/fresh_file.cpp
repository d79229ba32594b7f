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

bool FreshFile::on_disk_done(const DiskDone& done) {
    if (submitted_ == 0 || done.op < first_ || done.op >= first_ + submitted_) {
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
