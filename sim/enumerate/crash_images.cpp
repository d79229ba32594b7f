// One image: units, sectors, sizes and names put together.
#include "sim/enumerate/crash_images.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"

#include <algorithm>

namespace brokersim::enumeration {
namespace {

constexpr std::uint32_t bits_per_fate = 3;
constexpr std::uint32_t units_per_sector_max = 17;  // a key has 51 bits for them

}  // namespace

void CrashImages::look_at(DiskState& state, const IoTrace& trace) {
    state_ = &state;
    trace_ = &trace;
    name_ops_ = state.pending_names();
    // What is in flight may have happened, in the order of submission.
    Names names = state.names();
    for (const DiskState::InFlight& row : state.in_flight()) {
        const IoOp& op = trace.ops()[row.op];
        NameOp name_op{0, op.kind, op.from, op.to, op.file};
        if (op.kind == IoKind::rename) {
            auto const at = std::find_if(names.begin(), names.end(),
                                         [&](const auto& known) { return known.first == op.from; });
            if (at == names.end()) {
                continue;
            }
            name_op.file = at->second;
        } else if (op.kind != IoKind::create && op.kind != IoKind::remove) {
            continue;
        }
        apply_name(names, name_op);
        name_ops_.push_back(name_op);
    }
}

void CrashImages::choose_names(const std::vector<std::uint8_t>& survive) {
    choice_.names = survive;
    choice_.names.resize(name_ops_.size(), 0);
    shown_ = state_->durable_names();
    for (std::size_t i = 0; i < name_ops_.size(); ++i) {
        if (choice_.names[i] != 0) {
            apply_name(shown_, name_ops_[i]);
        }
    }
    files_used_ = 0;
    units_.clear();
    // In the order of their making, so that the same units have the same places under all names.
    std::vector<FileId>& read = read_;
    read.clear();
    for (const auto& [name, file] : shown_) {
        if (names_table_.is_read(name)) {
            read.push_back(file);
        }
    }
    std::sort(read.begin(), read.end());
    read.erase(std::unique(read.begin(), read.end()), read.end());
    for (FileId const id : read) {
        add_file(id);
    }
    choice_.units.assign(units_.size(), Fate::lost);
}

void CrashImages::add_file(FileId id) {
    if (files_.size() == files_used_) {
        files_.emplace_back();
    }
    File& file = files_[files_used_];
    ++files_used_;
    FileState& state = state_->file(id);
    file.id = id;
    file.pieces.assign(state.pieces.begin(), state.pieces.end());
    file.first_in_flight = static_cast<std::uint32_t>(file.pieces.size());
    for (const DiskState::InFlight& row : state_->in_flight()) {
        const IoOp& op = trace_->ops()[row.op];
        if (op.file == id && (op.kind == IoKind::write || op.kind == IoKind::truncate)) {
            file.pieces.push_back(
                Piece{0, op.kind == IoKind::truncate, op.offset, trace_->data(op)});
        }
    }
    file.first_unit = static_cast<std::uint32_t>(units_.size());
    file.touched_used = 0;
    file.last_touched = 0;
    file.highest_touched = 0;
    file.buffered = false;
    cut_into_units(static_cast<std::uint32_t>(files_used_ - 1));
    file.units = static_cast<std::uint32_t>(units_.size()) - file.first_unit;
    if (!state.hash_known) {
        state.durable_hash = content_hash(state.durable);
        state.hash_known = true;
    }
    file.still_hash = state.durable_hash;
    for (std::size_t i = 0; i < file.touched_used; ++i) {
        Touched& touched = file.touched[i];
        std::array<std::byte, sector_bytes> sector{};
        std::uint64_t const begin = touched.number * sector_bytes;
        if (begin < state.durable.size()) {
            ByteSpan const old = state.durable.subspan(
                begin, std::min<std::size_t>(sector_bytes, state.durable.size() - begin));
            std::copy(old.begin(), old.end(), sector.begin());
        }
        file.still_hash -= sector_hash(sector, touched.number);
    }
}

CrashImages::Touched& CrashImages::touch(File& file, std::uint64_t number) {
    // Mostly it is the one behind the last one.
    std::size_t const count = file.touched_used;
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t const place = (file.last_touched + 1 + i) % count;
        if (file.touched[place].number == number) {
            file.last_touched = place;
            return file.touched[place];
        }
        if (i == 0 && number > file.highest_touched) {
            break;
        }
    }
    file.last_touched = count;
    file.highest_touched = count == 0 ? number : std::max(file.highest_touched, number);
    if (file.touched.size() == file.touched_used) {
        file.touched.emplace_back();
    }
    Touched& touched = file.touched[file.touched_used];
    ++file.touched_used;
    touched.number = number;
    touched.units.clear();
    touched.variants_used = 0;
    touched.in_buffer = no_variant;
    return touched;
}

