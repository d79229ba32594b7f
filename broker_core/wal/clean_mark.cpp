// Encoding and writing of the clean-shutdown mark.
#include "broker_core/wal/clean_mark.h"

#include "broker_core/base/check.h"
#include "broker_core/base/crc32c.h"

#include <fmt/format.h>

namespace broker::wal {
namespace {

constexpr std::uint32_t magic = 0x4e41454c;  // "LEAN"

}  // namespace

Bytes encode_clean_mark(const CleanMark& mark) {
    Bytes bytes;
    bytes.reserve(clean_mark_bytes);
    append_le(bytes, magic);
    append_le(bytes, mark.identity.cluster.value());
    append_le(bytes, mark.identity.node.value());
    append_le(bytes, mark.identity.disk.value());
    append_le(bytes, mark.last_index.value());
    append_le(bytes, mark.last_term.value());
    append_le(bytes, crc32c(bytes));
    CHECK(bytes.size() == clean_mark_bytes);
    return bytes;
}

std::optional<CleanMark> decode_clean_mark(ByteSpan bytes) {
    if (bytes.size() != clean_mark_bytes) {
        return std::nullopt;
    }
    ByteSpan const covered = bytes.first(clean_mark_bytes - 4);
    if (load_le<std::uint32_t>(bytes.data() + covered.size()) != crc32c(covered)) {
        return std::nullopt;
    }
    ByteReader reader{covered};
    if (reader.le<std::uint32_t>() != magic) {
        return std::nullopt;
    }
    CleanMark mark;
    mark.identity.cluster = ClusterId{reader.le<std::uint64_t>()};
    mark.identity.node = BrokerId{reader.le<std::uint32_t>()};
    mark.identity.disk = DiskUuid{reader.le<std::uint64_t>()};
    mark.last_index = LogIndex{reader.le<std::uint64_t>()};
    mark.last_term = Term{reader.le<std::uint64_t>()};
    return mark;
}

std::string clean_mark_name(PartitionId partition) {
    return fmt::format("p{}.clean", partition.value());
}

void CleanMarkFile::begin(const CleanMark& mark) {
    CHECK(!begun_);
    begun_ = true;
    file_.begin();
    file_.write(0, encode_clean_mark(mark));
    file_.seal();
}

bool CleanMarkFile::on_disk_done(const DiskDone& done) {
    if (directory_sync_ != OpId{} && done.op == directory_sync_) {
        directory_sync_ = OpId{};
        failed_ = done.outcome != DiskOutcome::ok;
        durable_ = !failed_;
        return true;
    }
    if (!file_.on_disk_done(done)) {
        return false;
    }
    if (file_.failed()) {
        return true;
    }
    if (file_.prepared() && !file_.rename_submitted()) {
        file_.rename();
    } else if (file_.renamed() && directory_sync_ == OpId{}) {
        directory_sync_ = ops_.draw();
        disk_.sync_dir(directory_sync_);
    }
    return true;
}

}  // namespace broker::wal
