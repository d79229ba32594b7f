// Tests of the errors that the simulated disk reports, and of what failed operations leave.
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace brokersim {
namespace {

using broker::DiskOutcome;
using test::ManualDisk;

Bytes filled(std::size_t size, char with) {
    return Bytes(size, static_cast<std::byte>(with));
}

/// A disk with one durable file "f" of three pages of 'a'.
struct DiskWithPages : ManualDisk {
    explicit DiskWithPages(std::uint64_t seed) : ManualDisk{seed} {
        file = disk.create(OpId{1}, "f");
        disk.write(OpId{2}, file, 0, filled(3 * 4096, 'a'));
        complete_all();
        disk.sync(OpId{3}, file);
        disk.sync_dir(OpId{4});
        complete_all();
    }
    void add(FaultKind kind, Strikes strikes = Strikes::once, FullAt full_at = FullAt::any) {
        disk.errors().add(DiskError{7, kind, full_at, strikes});
    }
    DiskOutcome write(std::uint64_t offset, char with, std::size_t size = 4096) {
        disk.write(OpId{10}, file, offset, filled(size, with));
        return complete_at(0).outcome;
    }
    DiskOutcome sync() {
        disk.sync(OpId{11}, file);
        return complete_at(0).outcome;
    }
    Bytes content() { return *disk.read_all("f"); }
    /// Pages of the file that read wholly as `with`.
    std::size_t pages_of(char with) {
        Bytes const bytes = content();
        std::size_t pages = 0;
        for (std::size_t at = 0; at + 4096 <= bytes.size(); at += 4096) {
            auto const begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
            pages += std::all_of(begin, begin + 4096,
                                 [with](std::byte b) { return b == static_cast<std::byte>(with); })
                         ? 1U
                         : 0U;
        }
        return pages;
    }

    FileHandle file;
};

}  // namespace

TEST_CASE("disk errors: one strikes the next operation of its kind only, and gets the credit",
          "[sim]") {
    DiskWithPages bench{1};
    bench.add(FaultKind::sync_error);

    CHECK(bench.write(0, 'b') == DiskOutcome::ok);
    CHECK(bench.disk.errors().take_effective().empty());
    CHECK(bench.sync() == DiskOutcome::io_error);
    CHECK(bench.disk.errors().take_effective() == std::vector<std::uint32_t>{7});
    CHECK(bench.disk.errors().reported() == 1);
    CHECK(bench.sync() == DiskOutcome::ok);
}

TEST_CASE("disk errors: of all operations it strikes each until it is lifted", "[sim]") {
    DiskWithPages bench{1};
    bench.add(FaultKind::write_error, Strikes::all);

    CHECK(bench.write(0, 'b') == DiskOutcome::io_error);
    CHECK(bench.write(0, 'b') == DiskOutcome::io_error);
    bench.disk.errors().remove(7);
    CHECK(bench.write(0, 'b') == DiskOutcome::ok);
}

TEST_CASE(
    "disk errors: what a failed sync covered stays in the cache, and no later sync brings it "
    "to the media",
    "[sim]") {
    std::size_t lost_everything = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        DiskWithPages bench{seed};
        bench.write(0, 'b', 3 * 4096);
        bench.add(FaultKind::sync_error);

        REQUIRE(bench.sync() == DiskOutcome::io_error);
        bench.crash_process();
        CHECK(bench.pages_of('b') == 3);
        REQUIRE(bench.sync() == DiskOutcome::ok);
        bench.crash_power(SurvivalShape::keep_all);

        CHECK(bench.pages_of('b') < 3);
        CHECK(bench.pages_of('a') + bench.pages_of('b') == 3);
        lost_everything += bench.pages_of('a') == 3 ? 1U : 0U;
    }
    CHECK(lost_everything > 0);
    CHECK(lost_everything < 40);
}

TEST_CASE("disk errors: what was written after a failed sync reaches the media with the next one",
          "[sim]") {
    DiskWithPages bench{1};
    bench.write(0, 'b');
    bench.add(FaultKind::sync_error);
    REQUIRE(bench.sync() == DiskOutcome::io_error);

    bench.write(4096, 'c');
    REQUIRE(bench.sync() == DiskOutcome::ok);
    bench.crash_power(SurvivalShape::drop_all);

    CHECK(bench.pages_of('c') == 1);
    CHECK(bench.pages_of('b') == 0);
}