void CrashImages::add_unit(File& file, Unit unit) {
    // Cuts depend on where the bytes stand, so that the same state is the same in every process.
    if (unit.length > 1) {
        std::uint64_t const mixed =
            broker::mix64(broker::fold64(broker::fold64(seed_, file.id), unit.offset));
        unit.cut = static_cast<std::uint32_t>(1 + mixed % (unit.length - 1));
        unit.cut_by_8 =
            unit.length > 8
                ? static_cast<std::uint32_t>(8 * (1 + (mixed >> 32U) % ((unit.length - 1) / 8)))
                : unit.cut;
    }
    units_.push_back(unit);
}

void CrashImages::cut_into_units(std::uint32_t place) {
    File& file = files_[place];
    std::uint64_t extent = state_->file(file.id).durable.size();
    for (std::uint32_t i = 0; i < file.pieces.size(); ++i) {
        const Piece& piece = file.pieces[i];
        auto const number = static_cast<std::uint32_t>(units_.size());
        bool const in_flight = i >= file.first_in_flight;
        if (piece.is_truncate) {
            add_unit(file, Unit{place, i, piece.offset, 0, 0, 0, in_flight});
            // One that shortens the file leaves zeros for whatever makes it longer again.
            for (std::uint64_t at = piece.offset / sector_bytes; at * sector_bytes < extent; ++at) {
                touch(file, at).units.push_back(number);
            }
            continue;
        }
        std::uint64_t at = 0;
        while (at < piece.data.size()) {
            std::uint64_t const offset = piece.offset + at;
            std::uint64_t const length = std::min<std::uint64_t>(
                sector_bytes - offset % sector_bytes, piece.data.size() - at);
            Touched& touched = touch(file, offset / sector_bytes);
            touched.units.push_back(static_cast<std::uint32_t>(units_.size()));
            CHECK(touched.units.size() <= units_per_sector_max);
            add_unit(file,
                     Unit{place, i, offset, static_cast<std::uint32_t>(length), 0, 0, in_flight});
            at += length;
        }
        extent = std::max(extent, piece.offset + piece.data.size());
    }
}

std::uint64_t CrashImages::sized(File& file) const {
    const FileState& state = state_->file(file.id);
    std::uint64_t size = state.durable_size;
    for (std::uint32_t i = file.first_unit; i < file.first_unit + file.units; ++i) {
        const Unit& unit = units_[i];
        Fate const fate = choice_.units[i];
        if (fate == Fate::lost) {
            continue;
        }
        if (file.pieces[unit.piece].is_truncate) {
            size = unit.offset;
            continue;
        }
        std::uint64_t const length = fate == Fate::cut        ? unit.cut
                                     : fate == Fate::cut_by_8 ? unit.cut_by_8
                                                              : unit.length;
        size = std::max(size, unit.offset + length);
    }
    file.grows = size > state.durable_size;
    return file.grows && !choice_.grown ? state.durable_size : size;
}

std::uint32_t CrashImages::variant_of(File& file, Touched& touched) {
    std::uint64_t const begin = touched.number * sector_bytes;
    std::uint64_t const visible =
        file.size <= begin ? 0 : std::min<std::uint64_t>(sector_bytes, file.size - begin);
    std::uint64_t key = visible;
    std::uint32_t shift = 12;
    for (std::uint32_t const unit : touched.units) {
        key |= static_cast<std::uint64_t>(choice_.units[unit]) << shift;
        shift += bits_per_fate;
    }
    for (std::uint32_t i = 0; i < touched.variants_used; ++i) {
        if (touched.variants[i].key == key) {
            return i;
        }
    }
    if (touched.variants.size() == touched.variants_used) {
        touched.variants.emplace_back();
    }
    Variant& variant = touched.variants[touched.variants_used];
    ++touched.variants_used;
    variant.key = key;
    paint(file, touched, visible, variant.bytes.data());
    variant.hash = sector_hash(variant.bytes, touched.number);
    return static_cast<std::uint32_t>(touched.variants_used - 1);
}

