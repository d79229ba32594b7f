// Tests of the durability modes: when an entry is stored, and what asks for a sync.
#include "tests/broker_core/wal/log_bench.h"

namespace broker::wal {
namespace {

using test::LogBench;
using Kind = test::ScriptedDisk::Kind;
using Numbers = std::vector<std::int64_t>;

WalTuning mode(Durability durability) {
    WalTuning tuning = test::manual_groups();
    tuning.durability = durability;
    tuning.sync_interval = 10_ms;
    tuning.sync_bytes = 1'000;
    return tuning;
}

/// Closes the group without asking for a sync, as a full group does.
LogIndex append_full(LogBench& bench, std::size_t size = 40) {
    LogIndex const index = bench.append(1, size);
    bench.now = bench.now + 1'000_s;  // the window is over
    bench.log().finish_step(bench.now);
    return index;
}

}  // namespace

TEST_CASE("wal: unsynced modes open a promise with the write", "[wal][durability]") {
    Durability const durability = GENERATE(Durability::write_cache, Durability::none);
    LogBench bench{mode(durability)};

    bench.promise(append_full(bench), 1, Level::stored);
    CHECK(bench.opened().empty());
    CHECK(bench.log().stored() == LogIndex{0});
    bench.complete(Kind::write);

    CHECK(bench.opened() == Numbers{1});
    CHECK(bench.log().stored() == LogIndex{1});
    CHECK(bench.log().flushed() == LogIndex{0});
    CHECK(bench.disk.count(Kind::sync) == 0);
    CHECK_FALSE(bench.log().idle());
}

TEST_CASE("wal: fsync stores nothing before its sync", "[wal][durability]") {
    LogBench bench{mode(Durability::fsync)};

    bench.promise(append_full(bench), 1, Level::stored);
    bench.complete(Kind::write);

    CHECK(bench.opened().empty());
    CHECK(bench.log().stored() == LogIndex{0});
    CHECK(bench.disk.count(Kind::sync) == 1);
}

TEST_CASE("wal: write_cache syncs after its interval", "[wal][durability]") {
    LogBench bench{mode(Durability::write_cache)};
    append_full(bench);
    bench.complete(Kind::write);
    REQUIRE(bench.log().next_deadline() == bench.now + 10_ms);

    bench.now = bench.now + 9_ms;
    bench.log().finish_step(bench.now);
    CHECK(bench.disk.count(Kind::sync) == 0);
    bench.now = bench.now + 1_ms;
    bench.log().finish_step(bench.now);

    CHECK(bench.disk.count(Kind::sync) == 1);
    CHECK(bench.log().next_deadline() == Time::never());
    bench.settle();
    CHECK(bench.log().flushed() == LogIndex{1});
    CHECK(bench.log().idle());
}

TEST_CASE("wal: write_cache syncs at its bytes, over many small groups", "[wal][durability]") {
    WalTuning tuning = mode(Durability::write_cache);
    tuning.sync_interval = 1'000'000_s;
    LogBench bench{tuning};

    for (int i = 0; i < 7; ++i) {
        append_full(bench, 80);  // 128 bytes with its header
        bench.complete(Kind::write);
        CHECK(bench.disk.count(Kind::sync) == 0);
    }
    append_full(bench, 80);
    bench.complete(Kind::write);

    CHECK(bench.disk.count(Kind::sync) == 1);
    bench.settle();
    CHECK(bench.log().flushed() == LogIndex{8});
}

TEST_CASE("wal: none syncs by itself only at the end of a segment", "[wal][durability]") {
    LogBench bench{mode(Durability::none)};

    for (int i = 0; i < 3; ++i) {
        append_full(bench, 900);
        bench.complete(Kind::write);
        CHECK(bench.disk.count(Kind::sync) == 0);
        CHECK(bench.log().next_deadline() == Time::never());
    }
    append_full(bench, 900);  // does not fit behind the others
    bench.settle();

    CHECK(bench.log().flushed() == LogIndex{3});
    CHECK(bench.log().stored() == LogIndex{4});
}

TEST_CASE("wal: a flush, a cut and a promise on a sync ask for one in every mode",
          "[wal][durability]") {
    LogBench bench{mode(Durability::none)};
    append_full(bench);
    bench.settle();
    REQUIRE(bench.log().flushed() == LogIndex{0});

    SECTION("flush") {
        bench.log().flush();
        bench.settle();
        CHECK(bench.log().flushed() == LogIndex{1});
        CHECK(bench.log().idle());
    }
    SECTION("cut") {
        append_full(bench);
        bench.settle();
        bench.log().truncate(bench.now, LogIndex{2}, Term{1});
        append_full(bench);
        CHECK(bench.disk.count(Kind::write) == 1);  // only the cut; the entry waits for its sync
        bench.complete(Kind::write);
        bench.complete(Kind::sync);  // submitted before the cut was written: does not cover it
        CHECK(bench.disk.count(Kind::write) == 0);
        bench.complete(Kind::sync);
        CHECK(bench.disk.count(Kind::write) == 1);
    }
    SECTION("promise") {
        bench.promise(LogIndex{1}, 1, Level::synced);
        bench.log().finish_step(bench.now);
        CHECK(bench.opened().empty());
        bench.settle();
        CHECK(bench.opened() == Numbers{1});
    }
}

TEST_CASE("wal: a write that completes before an earlier one stores nothing yet",
          "[wal][durability]") {
    LogBench bench{mode(Durability::write_cache)};
    append_full(bench);
    append_full(bench);
    REQUIRE(bench.disk.count(Kind::write) == 2);

    bench.log().on_disk_done(bench.now, bench.disk.complete_at(1));
    CHECK(bench.log().stored() == LogIndex{0});
    bench.complete(Kind::write);

    CHECK(bench.log().stored() == LogIndex{2});
}

}  // namespace broker::wal
