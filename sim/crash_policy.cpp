// What process crashes and power losses leave on the simulated disk.
#include "broker_core/base/check.h"
#include "sim/virtual_disk.h"

#include <algorithm>

namespace brokersim {
namespace {

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t page = 4096;

std::uint64_t sectors_of(std::uint64_t offset, std::uint64_t length) {
    return length == 0 ? 0 : (offset + length - 1) / sector - offset / sector + 1;
}

}  // namespace

std::vector<std::uint32_t> VirtualDisk::in_flight() const {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t slot = 0; slot < ops_.size(); ++slot) {
        if (ops_[slot].in_use) {
            slots.push_back(slot);
        }
    }
    std::sort(slots.begin(), slots.end(),
              [this](std::uint32_t a, std::uint32_t b) { return ops_[a].id < ops_[b].id; });
    return slots;
}

void VirtualDisk::reset_in_flight() {
    for (std::uint32_t slot = 0; slot < ops_.size(); ++slot) {
        if (ops_[slot].in_use) {
            ops_[slot].in_use = false;
            free_ops_.push_back(slot);
        }
    }
    writes_in_flight_ = 0;
    syncs_in_flight_ = 0;
}

std::uint64_t VirtualDisk::part_of(const Op& op, std::uint64_t choice) {
    std::uint64_t const length = op.data.size();
    if (choice != 1) {
        return choice == 0 ? 0 : length;
    }
    std::uint64_t const first_border = page - op.offset % page;
    std::uint64_t const pages = length > first_border ? 1 + (length - first_border) / page : 0;
    std::uint64_t const kept = random_.below(pages + 1);
    return kept == 0 ? 0 : first_border + (kept - 1) * page;
}

void VirtualDisk::write_part(const Op& op, std::uint64_t length) {
    if (length == 0) {
        return;
    }
    Inode& inode = inodes_[op.inode];
    ByteSpan const data = ByteSpan{op.data}.first(length);
    apply_to_cache(inode, op.offset, data);
    watcher_.written(node_, op.inode, op.offset, data);
    ++sequence_;
    inode.pieces.push_back(Piece{sequence_, false, op.offset, Bytes{data.begin(), data.end()}});
}

CrashReport VirtualDisk::crash_process() {
    CrashReport report;
    std::vector<std::uint32_t> cut;  // files with a write that was under way
    // Ascending by submission, as far as ids tell: an operation in flight happened wholly, not at
    // all, or (a write) up to a page border.
    for (std::uint32_t const slot : in_flight()) {
        Op& op = ops_[slot];
        std::uint64_t const choice = random_.below(3);
        switch (op.kind) {
            case OpKind::write: {
                std::uint64_t const length = part_of(op, choice);
                write_part(op, length);
                cut.push_back(op.inode);
                report.uncovered_bytes += op.data.size();
                report.lost_bytes += op.data.size() - length;
                break;
            }
            case OpKind::truncate:
                if (choice != 0) {
                    Inode& inode = inodes_[op.inode];
                    resize(inode.cache, inode.cache_size, op.offset);
                    ++sequence_;
                    inode.pieces.push_back(Piece{sequence_, true, op.offset, Bytes{}});
                }
                break;
            case OpKind::create:
            case OpKind::rename:
            case OpKind::remove:
                // A rename can only follow the completed create of its file.
                if (choice != 0 && (op.kind != OpKind::rename || names_.contains(op.from))) {
                    perform_name_op(NameOp{0, op.kind, op.from, op.to, op.inode});
                } else {
                    ++report.names_lost;
                }
                break;
            case OpKind::sync:
            case OpKind::sync_dir:
            case OpKind::read:
                break;  // what it covered stays uncovered
        }
    }
    reset_in_flight();
    // What is missing may be zeros, which the file holds anyway: then the whole of it can be read.
    for (std::uint32_t const inode : cut) {
        Bytes content = inodes_[inode].cache;
        content.resize(inodes_[inode].cache_size);
        watcher_.written(node_, inode, 0, content);
    }
    // Whoever held the file is gone. The file system still owes the error, and tells the next one.
    for (Inode& file : inodes_) {
        owed_.insert(owed_.end(), file.owed.begin(), file.owed.end());
        file.owed.clear();
    }
    return report;
}

