// What env/disk.h says, sentence by sentence, of the simulated disk and of real files.
#include "sim/enumerate/trip_on_check.h"
#include "tests/contract/rigs.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <sys/resource.h>

using namespace brokersim;
using namespace brokersim::test;

namespace {

/// Submits operations one at a time and completes each.
template <class Rig>
class Bench {
public:
    FileHandle create(std::string_view name) {
        FileHandle const file = rig.disk().create(ops.draw(), name);
        settle();
        return file;
    }
    void write(FileHandle file, std::uint64_t offset, std::string_view text) {
        rig.disk().write(ops.draw(), file, offset, broker::as_bytes(text));
        settle();
    }
    void truncate(FileHandle file, std::uint64_t size) {
        rig.disk().truncate(ops.draw(), file, size);
        settle();
    }
    void rename(std::string_view from, std::string_view to) {
        rig.disk().rename(ops.draw(), from, to);
        settle();
    }
    void remove(std::string_view name) {
        rig.disk().remove(ops.draw(), name);
        settle();
    }
    void settle() {
        while (rig.pending() > 0) {
            REQUIRE(rig.complete().outcome == DiskOutcome::ok);
        }
    }
    std::string read(std::string_view name) {
        auto const content = rig.disk().read_all(name);
        REQUIRE(content.has_value());
        std::string text;
        for (std::byte const byte : *content) {
            text += static_cast<char>(byte);
        }
        return text;
    }
    std::vector<std::string> list() { return rig.disk().list(); }

    Rig rig;
    broker::OpIds ops;
};

using Names = std::vector<std::string>;

/// While it lives, no file of this process may grow beyond so many bytes.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : former_signal_{std::signal(SIGXFSZ, SIG_IGN)} {
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &former_) == 0);
        rlimit lowered = former_;
        lowered.rlim_cur = bytes;
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &lowered) == 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &former_);
        std::signal(SIGXFSZ, former_signal_);
    }

private:
    rlimit former_{};
    void (*former_signal_)(int);
};

}  // namespace

TEMPLATE_TEST_CASE("contract: a new disk is empty", "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;

    CHECK(bench.list().empty());
    CHECK(bench.rig.pending() == 0);
}

TEMPLATE_TEST_CASE("contract: a created file is empty, and there once its create completed",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;

    bench.rig.disk().create(bench.ops.draw(), "b.log");
    CHECK(bench.list().empty());
    bench.settle();
    bench.create("a.log");

    CHECK(bench.list() == Names{"a.log", "b.log"});
    CHECK(bench.read("a.log").empty());
}

TEMPLATE_TEST_CASE("contract: completions carry the id of their operation", "[contract]",
                   VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");

    bench.rig.disk().write(broker::OpId{71}, file, 0, broker::as_bytes("one"));
    bench.rig.disk().sync(broker::OpId{72}, file);
    bench.rig.disk().sync_dir(broker::OpId{73});

    CHECK(bench.rig.pending() == 3);
    CHECK(bench.rig.complete(2).op == broker::OpId{73});
    CHECK(bench.rig.complete(0).op == broker::OpId{71});
    CHECK(bench.rig.complete(0).op == broker::OpId{72});
    CHECK(bench.rig.pending() == 0);
}

TEMPLATE_TEST_CASE(
    "contract: a submitted read gives what is there when it completes, or says why "
    "not",
    "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");
    bench.write(file, 0, "0123456789");
    struct Row {
        std::string_view name;
        std::uint64_t offset;
        std::uint64_t length;
        DiskOutcome outcome;
        std::string_view text;
    };
    auto const row = GENERATE(
        Row{"a.log", 0, 10, DiskOutcome::ok, "0123456789"},
        Row{"a.log", 3, 4, DiskOutcome::ok, "3456"}, Row{"a.log", 8, 100, DiskOutcome::ok, "89"},
        Row{"a.log", 10, 1, DiskOutcome::ok, ""}, Row{"a.log", 99, 1, DiskOutcome::ok, ""},
        Row{"b.log", 0, 1, DiskOutcome::not_found, ""});

    bench.rig.disk().read(broker::OpId{71}, row.name, row.offset, row.length);
    CHECK(bench.rig.pending() == 1);
    DiskDone const done = bench.rig.complete();

    CHECK(done.op == broker::OpId{71});
    CHECK(done.outcome == row.outcome);
    ByteSpan const right = broker::as_bytes(row.text);
    CHECK(done.content == broker::Bytes{right.begin(), right.end()});
}

TEMPLATE_TEST_CASE("contract: a write is visible once it completed, and not before", "[contract]",
                   VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");

    bench.rig.disk().write(bench.ops.draw(), file, 0, broker::as_bytes("text"));
    CHECK(bench.read("a.log").empty());
    bench.settle();

    CHECK(bench.read("a.log") == "text");
}

TEMPLATE_TEST_CASE("contract: a write at an offset extends the file, and the gap reads as zeros",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");

    bench.write(file, 5, "five");
    CHECK(bench.read("a.log") == std::string(5, '\0') + "five");
    bench.write(file, 2, "two");
    CHECK(bench.read("a.log") == std::string(2, '\0') + "twofive");
    bench.write(file, 7, "VE, and more");
    CHECK(bench.read("a.log") == std::string(2, '\0') + "twofiVE, and more");
}

