// Operations of the simulated disk; what crashes leave is in crash_policy.cpp.
#include "sim/virtual_disk.h"

#include "broker_core/base/check.h"
#include "broker_core/wal/frame.h"

#include <algorithm>

namespace brokersim {

using broker::DiskDone;
using broker::DiskOutcome;
using broker::ErrorCode;

namespace {

constexpr std::uint32_t no_inode = UINT32_MAX;  // of an operation on a name, whatever it leads to

}  // namespace

VirtualDisk::VirtualDisk(std::uint64_t seed, std::uint32_t node, DiskTimer& timer,
                         DiskWatcher& watcher, const DiskSpec& spec)
    : node_{node},
      timer_{timer},
      watcher_{watcher},
      spec_{spec},
      random_{seed, "disk.crash", node},
      lie_random_{seed, "disk.lies", node},
      garbage_random_{seed, "disk.garbage", node},
      short_random_{seed, "disk.short", node} {
    if (spec_.traits.syncs_lie) {
        lies_.begin(nobody);
    }
}

std::vector<std::string> VirtualDisk::list() {
    std::vector<std::string> names;
    for (const auto& [name, inode] : names_) {
        names.push_back(name);
    }
    return names;
}

broker::Result<Bytes> VirtualDisk::read(std::string_view name, std::uint64_t offset) {
    return read_bytes(name, offset, UINT64_MAX);
}

broker::Result<Bytes> VirtualDisk::read_bytes(std::string_view name, std::uint64_t offset,
                                              std::uint64_t wanted) {
    auto const at = names_.find(name);
    if (at == names_.end()) {
        return broker::fail(ErrorCode::not_found, "disk: read");
    }
    const Inode& inode = inodes_[at->second];
    if (offset > 0 && offset >= inode.cache_size) {
        return Bytes{};  // the end: nothing that could fail
    }
    DiskStrike const strike = errors_.strike(DiskWork::read, at->second, false);
    if (strike.outcome != DiskOutcome::ok) {
        errors_.report(strike.elements);
        return broker::fail(ErrorCode::io_error, "disk: read");
    }
    std::uint64_t length = std::min(wanted, inode.cache_size - std::min(offset, inode.cache_size));
    if (errors_.any()) {
        length -= errors_.cut_short(FaultKind::short_read, length, short_random_);
    }
    auto const begin = std::min<std::uint64_t>(offset, inode.cache.size());
    auto const end = std::min<std::uint64_t>(offset + length, inode.cache.size());
    Bytes content{inode.cache.begin() + static_cast<std::ptrdiff_t>(begin),
                  inode.cache.begin() + static_cast<std::ptrdiff_t>(end)};
    content.resize(length);
    if (damage_.any() && !damage_.read(at->second, offset, content)) {
        return broker::fail(ErrorCode::io_error, "disk: a sector cannot be read");
    }
    return content;
}

std::optional<std::uint32_t> VirtualDisk::inode_named(std::string_view name) const {
    auto const at = names_.find(name);
    return at == names_.end() ? std::nullopt : std::optional{at->second};
}

bool VirtualDisk::is_damaged() const {
    return damage_.any() && std::any_of(names_.begin(), names_.end(), [this](const auto& named) {
               return damage_.is_damaged(named.second);
           });
}

VirtualDisk::Op& VirtualDisk::submit(OpId id, OpKind kind, DiskTimer::Op timing) {
    std::uint32_t slot = 0;
    if (free_ops_.empty()) {
        slot = static_cast<std::uint32_t>(ops_.size());
        ops_.emplace_back();
    } else {
        slot = free_ops_.back();
        free_ops_.pop_back();
    }
    Op& op = ops_[slot];
    op.id = id;
    op.kind = kind;
    op.in_use = true;
    ++submitted_;
    op.number = submitted_;
    timer_.schedule(timing, slot);
    return op;
}

FileHandle VirtualDisk::create(OpId op, std::string_view name) {
    auto const inode = static_cast<std::uint32_t>(inodes_.size());
    inodes_.emplace_back();
    inodes_.back().in_use = true;
    // Term and vote have a budget of none for silent loss: a second vote is never legal.
    std::optional<broker::wal::ParsedName> const parsed = broker::wal::parse_name(name);
    bool const log =
        parsed && (parsed->segment != broker::SegmentId{} || parsed->base != broker::LogIndex{});
    inodes_.back().spared = !log;
    watcher_.file_created(node_, inode, name);
    Op& entry = submit(op, OpKind::create, DiskTimer::Op::name);
    entry.from = name;
    entry.inode = inode;
    return FileHandle{inode + 1};
}

void VirtualDisk::write(OpId op, FileHandle file, std::uint64_t offset, ByteSpan data) {
    Op& entry = submit(op, OpKind::write, DiskTimer::Op::write);
    entry.inode = inode_of(file);
    entry.offset = offset;
    entry.data = recycled(data);
    ++writes_in_flight_;
}

void VirtualDisk::read(OpId op, std::string_view name, std::uint64_t offset, std::uint64_t length) {
    CHECK(length > 0);
    Op& entry = submit(op, OpKind::read, DiskTimer::Op::read);
    entry.from = name;
    entry.offset = offset;
    entry.length = length;
}

void VirtualDisk::truncate(OpId op, FileHandle file, std::uint64_t size) {
    Op& entry = submit(op, OpKind::truncate, DiskTimer::Op::write);
    entry.inode = inode_of(file);
    entry.offset = size;
}

void VirtualDisk::sync(OpId op, FileHandle file) {
    Op& entry = submit(op, OpKind::sync, DiskTimer::Op::sync);
    entry.inode = inode_of(file);
    entry.covers = sequence_;  // what completed before now, and nothing later
    ++syncs_in_flight_;
}

void VirtualDisk::rename(OpId op, std::string_view from, std::string_view to) {
    Op& entry = submit(op, OpKind::rename, DiskTimer::Op::name);
    entry.from = from;
    entry.to = to;
}

void VirtualDisk::remove(OpId op, std::string_view name) {
    Op& entry = submit(op, OpKind::remove, DiskTimer::Op::name);
    entry.from = name;
    entry.inode = no_inode;
}

void VirtualDisk::sync_dir(OpId op) {
    Op& entry = submit(op, OpKind::sync_dir, DiskTimer::Op::sync);
    entry.covers = sequence_;
    ++syncs_in_flight_;
}

void VirtualDisk::retract(std::uint64_t count) {
    CHECK(count <= submitted_);
    for (std::uint32_t slot = 0; slot < ops_.size(); ++slot) {
        Op& op = ops_[slot];
        if (op.in_use && op.number > submitted_ - count) {
            op.in_use = false;
            writes_in_flight_ -= op.kind == OpKind::write ? 1U : 0U;
            syncs_in_flight_ -= op.kind == OpKind::sync || op.kind == OpKind::sync_dir ? 1U : 0U;
            free_ops_.push_back(slot);
        }
    }
}

DiskDone VirtualDisk::complete(std::uint32_t slot) {
    Op& op = ops_[slot];
    CHECK(op.in_use);
    ++completed_;
    writes_in_flight_ -= op.kind == OpKind::write ? 1U : 0U;
    syncs_in_flight_ -= op.kind == OpKind::sync || op.kind == OpKind::sync_dir ? 1U : 0U;
    DiskDone const done = carry_out(op);
    if (op.kind == OpKind::write && done.outcome != DiskOutcome::ok) {
        // What is missing may be zeros, as in crash_process().
        Bytes content = inodes_[op.inode].cache;
        content.resize(inodes_[op.inode].cache_size);
        watcher_.written(node_, op.inode, 0, content);
    }
    op.in_use = false;
    free_ops_.push_back(slot);
    return done;
}

void VirtualDisk::perform(Op& op) {
    switch (op.kind) {
        case OpKind::create:
        case OpKind::rename:
        case OpKind::remove:
            perform_name_op(NameOp{0, op.kind, op.from, op.to, op.inode});
            break;
        case OpKind::write: {
            Inode& inode = inodes_[op.inode];
            apply_to_cache(inode, op.offset, op.data);
            watcher_.written(node_, op.inode, op.offset, op.data);
            ++sequence_;
            inode.pieces.push_back(Piece{sequence_, false, op.offset, std::move(op.data)});
            if (spec_.traits.write_through) {
                make_durable(op.inode, sequence_);
            }
            break;
        }
        case OpKind::truncate: {
            Inode& inode = inodes_[op.inode];
            resize(inode.cache, inode.cache_size, op.offset);
            ++sequence_;
            inode.pieces.push_back(Piece{sequence_, true, op.offset, Bytes{}});
            break;
        }
        case OpKind::sync:
            make_durable(op.inode, op.covers);
            if (spec_.traits.sync_commits_names) {
                commit_names_of(op.inode, op.covers);
            }
            break;
        case OpKind::sync_dir: {
            std::size_t done = 0;
            while (done < pending_names_.size() && pending_names_[done].sequence <= op.covers) {
                ++done;
            }
            commit_names(done);
            break;
        }
        case OpKind::read:
            CHECK(false);  // carry_out() sees to it
            break;
    }
}

void VirtualDisk::commit_names(std::size_t count) {
    std::vector<std::uint32_t> removed;
    for (std::size_t i = 0; i < count; ++i) {
        const NameOp& name_op = pending_names_[i];
        auto const gone =
            durable_names_.find(name_op.kind == OpKind::rename ? name_op.to : name_op.from);
        if (name_op.kind != OpKind::create && gone != durable_names_.end()) {
            removed.push_back(gone->second);
        }
        apply_name(durable_names_, name_op);
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (pending_names_[i].inode != no_inode) {
            --inodes_[pending_names_[i].inode].leads;
        }
    }
    pending_names_.erase(pending_names_.begin(),
                         pending_names_.begin() + static_cast<std::ptrdiff_t>(count));
    for (std::uint32_t const inode : removed) {
        release(inode);
    }
}

void VirtualDisk::commit_names_of(std::uint32_t inode, std::uint64_t covers) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < pending_names_.size(); ++i) {
        const NameOp& op = pending_names_[i];
        count = op.inode == inode && op.sequence <= covers ? i + 1 : count;
    }
    commit_names(count);
}

