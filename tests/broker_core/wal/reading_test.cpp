// Tests of a boot on a disk that shows what was not written: once, or for good.
#include "broker_core/wal/wal.h"
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <optional>

namespace broker::wal {
namespace {

using brokersim::test::ManualDisk;

constexpr DiskIdentity identity{ClusterId{1}, BrokerId{1}, DiskUuid{1}};

/// A log of three entries, each in a group of its own, and a vote; its process has died.
struct StoredLog : ManualDisk {
    explicit StoredLog(std::uint64_t seed) : ManualDisk{seed} {
        REQUIRE(boot().has_value());
        run();
        log->store(HardState{Term{3}, BrokerId{2}});
        run();
        for (std::uint64_t index = 1; index <= 3; ++index) {
            log->append(Time{}, LogIndex{index}, Term{3}, false, Bytes(100, std::byte{0x5a}));
            log->finish_step(Time{});
            log->flush();
            run();
        }
        crash_process();
    }
    Result<Booted> boot() {
        probes.emplace();
        log.emplace(WalTuning{}, identity, PartitionId{}, disk, ops, *probes);
        return log->boot();
    }
    void run() {
        while (pending() > 0) {
            log->on_disk_done(Time{}, complete_at(0));
        }
    }
    std::uint32_t segment() { return *disk.inode_named("p0-0000000000000001.log"); }
    std::uint32_t state() { return *disk.inode_named("p0.state"); }
    /// Where frame `number` (from 1) of the segment begins.
    std::uint64_t frame(std::uint64_t number) {
        std::uint64_t at = frame_start(segment_header_bytes);
        for (std::uint64_t i = 1; i < number; ++i) {
            at = frame_start(at + frame_bytes(100));
        }
        return at;
    }

    OpIds ops;
    std::optional<Probes> probes;
    std::optional<Wal> log;
};

Bytes some(std::size_t size) {
    return Bytes(size, std::byte{0x77});
}

void check_whole(StoredLog& at, std::uint64_t readings) {
    Result<Booted> const booted = at.boot();
    REQUIRE(booted.has_value());
    CHECK(booted->entries.size() == 3);
    CHECK(booted->hard_state == HardState{Term{3}, BrokerId{2}});
    CHECK(at.probes->count(Probe::recovery_read_again) == readings - 1);
}

}  // namespace

TEST_CASE("wal boot: what reads well is read once", "[wal]") {
    StoredLog at{1};
    check_whole(at, 1);
}

TEST_CASE("wal boot: one wrong reading cuts nothing and forgets no vote", "[wal]") {
    StoredLog at{1};
    SECTION("of a frame that a later one claims") {
        at.disk.damage().mislead(1, at.segment(), at.frame(1) + 60, some(4));
    }
    SECTION("of the last frame, which looks like a torn tail") {
        at.disk.damage().mislead(1, at.segment(), at.frame(3) + 60, some(4));
    }
    SECTION("of the header of the segment") {
        at.disk.damage().mislead(1, at.segment(), 10, some(4));
    }
    SECTION("of the newer slot, which looks like a torn update") {
        std::uint64_t const newer = 0;  // the boot wrote 1 and 2, the vote 3
        at.disk.damage().mislead(1, at.state(), newer, some(8));
    }
    SECTION("of both slots") {
        at.disk.damage().mislead(1, at.state(), 0, some(8));
        at.disk.damage().mislead(1, at.state(), hard_state_slot_stride, some(8));
    }
    check_whole(at, 2);
}

TEST_CASE("wal boot: several wrong readings in a row are told from the right one", "[wal]") {
    StoredLog at{1};
    at.disk.damage().mislead(1, at.segment(), at.frame(3) + 60, some(4));
    at.disk.errors().add(brokersim::DiskError{2, brokersim::FaultKind::read_error});
    // The first reading fails before it comes to the state, so that the second one is wrong there.
    at.disk.damage().mislead(3, at.state(), 0, some(8));

    check_whole(at, 3);
}

TEST_CASE("wal boot: damage that stays is refused", "[wal]") {
    StoredLog at{1};
    SECTION("of a frame that a later one claims") {
        at.disk.damage().show(1, at.segment(), at.frame(1) + 60, some(4));
    }
    SECTION("of the header of the segment") {
        at.disk.damage().show(1, at.segment(), 10, some(4));
    }
    SECTION("of both slots") {
        at.disk.damage().show(1, at.state(), 0, some(8));
        at.disk.damage().show(1, at.state(), hard_state_slot_stride, some(8));
    }
    SECTION("a sector that cannot be read") {
        at.disk.damage().hide(1, at.segment(), 512, 512);
    }

    CHECK_FALSE(at.boot().has_value());
    CHECK(at.probes->count(Probe::recovery_read_again) == 1);
}

TEST_CASE("wal boot: a slot that went astray is not believed", "[wal]") {
    Bytes file(hard_state_slot_stride + hard_state_slot_bytes);
    auto const put = [&](std::uint64_t at, std::uint64_t sequence, std::uint32_t partition) {
        Bytes const slot = encode_hard_state_slot(HardStateSlot{
            sequence, HardState{Term{sequence}, BrokerId{1}}, 1, identity, PartitionId{partition}});
        std::copy(slot.begin(), slot.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
    };
    put(0, 3, 0);
    put(hard_state_slot_stride, 4, 0);
    CHECK(both_slots_readable(file, PartitionId{0}));
    CHECK(read_hard_state(file, identity, PartitionId{0})->sequence == 4);

    SECTION("from another partition") {
        put(hard_state_slot_stride, 6, 1);
    }
    SECTION("from the other place") {
        put(hard_state_slot_stride, 5, 0);
    }
    CHECK_FALSE(both_slots_readable(file, PartitionId{0}));
    CHECK(read_hard_state(file, identity, PartitionId{0})->sequence == 3);
}

}  // namespace broker::wal
