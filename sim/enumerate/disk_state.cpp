// One event after the other; syncs move pieces to what is durable.
#include "sim/enumerate/disk_state.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"

#include <algorithm>

namespace brokersim::enumeration {

Bytes cached_content(const FileState& file) {
    Bytes bytes{file.durable.begin(), file.durable.end()};
    bytes.resize(file.durable_size);
    for (const Piece& piece : file.pieces) {
        if (piece.is_truncate) {
            bytes.resize(piece.offset);
            continue;
        }
        if (piece.data.empty()) {
            continue;
        }
        bytes.resize(std::max<std::size_t>(bytes.size(), piece.offset + piece.data.size()));
        std::copy(piece.data.begin(), piece.data.end(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(piece.offset));
    }
    return bytes;
}

void apply_name(Names& names, const NameOp& op) {
    NameId const gone = op.from;
    if (op.kind != IoKind::create) {
        std::erase_if(names, [gone](const auto& row) { return row.first == gone; });
    }
    if (op.kind == IoKind::remove) {
        return;
    }
    NameId const name = op.kind == IoKind::create ? op.from : op.to;
    for (auto& row : names) {
        if (row.first == name) {
            row.second = op.file;
            return;
        }
    }
    names.emplace_back(name, op.file);
}

std::uint64_t sector_hash(ByteSpan sector, std::uint64_t number) {
    // Four lanes, so that the multiplications of different words overlap.
    std::uint64_t lanes[4] = {number + 1, 3, 5, 7};
    std::uint64_t any = 0;
    std::size_t at = 0;
    for (; at + 32 <= sector.size(); at += 32) {
        for (std::size_t lane = 0; lane < 4; ++lane) {
            auto const word = broker::load_le<std::uint64_t>(sector.data() + at + 8 * lane);
            any |= word;
            lanes[lane] = broker::fold64(lanes[lane], word);
        }
    }
    for (; at < sector.size(); ++at) {
        auto const byte = static_cast<std::uint64_t>(sector[at]);
        any |= byte;
        if (byte != 0) {  // zeros behind the end count nothing
            lanes[at % 4] = broker::fold64(lanes[at % 4], (byte << 16U) | (at + 1));
        }
    }
    if (any == 0) {
        return 0;
    }
    std::uint64_t state = lanes[0];
    for (std::size_t lane = 1; lane < 4; ++lane) {
        state = broker::fold64(state, lanes[lane]);
    }
    return broker::mix64(state);
}

std::uint64_t content_hash(ByteSpan content) {
    std::uint64_t sum = 0;
    std::byte last[sector_bytes];
    for (std::uint64_t at = 0; at < content.size(); at += sector_bytes) {
        std::size_t const length = std::min<std::size_t>(sector_bytes, content.size() - at);
        ByteSpan sector = content.subspan(at, length);
        if (length < sector_bytes) {
            // A sector that ends early reads as one that ends with zeros.
            std::fill(std::copy(sector.begin(), sector.end(), last), std::end(last), std::byte{0});
            sector = last;
        }
        sum += sector_hash(sector, at / sector_bytes);
    }
    return sum;
}

void DiskState::use_files(FileId count) {
    if (files_.size() < count) {
        files_.resize(count);
    }
    for (; files_used_ < count; ++files_used_) {
        FileState& file = files_[files_used_];
        file.durable = ByteSpan{};
        file.durable_size = 0;
        file.own.clear();
        file.pieces.clear();
        file.durable_hash = 0;
        file.hash_known = false;
    }
}

void DiskState::start_from(const Image& image) {
    files_used_ = 0;
    names_.clear();
    pending_names_.clear();
    in_flight_.clear();
    sequence_ = 0;
    use_files(image.next_file);
    for (const ImageFile& row : image.files) {
        FileState& file = files_[row.file];
        file.durable = row.content;
        file.durable_size = row.size;
        file.durable_hash = row.hash;
        file.hash_known = row.hash_known;
        names_.emplace_back(row.name, row.file);
    }
    durable_names_ = names_;
}

void DiskState::copy_from(const DiskState& other) {
    files_used_ = 0;
    use_files(other.files_used_);
    for (FileId id = 0; id < files_used_; ++id) {
        FileState& file = files_[id];
        const FileState& from = other.files_[id];
        file.own = from.own;
        bool const owned = from.durable.data() == from.own.data();
        file.durable = owned ? ByteSpan{file.own} : from.durable;
        file.durable_size = from.durable_size;
        file.pieces = from.pieces;
        file.durable_hash = from.durable_hash;
        file.hash_known = from.hash_known;
    }
    names_ = other.names_;
    durable_names_ = other.durable_names_;
    pending_names_ = other.pending_names_;
    in_flight_ = other.in_flight_;
    sequence_ = other.sequence_;
    syncs_lie_ = other.syncs_lie_;
}

void DiskState::apply(const IoTrace& trace, const IoEvent& event) {
    if (!event.completion) {
        const IoOp& op = trace.ops()[event.op];
        if (op.kind == IoKind::create) {
            use_files(std::max(files_used_, op.file + 1));
        }
        in_flight_.push_back(InFlight{event.op, sequence_});
        return;
    }
    auto const at = std::find_if(in_flight_.begin(), in_flight_.end(),
                                 [&](const InFlight& row) { return row.op == event.op; });
    CHECK(at != in_flight_.end());
    InFlight const done = *at;
    in_flight_.erase(at);
    finish(trace, done);
}

void DiskState::add_piece(FileId file, Piece piece) {
    ++sequence_;
    piece.sequence = sequence_;
    files_[file].pieces.push_back(piece);
}

void DiskState::finish(const IoTrace& trace, const InFlight& done) {
    const IoOp& op = trace.ops()[done.op];
    switch (op.kind) {
        case IoKind::create:
        case IoKind::rename:
        case IoKind::remove:
            finish_name(NameOp{0, op.kind, op.from, op.to, op.file});
            break;
        case IoKind::write:
            add_piece(op.file, Piece{0, false, op.offset, trace.data(op)});
            break;
        case IoKind::truncate:
            add_piece(op.file, Piece{0, true, op.offset, {}});
            break;
        case IoKind::sync:
            make_durable(op.file, syncs_lie_ ? 0 : done.covers);
            break;
        case IoKind::sync_dir: {
            std::size_t covered = 0;
            while (covered < pending_names_.size() &&
                   pending_names_[covered].sequence <= done.covers) {
                apply_name(durable_names_, pending_names_[covered]);
                ++covered;
            }
            pending_names_.erase(pending_names_.begin(),
                                 pending_names_.begin() + static_cast<std::ptrdiff_t>(covered));
            break;
        }
    }
}

void DiskState::finish_name(NameOp op) {
    if (op.kind == IoKind::rename) {
        auto const at = std::find_if(names_.begin(), names_.end(),
                                     [&](const auto& row) { return row.first == op.from; });
        CHECK(at != names_.end());
        op.file = at->second;
    }
    ++sequence_;
    op.sequence = sequence_;
    apply_name(names_, op);
    pending_names_.push_back(op);
}

void DiskState::make_durable(FileId id, std::uint64_t covers) {
    FileState& file = files_[id];
    std::size_t done = 0;
    while (done < file.pieces.size() && file.pieces[done].sequence <= covers) {
        ++done;
    }
    if (done == 0) {
        return;
    }
    if (file.durable.data() != file.own.data()) {
        file.own.assign(file.durable.begin(), file.durable.end());
    }
    for (std::size_t i = 0; i < done; ++i) {
        const Piece& piece = file.pieces[i];
        if (piece.is_truncate) {
            file.own.resize(std::min<std::size_t>(file.own.size(), piece.offset));
            file.durable_size = piece.offset;
            continue;
        }
        if (piece.data.empty()) {
            continue;
        }
        std::uint64_t const end = piece.offset + piece.data.size();
        if (file.own.size() < end) {
            file.own.resize(end);
        }
        std::copy(piece.data.begin(), piece.data.end(),
                  file.own.begin() + static_cast<std::ptrdiff_t>(piece.offset));
        file.durable_size = std::max(file.durable_size, end);
    }
    file.pieces.erase(file.pieces.begin(), file.pieces.begin() + static_cast<std::ptrdiff_t>(done));
    file.durable = file.own;
    file.hash_known = false;
}

std::uint32_t DiskState::process_fates(const IoTrace& trace, std::size_t place) const {
    const IoOp& op = trace.ops()[in_flight_[place].op];
    switch (op.kind) {
        case IoKind::write: {
            std::uint64_t const first_border = page_bytes - op.offset % page_bytes;
            std::uint64_t const borders = op.data_bytes > first_border
                                              ? (op.data_bytes - first_border - 1) / page_bytes + 1
                                              : 0;
            return 2 + static_cast<std::uint32_t>(borders);
        }
        case IoKind::sync:
        case IoKind::sync_dir:
            return 1;  // what it covered stays uncovered
        case IoKind::create:
        case IoKind::truncate:
        case IoKind::rename:
        case IoKind::remove:
            return 2;
    }
    return 1;
}

void DiskState::process_dies(const IoTrace& trace, const std::vector<std::uint32_t>& fates) {
    for (std::size_t i = 0; i < in_flight_.size(); ++i) {
        const IoOp& op = trace.ops()[in_flight_[i].op];
        if (fates[i] == 0) {
            continue;
        }
        if (op.kind == IoKind::write && fates[i] > 1) {
            std::uint64_t const border = page_bytes - op.offset % page_bytes;
            std::uint64_t const length = border + (fates[i] - 2U) * page_bytes;
            add_piece(op.file, Piece{0, false, op.offset, trace.data(op).first(length)});
            continue;
        }
        bool const nothing_there = op.kind == IoKind::rename &&
                                   std::none_of(names_.begin(), names_.end(), [&](const auto& row) {
                                       return row.first == op.from;
                                   });
        if (!nothing_there) {
            finish(trace, in_flight_[i]);
        }
    }
    in_flight_.clear();
}

}  // namespace brokersim::enumeration