CrashReport VirtualDisk::crash_power(std::optional<SurvivalShape> shape, LieFate lies,
                                     NamesFate names) {
    CrashReport report;
    // Writes in flight are pieces like those that completed: power loss may leave parts of them.
    for (std::uint32_t const slot : in_flight()) {
        Op& op = ops_[slot];
        bool const truncate = op.kind == OpKind::truncate;
        if (op.kind == OpKind::write || truncate) {
            ++sequence_;
            inodes_[op.inode].pieces.push_back(
                Piece{sequence_, truncate, op.offset, std::move(op.data)});
        } else if (op.kind == OpKind::create || op.kind == OpKind::remove ||
                   (op.kind == OpKind::rename && names_.contains(op.from))) {
            perform_name_op(NameOp{0, op.kind, op.from, op.to, op.inode});
        }
    }
    reset_in_flight();

    std::uint64_t const drawn = random_.below(7);
    report.shape = shape.value_or(static_cast<SurvivalShape>(drawn));
    survive(report.shape, lies, report);
    survive_names(names, report);
    forget_owed();

    names_ = durable_names_;
    count_leads();
    if (lies == LieFate::lost) {
        lose_lies(report);
    }
    lies_.clear();
    settled_up_to_ = synced_writes_;
    watcher_.power_lost(node_);
    tell_survivors();
    return report;
}

void VirtualDisk::forget_owed() {
    // Poisoned pages are gone with the power, whether anybody was told or not. Of those that a sync
    // promised, the lies themselves say what became of them; the others were not lost yet.
    for (Inode& file : inodes_) {
        owed_.insert(owed_.end(), file.owed.begin(), file.owed.end());
        file.owed.clear();
    }
    if (spec_.traits.sync_failure == SyncFailure::poisons) {
        errors_.mark_effective(owed_);
    } else {
        forgiven_.insert(forgiven_.end(), owed_.begin(), owed_.end());
    }
    owed_.clear();
}

void VirtualDisk::lose_lies(CrashReport& report) {
    std::vector<const DiskLies::Lie*> told;
    std::uint64_t units = 0;
    for (const auto& [name, inode] : names_) {
        bool const since = inodes_[inode].synced > settled_up_to_;
        lossy_up_to_ = since ? std::max(lossy_up_to_, inodes_[inode].synced) : lossy_up_to_;
    }
    for (const DiskLies::Lie& lie : lies_.told()) {
        bool const named = std::any_of(names_.begin(), names_.end(), [&](const auto& entry) {
            return entry.second == lie.inode;
        });
        if (named) {
            told.push_back(&lie);
            units += sectors_of(lie.offset, lie.before.size());
        }
    }
    if (units == 0) {
        return;
    }
    // All of them, the last ones, or any subset; one sector at least.
    std::uint64_t const way = lie_random_.below(3);
    std::uint64_t const cut = way == 0 ? 0 : lie_random_.below(units);
    std::uint64_t const single = lie_random_.below(units);
    std::uint64_t unit = units;
    for (auto at = told.rbegin(); at != told.rend(); ++at) {
        const DiskLies::Lie& lie = **at;
        Inode& file = inodes_[lie.inode];
        std::uint64_t end = lie.before.size();
        while (end > 0) {
            std::uint64_t const in_sector = (lie.offset + end - 1) % sector + 1;
            std::uint64_t const begin = end > in_sector ? end - in_sector : 0;
            --unit;
            bool const coin = lie_random_.below(2) == 0;
            bool const lost = way == 2 ? coin || unit == single : unit >= cut;
            if (lost) {
                apply(file.durable, file.durable_size, lie.offset + begin,
                      ByteSpan{lie.before}.subspan(begin, end - begin));
                damage_.went_back(lie.inode, lie.offset + begin, end - begin);
                report.lies_lost = true;
                lies_.mark_effective(lie.element);
            }
            end = begin;
        }
    }
}

DiskImage VirtualDisk::image() const {
    DiskImage image;
    for (const auto& [name, inode] : durable_names_) {
        Bytes content = inodes_[inode].durable;
        content.resize(inodes_[inode].durable_size);
        image.emplace_back(name, std::move(content));
    }
    return image;
}

