// Tests of the simulated disk against the sentences of env/disk.h, and of what its crashes leave.
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>

namespace brokersim {
namespace {

using test::ManualDisk;

Bytes filled(std::size_t size, char with) {
    return Bytes(size, static_cast<std::byte>(with));
}

/// A disk with one file "f" whose name and first `size` bytes 'a' are durable.
struct DiskWithFile : ManualDisk {
    explicit DiskWithFile(std::uint64_t seed, std::size_t size = 2048) : ManualDisk{seed} {
        file = disk.create(OpId{1}, "f");
        disk.write(OpId{2}, file, 0, filled(size, 'a'));
        complete_all();
        disk.sync(OpId{3}, file);
        disk.sync_dir(OpId{4});
        complete_all();
    }
    Bytes content() { return *disk.read_all("f"); }

    FileHandle file;
};

/// How many of the four sectors of a 2 KiB file read wholly as `with`.
std::vector<bool> sectors_with(Bytes const& content, char with) {
    std::vector<bool> sectors;
    for (std::size_t at = 0; at + 512 <= content.size(); at += 512) {
        auto const begin = content.begin() + static_cast<std::ptrdiff_t>(at);
        sectors.push_back(std::all_of(
            begin, begin + 512, [with](std::byte b) { return b == static_cast<std::byte>(with); }));
    }
    return sectors;
}

}  // namespace

TEST_CASE("disk: names are listed in order, and what is not there is not found", "[sim]") {
    ManualDisk bench{1};
    for (const char* name : {"b", "c", "a"}) {
        bench.disk.create(OpId{1}, name);
    }
    CHECK(bench.disk.list().empty());
    bench.complete_all();

    CHECK(bench.disk.list() == std::vector<std::string>{"a", "b", "c"});
    CHECK(bench.disk.read_all("d").error().code == broker::ErrorCode::not_found);
}

TEST_CASE("disk: a completion carries the id of its operation, in any order", "[sim]") {
    DiskWithFile bench{1};
    bench.disk.write(OpId{10}, bench.file, 0, filled(8, 'x'));
    bench.disk.write(OpId{11}, bench.file, 0, filled(8, 'y'));

    CHECK(bench.complete_at(1).op == OpId{11});
    CHECK(bench.complete_at(0).op == OpId{10});
    CHECK(bench.content()[0] == std::byte{'x'});
}

TEST_CASE("disk: a write is visible once it completed, and a gap reads as zeros", "[sim]") {
    ManualDisk bench{1};
    FileHandle const file = bench.disk.create(OpId{1}, "f");
    bench.complete_all();

    bench.disk.write(OpId{2}, file, 4, filled(2, 'x'));
    CHECK(bench.disk.read_all("f")->empty());
    bench.complete_all();

    Bytes const expected{std::byte{0}, std::byte{0},   std::byte{0},
                         std::byte{0}, std::byte{'x'}, std::byte{'x'}};
    CHECK(*bench.disk.read_all("f") == expected);
}

TEST_CASE("disk: truncation cuts, and grows with zeros", "[sim]") {
    DiskWithFile bench{1, 100};

    bench.disk.truncate(OpId{10}, bench.file, 50);
    bench.complete_all();
    CHECK(bench.content() == filled(50, 'a'));
    bench.disk.truncate(OpId{11}, bench.file, 60);
    bench.complete_all();

    Bytes expected = filled(50, 'a');
    expected.resize(60);
    CHECK(bench.content() == expected);
}

TEST_CASE("disk: a handle follows its file through a rename, which replaces what stood there",
          "[sim]") {
    DiskWithFile bench{1, 8};
    FileHandle const other = bench.disk.create(OpId{10}, "g");
    bench.complete_all();

    bench.disk.rename(OpId{11}, "f", "g");
    bench.complete_all();
    bench.disk.write(OpId{12}, bench.file, 0, filled(8, 'z'));
    bench.disk.write(OpId{13}, other, 0, filled(8, 'o'));
    bench.complete_all();

    CHECK(bench.disk.list() == std::vector<std::string>{"g"});
    CHECK(*bench.disk.read_all("g") == filled(8, 'z'));
}

TEST_CASE("disk: a completed write survives the process, still unsynced", "[sim]") {
    DiskWithFile bench{1};
    bench.disk.write(OpId{10}, bench.file, 0, filled(2048, 'b'));
    bench.complete_all();

    bench.crash_process();
    CHECK(bench.content() == filled(2048, 'b'));
    CHECK(bench.disk.uncovered_bytes() == 2048);
    CrashReport const report = bench.crash_power(SurvivalShape::drop_all);

    CHECK(bench.content() == filled(2048, 'a'));
    CHECK(report.lost_bytes == 2048);
}

TEST_CASE("disk: a write in flight when the process dies happened, did not, or in pages", "[sim]") {
    std::set<std::size_t> kept;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        DiskWithFile bench{seed, 100};
        bench.disk.write(OpId{10}, bench.file, 0, filled(12'288, 'b'));
        bench.crash_process();
        Bytes const content = bench.content();
        kept.insert(
            static_cast<std::size_t>(std::count(content.begin(), content.end(), std::byte{'b'})));
    }

    CHECK(kept == std::set<std::size_t>{0, 4096, 8192, 12'288});
}

TEST_CASE("disk: a completed sync makes durable what had completed before it was submitted",
          "[sim]") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        DiskWithFile bench{seed};
        bench.disk.write(OpId{10}, bench.file, 0, filled(512, 'b'));
        bench.complete_all();
        bench.disk.write(OpId{11}, bench.file, 512, filled(512, 'c'));  // in flight
        bench.disk.sync(OpId{12}, bench.file);
        bench.disk.write(OpId{13}, bench.file, 1024, filled(512, 'd'));  // submitted later
        bench.complete_at(0);
        bench.complete_at(1);
        bench.complete_at(0);
        bench.crash_power(SurvivalShape::drop_all);

        Bytes const content = bench.content();
        CHECK(sectors_with(content, 'b') == std::vector<bool>{true, false, false, false});
        CHECK(sectors_with(content, 'a') == std::vector<bool>{false, true, true, true});
    }
}

TEST_CASE("disk: a sync that did not complete promises nothing", "[sim]") {
    DiskWithFile bench{1};
    bench.disk.write(OpId{10}, bench.file, 0, filled(2048, 'b'));
    bench.complete_all();
    bench.disk.sync(OpId{11}, bench.file);

    bench.crash_power(SurvivalShape::drop_all);

    CHECK(bench.content() == filled(2048, 'a'));
}

TEST_CASE("disk: a sync covers its own file only", "[sim]") {
    DiskWithFile bench{1};
    FileHandle const other = bench.disk.create(OpId{10}, "g");
    bench.complete_all();
    bench.disk.sync_dir(OpId{11});
    bench.disk.write(OpId{12}, other, 0, filled(8, 'o'));
    bench.disk.write(OpId{13}, bench.file, 0, filled(2048, 'b'));
    bench.complete_all();
    bench.disk.sync(OpId{14}, bench.file);
    bench.complete_all();

    bench.crash_power(SurvivalShape::drop_all);

    CHECK(bench.content() == filled(2048, 'b'));
    CHECK(bench.disk.read_all("g")->empty());
}

TEST_CASE("disk: a file whose name was never synced vanishes, whatever of it was", "[sim]") {
    std::set<bool> there;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        ManualDisk bench{seed};
        FileHandle const file = bench.disk.create(OpId{1}, "f");
        bench.disk.write(OpId{2}, file, 0, filled(8, 'a'));
        bench.complete_all();
        bench.disk.sync(OpId{3}, file);
        bench.complete_all();
        bench.crash_power(SurvivalShape::drop_all);
        there.insert(!bench.disk.list().empty());
    }

    CHECK(there == std::set<bool>{false, true});  // it may also survive by luck
}

TEST_CASE("disk: a rename that no directory sync covered leaves the old name, the new one, or any",
          "[sim]") {
    std::set<std::vector<std::string>> lists;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        DiskWithFile bench{seed};
        bench.disk.rename(OpId{10}, "f", "g");
        bench.complete_all();
        bench.disk.sync(OpId{11}, bench.file);
        bench.complete_all();
        bench.crash_power();
        lists.insert(bench.disk.list());
    }

