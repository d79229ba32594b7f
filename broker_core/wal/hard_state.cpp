// Two slots, one write and one sync per change of term or vote.
#include "broker_core/wal/hard_state.h"

#include "broker_core/base/check.h"
#include "broker_core/base/crc32c.h"

namespace broker::wal {

Bytes encode_hard_state_slot(const HardStateSlot& slot) {
    Bytes bytes;
    bytes.reserve(hard_state_slot_bytes);
    append_le(bytes, slot.sequence);
    append_le(bytes, slot.state.term.value());
    append_le(bytes, slot.state.vote.value());
    append_le(bytes, slot.boots);
    append_le(bytes, slot.identity.cluster.value());
    append_le(bytes, slot.identity.node.value());
    append_le(bytes, slot.identity.disk.value());
    append_le(bytes, slot.partition.value());
    append_le(bytes, crc32c(bytes));
    CHECK(bytes.size() == hard_state_slot_bytes);
    return bytes;
}

std::optional<HardStateSlot> decode_hard_state_slot(ByteSpan bytes) {
    if (bytes.size() < hard_state_slot_bytes) {
        return std::nullopt;
    }
    ByteSpan const covered = bytes.first(hard_state_slot_bytes - 4);
    if (load_le<std::uint32_t>(bytes.data() + covered.size()) != crc32c(covered)) {
        return std::nullopt;
    }
    ByteReader reader{covered};
    HardStateSlot slot;
    slot.sequence = reader.le<std::uint64_t>();
    slot.state.term = Term{reader.le<std::uint64_t>()};
    slot.state.vote = BrokerId{reader.le<std::uint32_t>()};
    slot.boots = reader.le<std::uint32_t>();
    slot.identity.cluster = ClusterId{reader.le<std::uint64_t>()};
    slot.identity.node = BrokerId{reader.le<std::uint32_t>()};
    slot.identity.disk = DiskUuid{reader.le<std::uint64_t>()};
    slot.partition = PartitionId{reader.le<std::uint32_t>()};
    if (slot.sequence == 0) {
        return std::nullopt;
    }
    return slot;
}

namespace {

/// The slot of a file at `at`, if it is readable and belongs there: odd sequences stand in the
/// first slot.
std::optional<HardStateSlot> slot_at(ByteSpan file, std::uint64_t at, PartitionId partition) {
    if (at >= file.size()) {
        return std::nullopt;
    }
    std::optional<HardStateSlot> slot = decode_hard_state_slot(file.subspan(at));
    bool const in_place =
        slot && slot->partition == partition && (slot->sequence % 2 == 1) == (at == 0);
    return in_place ? slot : std::nullopt;
}

}  // namespace

bool both_slots_readable(ByteSpan file, PartitionId partition) {
    return slot_at(file, 0, partition) && slot_at(file, hard_state_slot_stride, partition);
}

Result<HardStateSlot> read_hard_state(ByteSpan file, const DiskIdentity& identity,
                                      PartitionId partition) {
    std::optional<HardStateSlot> current;
    for (std::uint64_t const at : {std::uint64_t{0}, hard_state_slot_stride}) {
        std::optional<HardStateSlot> const slot = slot_at(file, at, partition);
        if (slot && (!current || slot->sequence > current->sequence)) {
            current = slot;
        }
    }
    if (!current) {
        return fail(ErrorCode::damaged, "wal: both hard-state slots are unreadable");
    }
    if (current->identity != identity) {
        return fail(ErrorCode::foreign, "wal: hard state of another cluster, node or disk");
    }
    return *current;
}

void HardStateFile::begin(const HardStateSlot& recovered) {
    current_ = recovered.state;
    boots_ = recovered.boots + 1;
    // Odd sequences stand in the first slot, even ones in the second. Both get the state at once,
    // so that from here on the older slot is always a valid one.
    sequence_ = (recovered.sequence + 1) | 1U;
    HardStateSlot slot{sequence_, current_, boots_, identity_, partition_};
    fresh_file_.begin();
    fresh_file_.write(0, encode_hard_state_slot(slot));
    ++sequence_;
    slot.sequence = sequence_;
    fresh_file_.write(hard_state_slot_stride, encode_hard_state_slot(slot));
    fresh_file_.seal();
}

std::uint64_t HardStateFile::store(const HardState& state) {
    CHECK(fresh_file_.renamed());
    CHECK(state.term >= current_.term);
    current_ = state;
    ++number_;
    probes_.reached(Probe::hard_state_write);
    if (pending_op_ == OpId{}) {
        write_slot();
    }
    return number_;
}

void HardStateFile::write_slot() {
    writing_ = current_;
    writing_number_ = number_;
    ++sequence_;
    syncing_ = false;
    pending_op_ = ops_.draw();
    HardStateSlot const slot{sequence_, writing_, boots_, identity_, partition_};
    slot_offset_ = sequence_ % 2 == 0 ? hard_state_slot_stride : 0;
    slot_bytes_ = encode_hard_state_slot(slot);
    disk_.write(pending_op_, fresh_file_.handle(), slot_offset_, slot_bytes_);
}

bool HardStateFile::on_disk_done(const DiskDone& done) {
    if (fresh_file_.on_disk_done(done)) {
        return true;
    }
    if (pending_op_ == OpId{} || done.op != pending_op_) {
        return false;
    }
    if (done.outcome != DiskOutcome::ok) {
        failed_ = true;
        return true;
    }
    pending_op_ = OpId{};
    if (done.missing > 0) {  // cut short: its end once more
        CHECK(done.missing < slot_bytes_.size());
        pending_op_ = ops_.draw();
        disk_.write(pending_op_, fresh_file_.handle(),
                    slot_offset_ + slot_bytes_.size() - done.missing,
                    ByteSpan{slot_bytes_}.last(done.missing));
        return true;
    }
    if (!syncing_) {
        syncing_ = true;
        pending_op_ = ops_.draw();
        disk_.sync(pending_op_, fresh_file_.handle());
        return true;
    }
    durable_number_ = writing_number_;
    proof_ = DurableVote{writing_.term, writing_.vote};
    probes_.reached(Probe::hard_state_durable);
    if (number_ > writing_number_) {
        write_slot();
    }
    return true;
}

std::optional<DurableVote> HardStateFile::take_proof() {
    std::optional<DurableVote> taken;
    taken.swap(proof_);
    return taken;
}

}  // namespace broker::wal