void VirtualDisk::replace(const DiskImage& image) {
    CHECK(in_flight().empty());
    // Before the other files come: what is lost is what this disk held, and theirs may bear the
    // same names.
    watcher_.power_lost(node_);
    names_.clear();
    pending_names_.clear();
    lies_.clear();
    settled_up_to_ = synced_writes_;
    for (const auto& [name, content] : image) {
        auto const inode = static_cast<std::uint32_t>(inodes_.size());
        watcher_.file_created(node_, inode, name);
        watcher_.written(node_, inode, 0, content);
        Inode file;
        file.durable = content;
        file.durable_size = content.size();
        file.allocated = content.size();
        file.in_use = true;
        inodes_.push_back(std::move(file));
        names_[name] = inode;
    }
    durable_names_ = names_;
    count_leads();
    tell_survivors();
}

void VirtualDisk::tell_survivors() {
    std::vector<bool> named(inodes_.size(), false);
    for (const auto& [name, inode] : names_) {
        named[inode] = true;
    }
    for (std::uint32_t inode = 0; inode < inodes_.size(); ++inode) {
        Inode& file = inodes_[inode];
        if (!file.in_use) {
            continue;
        }
        file.pieces.clear();
        if (!named[inode]) {
            file = Inode{};
            damage_.forget(inode);
            continue;
        }
        file.cache = file.durable;
        file.cache_size = file.durable_size;
        file.allocated = file.durable.size();
    }
    for (const auto& [name, inode] : names_) {
        Bytes content = inodes_[inode].durable;
        content.resize(inodes_[inode].durable_size);
        watcher_.survived(node_, inode, name, content);
    }
    watcher_.survivors_told(node_);
}

/// The drive stopped inside a sector and had no charge left to finish it: what it holds is neither
/// old nor new. Whatever a sync promised there before goes with it, as far as `lies` allows.
void VirtualDisk::spoil_sector(Inode& file, ByteSpan synced, std::uint64_t offset,
                               std::uint64_t length, LieFate lies, CrashReport& report) {
    std::uint64_t const begin = offset / sector * sector;
    std::uint64_t const end =
        std::max(offset + length, std::min<std::uint64_t>(begin + sector, synced.size()));
    bool promised = false;
    for (std::uint64_t at = begin; at < end && at < synced.size(); ++at) {
        bool const rewritten = at >= offset && at < offset + length;
        promised = promised || (!rewritten && synced[at] != std::byte{0});
    }
    if (promised && (lies == LieFate::come_true || file.spared)) {
        return;
    }
    Bytes garbage(end - begin);
    for (std::byte& byte : garbage) {
        byte = static_cast<std::byte>(garbage_random_.below(256));
    }
    apply(file.durable, file.durable_size, begin, garbage);
    report.lies_lost = report.lies_lost || promised;
}

