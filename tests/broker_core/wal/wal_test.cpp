// Tests of the log: which completion opens which promise, and what waits for what.
#include "tests/broker_core/wal/log_bench.h"

namespace broker::wal {
namespace {

using test::LogBench;
using Kind = test::ScriptedDisk::Kind;
using Numbers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("wal: a promise opens when its sync completed, not when its write did", "[wal]") {
    LogBench bench;

    bench.promise(bench.append_group(), 1);
    CHECK(bench.opened().empty());
    bench.complete(Kind::write);
    CHECK(bench.opened().empty());
    CHECK(bench.log().flushed() == LogIndex{0});
    bench.complete(Kind::sync);

    CHECK(bench.opened() == Numbers{1});
    CHECK(bench.log().flushed() == LogIndex{1});
    CHECK(bench.log().idle());
}

TEST_CASE("wal: a promise on the written level opens with the write", "[wal]") {
    LogBench bench;

    bench.promise(bench.append_group(), 1, Level::written);
    CHECK(bench.opened().empty());
    bench.complete(Kind::write);

    CHECK(bench.opened() == Numbers{1});
}

TEST_CASE("wal: a promise whose requirement is met opens at once", "[wal]") {
    LogBench bench;
    LogIndex const index = bench.append_group();
    bench.settle();

    bench.promise(index, 1);
    bench.promise(Requirement{}, 2);

    CHECK(bench.opened() == Numbers{1, 2});
}

TEST_CASE("wal: what is written while a sync runs waits for the next sync", "[wal]") {
    LogBench bench;

    bench.promise(bench.append_group(), 1);
    bench.complete(Kind::write);
    REQUIRE(bench.disk.count(Kind::sync) == 1);
    bench.promise(bench.append_group(), 2);
    bench.complete(Kind::write);
    bench.complete(Kind::sync);
    CHECK(bench.opened() == Numbers{1});
    CHECK(bench.log().flushed() == LogIndex{1});
    bench.complete(Kind::sync);

    CHECK(bench.opened() == Numbers{2});
}

TEST_CASE("wal: a sync covers only whole prefixes of written groups", "[wal]") {
    LogBench bench;

    bench.promise(bench.append_group(), 1);
    bench.promise(bench.append_group(), 2, Level::written);
    REQUIRE(bench.disk.count(Kind::write) == 2);
    bench.log().on_disk_done(bench.now, bench.disk.complete_at(1));
    CHECK(bench.opened().empty());
    CHECK(bench.disk.count(Kind::sync) == 0);
    bench.complete(Kind::write);

    CHECK(bench.opened() == Numbers{2});
    CHECK(bench.disk.count(Kind::sync) == 1);
}

TEST_CASE("wal: two syncs may overlap, and a later one that ends first proves only its own",
          "[wal]") {
    WalTuning tuning = test::manual_groups();
    tuning.max_inflight_syncs = 2;
    LogBench bench{tuning};

    bench.promise(bench.append_group(), 1);
    bench.complete(Kind::write);
    bench.promise(bench.append_group(), 2);
    bench.complete(Kind::write);
    REQUIRE(bench.disk.count(Kind::sync) == 2);
    // The second sync was submitted after both writes completed: it covers both groups.
    bench.log().on_disk_done(bench.now, bench.disk.complete_at(1));
    CHECK(bench.opened() == Numbers{1, 2});
    bench.complete(Kind::sync);

    CHECK(bench.log().idle());
}

TEST_CASE("wal: entries of one group share one write and one sync", "[wal]") {
    LogBench bench;

    for (std::int64_t number = 1; number <= 5; ++number) {
        bench.promise(bench.append(), number);
    }
    CHECK(bench.disk.pending().empty());
    bench.log().flush();
    CHECK(bench.disk.count(Kind::write) == 1);
    bench.complete(Kind::write);
    CHECK(bench.disk.count(Kind::sync) == 1);
    bench.complete(Kind::sync);

    CHECK(bench.opened() == Numbers{1, 2, 3, 4, 5});
}

TEST_CASE("wal: flushing twice equals flushing once", "[wal]") {
    LogBench bench;
    bench.append();

    bench.log().flush();
    auto const once = bench.disk.take_story();
    bench.log().flush();

    CHECK(once.size() == 1);
    CHECK(bench.disk.take_story().empty());
    CHECK(bench.log().last_index() == LogIndex{1});
}

TEST_CASE("wal: a group closes by window, by count and by bytes", "[wal]") {
    WalTuning tuning = test::manual_groups();
    tuning.group_window = 2_ms;
    tuning.group_max_batches = 3;
    tuning.group_max_bytes = 1000;
    LogBench bench{tuning};

    bench.append();
    CHECK(bench.log().next_deadline() == bench.now + 2_ms);
    bench.log().finish_step(bench.now + 1_ms);
    CHECK(bench.disk.count(Kind::write) == 0);
    bench.log().finish_step(bench.now + 2_ms);
    CHECK(bench.disk.count(Kind::write) == 1);

    bench.append();
    bench.append();
    CHECK(bench.log().has_open_group());
    bench.append();
    CHECK_FALSE(bench.log().has_open_group());

    bench.append(1, 952);
    CHECK_FALSE(bench.log().has_open_group());
    CHECK(bench.log().next_deadline() == Time::never());
}

TEST_CASE("wal: with a window of zero a group closes as soon as the disk is idle", "[wal]") {
    WalTuning tuning = test::manual_groups();
    tuning.group_window = Duration{};
    LogBench bench{tuning};

    bench.append();
    bench.log().finish_step(bench.now);
    REQUIRE(bench.disk.count(Kind::write) == 1);
    bench.append();
    bench.log().finish_step(bench.now);
    CHECK(bench.log().has_open_group());
    bench.complete(Kind::write);
    bench.complete(Kind::sync);
    bench.log().finish_step(bench.now);

    CHECK_FALSE(bench.log().has_open_group());
    CHECK(bench.disk.count(Kind::write) == 1);
}

TEST_CASE("wal: no more writes are in flight than allowed", "[wal]") {
    WalTuning tuning = test::manual_groups();
    tuning.max_inflight_writes = 2;
    LogBench bench{tuning};

    for (int i = 0; i < 4; ++i) {
        bench.append_group();
    }
    CHECK(bench.disk.count(Kind::write) == 2);
    bench.complete(Kind::write);

    CHECK(bench.disk.count(Kind::write) == 2);
}

TEST_CASE("wal: a truncation lowers flushed at once and drops the promises behind it", "[wal]") {
    LogBench bench;
    bench.append_group();
    bench.append_group();
    bench.settle();
    bench.promise(bench.append_group(), 3);
    REQUIRE(bench.log().flushed() == LogIndex{2});

    bench.log().truncate(bench.now, LogIndex{2}, Term{1});

    CHECK(bench.log().flushed() == LogIndex{1});
    CHECK(bench.log().last_index() == LogIndex{1});
    bench.log().finish_step(bench.now);
    bench.settle();
    CHECK(bench.opened().empty());
    CHECK(bench.log().flushed() == LogIndex{1});
}

TEST_CASE("wal: the client of a dropped promise is named, once", "[wal]") {
    LogBench bench;
    LogIndex const index = bench.append_group();
    Reply reply;
    reply.part = ProducePart{ConnectionId{7}, 3, 1};
    bench.log().promise(Requirement{.index = index}, Sealed<Reply>{std::move(reply)});

    bench.log().truncate(bench.now, index, Term{});
    bench.settle();

    CHECK(bench.opened().empty());
    REQUIRE(bench.dropped.size() == 1);
    CHECK(bench.dropped[0].connection == ConnectionId{7});
    CHECK(bench.dropped[0].slot == 3);
}

TEST_CASE("wal: a sync submitted before a truncation cannot raise flushed over it", "[wal]") {
    LogBench bench;
    bench.append_group();
    bench.append_group();
    bench.complete(Kind::write);
    bench.complete(Kind::write);
    REQUIRE(bench.disk.count(Kind::sync) == 1);

    bench.log().truncate(bench.now, LogIndex{2}, Term{1});
    bench.promise(bench.append(2), 2);
    bench.complete(Kind::sync);

    CHECK(bench.log().flushed() == LogIndex{1});
    CHECK(bench.opened().empty());
    bench.log().flush();
    bench.settle();
    CHECK(bench.opened() == Numbers{2});
    CHECK(bench.log().flushed() == LogIndex{2});
}

TEST_CASE("wal: a conflicting append is not written before the cut's sync completed", "[wal]") {
    LogBench bench;
    bench.append_group();
    bench.append_group();
    bench.settle();

    bench.log().truncate(bench.now, LogIndex{2}, Term{1});
    bench.append_group(2);
    REQUIRE(bench.disk.count(Kind::write) == 1);
    bench.complete(Kind::write);
    CHECK(bench.disk.count(Kind::write) == 0);
    bench.complete(Kind::sync);

    CHECK(bench.disk.count(Kind::write) == 1);
}

TEST_CASE("wal: a group is not written before the term it was composed under is durable", "[wal]") {
    LogBench bench;

    bench.log().store(HardState{Term{2}, BrokerId{1}});
    bench.append_group(2);
    REQUIRE(bench.disk.pending().size() == 1);  // the slot of the hard state
    bench.complete(Kind::write);
    REQUIRE(bench.disk.pending().size() == 1);  // and its sync
    bench.complete(Kind::sync);

    CHECK(bench.disk.count(Kind::write) == 1);
}

TEST_CASE("wal: a promise waits for the entries and for the hard state", "[wal]") {
    LogBench bench;
    LogIndex const index = bench.append_group();
    std::uint64_t const number = bench.log().store(HardState{Term{2}, BrokerId{1}});

    bench.promise(Requirement{.index = index, .hard_state_number = number}, 1);
    bench.promise(Requirement{.hard_state_number = number}, 2);
    bench.promise(index, 3);
    bench.complete(Kind::write);
    bench.complete(Kind::sync);
    CHECK(bench.opened() == Numbers{3});
    bench.settle();

    CHECK(bench.opened() == Numbers{1, 2});
}

TEST_CASE("wal: a new term drops the peer replies that are still held, and no others", "[wal]") {
    LogBench bench;
    LogIndex const index = bench.append_group();
    bench.promise(Requirement{.index = index, .ends_with_term = true}, 1);
    bench.promise(index, 2);

    bench.log().store(HardState{Term{5}, BrokerId{}});
    bench.settle();

    CHECK(bench.opened() == Numbers{2});
}

TEST_CASE("wal: a vote within the term drops nothing", "[wal]") {
    LogBench bench;
    bench.log().store(HardState{Term{5}, BrokerId{}});
    bench.promise(Requirement{.index = bench.append_group(5), .ends_with_term = true}, 1);

    bench.log().store(HardState{Term{5}, BrokerId{2}});
    bench.settle();

    CHECK(bench.opened() == Numbers{1});
}

TEST_CASE("wal: a failed write or sync poisons the log for ever", "[wal]") {
    for (Kind const kind : {Kind::write, Kind::sync}) {
        LogBench bench;
        bench.promise(bench.append_group(), 1);
        if (kind == Kind::sync) {
            bench.complete(Kind::write);
        }

        bench.complete(kind, DiskOutcome::io_error);

        CHECK(bench.log().failed());
        bench.settle();
        bench.promise(LogIndex{}, 2);
        CHECK(bench.opened().empty());
        CHECK(bench.log().flushed() == LogIndex{0});
        CHECK(bench.log().failed());
    }
}

TEST_CASE("wal: a failed hard-state write poisons the log", "[wal]") {
    LogBench bench;
    bench.log().store(HardState{Term{2}, BrokerId{1}});

    bench.complete(Kind::write, DiskOutcome::no_space);

    CHECK(bench.log().failed());
}

TEST_CASE("wal: a restart finds every completed write, and durable terms only grow", "[wal]") {
    LogBench bench;
    bench.log().store(HardState{Term{3}, BrokerId{2}});
    bench.append_group(3);
    bench.append_group(3, 1000);
    bench.settle();
    bench.append_group(3);  // never completes

    Booted const booted = bench.restart();

    CHECK(booted.entries.size() == 2);
    CHECK(booted.entries[1].payload.size() == 1000);
    CHECK(booted.hard_state == HardState{Term{3}, BrokerId{2}});
    CHECK(bench.log().flushed() == LogIndex{2});
    CHECK(bench.log().boots() == 2);
}

TEST_CASE("wal: truncations and control entries survive a restart", "[wal]") {
    LogBench bench;
    bench.append_group();
    bench.append_group();
    bench.log().truncate(bench.now, LogIndex{2}, Term{1});
    bench.log().append(bench.now, LogIndex{2}, Term{4}, true, {});
    bench.log().flush();
    bench.settle();

    Booted const booted = bench.restart();

    REQUIRE(booted.entries.size() == 2);
    CHECK_FALSE(booted.entries[0].control);
    CHECK(booted.entries[1].control);
    CHECK(booted.entries[1].term == Term{4});
}

TEST_CASE("wal: a write that was cut short is continued, and no sync comes before its end",
          "[wal]") {
    LogBench bench;
    bench.promise(bench.append_group(1, 1000), 1);

    bench.log().on_disk_done(bench.now, bench.disk.complete_short(0, 700));
    REQUIRE(bench.disk.count(Kind::write) == 1);
    CHECK(bench.disk.pending()[0].data.size() == 700);
    CHECK(bench.disk.count(Kind::sync) == 0);
    bench.log().on_disk_done(bench.now, bench.disk.complete_short(0, 1));
    CHECK(bench.disk.count(Kind::sync) == 0);
    bench.complete(Kind::write);
    CHECK(bench.opened().empty());
    bench.complete(Kind::sync);

    CHECK(bench.opened() == Numbers{1});
    CHECK(bench.restart().entries.size() == 1);
}

TEST_CASE("wal: whatever writes are cut short, and readings too, a restart finds everything",
          "[wal]") {
    LogBench bench;
    auto const settle_short = [&] {
        while (!bench.disk.pending().empty()) {
            const test::ScriptedDisk::Op& op = bench.disk.pending().front();
            bool const cut = op.kind == Kind::write && op.data.size() > 1;
            bench.log().on_disk_done(bench.now,
                                     cut ? bench.disk.complete_short(0, (op.data.size() + 1) / 2)
                                         : bench.disk.complete_at(0));
        }
    };
    bench.disk.longest_read = 100;
    bench.log().store(HardState{Term{3}, BrokerId{2}});
    for (int i = 0; i < 12; ++i) {  // over several segments
        bench.append_group(3, 1000);
        settle_short();
    }
    CHECK(bench.log().flushed() == LogIndex{12});

    Booted const booted = bench.restart();

    CHECK(booted.entries.size() == 12);
    CHECK(booted.hard_state == HardState{Term{3}, BrokerId{2}});
}

TEST_CASE("wal: padded groups share no sector, and a restart finds them with or without padding",
          "[wal]") {
    WalTuning tuning = test::manual_groups();
    tuning.pad_groups = true;
    for (std::size_t const size : {1U, 40U, 400U, 456U, 464U, 1000U, 8000U}) {
        LogBench bench{tuning};
        bench.append(1, size);
        for (int group = 0; group < 8; ++group) {
            bench.append_group(1, size);
            for (const test::ScriptedDisk::Op& op : bench.disk.pending()) {
                CHECK((op.kind != Kind::write || op.offset % sector_bytes == 0));
                CHECK((op.kind != Kind::write || op.data.size() % sector_bytes == 0));
            }
            bench.settle();
        }
        CHECK(bench.log().flushed() == LogIndex{9});

        CHECK(bench.restart().entries.size() == 9);
        bench.append_group(1, size);
        bench.settle();
        CHECK(bench.restart().entries.size() == 10);
    }
}

TEST_CASE("wal: an operation of somebody else is not the log's", "[wal]") {
    LogBench bench;

    CHECK_FALSE(bench.log().on_disk_done(bench.now, DiskDone{OpId{999'999}, DiskOutcome::ok}));
}

}  // namespace broker::wal
