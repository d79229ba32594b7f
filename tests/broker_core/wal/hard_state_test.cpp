// Tests of term and vote on disk: two slots, of which a torn update never loses both.
#include "broker_core/wal/hard_state.h"

#include "tests/support/hex.h"
#include "tests/support/scripted_disk.h"

#include <catch2/catch.hpp>

namespace broker::wal {
namespace {

using test::ScriptedDisk;
using Kind = ScriptedDisk::Kind;

constexpr DiskIdentity identity{ClusterId{1}, BrokerId{2}, DiskUuid{3}};

Bytes file_of(HardStateSlot const& first, HardStateSlot const& second) {
    Bytes file = encode_hard_state_slot(first);
    file.resize(hard_state_slot_stride);
    append(file, encode_hard_state_slot(second));
    return file;
}

HardStateSlot slot_of(std::uint64_t sequence, std::uint64_t term, std::uint32_t vote) {
    return HardStateSlot{sequence, HardState{Term{term}, BrokerId{vote}}, 1, identity,
                         PartitionId{}};
}

/// A hard-state file that moved to its fresh name; `term` is what was recovered.
struct Bench {
    ScriptedDisk disk;
    OpIds ops;
    Probes probes;
    HardStateFile file{PartitionId{0}, identity, disk, ops, probes};

