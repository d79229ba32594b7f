// IoTrace: what one log asked of its disk, and when each operation completed; names as numbers.
#pragma once

#include "broker_core/env/disk.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::enumeration {

using broker::Bytes;
using broker::ByteSpan;
using broker::OpId;

using NameId = std::uint32_t;
/// A file, whatever its names; never used twice in one trace.
using FileId = std::uint32_t;

/// The names that files of one enumeration may have. Numbers are given in order of appearance.
class NameTable {
public:
    NameId id_of(std::string_view name);
    [[nodiscard]] const std::string& text(NameId name) const { return rows_[name].text; }
    /// Whether a recovery reads the content of a file of this name; of a temporary one it takes
    /// notice and no more.
    [[nodiscard]] bool is_read(NameId name) const { return rows_[name].is_read; }
    [[nodiscard]] std::uint64_t hash(NameId name) const { return rows_[name].hash; }

private:
    struct Row {
        std::string text;
        std::uint64_t hash = 0;
        bool is_read = true;
    };
    std::vector<Row> rows_;
};

enum class IoKind : std::uint8_t { create, write, truncate, sync, rename, remove, sync_dir };
std::string_view name_of(IoKind kind);

struct IoOp {
    IoKind kind = IoKind::write;
    OpId id;
    FileId file = 0;           // create, write, truncate, sync
    std::uint64_t offset = 0;  // write; truncate: the new size
    std::size_t data_at = 0;   // write: in the trace's buffer
    std::size_t data_bytes = 0;
    NameId from = 0;  // create, remove: the name
    NameId to = 0;    // rename
};

/// An operation was submitted, or completed. Each of them is a crash point: the instant after it.
struct IoEvent {
    bool completion = false;
    std::uint32_t op = 0;  // place in ops()
};

class IoTrace {
public:
    /// Keeps the buffers.
    void clear();
    /// Notes a submission; `op` comes without its data.
    std::uint32_t submit(IoOp op, ByteSpan data = {});
    void complete(std::uint32_t op) { events_.push_back(IoEvent{true, op}); }

    [[nodiscard]] const std::vector<IoEvent>& events() const { return events_; }
    [[nodiscard]] const std::vector<IoOp>& ops() const { return ops_; }
    /// Valid until the next submission.
    [[nodiscard]] ByteSpan data(const IoOp& op) const {
        return ByteSpan{data_}.subspan(op.data_at, op.data_bytes);
    }

private:
    std::vector<IoOp> ops_;
    std::vector<IoEvent> events_;
    Bytes data_;
};

/// "write p0-01.log at 512, 344 bytes"; file: the name under which it was created.
std::string text_of(const IoTrace& trace, const IoOp& op, const NameTable& names);

}  // namespace brokersim::enumeration