TEMPLATE_TEST_CASE("contract: a write of nothing changes nothing", "[contract]", VirtualRig,
                   PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");
    bench.write(file, 0, "abc");

    bench.write(file, 1, "");
    bench.write(file, 100, "");

    CHECK(bench.read("a.log") == "abc");
}

TEMPLATE_TEST_CASE("contract: writes in flight take effect in the order of their completion",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");

    bench.rig.disk().write(bench.ops.draw(), file, 0, broker::as_bytes("first"));
    bench.rig.disk().write(bench.ops.draw(), file, 2, broker::as_bytes("second"));
    bench.rig.complete(1);
    CHECK(bench.read("a.log") == std::string(2, '\0') + "second");
    bench.rig.complete(0);

    CHECK(bench.read("a.log") == "firstond");
}

TEMPLATE_TEST_CASE("contract: truncate cuts and extends, and what it brings are zeros",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");
    bench.write(file, 0, "0123456789");

    bench.truncate(file, 4);
    CHECK(bench.read("a.log") == "0123");
    bench.truncate(file, 8);
    CHECK(bench.read("a.log") == "0123" + std::string(4, '\0'));
    bench.write(file, 6, "x");
    CHECK(bench.read("a.log") == "0123" + std::string(2, '\0') + "x" + std::string(1, '\0'));
    bench.truncate(file, 0);
    CHECK(bench.read("a.log").empty());
}

TEMPLATE_TEST_CASE("contract: rename replaces what stood there, and the handle follows the file",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const old = bench.create("a.log");
    bench.write(old, 0, "old");
    FileHandle const fresh = bench.create("a.log.tmp");
    bench.write(fresh, 0, "new");

    bench.rename("a.log.tmp", "a.log");

    CHECK(bench.list() == Names{"a.log"});
    CHECK(bench.read("a.log") == "new");
    bench.write(fresh, 3, "er");
    CHECK(bench.read("a.log") == "newer");
    bench.write(old, 0, "lost");  // a file without a name
    CHECK(bench.read("a.log") == "newer");
    bench.rename("a.log", "a.log");
    CHECK(bench.read("a.log") == "newer");
}

TEMPLATE_TEST_CASE("contract: a rename of a name that is missing is never reported as done",
                   "[contract]", VirtualRig, PosixRig) {
    enumeration::TripOnCheck const trip;
    Bench<TestType> bench;
    bench.create("b.log");

    bench.rig.disk().rename(bench.ops.draw(), "a.log", "b.log");
    DiskOutcome outcome = DiskOutcome::io_error;
    try {
        outcome = bench.rig.complete().outcome;
    } catch (const CheckTripped&) {
        // The simulated disk takes it for a mistake of the broker.
    }

    CHECK(outcome != DiskOutcome::ok);
    CHECK(bench.list() == Names{"b.log"});
}

TEMPLATE_TEST_CASE("contract: create replaces a file of that name by a new one", "[contract]",
                   VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const old = bench.create("a.log");
    bench.write(old, 0, "old");

    FileHandle const fresh = bench.create("a.log");
    CHECK(bench.read("a.log").empty());
    bench.write(old, 0, "lost");
    CHECK(bench.read("a.log").empty());
    bench.write(fresh, 0, "new");

    CHECK(bench.read("a.log") == "new");
    CHECK(bench.list() == Names{"a.log"});
}

TEMPLATE_TEST_CASE("contract: a file takes writes and syncs before its create completed",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;

    FileHandle const file = bench.rig.disk().create(bench.ops.draw(), "a.log");
    bench.rig.disk().write(bench.ops.draw(), file, 0, broker::as_bytes("early"));
    bench.rig.disk().sync(bench.ops.draw(), file);
    CHECK(bench.rig.complete(1).outcome == DiskOutcome::ok);
    CHECK(bench.rig.complete(1).outcome == DiskOutcome::ok);
    CHECK(bench.list().empty());
    bench.settle();

    CHECK(bench.read("a.log") == "early");
}

TEMPLATE_TEST_CASE("contract: remove takes a name away, and a missing one is no error",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");
    bench.create("b.log");

    bench.remove("a.log");
    bench.remove("a.log");
    bench.remove("never-there.log");
    bench.write(file, 0, "lost");

    CHECK(bench.list() == Names{"b.log"});
    auto const missing = bench.rig.disk().read_all("a.log");
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code == broker::ErrorCode::not_found);
}

TEMPLATE_TEST_CASE("contract: a reading may begin anywhere, and gives nothing only at the end",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");
    bench.write(file, 0, "0123456789");

    for (std::uint64_t const offset : {0U, 4U, 9U}) {
        auto const part = bench.rig.disk().read("a.log", offset);
        REQUIRE(part.has_value());
        CHECK_FALSE(part->empty());
        CHECK(part->size() <= 10 - offset);
        CHECK(part->front() == static_cast<std::byte>('0' + offset));
    }
    CHECK(bench.rig.disk().read("a.log", 10)->empty());
    CHECK(bench.rig.disk().read("a.log", 1000)->empty());
    CHECK_FALSE(bench.rig.disk().read("b.log", 4).has_value());
}

