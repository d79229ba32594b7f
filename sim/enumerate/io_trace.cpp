// Numbering names, noting operations, and saying them in words.
#include "sim/enumerate/io_trace.h"

#include "broker_core/base/hash.h"
#include "broker_core/wal/fresh_file.h"

#include <fmt/core.h>

namespace brokersim::enumeration {

NameId NameTable::id_of(std::string_view name) {
    for (NameId id = 0; id < rows_.size(); ++id) {
        if (rows_[id].text == name) {
            return id;
        }
    }
    bool const temporary = name.ends_with(broker::wal::temporary_suffix);
    rows_.push_back(Row{std::string{name}, broker::hash_text(name), !temporary});
    return static_cast<NameId>(rows_.size() - 1);
}

std::string_view name_of(IoKind kind) {
    switch (kind) {
        case IoKind::create:
            return "create";
        case IoKind::write:
            return "write";
        case IoKind::truncate:
            return "truncate";
        case IoKind::sync:
            return "sync";
        case IoKind::rename:
            return "rename";
        case IoKind::remove:
            return "remove";
        case IoKind::sync_dir:
            return "sync_dir";
    }
    return "";
}

void IoTrace::clear() {
    ops_.clear();
    events_.clear();
    data_.clear();
}

std::uint32_t IoTrace::submit(IoOp op, ByteSpan data) {
    op.data_at = data_.size();
    op.data_bytes = data.size();
    data_.insert(data_.end(), data.begin(), data.end());
    auto const place = static_cast<std::uint32_t>(ops_.size());
    ops_.push_back(op);
    events_.push_back(IoEvent{false, place});
    return place;
}

std::string text_of(const IoTrace& trace, const IoOp& op, const NameTable& names) {
    auto const created_as = [&]() -> std::string {
        for (const IoOp& other : trace.ops()) {
            if (other.kind == IoKind::create && other.file == op.file) {
                std::string name = names.text(other.from);
                return names.is_read(other.from)
                           ? name
                           : name.substr(0, name.size() - broker::wal::temporary_suffix.size());
            }
        }
        return fmt::format("file {}", op.file);
    };
    switch (op.kind) {
        case IoKind::create:
        case IoKind::remove:
            return fmt::format("{} {}", name_of(op.kind), names.text(op.from));
        case IoKind::write:
            return fmt::format("write {} at {}, {} bytes", created_as(), op.offset, op.data_bytes);
        case IoKind::truncate:
            return fmt::format("truncate {} to {} bytes", created_as(), op.offset);
        case IoKind::sync:
            return fmt::format("sync {}", created_as());
        case IoKind::rename:
            return fmt::format("rename {} to {}", names.text(op.from), names.text(op.to));
        case IoKind::sync_dir:
            return "sync the directory";
    }
    return "";
}

}  // namespace brokersim::enumeration
