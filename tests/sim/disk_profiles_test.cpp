// Tests of what disk profiles make of failed syncs, names, torn sectors, lies and space.
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace brokersim {
namespace {

using broker::DiskOutcome;
using test::ManualDisk;

constexpr std::size_t page = 4096;

Bytes filled(std::size_t size, char with) {
    return Bytes(size, static_cast<std::byte>(with));
}

/// A disk of a profile with one durable log file of a page of 'a'.
struct DiskOfProfile : ManualDisk {
    explicit DiskOfProfile(DiskProfile profile, std::uint64_t seed = 1, std::uint64_t capacity = 0)
        : ManualDisk{seed, DiskSpec{traits_of(profile), capacity}} {
        file = disk.create(OpId{1}, name);
        disk.write(OpId{2}, file, 0, filled(page, 'a'));
        complete_all();
        disk.sync(OpId{3}, file);
        disk.sync_dir(OpId{4});
        complete_all();
    }
    void add_sync_error(During during = During::sync, std::uint32_t nth = 1) {
        DiskError error;
        error.element = 7;
        error.kind = FaultKind::sync_error;
        error.during = during;
        error.nth = nth;
        disk.errors().add(error);
    }
    DiskOutcome write(std::uint64_t offset, char with, std::size_t size = page) {
        disk.write(OpId{10}, file, offset, filled(size, with));
        return complete_at(0).outcome;
    }
    DiskOutcome sync() {
        disk.sync(OpId{11}, file);
        return complete_at(0).outcome;
    }
    Bytes content() { return *disk.read_all(name); }
    std::size_t count(char with) {
        Bytes const bytes = content();
        return static_cast<std::size_t>(
            std::count(bytes.begin(), bytes.end(), static_cast<std::byte>(with)));
    }
    bool was_effective() { return !disk.errors().take_effective().empty(); }

    static constexpr const char* name = "p0-0000000000000001.log";
    FileHandle file;
};

}  // namespace

TEST_CASE("disk profiles: where the error comes late, a sync that failed reports success",
          "[sim]") {
    DiskOfProfile bench{DiskProfile::ext4_data};
    bench.write(page, 'b');
    bench.add_sync_error();

    CHECK(bench.sync() == DiskOutcome::ok);
    CHECK(bench.disk.errors().reported() == 0);
    CHECK(bench.disk.owes_error(7));
    CHECK(bench.count('b') == page);

    SECTION("and the next one says so, once") {
        CHECK(bench.sync() == DiskOutcome::io_error);
        CHECK(bench.was_effective());
        CHECK_FALSE(bench.disk.owes_error(7));
        CHECK(bench.sync() == DiskOutcome::ok);
    }
    SECTION("to the next incarnation, if the one that held the file is gone") {
        bench.crash_process();
        CHECK(bench.count('b') == page);
        FileHandle const other = bench.disk.create(OpId{20}, "p0-0000000000000002.log");
        bench.complete_all();
        bench.disk.sync(OpId{21}, other);
        CHECK(bench.complete_at(0).outcome == DiskOutcome::io_error);
        CHECK(bench.was_effective());
    }
    SECTION("and power takes what it promised, where that is allowed") {
        bench.sync();
        bench.crash_power(SurvivalShape::keep_all, LieFate::lost);
        CHECK(bench.count('b') < page);
        CHECK_FALSE(bench.disk.lies().take_effective().empty());
    }
    SECTION("and power takes nothing of it, where that is not") {
        bench.sync();
        bench.crash_power(SurvivalShape::drop_all, LieFate::come_true);
        CHECK(bench.count('b') == page);
    }
}

TEST_CASE("disk profiles: an error that comes late never concerns term and vote", "[sim]") {
    ManualDisk bench{1, DiskSpec{traits_of(DiskProfile::ext4_data), 0}};
    FileHandle const file = bench.disk.create(OpId{1}, "p0.state");
    bench.disk.write(OpId{2}, file, 0, filled(page, 'a'));
    bench.complete_all();
    bench.disk.errors().add(
        DiskError{7, FaultKind::sync_error, FullAt::any, Strikes::once, During::sync, 1});
    bench.disk.sync(OpId{3}, file);
    bench.disk.sync_dir(OpId{4});
    bench.complete_all();

    bench.crash_power(SurvivalShape::drop_all, LieFate::lost);

    CHECK(*bench.disk.read_all("p0.state") == filled(page, 'a'));
}

TEST_CASE("disk profiles: where a failed sync rolls back, the machine reads the old file at once",
          "[sim]") {
    DiskOfProfile bench{DiskProfile::btrfs};
    bench.write(0, 'b', 100);
    bench.write(page, 'b');
    bench.add_sync_error();

    bench.disk.sync(OpId{11}, bench.file);
    bench.disk.write(OpId{12}, bench.file, 2 * page, filled(10, 'c'));
    bench.complete_at(1);  // completes inside the sync, which does not cover it
    CHECK(bench.complete_at(0).outcome == DiskOutcome::io_error);

    CHECK(bench.disk.take_rolled_back());
    CHECK(bench.count('a') == page);
    CHECK(bench.count('b') == 0);
    CHECK(bench.count('c') == 10);
    CHECK(bench.sync() == DiskOutcome::ok);
    bench.crash_power(SurvivalShape::drop_all);
    CHECK(bench.count('b') == 0);
    CHECK(bench.count('c') == 10);
}

TEST_CASE("disk profiles: pages that fail in writeback are reported by the next sync", "[sim]") {
    DiskOfProfile bench{DiskProfile::strict};
    bench.add_sync_error(During::writeback);

    CHECK(bench.write(page, 'b') == DiskOutcome::ok);
    CHECK(bench.count('b') == page);
    CHECK_FALSE(bench.was_effective());

    SECTION("to whoever wrote them") {
        CHECK(bench.sync() == DiskOutcome::io_error);
        CHECK(bench.was_effective());
        CHECK(bench.sync() == DiskOutcome::ok);
        bench.crash_power(SurvivalShape::keep_all);
        CHECK(bench.count('b') == 0);
    }
    SECTION("to nobody, if power fails before") {
        bench.crash_process();
        CHECK(bench.count('b') == page);
        bench.crash_power(SurvivalShape::keep_all);
        CHECK(bench.count('b') == 0);
        CHECK(bench.was_effective());
        CHECK_FALSE(bench.disk.owes_error(7));
    }
}

TEST_CASE("disk profiles: an error can wait for the nth sync of one file", "[sim]") {
    DiskOfProfile bench{DiskProfile::strict};
    bench.add_sync_error(During::sync, 3);
    FileHandle const other = bench.disk.create(OpId{20}, "p0-0000000000000002.log");
    bench.complete_all();

    CHECK(bench.sync() == DiskOutcome::ok);
    for (std::uint64_t const id : {21U, 22U}) {
        bench.disk.sync(OpId{id}, other);
        CHECK(bench.complete_at(0).outcome == DiskOutcome::ok);
    }
    CHECK(bench.sync() == DiskOutcome::ok);
    CHECK(bench.sync() == DiskOutcome::io_error);
    CHECK(bench.sync() == DiskOutcome::ok);
}

TEST_CASE("disk profiles: where a journal orders names, a sync of a file commits the older ones",
          "[sim]") {
    std::size_t lost = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        for (DiskProfile const profile : {DiskProfile::strict, DiskProfile::ext4_ordered}) {
            DiskOfProfile bench{profile, seed};
            bench.disk.create(OpId{20}, "older");
            bench.disk.rename(OpId{21}, DiskOfProfile::name, "renamed");
            bench.disk.create(OpId{22}, "newer");
            bench.complete_all();
            bench.sync();

            bench.crash_power(SurvivalShape::drop_all);

            std::vector<std::string> names = bench.disk.list();
            std::erase(names, "newer");
            bool const kept = names == std::vector<std::string>{"older", "renamed"};
            CHECK((kept || profile == DiskProfile::strict));
            lost += kept ? 0U : 1U;
        }
    }
    CHECK(lost > 10);
}