    explicit Bench(HardStateSlot const& recovered) {
        file.begin(recovered);
        complete_all();
        file.fresh_file().rename();
        complete_all();
    }
    bool complete(Kind kind, DiskOutcome outcome = DiskOutcome::ok) {
        return file.on_disk_done(disk.complete(kind, outcome));
    }
    void complete_all() {
        while (!disk.pending().empty()) {
            file.on_disk_done(disk.complete_at(0));
        }
    }
    HardState stored() {
        auto const slot = read_hard_state(disk.content("p0.state"), identity, PartitionId{});
        REQUIRE(slot.has_value());
        return slot->state;
    }
};

}  // namespace

TEST_CASE("hard state: the bytes of a slot are those of the layout", "[wal]") {
    Bytes const bytes = encode_hard_state_slot(
        HardStateSlot{5, HardState{Term{7}, BrokerId{2}}, 4, identity, PartitionId{}});

    REQUIRE(bytes.size() == hard_state_slot_bytes);
    CHECK(test::to_hex(ByteSpan{bytes}.first(48)) ==
          "05 00 00 00 00 00 00 00 07 00 00 00 00 00 00 00 02 00 00 00 04 00 00 00 "
          "01 00 00 00 00 00 00 00 02 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00");
}

TEST_CASE("hard state: the slot with the larger sequence is current, wherever it stands", "[wal]") {
    auto const late_second =
        read_hard_state(file_of(slot_of(1, 4, 1), slot_of(2, 5, 3)), identity, PartitionId{});
    auto const late_first =
        read_hard_state(file_of(slot_of(3, 6, 1), slot_of(2, 5, 3)), identity, PartitionId{});

    REQUIRE(late_second.has_value());
    CHECK(late_second->state == HardState{Term{5}, BrokerId{3}});
    REQUIRE(late_first.has_value());
    CHECK(late_first->state == HardState{Term{6}, BrokerId{1}});
}

TEST_CASE("hard state: a torn newer slot falls back to the older one", "[wal]") {
    for (std::size_t byte = 0; byte < hard_state_slot_bytes; ++byte) {
        Bytes file = file_of(slot_of(1, 4, 1), slot_of(2, 5, 3));
        file[hard_state_slot_stride + byte] ^= std::byte{0x10};

        auto const slot = read_hard_state(file, identity, PartitionId{});

        INFO("byte " << byte);
        REQUIRE(slot.has_value());
        CHECK(slot->state == HardState{Term{4}, BrokerId{1}});
    }
}

TEST_CASE("hard state: two bad slots are damage, never term 0", "[wal]") {
    Bytes file = file_of(slot_of(1, 4, 1), slot_of(2, 5, 3));
    file[8] ^= std::byte{1};
    file[hard_state_slot_stride + 8] ^= std::byte{1};

    for (Bytes const& bad : {file, Bytes{}, Bytes(8192), Bytes(51)}) {
        auto const slot = read_hard_state(bad, identity, PartitionId{});
        REQUIRE_FALSE(slot.has_value());
        CHECK(slot.error().code == ErrorCode::damaged);
    }
}

TEST_CASE("hard state: another cluster, node or disk is refused", "[wal]") {
    Bytes const file = file_of(slot_of(1, 4, 1), slot_of(2, 5, 3));

    for (DiskIdentity const& other : {DiskIdentity{ClusterId{9}, BrokerId{2}, DiskUuid{3}},
                                      DiskIdentity{ClusterId{1}, BrokerId{9}, DiskUuid{3}},
                                      DiskIdentity{ClusterId{1}, BrokerId{2}, DiskUuid{9}}}) {
        auto const slot = read_hard_state(file, other, PartitionId{});
        REQUIRE_FALSE(slot.has_value());
        CHECK(slot.error().code == ErrorCode::foreign);
    }
}

TEST_CASE("hard state: a fresh file holds what was recovered, and one more boot, in both slots",
          "[wal]") {
    Bench bench{slot_of(6, 4, 1)};

    Bytes const& file = bench.disk.content("p0.state");
    auto const first = decode_hard_state_slot(file);
    auto const second = decode_hard_state_slot(ByteSpan{file}.subspan(hard_state_slot_stride));

    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(first->state == HardState{Term{4}, BrokerId{1}});
    CHECK(second->state == first->state);
    CHECK(first->sequence == 7);
    CHECK(second->sequence == 8);
    CHECK(first->boots == 2);
}

TEST_CASE("hard state: a state is durable after its write and then its sync", "[wal]") {
    Bench bench{slot_of(1, 4, 1)};

    std::uint64_t const number = bench.file.store(HardState{Term{5}, BrokerId{2}});
    CHECK(bench.disk.count(Kind::sync) == 0);
    bench.complete(Kind::write);
    CHECK(bench.file.durable_number() < number);
    CHECK_FALSE(bench.file.take_proof().has_value());
    bench.complete(Kind::sync);

    CHECK(bench.file.durable_number() == number);
    auto const proof = bench.file.take_proof();
    REQUIRE(proof.has_value());
    CHECK(proof->term() == Term{5});
    CHECK(proof->vote() == BrokerId{2});
    CHECK_FALSE(bench.file.take_proof().has_value());
}

TEST_CASE("hard state: a store writes the older slot and leaves the newer one alone", "[wal]") {
    Bench bench{slot_of(1, 4, 1)};

    for (std::uint64_t term = 5; term <= 8; ++term) {
        Bytes const before = bench.disk.content("p0.state");
        bench.file.store(HardState{Term{term}, BrokerId{2}});
        REQUIRE(bench.disk.pending().size() == 1);
        auto const newest = read_hard_state(before, identity, PartitionId{});
        std::uint64_t const newest_at = newest->sequence % 2 == 0 ? hard_state_slot_stride : 0;
        CHECK(bench.disk.pending().front().offset != newest_at);
        bench.complete_all();
        CHECK(bench.stored().term == Term{term});
    }
}

TEST_CASE("hard state: states that wait for the disk are replaced by the newest", "[wal]") {
    Bench bench{slot_of(1, 4, 1)};

    bench.file.store(HardState{Term{5}, BrokerId{1}});
    bench.file.store(HardState{Term{6}, BrokerId{2}});
    std::uint64_t const last = bench.file.store(HardState{Term{7}, BrokerId{3}});
    bench.complete(Kind::write);
    bench.complete(Kind::sync);
    CHECK(bench.file.take_proof()->term() == Term{5});
    CHECK_FALSE(bench.file.idle());
    bench.complete(Kind::write);
    bench.complete(Kind::sync);

    CHECK(bench.file.take_proof()->term() == Term{7});
    CHECK(bench.file.durable_number() == last);
    CHECK(bench.file.idle());
}

TEST_CASE("hard state: a failed write or sync is never believed", "[wal]") {
    Bench write_fails{slot_of(1, 4, 1)};
    write_fails.file.store(HardState{Term{5}, BrokerId{1}});
    write_fails.complete(Kind::write, DiskOutcome::io_error);
    CHECK(write_fails.file.failed());
    CHECK_FALSE(write_fails.file.take_proof().has_value());

    Bench sync_fails{slot_of(1, 4, 1)};
    sync_fails.file.store(HardState{Term{5}, BrokerId{1}});
    sync_fails.complete(Kind::write);
    sync_fails.complete(Kind::sync, DiskOutcome::io_error);
    CHECK(sync_fails.file.failed());
    CHECK(sync_fails.file.durable_number() == 0);
}

}  // namespace broker::wal
