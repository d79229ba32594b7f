// The images that an enumeration visits: how many, which, and that the simulated disk's are among
// them.
#include "sim/enumerate/crash_images.h"

#include "sim/enumerate/recording_disk.h"
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>

using namespace brokersim;
using namespace brokersim::enumeration;

namespace {

Bytes filled(std::size_t size, std::uint8_t value) {
    return Bytes(size, std::byte{value});
}

/// What an image holds, by name, as a recovery would read it.
std::string content_of(const Image& image, const NameTable& names) {
    std::set<std::string> files;
    for (const ImageFile& file : image.files) {
        std::string text = names.text(file.name);
        if (names.is_read(file.name)) {
            std::string bytes(file.size, '\0');
            for (std::size_t i = 0; i < file.content.size(); ++i) {
                bytes[i] = static_cast<char>(file.content[i]);
            }
            text += "=" + bytes;
        }
        files.insert(text);
    }
    std::string all;
    for (const std::string& file : files) {
        all += file + "\n";
    }
    return all;
}

/// All images that were visited.
struct Seen {
    std::uint64_t visited = 0;
    std::uint64_t shaped_count = 0;
    std::set<std::string> contents;
    std::set<std::uint64_t> hashes;
    std::map<std::uint64_t, std::string> by_hash;
    std::vector<Choice> choices;
    bool one_content_per_hash = true;
};

class Collector final : public ImageVisitor {
public:
    Collector(const NameTable& names, Seen& seen) : names_{names}, seen_{seen} {}
    bool visit(CrashImages& images, std::uint64_t hash, bool shaped) override {
        ++seen_.visited;
        seen_.shaped_count += shaped ? 1U : 0U;
        std::string const content = content_of(images.image(), names_);
        seen_.contents.insert(content);
        seen_.hashes.insert(hash);
        seen_.by_hash.emplace(hash, content);
        seen_.one_content_per_hash =
            seen_.one_content_per_hash && seen_.by_hash.at(hash) == content;
        seen_.choices.push_back(images.choice());
        return true;
    }

private:
    const NameTable& names_;
    Seen& seen_;
};

/// A simulated disk whose trace is noted, completed by hand.
class Bench {
public:
    explicit Bench(std::uint64_t seed = 1) : manual{seed}, disk{manual.disk, trace, names} {}

    broker::OpId draw() { return ops.draw(); }
    broker::FileHandle create(std::string_view name) {
        broker::FileHandle const file = disk.create(draw(), name);
        complete_all();
        return file;
    }
    void complete_all() {
        while (manual.pending() > 0) {
            complete(0);
        }
    }
    void complete(std::size_t place) { disk.completed(manual.complete_at(place).op); }
    void sync(broker::FileHandle file) {
        disk.sync(draw(), file);
        complete_all();
    }
    void sync_dir() {
        disk.sync_dir(draw());
        complete_all();
    }
    DiskState state() const {
        DiskState made;
        made.start_from(Image{});
        for (const IoEvent& event : trace.events()) {
            made.apply(trace, event);
        }
        return made;
    }
    Seen visit(CrashImages::Families families = CrashImages::Families::all) {
        now = state();
        CrashImages images{names, 7};
        images.look_at(now, trace);
        Seen seen;
        Collector collector{names, seen};
        images.visit_all(collector, families);
        return seen;
    }

    NameTable names;
    IoTrace trace;
    broker::OpIds ops;
    test::ManualDisk manual;
    RecordingDisk disk;
    DiskState now;
};

}  // namespace

TEST_CASE("enumerate: every subset of few uncovered sectors, each image once", "[enumerate]") {
    Bench bench;
    broker::FileHandle const file = bench.create("a.log");
    bench.disk.truncate(bench.draw(), file, 4096);
    bench.complete_all();
    bench.sync(file);
    bench.sync_dir();
    for (std::uint64_t i = 0; i < 4; ++i) {
        bench.disk.write(bench.draw(), file, i * 512,
                         filled(512, static_cast<std::uint8_t>(i + 1)));
    }
    bench.complete_all();

    Seen const all = bench.visit();
    Seen const shaped = bench.visit(CrashImages::Families::shaped);

    CHECK(all.visited == 16);
    CHECK(all.contents.size() == 16);
    CHECK(all.hashes.size() == 16);
    // none, all, 3 prefixes, 3 suffixes, 4 all-but-one and 4 only-one; first and last are both.
    CHECK(shaped.visited == 12);
    CHECK(all.shaped_count == 12);
}