TEST_CASE("disk profiles: where data go before sizes, no file ends behind what power took",
          "[sim]") {
    std::size_t longer = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        for (DiskProfile const profile : {DiskProfile::strict, DiskProfile::xfs}) {
            DiskOfProfile bench{profile, seed};
            for (std::uint64_t i = 1; i <= 4; ++i) {
                bench.write(i * page, 'b');
            }
            bench.crash_power();
            bool const holes = bench.count('a') + bench.count('b') < bench.content().size();
            longer += profile == DiskProfile::strict && holes ? 1U : 0U;
            CHECK((profile == DiskProfile::strict || !holes));
        }
    }
    CHECK(longer > 20);
}

TEST_CASE("disk profiles: without a page cache a completed write is durable", "[sim]") {
    DiskOfProfile bench{DiskProfile::odirect_dsync};
    bench.write(page, 'b');
    bench.disk.write(OpId{12}, bench.file, 2 * page, filled(page, 'c'));

    bench.crash_power(SurvivalShape::drop_all);

    CHECK(bench.count('b') == page);
    CHECK(bench.count('c') == 0);
}

TEST_CASE("disk profiles: without power-safe overwrite a torn sector is garbage as a whole",
          "[sim]") {
    std::size_t spoiled = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        for (LieFate const fate : {LieFate::come_true, LieFate::lost}) {
            DiskOfProfile bench{DiskProfile::nopsow, seed};
            bench.write(page, 'b', 100);
            bench.sync();
            bench.write(page + 100, 'c', 100);  // in the same sector
            CrashReport const report = bench.crash_power(std::nullopt, fate);
            bool const kept = bench.count('b') >= 100;
            CHECK((kept || fate == LieFate::lost));
            CHECK(report.lies_lost == !kept);
            spoiled += kept ? 0U : 1U;
            CHECK(bench.count('a') >= page);
        }
    }
    CHECK(spoiled > 10);
}