    CHECK(lists == std::set<std::vector<std::string>>{{"f"}, {"g"}});
}

TEST_CASE("disk: a directory sync covers the names that had completed before it was submitted",
          "[sim]") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        DiskWithFile bench{seed};
        bench.disk.create(OpId{10}, "g");
        bench.complete_all();
        bench.disk.sync_dir(OpId{11});
        bench.disk.remove(OpId{12}, "f");
        bench.complete_all();
        bench.crash_power(SurvivalShape::drop_all);

        auto const names = bench.disk.list();
        CHECK(std::find(names.begin(), names.end(), "g") != names.end());
    }
}

TEST_CASE("disk: a lost remove brings the file back with its content", "[sim]") {
    bool came_back = false;
    for (std::uint64_t seed = 1; seed <= 20 && !came_back; ++seed) {
        DiskWithFile bench{seed};
        bench.disk.remove(OpId{10}, "f");
        bench.complete_all();
        CHECK(bench.disk.list().empty());
        bench.crash_power();
        came_back = !bench.disk.list().empty() && bench.content() == filled(2048, 'a');
    }
    CHECK(came_back);
}

TEST_CASE("disk: each shape of survival leaves what it says, but for one torn sector", "[sim]") {
    std::set<std::vector<bool>> prefixes;
    std::set<std::vector<bool>> suffixes;
    std::set<std::vector<bool>> subsets;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        auto const survivors = [seed](SurvivalShape shape) {
            DiskWithFile bench{seed};
            bench.disk.write(OpId{10}, bench.file, 0, filled(2048, 'b'));
            bench.complete_all();
            CrashReport const report = bench.crash_power(shape);
            return std::pair{sectors_with(bench.content(), 'b'), report.torn};
        };
        auto const count = [](std::vector<bool> const& sectors) {
            return std::count(sectors.begin(), sectors.end(), true);
        };
        CHECK(count(survivors(SurvivalShape::drop_all).first) == 0);
        CHECK(count(survivors(SurvivalShape::keep_all).first) == 4);
        auto const all_but_one = survivors(SurvivalShape::all_but_one);
        CHECK((all_but_one.second || count(all_but_one.first) == 3));
        auto const only_one = survivors(SurvivalShape::only_one);
        CHECK((only_one.second || count(only_one.first) == 1));
        auto const prefix = survivors(SurvivalShape::prefix);
        auto const suffix = survivors(SurvivalShape::suffix_only);
        auto const subset = survivors(SurvivalShape::random_subset);
        if (!prefix.second) {
            prefixes.insert(prefix.first);
        }
        if (!suffix.second) {
            suffixes.insert(suffix.first);
        }
        if (!subset.second) {
            subsets.insert(subset.first);
        }
    }
    CHECK(prefixes.size() == 5);
    CHECK(std::all_of(prefixes.begin(), prefixes.end(), [](auto const& sectors) {
        return std::is_sorted(sectors.rbegin(), sectors.rend());
    }));
    CHECK(suffixes.size() == 5);
    CHECK(std::all_of(suffixes.begin(), suffixes.end(), [](auto const& sectors) {
        return std::is_sorted(sectors.begin(), sectors.end());
    }));
    CHECK(subsets.size() == 16);
}

