// What an operation that reported an error leaves on the simulated disk.
//
// A write may be cut short, with an error or (its end is asked for again) without. A failed sync is
// the trap of the page cache: some of the pages it covered never reach the media, but they count as
// clean from then on. The cache shows the new bytes, no later sync covers them, and a power loss
// brings the old ones back (PostgreSQL's fsync errors of 2018; Rebello et al., ATC'20). A directory
// keeps its pending names: a journal tries again.
#include "sim/virtual_disk.h"

#include <algorithm>

namespace brokersim {

using broker::DiskDone;
using broker::DiskOutcome;

namespace {

constexpr std::uint64_t page = 4096;

/// A directory may need as much for a name. Where that is not free none is made.
constexpr std::uint64_t name_bytes = 512;

bool holds(const std::vector<std::uint32_t>& elements, std::uint32_t element) {
    return std::find(elements.begin(), elements.end(), element) != elements.end();
}

}  // namespace

DiskWork VirtualDisk::work_of(const Op& op) const {
    switch (op.kind) {
        case OpKind::create:
            return DiskWork::create;
        case OpKind::rename:
            return DiskWork::rename;
        case OpKind::sync:
            return DiskWork::sync;
        case OpKind::sync_dir:
            return DiskWork::sync_names;
        case OpKind::write:
            return op.offset + op.data.size() > inodes_[op.inode].allocated ? DiskWork::grow
                                                                            : DiskWork::write;
        case OpKind::read:
            return DiskWork::read;
        case OpKind::truncate:
        case OpKind::remove:
            break;
    }
    return DiskWork::free;
}

bool VirtualDisk::covers_anything(const Op& op) const {
    if (op.kind != OpKind::sync) {
        return false;
    }
    const std::vector<Piece>& pieces = inodes_[op.inode].pieces;
    return !pieces.empty() && pieces.front().sequence <= op.covers;
}

DiskDone VirtualDisk::carry_out(Op& op) {
    if (op.kind == OpKind::read) {
        broker::Result<Bytes> content = read_bytes(op.from, op.offset, op.length);
        if (content) {
            return {op.id, DiskOutcome::ok, 0, std::move(*content)};
        }
        bool const gone = content.error().code == broker::ErrorCode::not_found;
        return {op.id, gone ? DiskOutcome::not_found : DiskOutcome::io_error};
    }
    DiskStrike const strike = errors_.strike(work_of(op), op.inode, covers_anything(op));
    bool const fails = strike.outcome != DiskOutcome::ok;
    bool const late = fails && op.kind == OpKind::sync && strike.outcome == DiskOutcome::io_error &&
                      spec_.traits.sync_failure == SyncFailure::late;
    if (late) {
        fail_pages(op.inode, op.covers, BadPages::lied_about, strike.elements.front());
        DiskOutcome const outcome = report_owed(op.inode);
        inodes_[op.inode].owed = strike.elements;
        return {op.id, outcome};
    }
    if (fails) {
        fail(op);
        errors_.report(strike.elements);
        return {op.id, strike.outcome};
    }
    bool const makes_name = op.kind == OpKind::create || op.kind == OpKind::rename;
    if (spec_.capacity > 0 && makes_name && free_bytes() < name_bytes) {
        errors_.report({});
        return {op.id, DiskOutcome::no_space};
    }
    if (spec_.capacity > 0 && op.kind == OpKind::write && room_for(op) < op.data.size()) {
        std::uint64_t const choice = random_.below(3);
        write_part(op, std::min(part_of(op, choice), room_for(op)));
        errors_.report({});
        return {op.id, DiskOutcome::no_space};
    }
    if (op.kind == OpKind::sync) {
        return {op.id, sync_done(op)};
    }
    std::uint64_t missing = 0;
    if (op.kind == OpKind::write && errors_.any()) {
        missing = errors_.cut_short(FaultKind::short_write, op.data.size(), short_random_);
        op.data.resize(op.data.size() - missing);
    }
    perform(op);
    if (op.kind == OpKind::write && errors_.any()) {
        write_back(op.inode);
    }
    return {op.id, DiskOutcome::ok, missing};
}

DiskOutcome VirtualDisk::sync_done(Op& op) {
    bool const undone =
        !inodes_[op.inode].owed.empty() && spec_.traits.sync_failure == SyncFailure::rolls_back;
    if (undone) {
        roll_back(op.inode, op.covers);
    } else {
        perform(op);
    }
    return report_owed(op.inode);
}

DiskOutcome VirtualDisk::report_owed(std::uint32_t inode) {
    std::vector<std::uint32_t>& own = inodes_[inode].owed;
    if (own.empty() && owed_.empty()) {
        return DiskOutcome::ok;
    }
    own.insert(own.end(), owed_.begin(), owed_.end());
    errors_.report(own);
    own.clear();
    owed_.clear();
    return DiskOutcome::io_error;
}

bool VirtualDisk::owes_error(std::uint32_t element) const {
    return holds(owed_, element) ||
           std::any_of(inodes_.begin(), inodes_.end(),
                       [=](const Inode& file) { return holds(file.owed, element); });
}

bool VirtualDisk::forgave_error(std::uint32_t element) const {
    return holds(forgiven_, element);
}

void VirtualDisk::mend() {
    spec_.capacity = 0;
    lies_.stop(nobody);
}

std::uint64_t VirtualDisk::free_bytes() const {
    std::uint64_t used = 0;
    for (const Inode& file : inodes_) {
        used += file.allocated;
    }
    return spec_.capacity - std::min(used, spec_.capacity);
}

std::uint64_t VirtualDisk::room_for(const Op& op) const {
    // Bytes of the write that need no further space, and as many as there is space for.
    std::uint64_t const allocated = inodes_[op.inode].allocated;
    return (allocated > op.offset ? allocated - op.offset : 0) + free_bytes();
}

void VirtualDisk::write_back(std::uint32_t inode) {
    std::vector<std::uint32_t> const struck = errors_.strike_writeback();
    if (struck.empty()) {
        return;
    }
    // Where failures roll back, that is done by the sync that reports them.
    if (spec_.traits.sync_failure != SyncFailure::rolls_back) {
        fail_pages(inode, sequence_, BadPages::poisoned, nobody);
    }
    std::vector<std::uint32_t>& owed = inodes_[inode].owed;
    owed.insert(owed.end(), struck.begin(), struck.end());
}

void VirtualDisk::roll_back(std::uint32_t inode, std::uint64_t covers) {
    Inode& file = inodes_[inode];
    std::erase_if(file.pieces, [=](const Piece& piece) { return piece.sequence <= covers; });
    file.cache = file.durable;
    file.cache_size = file.durable_size;
    for (const Piece& piece : file.pieces) {
        if (piece.is_truncate) {
            resize(file.cache, file.cache_size, piece.offset);
        } else {
            apply(file.cache, file.cache_size, piece.offset, piece.data);
        }
    }
    watcher_.reverted(node_, inode, file.cache);
    rolled_back_ = true;
}

void VirtualDisk::fail(Op& op) {
    if (op.kind == OpKind::write) {
        std::uint64_t const choice = random_.below(3);
        write_part(op, part_of(op, choice));
    } else if (op.kind == OpKind::sync) {
        if (spec_.traits.sync_failure == SyncFailure::rolls_back) {
            roll_back(op.inode, op.covers);
        } else {
            fail_pages(op.inode, op.covers, BadPages::poisoned, nobody);
        }
    }
}

void VirtualDisk::fail_pages(std::uint32_t inode, std::uint64_t covers, BadPages bad_pages,
                             std::uint32_t element) {
    Inode& file = inodes_[inode];
    std::vector<Piece> covered;
    std::uint64_t pages = 0;
    for (Piece& piece : file.pieces) {
        if (piece.sequence <= covers) {
            pages += piece.is_truncate || piece.data.empty()
                         ? 0
                         : (piece.offset + piece.data.size() - 1) / page - piece.offset / page + 1;
            covered.push_back(std::move(piece));
        }
    }
    file.pieces.erase(file.pieces.begin(),
                      file.pieces.begin() + static_cast<std::ptrdiff_t>(covered.size()));
    // One page fails, or all that come from a drawn one on.
    bool const single = random_.below(2) == 0;
    std::uint64_t const first_bad = pages == 0 ? 0 : random_.below(pages);
    std::uint64_t number = 0;
    for (const Piece& piece : covered) {
        if (piece.is_truncate) {
            resize(file.durable, file.durable_size, piece.offset);
            continue;
        }
        bool whole = true;
        for (std::uint64_t at = 0; at < piece.data.size();) {
            std::uint64_t const border = page - (piece.offset + at) % page;
            std::uint64_t const length = std::min<std::uint64_t>(border, piece.data.size() - at);
            bool const bad = single ? number == first_bad : number >= first_bad;
            bool const lies = bad && bad_pages == BadPages::lied_about && !file.spared;
            ByteSpan const content = ByteSpan{piece.data}.subspan(at, length);
            if (lies) {
                lies_.tell(DiskLies::Lie{element, inode, piece.offset + at,
                                         durable_part(file, piece.offset + at, length)});
            }
            // Of term and vote nothing may be lost behind the back of who was told it is durable.
            bool const kept = !bad || bad_pages == BadPages::lied_about;
            if (kept) {
                apply(file.durable, file.durable_size, piece.offset + at, content);
            }
            whole = whole && kept;
            at += length;
            ++number;
        }
        // Of a piece that came through in part nothing is told: no frame across a gap counts.
        if (whole) {
            watcher_.durable(node_, inode, piece.offset, piece.data);
        }
    }
}

}  // namespace brokersim