TEST_CASE("disk profiles: a disk that lies loses what it promised, until it is mended", "[sim]") {
    DiskOfProfile bench{DiskProfile::liar};
    bench.write(page, 'b');
    bench.sync();
    bench.disk.mend();
    bench.write(2 * page, 'c');
    bench.sync();

    bench.crash_power(SurvivalShape::keep_all, LieFate::lost);

    CHECK(bench.count('c') == page);
    CHECK(bench.count('a') + bench.count('b') < 2 * page);
}

TEST_CASE("disk profiles: a full disk refuses what needs space until a file is gone for good",
          "[sim]") {
    DiskOfProfile bench{DiskProfile::full, 1, 2 * page};
    FileHandle const other = bench.disk.create(OpId{20}, "g");
    bench.disk.sync_dir(OpId{21});
    bench.complete_all();
    bench.disk.write(OpId{22}, other, 0, filled(page, 'x'));
    CHECK(bench.complete_at(0).outcome == DiskOutcome::ok);

    CHECK(bench.write(0, 'b') == DiskOutcome::ok);
    CHECK(bench.write(page, 'b') == DiskOutcome::no_space);
    CHECK(bench.disk.errors().reported() == 1);
    // A name needs space, too; taking one away does not.
    (void)bench.disk.create(OpId{30}, "h");
    CHECK(bench.complete_at(0).outcome == DiskOutcome::no_space);
    bench.disk.rename(OpId{31}, "g", "i");
    CHECK(bench.complete_at(0).outcome == DiskOutcome::no_space);
    CHECK_FALSE(bench.disk.inode_named("h"));
    CHECK_FALSE(bench.disk.inode_named("i"));
    bench.disk.remove(OpId{23}, "g");
    bench.complete_all();
    CHECK(bench.write(page, 'b') == DiskOutcome::no_space);  // a power loss may bring it back
    bench.disk.sync_dir(OpId{24});
    bench.complete_all();
    CHECK(bench.write(page, 'b') == DiskOutcome::ok);
    bench.disk.mend();
    CHECK(bench.write(2 * page, 'b', 10 * page) == DiskOutcome::ok);
}

}  // namespace brokersim
