// Encoding of a base, and its way to the disk.
#include "broker_core/wal/base_file.h"

#include "broker_core/base/check.h"
#include "broker_core/base/crc32c.h"

#include <fmt/core.h>

namespace broker::wal {
namespace {

constexpr std::uint64_t base_magic = 0x65736162'6c617762ULL;  // "bwalbase"
constexpr std::uint16_t base_version = 1;
constexpr std::size_t crc_bytes = 4;

}  // namespace

std::string base_name(PartitionId partition, LogIndex index) {
    return fmt::format("p{}-{:016x}.base", partition.value(), index.value());
}

Bytes encode_base(const Base& base, const DiskIdentity& identity, PartitionId partition) {
    Bytes bytes;
    append_le(bytes, base_magic);
    append_le(bytes, base_version);
    append_le(bytes, static_cast<std::uint8_t>(base.installed ? 1 : 0));
    append_le(bytes, identity.cluster.value());
    append_le(bytes, identity.node.value());
    append_le(bytes, identity.disk.value());
    append_le(bytes, partition.value());
    append_le(bytes, base.index.value());
    append_le(bytes, base.term.value());
    append_le(bytes, static_cast<std::uint32_t>(base.snapshot.size()));
    append(bytes, base.snapshot);
    append_le(bytes, crc32c(bytes));
    return bytes;
}

Result<Base> decode_base(ByteSpan bytes, const DiskIdentity& identity, PartitionId partition) {
    if (bytes.size() < crc_bytes ||
        load_le<std::uint32_t>(bytes.data() + bytes.size() - crc_bytes) !=
            crc32c(bytes.first(bytes.size() - crc_bytes))) {
        return fail(ErrorCode::damaged, "wal: base checksum");
    }
    ByteReader reader{bytes.first(bytes.size() - crc_bytes)};
    bool const ours =
        reader.le<std::uint64_t>() == base_magic && reader.le<std::uint16_t>() == base_version;
    Base base;
    base.installed = reader.le<std::uint8_t>() != 0;
    DiskIdentity owner;
    owner.cluster = ClusterId{reader.le<std::uint64_t>()};
    owner.node = BrokerId{reader.le<std::uint32_t>()};
    owner.disk = DiskUuid{reader.le<std::uint64_t>()};
    PartitionId const of{reader.le<std::uint32_t>()};
    base.index = LogIndex{reader.le<std::uint64_t>()};
    base.term = Term{reader.le<std::uint64_t>()};
    auto const length = reader.le<std::uint32_t>();
    ByteSpan const snapshot = reader.bytes(length);
    if (!ours || !reader.ok() || reader.remaining() != 0 || base.index == LogIndex{}) {
        return fail(ErrorCode::damaged, "wal: base grammar");
    }
    if (owner != identity || of != partition) {
        return fail(ErrorCode::foreign, "wal: base of another cluster, node or disk");
    }
    base.snapshot.assign(snapshot.begin(), snapshot.end());
    return base;
}

void BaseFiles::write(const Base& base) {
    jobs_.push_back(
        Job{base.index, FreshFile{base_name(partition_, base.index), disk_, ops_}, OpId{}});
    FreshFile& file = jobs_.back().file;
    file.begin();
    file.write(0, encode_base(base, identity_, partition_));
    file.seal();
}

bool BaseFiles::on_disk_done(const DiskDone& done) {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
        Job& job = jobs_[i];
        if (job.directory_sync != OpId{} && job.directory_sync == done.op) {
            failed_ = failed_ || done.outcome != DiskOutcome::ok;
            durable_ = std::max(job.index, durable_.value_or(LogIndex{}));
            jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(i));
            return true;
        }
        if (!job.file.on_disk_done(done)) {
            continue;
        }
        failed_ = failed_ || job.file.failed();
        if (job.file.renamed() && job.directory_sync == OpId{}) {
            job.directory_sync = ops_.draw();
            disk_.sync_dir(job.directory_sync);
        } else if (job.file.prepared() && !job.file.rename_submitted()) {
            job.file.rename();
        }
        return true;
    }
    return false;
}

std::optional<LogIndex> BaseFiles::take_durable() {
    if (failed_) {
        return std::nullopt;
    }
    std::optional<LogIndex> const taken = durable_;
    durable_.reset();
    return taken;
}

}  // namespace broker::wal