void VirtualDisk::release(std::uint32_t inode) {
    if (inodes_[inode].leads == 0) {
        const std::vector<std::uint32_t>& owed = inodes_[inode].owed;
        forgiven_.insert(forgiven_.end(), owed.begin(), owed.end());
        inodes_[inode] = Inode{};
        damage_.forget(inode);
    }
}

void VirtualDisk::perform_name_op(NameOp op) {
    if (op.kind == OpKind::rename) {
        auto const at = names_.find(op.from);
        CHECK(at != names_.end());
        op.inode = at->second;
    }
    ++sequence_;
    op.sequence = sequence_;
    apply_name(names_, op);
    if (op.inode != no_inode) {
        ++inodes_[op.inode].leads;
    }
    pending_names_.push_back(std::move(op));
}

void VirtualDisk::unlink(std::map<std::string, std::uint32_t, std::less<>>& names,
                         const std::string& name) {
    if (auto const at = names.find(name); at != names.end()) {
        --inodes_[at->second].leads;
        names.erase(at);
    }
}

void VirtualDisk::count_leads() {
    for (Inode& inode : inodes_) {
        inode.leads = 0;
    }
    for (const auto* const names : {&names_, &durable_names_}) {
        for (const auto& [name, inode] : *names) {
            ++inodes_[inode].leads;
        }
    }
    CHECK(pending_names_.empty());
}

