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

bool could_strike(FaultKind kind, FullAt full_at, DiskWork work) {
    if (kind == FaultKind::disk_full) {
        return is_full_at(full_at, work);
    }
    if (kind == FaultKind::write_error || kind == FaultKind::short_write) {
        return work == DiskWork::write || work == DiskWork::grow;
    }
    if (kind == FaultKind::sync_error) {
        return work == DiskWork::sync || work == DiskWork::sync_names;
    }
    bool const reads = kind == FaultKind::read_error || kind == FaultKind::short_read;
    return reads && work == DiskWork::read;
}

/// Less happens than was asked for, and the operation says so.
bool is_no_error(FaultKind kind) {
    return kind == FaultKind::short_write || kind == FaultKind::short_read;
}

}  // namespace

void DiskErrors::remove(std::uint32_t element) {
    std::erase_if(errors_, [=](const Active& one) { return one.error.element == element; });
}

bool DiskErrors::is_turn(Active& active, std::uint32_t inode) {
    if (active.error.nth <= 1) {
        return true;
    }
    auto at = std::find_if(active.counts.begin(), active.counts.end(),
                           [=](const Count& count) { return count.inode == inode; });
    if (at == active.counts.end()) {
        at = active.counts.insert(at, Count{inode, 0});
    }
    ++at->syncs;
    return at->syncs >= active.error.nth;
}

bool DiskErrors::strikes(Active& active, DiskWork work, std::uint32_t inode, bool covers) {
    const DiskError& error = active.error;
    if (!could_strike(error.kind, error.full_at, work) || is_no_error(error.kind)) {
        return false;
    }
    if (error.kind != FaultKind::sync_error) {
        return true;
    }
    bool const writeback = error.during == During::writeback;
    bool const counts = work == DiskWork::sync && (covers || !writeback);
    // A directory is no file of which syncs are counted.
    return counts ? is_turn(active, inode) : !writeback && error.nth <= 1;
}

DiskStrike DiskErrors::strike(DiskWork work, std::uint32_t inode, bool covers) {
    ++met_[static_cast<std::size_t>(work)];
    covering_syncs_ += covers ? 1U : 0U;
    DiskStrike strike;
    // Of several that strike at once the first one is reported.
    std::erase_if(errors_, [&](Active& active) {
        if (!strikes(active, work, inode, covers)) {
            return false;
        }
        if (strike.outcome == broker::DiskOutcome::ok) {
            strike.outcome = active.error.kind == FaultKind::disk_full
                                 ? broker::DiskOutcome::no_space
                                 : broker::DiskOutcome::io_error;
        }
        strike.elements.push_back(active.error.element);
        return active.error.strikes == Strikes::once;
    });
    failed_[static_cast<std::size_t>(work)] += strike.outcome == broker::DiskOutcome::ok ? 0U : 1U;
    return strike;
}

std::uint64_t DiskErrors::cut_short(FaultKind kind, std::uint64_t length, broker::Random& random) {
    if (length < 2) {
        return 0;
    }
    bool struck = false;
    std::erase_if(errors_, [&](const Active& active) {
        if (active.error.kind != kind) {
            return false;
        }
        struck = true;
        effective_.push_back(active.error.element);
        return active.error.strikes == Strikes::once;
    });
    return struck ? 1 + random.below(length - 1) : 0;
}

std::vector<std::uint32_t> DiskErrors::strike_writeback() {
    std::vector<std::uint32_t> struck;
    std::erase_if(errors_, [&](const Active& active) {
        const DiskError& error = active.error;
        if (error.kind != FaultKind::sync_error || error.during != During::writeback ||
            error.nth > 1) {
            return false;
        }
        struck.push_back(error.element);
        return error.strikes == Strikes::once;
    });
    return struck;
}

void DiskErrors::report(const std::vector<std::uint32_t>& elements) {
    ++reported_;
    mark_effective(elements);
}

void DiskErrors::mark_effective(const std::vector<std::uint32_t>& elements) {
    effective_.insert(effective_.end(), elements.begin(), elements.end());
}

std::uint64_t DiskErrors::sync_chances(const DiskError& error) const {
    if (error.nth <= 1) {
        return error.during == During::writeback ? covering_syncs_
                                                 : chances(error.kind, error.full_at);
    }
    std::uint64_t files = 0;
    for (const Active& active : errors_) {
        for (const Count& count : active.counts) {
            files += active.error.element == error.element && count.syncs >= error.nth ? 1U : 0U;
        }
    }
    return files;
}

std::uint64_t DiskErrors::chances(FaultKind kind, FullAt full_at) const {
    std::uint64_t sum = 0;
    for (std::size_t work = 0; work < disk_work_count; ++work) {
        // What failed altogether cannot be cut short.
        std::uint64_t const met = met_[work] - (is_no_error(kind) ? failed_[work] : 0);
        sum += could_strike(kind, full_at, static_cast<DiskWork>(work)) ? met : 0;
    }
    return sum;
}

std::vector<std::uint32_t> DiskErrors::take_effective() {
    std::vector<std::uint32_t> taken;
    taken.swap(effective_);
    return taken;
}

}  // namespace brokersim