TEMPLATE_TEST_CASE("contract: names are listed ascending, up to 64 characters", "[contract]",
                   VirtualRig, PosixRig) {
    Bench<TestType> bench;
    std::string const longest(64, 'z');
    for (const std::string& name : {longest, std::string{"p0-10.log"}, std::string{"p0-2.log"},
                                    std::string{"p0.state"}, std::string{"a-b.c-d.9"}}) {
        bench.create(name);
    }

    CHECK(bench.list() == Names{"a-b.c-d.9", "p0-10.log", "p0-2.log", "p0.state", longest});
}

TEMPLATE_TEST_CASE("contract: syncs of files and names complete, whatever there is to sync",
                   "[contract]", VirtualRig, PosixRig) {
    Bench<TestType> bench;
    bench.rig.disk().sync_dir(bench.ops.draw());
    FileHandle const file = bench.create("a.log");
    bench.rig.disk().sync(bench.ops.draw(), file);
    bench.write(file, 0, "text");
    bench.rig.disk().sync(bench.ops.draw(), file);
    bench.rig.disk().sync(bench.ops.draw(), file);
    bench.rig.disk().sync_dir(bench.ops.draw());
    bench.settle();
    bench.remove("a.log");
    bench.rig.disk().sync(bench.ops.draw(), file);  // a file without a name
    bench.settle();

    CHECK(bench.list().empty());
}

TEMPLATE_TEST_CASE("contract: what completed survives the process, synced or not", "[contract]",
                   VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log.tmp");
    bench.write(file, 0, "not synced");
    bench.truncate(file, 3);
    bench.rename("a.log.tmp", "a.log");
    bench.create("b.log");
    bench.remove("b.log");

    bench.rig.die();

    CHECK(bench.list() == Names{"a.log"});
    CHECK(bench.read("a.log") == "not");
}

TEMPLATE_TEST_CASE("contract: another incarnation begins with nothing pending", "[contract]",
                   VirtualRig, PosixRig) {
    Bench<TestType> bench;
    FileHandle const file = bench.create("a.log");
    bench.write(file, 0, "old");
    bench.rig.disk().write(bench.ops.draw(), file, 0, broker::as_bytes("new"));
    bench.rig.disk().create(bench.ops.draw(), "b.log");

    bench.rig.die();

    CHECK(bench.rig.pending() == 0);
    std::string const text = bench.read("a.log");
    CHECK((text == "old" || text == "new"));
}

TEST_CASE("posix disk: a missing directory is an error, and private names are nobody's",
          "[contract]") {
    auto const missing = broker::posix::PosixDisk::open("no/such/directory");
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code == broker::ErrorCode::not_found);

    PosixRig rig;
    broker::OpIds ops;
    rig.disk().create(ops.draw(), "a.log");
    CHECK(std::filesystem::exists(rig.path() + "/+1"));
    CHECK(rig.disk().list().empty());
    rig.die();
    CHECK(std::filesystem::is_empty(rig.path()));
}

TEST_CASE("posix disk: a write that the system refuses is an error, and is not believed",
          "[contract]") {
    PosixRig rig;
    broker::OpIds ops;
    FileHandle const file = rig.disk().create(ops.draw(), "a.log");
    rig.complete();

    // No file may end behind the largest offset.
    rig.disk().write(ops.draw(), file, std::uint64_t{INT64_MAX} - 1, broker::as_bytes("text"));
    CHECK(rig.complete().outcome == DiskOutcome::io_error);
    rig.disk().truncate(ops.draw(), file, UINT64_MAX);
    CHECK(rig.complete().outcome == DiskOutcome::io_error);

    CHECK(rig.disk().read_all("a.log")->empty());
}

TEST_CASE(
    "posix disk: a write that the system stops in the middle is an error, and part of it stays",
    "[contract]") {
    // No file may grow beyond a limit: the kernel writes up to it, and the rest fails (EFBIG).
    PosixRig rig;
    broker::OpIds ops;
    FileHandle const file = rig.disk().create(ops.draw(), "a.log");
    rig.complete();
    rig.disk().write(ops.draw(), file, 0, broker::as_bytes("0123"));
    rig.disk().write(ops.draw(), file, 4, broker::as_bytes("4567"));

    std::vector<DiskDone> done;
    {
        FileSizeLimit const limit{6};
        done = {rig.complete(), rig.complete()};
    }

    CHECK(done[0].outcome == DiskOutcome::ok);
    CHECK(done[1].outcome == DiskOutcome::io_error);
    CHECK(done[1].missing == 0);
    CHECK(*rig.disk().read_all("a.log") == Bytes{std::byte{'0'}, std::byte{'1'}, std::byte{'2'},
                                                 std::byte{'3'}, std::byte{'4'}, std::byte{'5'}});
}