void CrashImages::paint(const File& file, const Touched& touched, std::uint64_t visible,
                        std::byte* sector) const {
    const FileState& state = state_->file(file.id);
    std::uint64_t const begin = touched.number * sector_bytes;
    std::fill_n(sector, sector_bytes, std::byte{0});
    if (begin < state.durable.size()) {
        ByteSpan const old = state.durable.subspan(
            begin, std::min<std::size_t>(sector_bytes, state.durable.size() - begin));
        std::copy(old.begin(), old.end(), sector);
    }
    for (std::uint32_t const number : touched.units) {
        const Unit& unit = units_[number];
        const Piece& piece = file.pieces[unit.piece];
        Fate const fate = choice_.units[number];
        if (fate == Fate::lost) {
            continue;
        }
        if (piece.is_truncate) {
            std::uint64_t const from = std::max(unit.offset, begin) - begin;
            std::fill(sector + from, sector + sector_bytes, std::byte{0});
            continue;
        }
        std::byte* const target = sector + (unit.offset - begin);
        const std::byte* const source = piece.data.data() + (unit.offset - piece.offset);
        switch (fate) {
            case Fate::lost:
                break;
            case Fate::kept:
                std::copy_n(source, unit.length, target);
                break;
            case Fate::cut:
                std::copy_n(source, unit.cut, target);
                break;
            case Fate::cut_by_8:
                std::copy_n(source, unit.cut_by_8, target);
                break;
            case Fate::zeros:
                std::fill_n(target, unit.length, std::byte{0});
                break;
            case Fate::garbage:
                for (std::uint32_t i = 0; i < unit.length; ++i) {
                    std::uint64_t const word = broker::mix64(seed_ ^ ((unit.offset + i) / 8));
                    target[i] = static_cast<std::byte>(word >> (8 * ((unit.offset + i) % 8)));
                }
                break;
        }
    }
    std::fill(sector + visible, sector + sector_bytes, std::byte{0});
}

std::uint64_t CrashImages::hash_now() {
    any_growth_ = false;
    for (std::size_t i = 0; i < files_used_; ++i) {
        File& file = files_[i];
        file.size = sized(file);
        any_growth_ = any_growth_ || file.grows;
        std::uint64_t sum = file.still_hash;
        for (std::size_t t = 0; t < file.touched_used; ++t) {
            Touched& touched = file.touched[t];
            touched.current = variant_of(file, touched);
            sum += touched.variants[touched.current].hash;
        }
        file.hash = sum;
    }
    std::uint64_t hash = 0;
    for (const auto& [name, id] : shown_) {
        std::uint64_t row = names_table_.hash(name);
        if (names_table_.is_read(name)) {
            const File* file = files_.data();
            while (file->id != id) {
                ++file;
            }
            row = broker::fold64(broker::fold64(row, file->hash), file->size);
        }
        hash += broker::mix64(row);
    }
    return hash;
}

std::uint64_t CrashImages::choose(const Choice& choice) {
    choose_names(choice.names);
    for (std::size_t i = 0; i < units_.size() && i < choice.units.size(); ++i) {
        choice_.units[i] = choice.units[i];
    }
    choice_.grown = choice.grown;
    return hash_now();
}

std::uint64_t CrashImages::choose_all() {
    choose_names(std::vector<std::uint8_t>(name_ops_.size(), 1));
    std::fill(choice_.units.begin(), choice_.units.end(), Fate::kept);
    choice_.grown = true;
    return hash_now();
}

const Image& CrashImages::image() {
    image_.files.clear();
    image_.next_file = state_->next_file();
    for (const auto& [name, id] : shown_) {
        ImageFile row{name, id, {}, 0, 0, false};
        if (names_table_.is_read(name)) {
            auto const at =
                std::find_if(files_.begin(), files_.end(),
                             [wanted = id](const File& file) { return file.id == wanted; });
            File& file = *at;
            row.size = file.size;
            row.content = state_->file(id).durable;
            if (file.touched_used > 0) {
                std::size_t length = state_->file(id).durable.size();
                for (std::size_t t = 0; t < file.touched_used; ++t) {
                    length =
                        std::max<std::size_t>(length, (file.touched[t].number + 1) * sector_bytes);
                }
                if (!file.buffered) {
                    file.buffer.assign(row.content.begin(), row.content.end());
                    file.buffer.resize(length);
                    file.buffered = true;
                }
                for (std::size_t t = 0; t < file.touched_used; ++t) {
                    Touched& touched = file.touched[t];
                    if (touched.in_buffer != touched.current) {
                        std::copy_n(touched.variants[touched.current].bytes.begin(), sector_bytes,
                                    file.buffer.begin() +
                                        static_cast<std::ptrdiff_t>(touched.number * sector_bytes));
                        touched.in_buffer = touched.current;
                    }
                }
                row.content = file.buffer;
            }
            row.content = row.content.first(std::min<std::size_t>(row.content.size(), row.size));
            row.hash = file.hash;
            row.hash_known = true;
        }
        image_.files.push_back(row);
    }
    return image_;
}

std::vector<CrashImages::UnitText> CrashImages::units() const {
    std::vector<UnitText> texts;
    for (const Unit& unit : units_) {
        const File& file = files_[unit.file];
        texts.push_back(UnitText{file.id, file.pieces[unit.piece].is_truncate, unit.in_flight,
                                 unit.offset, unit.length});
    }
    return texts;
}

}  // namespace brokersim::enumeration