TEST_CASE("enumerate: many uncovered sectors come in shapes and drawn subsets", "[enumerate]") {
    Bench bench;
    broker::FileHandle const file = bench.create("a.log");
    bench.disk.truncate(bench.draw(), file, 32 * 1024);
    bench.complete_all();
    bench.sync(file);
    bench.sync_dir();
    bench.disk.write(bench.draw(), file, 0, filled(20 * 512, 9));
    bench.complete_all();

    Seen const all = bench.visit();

    // 4m + 2 shapes, less the ones that are two at once, and the drawn ones.
    CHECK(all.visited == 21 + 19 + 40 + CrashImages::drawn_subsets);
    CHECK(all.shaped_count == 21 + 19 + 40);
}

TEST_CASE("enumerate: the sector in flight is old, whole, cut, zeros or garbage", "[enumerate]") {
    Bench bench;
    broker::FileHandle const file = bench.create("a.log");
    bench.disk.write(bench.draw(), file, 0, filled(512, 1));
    bench.complete_all();
    bench.sync(file);
    bench.sync_dir();
    bench.disk.write(bench.draw(), file, 100, filled(200, 2));  // in flight

    Seen const all = bench.visit();

    CHECK(all.visited == 2 + 4);
    std::set<std::string> kinds;
    for (const std::string& content : all.contents) {
        std::string const bytes = content.substr(content.find('=') + 1);
        CHECK(bytes[99] == 1);  // power-safe overwrite: nothing beside the written range
        CHECK(bytes[300] == 1);
        kinds.insert(bytes.substr(100, 200));
    }
    CHECK(kinds.contains(std::string(200, 1)));
    CHECK(kinds.contains(std::string(200, 2)));
    CHECK(kinds.contains(std::string(200, 0)));
    CHECK(kinds.size() >= 5);
}

TEST_CASE("enumerate: a file that grew has its new size or its old one", "[enumerate]") {
    Bench bench;
    broker::FileHandle const file = bench.create("a.log");
    bench.sync_dir();
    bench.disk.write(bench.draw(), file, 0, filled(512, 1));
    bench.complete_all();

    Seen const all = bench.visit();

    CHECK(all.visited == 3);
    CHECK(all.contents.size() == 2);  // nothing written and the old size read alike
}

TEST_CASE("enumerate: a cut that was not synced may be undone, sector by sector", "[enumerate]") {
    Bench bench;
    broker::FileHandle const file = bench.create("a.log");
    bench.disk.write(bench.draw(), file, 0, filled(1024, 1));
    bench.complete_all();
    bench.sync(file);
    bench.sync_dir();
    bench.disk.truncate(bench.draw(), file, 300);
    bench.disk.write(bench.draw(), file, 600, filled(100, 2));
    bench.complete_all();

    Seen const all = bench.visit();

    std::string const gap =
        "a.log=" + std::string(300, 1) + std::string(300, 0) + std::string(100, 2) + "\n";
    std::string const uncut =
        "a.log=" + std::string(600, 1) + std::string(100, 2) + std::string(324, 1) + "\n";
    CHECK(all.contents.contains(gap));
    CHECK(all.contents.contains(uncut));
    CHECK(all.contents.contains("a.log=" + std::string(300, 1) + "\n"));
}

