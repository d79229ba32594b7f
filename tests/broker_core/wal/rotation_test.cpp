// Tests of booting and rotation: the order in which files are made, named and first written.
#include "tests/broker_core/wal/log_bench.h"

namespace broker::wal {
namespace {

using test::LogBench;
using test::ScriptedDisk;
using Kind = ScriptedDisk::Kind;
using Numbers = std::vector<std::int64_t>;

/// A log whose first segment is almost full and wholly durable.
struct FullSegment : LogBench {
    FullSegment() {
        append_group(1, 3000);
        settle();
        disk.take_story();
    }
};

bool contains(std::vector<std::string> const& names, std::string const& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("wal boot: a new disk gets its state and first segment under temporary names first",
          "[wal]") {
    ScriptedDisk disk;
    OpIds ops;
    Probes probes;
    Wal log{test::manual_groups(), LogBench::identity, PartitionId{}, disk, ops, probes};

    auto const booted = log.boot();

    REQUIRE(booted.has_value());
    CHECK(booted->entries.empty());
    CHECK(booted->hard_state == HardState{});
    CHECK(disk.take_story() == std::vector<std::string>{"create p0.state.tmp", "write", "write",
                                                        "create p0-0000000000000001.log.tmp",
                                                        "write", "truncate"});
    std::vector<std::string> names;
    while (!disk.pending().empty()) {
        CHECK_FALSE(log.open());
        log.on_disk_done(Time{}, disk.complete_at(0));
        for (std::string const& line : disk.take_story()) {
            if (line != "sync") {
                names.push_back(line);
            }
        }
    }
    CHECK(log.open());
    CHECK(names == std::vector<std::string>{
                       "rename p0.state.tmp p0.state", "sync_dir",
                       "rename p0-0000000000000001.log.tmp p0-0000000000000001.log", "sync_dir"});
}

TEST_CASE("wal boot: the segment gets its name only after those it builds on are durable",
          "[wal]") {
    LogBench bench;
    bench.append_group();
    bench.settle();
    bench.disk.abandon();
    Wal log{test::manual_groups(), LogBench::identity, PartitionId{}, bench.disk, bench.ops,
            bench.probes};
    REQUIRE(log.boot().has_value());
    while (bench.disk.count(Kind::sync_dir) == 0) {
        log.on_disk_done(Time{}, bench.disk.complete_at(0));
    }

    while (bench.disk.pending().size() > 1) {
        bool const directory = bench.disk.pending().front().kind == Kind::sync_dir;
        log.on_disk_done(Time{}, bench.disk.complete_at(directory ? 1 : 0));
    }

    CHECK(bench.disk.count(Kind::rename) == 0);
    log.on_disk_done(Time{}, bench.disk.complete(Kind::sync_dir));
    CHECK(bench.disk.count(Kind::rename) == 1);
}

TEST_CASE("wal boot: a log without its hard state is damaged, and the disk stays untouched",
          "[wal]") {
    LogBench bench;
    bench.append_group();
    bench.settle();
    bench.disk.remove(OpId{1'000'000}, "p0.state");
    bench.disk.complete_at(0);
    bench.disk.take_story();
    Wal log{test::manual_groups(), LogBench::identity, PartitionId{}, bench.disk, bench.ops,
            bench.probes};

    auto const booted = log.boot();

    REQUIRE_FALSE(booted.has_value());
    CHECK(booted.error().code == ErrorCode::damaged);
    CHECK(bench.disk.take_story().empty());
}

TEST_CASE("wal boot: files of other partitions and unknown names are left alone", "[wal]") {
    LogBench bench;
    bench.disk.create(OpId{1'000'000}, "p1-0000000000000001.log");
    bench.disk.complete_at(0);
    bench.disk.create(OpId{1'000'001}, "notes");
    bench.disk.complete_at(0);

    bench.restart();
    bench.settle();

    CHECK(contains(bench.disk.list(), "p1-0000000000000001.log"));
    CHECK(contains(bench.disk.list(), "notes"));
}

TEST_CASE("wal boot: a temporary file of a former life is removed, and its id never used again",
          "[wal]") {
    LogBench bench;
    bench.disk.create(OpId{1'000'000}, "p0-0000000000000009.log.tmp");
    bench.disk.complete_at(0);

    bench.restart();
    bench.settle();

    CHECK_FALSE(contains(bench.disk.list(), "p0-0000000000000009.log.tmp"));
    CHECK(contains(bench.disk.list(), "p0-000000000000000a.log"));
}

TEST_CASE("wal boot: an error while booting keeps the log closed", "[wal]") {
    ScriptedDisk disk;
    OpIds ops;
    Probes probes;
    Wal log{test::manual_groups(), LogBench::identity, PartitionId{}, disk, ops, probes};
    REQUIRE(log.boot().has_value());

    log.on_disk_done(Time{}, disk.complete(Kind::write, DiskOutcome::io_error));
    while (!disk.pending().empty()) {
        log.on_disk_done(Time{}, disk.complete_at(0));
    }

    CHECK(log.failed());
    CHECK_FALSE(log.open());
}

TEST_CASE("wal rotation: the new file is named only after the old segment is wholly synced",
          "[wal]") {
    FullSegment bench;

    bench.append_group(1, 200);  // still fits; its sync is outstanding
    bench.append_group(1, 2000);
    CHECK(bench.disk.take_story() == std::vector<std::string>{"write",
                                                              "create p0-0000000000000002.log.tmp",
                                                              "write", "truncate"});
    while (bench.disk.count(Kind::create) > 0 || bench.disk.count(Kind::truncate) > 0) {
        bench.log().on_disk_done(bench.now, bench.disk.complete_at(1));  // all but the old write
        if (bench.disk.pending().size() == 2 && bench.disk.count(Kind::sync) == 1) {
            break;
        }
    }
    while (bench.disk.pending().size() > 1) {
        bench.log().on_disk_done(bench.now, bench.disk.complete_at(1));
    }
    CHECK(bench.disk.count(Kind::rename) == 0);
    bench.complete(Kind::write);
    CHECK(bench.disk.count(Kind::rename) == 0);
    bench.complete(Kind::sync);

    CHECK(bench.disk.count(Kind::rename) == 1);
}

TEST_CASE("wal rotation: the directory is synced before the first append", "[wal]") {
    FullSegment bench;
    bench.promise(bench.append_group(1, 2000), 1);
    while (bench.disk.count(Kind::rename) == 0) {
        bench.log().on_disk_done(bench.now, bench.disk.complete_at(0));
    }
    bench.disk.take_story();

    bench.complete(Kind::rename);
    CHECK(bench.disk.take_story() == std::vector<std::string>{"sync_dir"});
    bench.complete(Kind::sync_dir);
    CHECK(bench.disk.take_story() == std::vector<std::string>{"write"});
    bench.settle();

    CHECK(bench.opened() == Numbers{1});
}

TEST_CASE("wal rotation: an entry larger than a segment gets a segment of its own size", "[wal]") {
    FullSegment bench;

    LogIndex const index = bench.append_group(1, 20'000);
    bench.settle();
    Booted const booted = bench.restart();

    REQUIRE(booted.entries.size() == index.value());
    CHECK(booted.entries.back().payload.size() == 20'000);
}

TEST_CASE("wal rotation: many segments are one log", "[wal]") {
    LogBench bench;
    for (std::size_t i = 0; i < 40; ++i) {
        bench.append(1, 100 + 37 * i);
        if (i % 3 == 0) {
            bench.log().flush();
        }
    }
    bench.log().flush();
    bench.settle();
    REQUIRE(bench.log().idle());

    Booted const booted = bench.restart();

    REQUIRE(booted.entries.size() == 40);
    for (std::size_t i = 0; i < 40; ++i) {
        CHECK(booted.entries[i].payload.size() == 100 + 37 * i);
    }
    CHECK(bench.probes.count(Probe::segment_rotated) > 5);
}

TEST_CASE("wal rotation: a failed rename poisons the log", "[wal]") {
    FullSegment bench;
    bench.promise(bench.append_group(1, 2000), 1);
    while (bench.disk.count(Kind::rename) == 0) {
        bench.log().on_disk_done(bench.now, bench.disk.complete_at(0));
    }

    bench.complete(Kind::rename, DiskOutcome::io_error);
    bench.settle();

    CHECK(bench.log().failed());
    CHECK(bench.opened().empty());
}

}  // namespace broker::wal