void VirtualDisk::survive(SurvivalShape shape, LieFate lies, CrashReport& report) {
    // Units: the sectors of all uncovered writes of this disk, in order of completion per file.
    std::uint64_t units = 0;
    for (const Inode& file : inodes_) {
        for (const Piece& piece : file.pieces) {
            units += piece.is_truncate ? 1 : sectors_of(piece.offset, piece.data.size());
            report.uncovered_bytes += piece.data.size();
        }
    }
    if (units == 0) {
        return;
    }
    std::uint64_t const cut = random_.below(units + 1);
    std::uint64_t const single = random_.below(units);
    bool const by_write = random_.below(2) == 0;  // random_subset: whole writes or sectors
    bool const torn_shape = shape >= SurvivalShape::first_torn;
    bool const draws_tear = random_.below(4) == 0;  // one sector survives in part
    bool const tear = draws_tear || torn_shape;
    std::uint64_t const drawn_unit = random_.below(units);
    std::uint64_t const torn_unit = shape == SurvivalShape::first_torn  ? 0
                                    : shape == SurvivalShape::last_torn ? units - 1
                                                                        : drawn_unit;
    std::uint64_t const drawn_at = 1 + random_.below(sector - 1);
    bool const draws_size = random_.below(2) == 0;
    bool const keep_size = draws_size || torn_shape;  // of files that had grown: size or data only

    std::uint64_t unit = 0;
    for (std::uint32_t inode = 0; inode < inodes_.size(); ++inode) {
        Inode& file = inodes_[inode];
        std::uint64_t const old_size = file.durable_size;
        Bytes const synced = spec_.traits.atomic_sectors ? Bytes{} : file.durable;
        std::uint64_t first_lost = UINT64_MAX;
        for (const Piece& piece : file.pieces) {
            bool const whole_write = random_.below(2) == 0;
            auto const survives = [&](std::uint64_t number) {
                switch (shape) {
                    case SurvivalShape::drop_all:
                        return false;
                    case SurvivalShape::keep_all:
                        return true;
                    case SurvivalShape::prefix:
                        return number < cut;
                    case SurvivalShape::suffix_only:
                        return number >= cut;
                    case SurvivalShape::all_but_one:
                        return number != single;
                    case SurvivalShape::only_one:
                        return number == single;
                    case SurvivalShape::first_torn:
                        return false;
                    case SurvivalShape::last_torn:
                        return number != units - 1;
                    case SurvivalShape::random_subset:
                        return by_write ? whole_write : random_.below(2) == 0;
                }
                return false;
            };
            if (piece.is_truncate) {
                if (survives(unit)) {
                    resize(file.durable, file.durable_size, piece.offset);
                }
                ++unit;
                continue;
            }
            std::uint64_t at = 0;
            while (at < piece.data.size()) {
                std::uint64_t const border = sector - (piece.offset + at) % sector;
                std::uint64_t length = std::min(border, piece.data.size() - at);
                bool const alive = survives(unit);
                std::uint64_t const torn_at = torn_shape ? length / 2 : drawn_at;
                if (tear && unit == torn_unit && torn_at < length &&
                    shape != SurvivalShape::drop_all && shape != SurvivalShape::keep_all) {
                    // Old bytes behind the tear, or new ones: the drive stopped inside the sector.
                    apply(file.durable, file.durable_size, piece.offset + at,
                          ByteSpan{piece.data}.subspan(at, torn_at));
                    report.torn = true;
                    report.lost_bytes += length - torn_at;
                    first_lost = std::min(first_lost, piece.offset + at + torn_at);
                    if (!spec_.traits.atomic_sectors) {
                        spoil_sector(file, synced, piece.offset + at, length, lies, report);
                    }
                } else if (alive) {
                    apply(file.durable, file.durable_size, piece.offset + at,
                          ByteSpan{piece.data}.subspan(at, length));
                } else {
                    report.lost_bytes += length;
                    first_lost = std::min(first_lost, piece.offset + at);
                }
                at += length;
                ++unit;
            }
        }
        // Data and size are separate facts of a file system: a file that grew may come back with
        // its old size, although sectors behind it were written.
        if (file.durable_size > old_size && !keep_size && shape != SurvivalShape::keep_all) {
            resize(file.durable, file.durable_size, old_size);
        }
        // A journal commits the size behind the data that it stands for.
        std::uint64_t const backed = std::max(old_size, first_lost);
        if (spec_.traits.data_before_size && file.durable_size > backed) {
            resize(file.durable, file.durable_size, backed);
        }
    }
}

void VirtualDisk::survive_names(NamesFate fate, CrashReport& report) {
    std::uint64_t const count = pending_names_.size();
    if (count == 0) {
        return;
    }
    // A prefix of the name operations, all but one, or an independent choice for each.
    std::uint64_t const drawn = random_.below(3);
    std::uint64_t const way = spec_.traits.sync_commits_names ? 0 : drawn;  // one journal: in order
    std::uint64_t const cut = random_.below(count + 1);
    std::uint64_t const single = random_.below(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        bool const coin = random_.below(2) == 0;
        bool const drawn_so = way == 0 ? i < cut : way == 1 ? i != single : coin;
        bool const survives = fate == NamesFate::drawn ? drawn_so : fate == NamesFate::kept;
        const NameOp& op = pending_names_[i];
        if (survives) {
            apply_name(durable_names_, op);
        } else {
            ++report.names_lost;
        }
    }
    pending_names_.clear();
}

}  // namespace brokersim