TEST_CASE("enumerate: all four outcomes of a rename, and temporary files by name only",
          "[enumerate]") {
    Bench bench;
    broker::FileHandle const old = bench.create("a.log");
    bench.disk.write(bench.draw(), old, 0, filled(10, 1));
    bench.complete_all();
    bench.sync(old);
    bench.sync_dir();
    broker::FileHandle const fresh = bench.create("a.log.tmp");
    bench.disk.write(bench.draw(), fresh, 0, filled(10, 2));
    bench.complete_all();
    bench.disk.rename(bench.draw(), "a.log.tmp", "a.log");
    bench.complete_all();

    Seen const all = bench.visit();

    std::string const ten_old = "a.log=" + std::string(10, 1) + "\n";
    CHECK(all.contents.contains(ten_old));                               // old target
    CHECK(all.contents.contains("a.log.tmp\n" + ten_old));               // old name only
    CHECK(all.contents.contains("a.log=" + std::string(10, 2) + "\n"));  // full content
    CHECK(all.contents.contains("a.log=\n"));                            // empty
}

TEST_CASE("enumerate: more than four pending names come as prefixes and with one left out",
          "[enumerate]") {
    Bench bench;
    for (int i = 0; i < 6; ++i) {
        bench.create("f" + std::to_string(i) + ".log");
    }

    Seen const all = bench.visit();

    CHECK(all.contents.size() == 7 + 5);
}

TEST_CASE("enumerate: a choice alone gives the same image and the same hash", "[enumerate]") {
    Bench bench;
    broker::FileHandle const file = bench.create("a.log");
    bench.disk.write(bench.draw(), file, 0, filled(700, 1));
    bench.complete_all();
    bench.disk.write(bench.draw(), file, 300, filled(700, 2));  // in flight
    bench.disk.rename(bench.draw(), "a.log", "b.log");

    Seen const all = bench.visit();

    CHECK(all.visited > 100);
    CHECK(all.one_content_per_hash);
    CHECK(all.hashes.size() == all.contents.size());
    CrashImages images{bench.names, 7};
    images.look_at(bench.now, bench.trace);
    for (const Choice& choice : all.choices) {
        std::uint64_t const hash = images.choose(choice);
        REQUIRE(all.by_hash.at(hash) == content_of(images.image(), bench.names));
    }
}

TEST_CASE("enumerate: what a drawn power loss of the simulated disk leaves is always visited",
          "[enumerate]") {
    std::uint64_t compared = 0;
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        Bench bench{seed};
        broker::Random random{seed, "test.enumerate"};
        std::vector<broker::FileHandle> files;
        for (int step = 0; step < 12; ++step) {
            std::uint64_t const what = random.below(8);
            if (what == 0 && files.size() < 3) {
                files.push_back(bench.create("f" + std::to_string(files.size()) + ".log"));
            } else if (what == 1) {
                bench.disk.sync_dir(bench.draw());
            } else if (!files.empty()) {
                broker::FileHandle const file = files[random.below(files.size())];
                std::uint64_t const offset = random.below(1200);
                std::uint64_t const size = 1 + random.below(600);
                if (what == 2) {
                    bench.disk.sync(bench.draw(), file);
                } else if (what == 3) {
                    bench.disk.truncate(bench.draw(), file, offset);
                } else if (what < 6) {
                    bench.disk.write(bench.draw(), file, offset,
                                     filled(size, static_cast<std::uint8_t>(step + 1)));
                }
            }
            if (bench.manual.pending() > 0 && random.below(3) != 0) {
                bench.complete(random.below(bench.manual.pending()));
            }
        }
        CrashImages images{bench.names, 7};
        bench.now = bench.state();
        images.look_at(bench.now, bench.trace);
        images.choose_all();
        if (images.choice().units.size() > CrashImages::exhaustive_units_max ||
            images.choice().names.size() > CrashImages::all_names_max) {
            continue;
        }
        Seen const all = bench.visit();

        CrashReport const report = bench.manual.crash_power();

        if (report.torn) {
            continue;  // it draws any cut; the enumeration has two of each sector
        }
        std::string left;
        for (const std::string& name : bench.manual.disk.list()) {
            Bytes const content = *bench.manual.disk.read_all(name);
            left += name + "=";
            for (std::byte const byte : content) {
                left += static_cast<char>(byte);
            }
            left += "\n";
        }
        INFO("seed " << seed);
        REQUIRE(all.contents.contains(left));
        ++compared;
    }
    CHECK(compared > 1000);
}