void VirtualDisk::apply_name(std::map<std::string, std::uint32_t, std::less<>>& names,
                             const NameOp& op) {
    bool const durably = &names == &durable_names_;
    switch (op.kind) {
        case OpKind::create:
            unlink(names, op.from);
            names[op.from] = op.inode;
            ++inodes_[op.inode].leads;
            watcher_.linked(node_, op.inode, op.from, durably);
            break;
        case OpKind::rename:
            unlink(names, op.from);
            watcher_.unlinked(node_, op.from, durably);
            unlink(names, op.to);
            names[op.to] = op.inode;
            ++inodes_[op.inode].leads;
            watcher_.linked(node_, op.inode, op.to, durably);
            break;
        case OpKind::remove:
            unlink(names, op.from);
            watcher_.unlinked(node_, op.from, durably);
            break;
        case OpKind::write:
        case OpKind::sync:
        case OpKind::truncate:
        case OpKind::sync_dir:
        case OpKind::read:
            CHECK(false);
            break;
    }
}

void VirtualDisk::apply(Bytes& bytes, std::uint64_t& size, std::uint64_t offset, ByteSpan data) {
    if (data.empty()) {
        return;  // wherever it is asked for: POSIX.1-2017, pwrite
    }
    std::uint64_t const end = offset + data.size();
    if (bytes.size() < end) {
        bytes.resize(end);
    }
    std::copy(data.begin(), data.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    size = std::max(size, end);
}

void VirtualDisk::resize(Bytes& bytes, std::uint64_t& size, std::uint64_t new_size) {
    if (bytes.size() > new_size) {
        bytes.resize(new_size);
    }
    size = new_size;
}

void VirtualDisk::apply_to_cache(Inode& inode, std::uint64_t offset, ByteSpan data) {
    apply(inode.cache, inode.cache_size, offset, data);
    inode.allocated = std::max(inode.allocated, offset + data.size());
}

void VirtualDisk::make_durable(std::uint32_t inode, std::uint64_t up_to) {
    Inode& file = inodes_[inode];
    std::size_t done = 0;
    for (; done < file.pieces.size() && file.pieces[done].sequence <= up_to; ++done) {
        Piece& piece = file.pieces[done];
        if (piece.is_truncate) {
            resize(file.durable, file.durable_size, piece.offset);
            continue;
        }
        lie_about(inode, piece);
        apply(file.durable, file.durable_size, piece.offset, piece.data);
        watcher_.durable(node_, inode, piece.offset, piece.data);
        recycle(std::move(piece.data));
    }
    file.pieces.erase(file.pieces.begin(), file.pieces.begin() + static_cast<std::ptrdiff_t>(done));
}

Bytes VirtualDisk::durable_part(const Inode& file, std::uint64_t offset, std::uint64_t length) {
    Bytes part(length);
    for (std::uint64_t at = 0; at < length && offset + at < file.durable.size(); ++at) {
        part[at] = file.durable[offset + at];
    }
    return part;
}

void VirtualDisk::lie_about(std::uint32_t inode, const Piece& piece) {
    Inode& file = inodes_[inode];
    if (file.spared) {
        return;
    }
    ++synced_writes_;
    file.synced = synced_writes_;
    if (lies_.lying()) {
        lies_.tell(DiskLies::Lie{lies_.liar(), inode, piece.offset,
                                 durable_part(file, piece.offset, piece.data.size())});
        return;
    }
    if (lies_.any()) {
        lies_.corrected(inode, piece.offset, piece.data);
    }
    if (damage_.any()) {
        damage_.overwritten(inode, piece.offset, piece.data.size());
    }
}

std::vector<Bytes> VirtualDisk::all_durable_bytes() const {
    std::vector<Bytes> all;
    for (const Inode& file : inodes_) {
        all.push_back(file.durable);
    }
    return all;
}

std::uint64_t VirtualDisk::uncovered_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, inode] : names_) {
        for (const Piece& piece : inodes_[inode].pieces) {
            bytes += piece.data.size();
        }
    }
    return bytes;
}

std::uint64_t VirtualDisk::image_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, inode] : names_) {
        bytes += inodes_[inode].cache_size;
    }
    return bytes;
}

std::uint32_t VirtualDisk::files_count() const {
    return static_cast<std::uint32_t>(names_.size());
}

Bytes VirtualDisk::recycled(ByteSpan content) {
    Bytes bytes;
    if (!spare_.empty()) {
        bytes = std::move(spare_.back());
        spare_.pop_back();
    }
    bytes.assign(content.begin(), content.end());
    return bytes;
}

void VirtualDisk::recycle(Bytes&& bytes) {
    constexpr std::size_t spare_max = 16;
    if (spare_.size() < spare_max) {
        spare_.push_back(std::move(bytes));
    }
}

}  // namespace brokersim
