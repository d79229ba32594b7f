// Which error strikes which operation.
#include "sim/disk_errors.h"

#include <algorithm>

namespace brokersim {
namespace {

bool is_full_at(FullAt full_at, DiskWork work) {
    switch (work) {
        case DiskWork::grow:
            return full_at == FullAt::any || full_at == FullAt::write;
        case DiskWork::sync:  // space is given to written pages no earlier than here
            return full_at == FullAt::sync;
        case DiskWork::create:
            return full_at == FullAt::any || full_at == FullAt::create;
        case DiskWork::rename:
            return full_at == FullAt::any || full_at == FullAt::rename;
        case DiskWork::write:
        case DiskWork::sync_names:
        case DiskWork::read:
        case DiskWork::free:
            break;
    }
    return false;
}

bool strikes(FaultKind kind, FullAt full_at, DiskWork work) {
    if (kind == FaultKind::disk_full) {
        return is_full_at(full_at, work);
    }
    if (kind == FaultKind::write_error) {
        return work == DiskWork::write || work == DiskWork::grow;
    }
    if (kind == FaultKind::sync_error) {
        return work == DiskWork::sync || work == DiskWork::sync_names;
    }
    return kind == FaultKind::read_error && work == DiskWork::read;
}

}  // namespace

void DiskErrors::remove(std::uint32_t element) {
    std::erase_if(errors_, [=](const DiskError& error) { return error.element == element; });
}

broker::DiskOutcome DiskErrors::outcome(DiskWork work) {
    ++met_[static_cast<std::size_t>(work)];
    broker::DiskOutcome outcome = broker::DiskOutcome::ok;
    // Of several that strike at once the first one is reported; each alone would have sufficed.
    std::erase_if(errors_, [&](const DiskError& error) {
        if (!strikes(error.kind, error.full_at, work)) {
            return false;
        }
        if (outcome == broker::DiskOutcome::ok) {
            outcome = error.kind == FaultKind::disk_full ? broker::DiskOutcome::no_space
                                                         : broker::DiskOutcome::io_error;
        }
        effective_.push_back(error.element);
        return error.strikes == Strikes::once;
    });
    reported_ += outcome == broker::DiskOutcome::ok ? 0U : 1U;
    return outcome;
}

std::uint64_t DiskErrors::chances(FaultKind kind, FullAt full_at) const {
    std::uint64_t sum = 0;
    for (std::size_t work = 0; work < disk_work_count; ++work) {
        sum += strikes(kind, full_at, static_cast<DiskWork>(work)) ? met_[work] : 0;
    }
    return sum;
}

std::vector<std::uint32_t> DiskErrors::take_effective() {
    std::vector<std::uint32_t> taken;
    taken.swap(effective_);
    return taken;
}

}  // namespace brokersim
