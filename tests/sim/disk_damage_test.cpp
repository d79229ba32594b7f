// Tests of damage as overlays, of syncs that lie, and of disks that are replaced.
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <string>

namespace brokersim {
namespace {

using test::ManualDisk;

Bytes bytes_of(const std::string& text) {
    Bytes bytes;
    for (char const c : text) {
        bytes.push_back(static_cast<std::byte>(c));
    }
    return bytes;
}
std::string text_of(ByteSpan bytes) {
    std::string text;
    for (std::byte const b : bytes) {
        text.push_back(static_cast<char>(b));
    }
    return text;
}

const std::string log_name = "p0-0000000000000001.log";
const std::string state_name = "p0.state";

/// A disk with two files, synced under their names.
struct TwoFiles : ManualDisk {
    explicit TwoFiles(std::uint64_t seed) : ManualDisk{seed} {
        log = disk.create(OpId{1}, log_name);
        state = disk.create(OpId{2}, state_name);
        write(log, 0, "aaaa");
        write(state, 0, "ssss");
        sync(log);
        sync(state);
        disk.sync_dir(OpId{9});
        complete_all();
    }
    void write(FileHandle file, std::uint64_t offset, const std::string& text) {
        disk.write(OpId{10}, file, offset, bytes_of(text));
        complete_all();
    }
    void sync(FileHandle file) {
        disk.sync(OpId{11}, file);
        complete_all();
    }
    std::string read(const std::string& name) {
        auto const content = disk.read_all(name);
        return content ? text_of(*content) : "cannot be read";
    }
    std::uint32_t inode(const std::string& name) { return *disk.inode_named(name); }

