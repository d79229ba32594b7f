// What an operation that reported an error leaves on the simulated disk.
//
// A failed write may have happened in part. A failed sync is the trap of the page cache: some of
// the pages it covered never reach the media, but they count as clean from then on. The cache shows
// the new bytes, no later sync covers them, and a power loss brings the old ones back (PostgreSQL's
// fsync errors of 2018; Rebello et al., ATC'20). A directory keeps its pending names: a journal
// tries again.
#include "broker_core/base/check.h"
#include "sim/virtual_disk.h"

#include <algorithm>

namespace brokersim {
namespace {

constexpr std::uint64_t page = 4096;

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
        case OpKind::truncate:
        case OpKind::remove:
            break;
    }
    return DiskWork::free;
}

void VirtualDisk::fail(Op& op) {
    if (op.kind == OpKind::write) {
        std::uint64_t const choice = random_.below(3);
        write_part(op, part_of(op, choice));
    } else if (op.kind == OpKind::sync) {
        fail_sync(op);
    }
}

void VirtualDisk::fail_sync(const Op& op) {
    Inode& file = inodes_[op.inode];
    std::vector<Piece> covered;
    std::uint64_t pages = 0;
    for (Piece& piece : file.pieces) {
        if (piece.sequence <= op.covers) {
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
            if (!bad) {
                apply(file.durable, file.durable_size, piece.offset + at,
                      ByteSpan{piece.data}.subspan(at, length));
            }
            whole = whole && !bad;
            at += length;
            ++number;
        }
        // Of a piece that came through in part nothing is told: no frame across a gap counts.
        if (whole) {
            watcher_.durable(node_, op.inode, piece.offset, piece.data);
        }
    }
}

}  // namespace brokersim