TEST_CASE("disk: a torn sector holds new bytes before the tear and old ones behind", "[sim]") {
    int torn = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        DiskWithFile bench{seed, 512};
        bench.disk.write(OpId{10}, bench.file, 0, filled(512, 'b'));
        bench.complete_all();
        CrashReport const report = bench.crash_power(SurvivalShape::prefix);
        Bytes const content = bench.content();
        auto const first_old = std::find(content.begin(), content.end(), std::byte{'a'});
        CHECK(
            std::all_of(first_old, content.end(), [](std::byte b) { return b == std::byte{'a'}; }));
        bool const mixed = first_old != content.begin() && first_old != content.end();
        CHECK(mixed == report.torn);
        torn += mixed ? 1 : 0;
    }
    CHECK(torn > 20);
}

TEST_CASE("disk: the same seed and the same operations leave the same bytes", "[sim]") {
    auto const survive = [](std::uint64_t seed) {
        DiskWithFile bench{seed, 8192};
        bench.disk.write(OpId{10}, bench.file, 100, filled(8000, 'b'));
        bench.complete_all();
        bench.crash_power();
        return bench.content();
    };

    CHECK(survive(5) == survive(5));
    std::set<Bytes> different;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        different.insert(survive(seed));
    }
    CHECK(different.size() > 5);
}

TEST_CASE("disk: operations that are retracted never were, and the others go on", "[sim]") {
    DiskWithFile bench{1};
    bench.disk.write(OpId{10}, bench.file, 0, filled(512, 'x'));
    bench.disk.write(OpId{11}, bench.file, 512, filled(512, 'y'));
    bench.disk.sync(OpId{12}, bench.file);

    bench.disk.retract(2);
    CHECK_FALSE(bench.disk.sync_in_flight());
    CHECK(bench.disk.write_in_flight());
    CHECK(bench.complete_at(0).op == OpId{10});
    bench.crash_process();

    std::vector<bool> const written = sectors_with(bench.content(), 'x');
    CHECK(written == std::vector<bool>{true, false, false, false});
    CHECK(sectors_with(bench.content(), 'y') == std::vector<bool>(4, false));
}

}  // namespace brokersim