    FileHandle log;
    FileHandle state;
};

}  // namespace

TEST_CASE("damage: a file reads as it is shown, until the fault is lifted", "[sim]") {
    TwoFiles at{1};
    at.disk.damage().show(7, at.inode(log_name), 1, bytes_of("XX"));

    CHECK(at.read(log_name) == "aXXa");
    CHECK(at.read(state_name) == "ssss");
    CHECK(at.disk.is_damaged());
    CHECK(at.disk.damage().met() == 1);
    CHECK(at.disk.damage().chances(7) == 1);
    CHECK(at.disk.damage().take_effective() == std::vector<std::uint32_t>{7});
    CHECK(text_of(at.disk.durable_bytes(at.inode(log_name))) == "aaaa");

    at.disk.damage().lift(7);
    CHECK(at.read(log_name) == "aaaa");
    CHECK_FALSE(at.disk.is_damaged());
}

TEST_CASE("damage: what reads as it should is a chance and no effect", "[sim]") {
    TwoFiles at{1};
    at.disk.damage().show(7, at.inode(log_name), 0, bytes_of("aa"));

    CHECK(at.read(log_name) == "aaaa");
    CHECK(at.disk.damage().chances(7) == 1);
    CHECK(at.disk.damage().take_effective().empty());
}

TEST_CASE("damage: a misled reading that stops before what is wrong is not the one", "[sim]") {
    TwoFiles at{1};
    at.disk.damage().mislead(8, at.inode(state_name), 0, bytes_of("st"));
    broker::Bytes first = bytes_of("s");

    CHECK(at.disk.damage().read(at.inode(state_name), 0, first));

    CHECK(at.disk.damage().take_effective().empty());
    CHECK(at.read(state_name) == "stss");
    CHECK(at.read(state_name) == "ssss");
}

TEST_CASE("damage: a hidden sector fails the reading, a misled reading is wrong once", "[sim]") {
    TwoFiles at{1};
    at.disk.damage().hide(7, at.inode(log_name), 2, 1);
    at.disk.damage().mislead(8, at.inode(state_name), 0, bytes_of("tt"));

    CHECK(at.read(log_name) == "cannot be read");
    CHECK(at.read(log_name) == "cannot be read");
    CHECK(at.read(state_name) == "ttss");
    CHECK(at.read(state_name) == "ssss");
    CHECK(at.disk.damage().met() == 3);
    CHECK(at.disk.damage().met_for_good() == 2);
}

TEST_CASE("damage: it is gone with what is written anew, and with its file", "[sim]") {
    TwoFiles at{1};
    at.disk.damage().show(7, at.inode(log_name), 0, bytes_of("X"));
    at.write(at.log, 0, "bb");
    at.sync(at.log);
    CHECK(at.read(log_name) == "bbaa");

    at.disk.damage().show(7, at.inode(log_name), 0, bytes_of("X"));
    at.disk.remove(OpId{12}, log_name);
    at.disk.sync_dir(OpId{13});
    at.complete_all();
    at.crash_power();
    CHECK_FALSE(at.disk.damage().any());
}

TEST_CASE("damage: of two that damage the same bytes alike, both took effect", "[sim]") {
    TwoFiles at{1};
    at.disk.damage().show(7, at.inode(log_name), 0, bytes_of("XX"));
    at.disk.damage().show(8, at.inode(log_name), 1, bytes_of("XX"));
    at.disk.damage().show(9, at.inode(log_name), 3, bytes_of("a"));

    CHECK(at.read(log_name) == "XXXa");

    CHECK(at.disk.damage().take_effective() == std::vector<std::uint32_t>{7, 8});
}

TEST_CASE("damage: no reading is misled where a lie took the bytes back", "[sim]") {
    bool const is_lost = GENERATE(true, false);
    TwoFiles bench{1};
    bench.disk.lies().begin(1);
    bench.write(bench.log, 0, "bbbb");
    bench.sync(bench.log);
    bench.disk.lies().stop(1);
    bench.disk.damage().mislead(2, bench.inode(log_name), 0, bytes_of("aaaa"));

    bench.crash_power(SurvivalShape::keep_all, is_lost ? LieFate::lost : LieFate::come_true);
    CHECK(bench.read(log_name) == "aaaa");

    CHECK(bench.disk.damage().chances(2) == (is_lost ? 0 : 1));
    CHECK(bench.read(log_name) == (is_lost ? "aaaa" : "bbbb"));
}

TEST_CASE("lies: nobody can tell until power fails, and the budget decides what then", "[sim]") {
    TwoFiles at{1};
    at.disk.lies().begin(7);
    at.write(at.log, 4, "bbbb");
    at.sync(at.log);
    CHECK(at.read(log_name) == "aaaabbbb");
    at.crash_process();
    CHECK(at.read(log_name) == "aaaabbbb");

    SECTION("it may be lost") {
        CrashReport const report = at.disk.crash_power(SurvivalShape::keep_all, LieFate::lost);
        CHECK(report.lies_lost);
        CHECK(at.read(log_name) == std::string{"aaaa\0\0\0\0", 8});
        CHECK(at.disk.lies().take_effective() == std::vector<std::uint32_t>{7});
    }
    SECTION("it may not: all of it comes true") {
        CrashReport const report = at.disk.crash_power(SurvivalShape::drop_all);
        CHECK_FALSE(report.lies_lost);
        CHECK(at.read(log_name) == "aaaabbbb");
    }
    SECTION("an honest sync wrote it again") {
        at.disk.lies().stop(7);
        at.write(at.log, 4, "cccc");
        at.sync(at.log);
        (void)at.disk.crash_power(SurvivalShape::keep_all, LieFate::lost);
        CHECK(at.read(log_name) == "aaaacccc");
    }
}

TEST_CASE("lies: none is told of a file with term and vote", "[sim]") {
    TwoFiles at{1};
    at.disk.lies().begin(7);
    at.write(at.state, 0, "tttt");
    at.sync(at.state);

    CHECK_FALSE(at.disk.lies().any());
    (void)at.disk.crash_power(SurvivalShape::drop_all, LieFate::lost);
    CHECK(at.read(state_name) == "tttt");
}

TEST_CASE("lies: a power loss tells up to where it could have shown one", "[sim]") {
    TwoFiles at{1};
    std::uint64_t const before = at.disk.synced_writes();
    (void)at.disk.crash_power(SurvivalShape::keep_all, LieFate::lost);
    CHECK(at.disk.lossy_up_to() == before);
    at.write(at.log, 4, "bbbb");
    at.sync(at.log);
    CHECK(at.disk.synced_writes() == before + 1);
    (void)at.disk.crash_power(SurvivalShape::keep_all, LieFate::come_true);
    (void)at.disk.crash_power(SurvivalShape::keep_all, LieFate::lost);
    CHECK(at.disk.lossy_up_to() == before);  // what came true cannot be lost any more
}

TEST_CASE("disk: an image put back is what the machine and a power loss find", "[sim]") {
    TwoFiles at{1};
    DiskImage const old = at.disk.image();
    at.write(at.log, 4, "bbbb");
    at.sync(at.log);
    at.crash_process();

    at.disk.replace(old);
    CHECK(at.read(log_name) == "aaaa");
    at.crash_power(SurvivalShape::drop_all);
    CHECK(at.read(log_name) == "aaaa");
    CHECK(at.disk.image() == old);

    at.disk.replace({});
    CHECK(at.disk.list().empty());
    CHECK(at.disk.image().empty());
}

}  // namespace brokersim
