// The simulated disk is no stronger than the real one: whatever real files hold after a process was
// killed is an image that the death of a process may leave on the simulated disk.
#include "sim/enumerate/crash_images.h"
#include "sim/enumerate/recording_disk.h"
#include "tests/contract/rigs.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace brokersim;
using namespace brokersim::test;
using namespace brokersim::enumeration;

namespace {

constexpr std::size_t large_bytes = 1024 * 1024;  // long enough to be killed in the middle

/// Asks a disk for the same operations each time; `complete` does the next one.
class Script {
public:
    Script(broker::Disk& disk, broker::OpIds& ops) : disk_{disk}, ops_{ops} {}

    /// Submits the operations of one round; each round has the same.
    void submit(int round) {
        std::string const name = round % 2 == 0 ? "a.log" : "b.log";
        FileHandle const file = disk_.create(ops_.draw(), name + ".new");
        disk_.write(ops_.draw(), file, 1000, Bytes(large_bytes, static_cast<std::byte>(round + 1)));
        disk_.truncate(ops_.draw(), file, 1000 + large_bytes / 2);
        disk_.rename(ops_.draw(), name + ".new", name);
        disk_.write(ops_.draw(), file, 0, Bytes(large_bytes, static_cast<std::byte>(round + 101)));
        if (round % 3 == 2) {
            disk_.remove(ops_.draw(), "a.log");
        }
    }

private:
    broker::Disk& disk_;
    broker::OpIds& ops_;
};

constexpr int rounds = 6;

/// Memory that parent and child share, for one number.
class SharedCounter {
public:
    SharedCounter() {
        void* const memory = ::mmap(nullptr, sizeof(std::atomic<std::uint64_t>),
                                    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(memory != MAP_FAILED);
        counter_ = new (memory) std::atomic<std::uint64_t>{0};
    }
    SharedCounter(const SharedCounter&) = delete;
    SharedCounter& operator=(const SharedCounter&) = delete;
    ~SharedCounter() { ::munmap(counter_, sizeof *counter_); }
    std::atomic<std::uint64_t>& operator*() { return *counter_; }

private:
    std::atomic<std::uint64_t>* counter_;
};

/// The child's whole life: performs the script and counts what it completed.
[[noreturn]] void live(const std::string& folder, std::atomic<std::uint64_t>& completed) {
    auto opened = broker::posix::PosixDisk::open(folder);
    if (!opened) {
        ::_exit(1);
    }
    broker::OpIds ops;
    Script script{**opened, ops};
    for (int round = 0; round < rounds; ++round) {
        script.submit(round);
        while ((*opened)->pending() > 0) {
            (*opened)->complete();
            completed.fetch_add(1);
        }
    }
    ::_exit(0);
}

/// The same operations on the simulated disk, up to the given number of completions.
class Shadow {
public:
    explicit Shadow(std::uint64_t completions) {
        Script script{recording, ops};
        for (int round = 0; round < rounds; ++round) {
            script.submit(round);
            while (manual.pending() > 0) {
                if (completions == 0) {
                    return;
                }
                --completions;
                recording.completed(manual.complete_at(0).op);
            }
        }
    }
    /// Whether the death of the process may leave these files.
    bool reaches(const std::map<std::string, Bytes>& files) {
        DiskState state;
        state.start_from(Image{});
        for (const IoEvent& event : trace.events()) {
            state.apply(trace, event);
        }
        // What was performed has the order of submission, so one operation is under way at most.
        std::vector<std::uint32_t> fates(state.in_flight().size(), 0);
        std::uint32_t const ways = fates.empty() ? 1 : state.process_fates(trace, 0);
        CrashImages images{names, 1};
        for (std::uint32_t fate = 0; fate < ways; ++fate) {
            DiskState dead;
            dead.copy_from(state);
            if (!fates.empty()) {
                fates[0] = fate;
                dead.process_dies(trace, fates);
            }
            images.look_at(dead, trace);
            images.choose_all();
            if (same(images.image(), files)) {
                partial = partial || fate > 1;
                return true;
            }
        }
        return false;
    }

    bool partial = false;  // a write was found that happened in part

private:
    bool same(const Image& image, const std::map<std::string, Bytes>& files) const {
        if (image.files.size() != files.size()) {
            return false;
        }
        for (const ImageFile& row : image.files) {
            auto const at = files.find(names.text(row.name));
            if (at == files.end() || at->second.size() != row.size) {
                return false;
            }
            Bytes content{row.content.begin(), row.content.end()};
            content.resize(row.size);
            if (content != at->second) {
                return false;
            }
        }
        return true;
    }

    NameTable names;
    IoTrace trace;
    broker::OpIds ops;
    ManualDisk manual{1};
    RecordingDisk recording{manual.disk, trace, names};
};

}  // namespace

TEST_CASE("contract: what a killed process leaves in real files may be left on the simulated disk",
          "[contract]") {
    std::uint64_t completions = 0;
    std::uint64_t killed = 0;
    for (std::uint32_t attempt = 0; attempt < 60; ++attempt) {
        TemporaryFolder const folder;
        SharedCounter counter;
        pid_t const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            live(folder.path(), *counter);
        }
        // Spread over the life of the child, which takes some ten milliseconds.
        ::usleep(500 + attempt * 397 % 15'000);
        ::kill(child, SIGKILL);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        killed += WIFSIGNALED(status) ? 1U : 0U;
        REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));

        std::uint64_t const completed = *counter;
        auto opened = broker::posix::PosixDisk::open(folder.path());
        REQUIRE(opened.has_value());
        std::map<std::string, Bytes> const files = contents_of(**opened);

        INFO("killed after " << completed << " completions");
        for (const auto& [name, content] : files) {
            UNSCOPED_INFO(name << " has " << content.size() << " bytes");
        }
        // It may have died before it opened the disk; then nothing was submitted.
        Shadow shadow{completed};
        REQUIRE(shadow.reaches(files));
        completions += completed;
    }
    CHECK(killed > 0);
    CHECK(completions > 0);
}

TEST_CASE("contract: an image that no death can leave is told apart", "[contract]") {
    Shadow shadow{3};  // created, written, truncated; not renamed

    std::map<std::string, Bytes> files;
    files["a.log.new"] = Bytes(10, std::byte{1});
    CHECK_FALSE(shadow.reaches(files));
    files.clear();
    files["b.log"] = Bytes{};
    CHECK_FALSE(shadow.reaches(files));
}