TEST_CASE("disk errors: any part of a failed write may have happened, up to a page border",
          "[sim]") {
    std::vector<bool> seen(4, false);
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        DiskWithPages bench{seed};
        bench.add(FaultKind::write_error);
        REQUIRE(bench.write(0, 'b', 3 * 4096) == DiskOutcome::io_error);
        seen[bench.pages_of('b')] = true;
        CHECK(bench.pages_of('a') + bench.pages_of('b') == 3);
    }
    CHECK(seen == std::vector<bool>{true, true, true, true});
}

TEST_CASE("disk errors: a full disk refuses what needs space, and nothing else", "[sim]") {
    DiskWithPages bench{1};
    bench.add(FaultKind::disk_full, Strikes::all);

    CHECK(bench.write(0, 'b') == DiskOutcome::ok);
    CHECK(bench.sync() == DiskOutcome::ok);
    CHECK(bench.write(3 * 4096, 'b') == DiskOutcome::no_space);
    bench.disk.create(OpId{12}, "g");
    CHECK(bench.complete_at(0).outcome == DiskOutcome::no_space);
    bench.disk.rename(OpId{13}, "f", "h");
    CHECK(bench.complete_at(0).outcome == DiskOutcome::no_space);
    CHECK(bench.disk.list() == std::vector<std::string>{"f"});
    bench.disk.remove(OpId{14}, "f");
    CHECK(bench.complete_at(0).outcome == DiskOutcome::ok);
}

TEST_CASE("disk errors: a full disk can show at one kind of operation only", "[sim]") {
    DiskWithPages bench{1};
    bench.add(FaultKind::disk_full, Strikes::all, FullAt::sync);

    CHECK(bench.write(3 * 4096, 'b') == DiskOutcome::ok);
    CHECK(bench.sync() == DiskOutcome::no_space);
    CHECK(bench.disk.errors().chances(FaultKind::disk_full, FullAt::sync) == 2);
}

TEST_CASE("disk errors: a read error hides a file, and the next read finds it", "[sim]") {
    DiskWithPages bench{1};
    bench.add(FaultKind::read_error);

    CHECK(bench.disk.read_all("f").error().code == broker::ErrorCode::io_error);
    CHECK(bench.disk.read_all("f").has_value());
}

TEST_CASE("disk errors: a write that is cut short says what is missing", "[sim]") {
    DiskWithPages bench{1};
    bench.add(FaultKind::short_write);

    bench.disk.write(OpId{10}, bench.file, 0, filled(4096, 'b'));
    broker::DiskDone const done = bench.complete_at(0);
    CHECK(done.outcome == DiskOutcome::ok);
    CHECK(done.missing > 0);
    CHECK(done.missing < 4096);
    CHECK(bench.disk.errors().take_effective() == std::vector<std::uint32_t>{7});
    CHECK(bench.disk.errors().reported() == 0);
    Bytes const content = bench.content();
    CHECK(std::count(content.begin(), content.end(), std::byte{'b'}) ==
          static_cast<std::ptrdiff_t>(4096 - done.missing));

    bench.disk.write(OpId{11}, bench.file, 4096 - done.missing, filled(done.missing, 'b'));
    CHECK(bench.complete_at(0).missing == 0);
    CHECK(bench.pages_of('b') == 1);
}

TEST_CASE("disk errors: a reading that is cut short gives a part, and the next one goes on",
          "[sim]") {
    DiskWithPages bench{1};
    bench.add(FaultKind::short_read, Strikes::all);

    auto const part = bench.disk.read("f", 0);
    REQUIRE(part.has_value());
    CHECK_FALSE(part->empty());
    CHECK(part->size() < 3 * 4096);
    CHECK(bench.content() == filled(3 * 4096, 'a'));
    CHECK(bench.disk.read("f", 3 * 4096)->empty());
    CHECK(bench.disk.errors().reported() == 0);
}

TEST_CASE("disk errors: two that strike the same operation both get the credit", "[sim]") {
    DiskWithPages bench{1};
    bench.disk.errors().add(DiskError{7, FaultKind::disk_full, FullAt::write, Strikes::once});
    bench.disk.errors().add(DiskError{8, FaultKind::write_error, FullAt::any, Strikes::once});

    CHECK(bench.write(3 * 4096, 'b') == DiskOutcome::no_space);
    CHECK(bench.disk.errors().take_effective() == std::vector<std::uint32_t>{7, 8});
    CHECK(bench.disk.errors().reported() == 1);
    CHECK(bench.write(3 * 4096, 'b') == DiskOutcome::ok);
}

}  // namespace brokersim
