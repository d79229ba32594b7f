// Property: what DiskTruth says a disk holds is what a recovery finds there.
//
// A log runs on the simulated disk with drawn appends, truncations, completions and crashes while
// DiskTruth watches. After a process crash its written log, and after a power loss its durable
// one, must be the log that recover_log() reads from the image, entry by entry.
#include "sim/disk_truth.h"

#include "broker_core/base/hash.h"
#include "broker_core/base/random.h"
#include "broker_core/wal/wal.h"
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <optional>

namespace brokersim {
namespace {

namespace wal = broker::wal;
using broker::Time;
using test::ManualDisk;

constexpr wal::DiskIdentity identity{broker::ClusterId{1}, broker::BrokerId{1},
                                     broker::DiskUuid{1}};

/// The log a recovery finds on the disk now; nothing if it finds damage.
std::optional<FoldedLog> recovered(VirtualDisk& disk) {
    std::vector<wal::SegmentImage> segments;
    SegmentId largest;
    for (std::string const& name : disk.list()) {
        auto const parsed = wal::parse_name(name);
        largest = std::max(largest, parsed->segment);
        if (parsed->kind == wal::ParsedName::Kind::segment) {
            segments.push_back({name, *disk.read(name)});
        }
    }
    auto const log = wal::recover_log(segments, identity, PartitionId{}, largest);
    if (!log) {
        return std::nullopt;
    }
    FoldedLog folded;
    for (wal::RecoveredEntry const& entry : log->entries) {
        folded.append(entry.term, entry.control, broker::hash_bytes(entry.payload));
    }
    return folded;
}

bool same(FoldedLog const& left, FoldedLog const& right) {
    if (left.last_index() != right.last_index()) {
        return false;
    }
    const Link* const last = left.at(left.last_index());
    return last == nullptr || right.holds(right.last_index(), last->chain);
}

class WatchedRun {
public:
    explicit WatchedRun(std::uint64_t seed)
        : random_{seed, "test.truth"}, truth_{1, 1}, disk_{seed, truth_} {
        tuning_.segment_bytes = 4096;
        tuning_.group_window = broker::Duration{};
        tuning_.max_inflight_syncs = 1 + static_cast<std::uint32_t>(random_.below(2));
    }

    void run() {
        for (int life = 0; life < 5; ++life) {
            log_.emplace(tuning_, identity, PartitionId{}, disk_.disk, ops_, probes_);
            REQUIRE(log_->boot().has_value());
            std::uint64_t const steps = 5 + random_.below(80);
            for (std::uint64_t step = 0; step < steps; ++step) {
                act();
            }
            crash();
        }
    }

private:
    void act() {
        std::uint64_t const choice = random_.below(10);
        if (!log_->open() || choice < 6) {
            if (disk_.pending() > 0) {
                log_->on_disk_done(Time{}, disk_.complete_at(random_.below(disk_.pending())));
            }
            return;
        }
        std::uint64_t const last = log_->last_index().value();
        if (choice == 6 && last > 0) {
            std::uint64_t const first = last - random_.below(std::min<std::uint64_t>(last, 4));
            log_->truncate(Time{}, LogIndex{first}, term_);
        } else {
            std::uint64_t const size = random_.below(1500);
            ++number_;
            Bytes const payload(size, static_cast<std::byte>(number_));
            log_->append(Time{}, LogIndex{last + 1}, term_, random_.below(5) == 0, payload);
        }
        log_->finish_step(Time{});
        if (random_.below(8) == 0) {
            log_->flush();
        }
    }
    void crash() {
        log_.reset();
        std::uint64_t const kind = random_.below(4);
        if (kind < 2) {
            disk_.crash_process();
            compare("written", truth_.written_log(1, PartitionId{}));
        }
        if (kind == 2) {
            disk_.crash_power(SurvivalShape::drop_all);
            compare("durable", truth_.durable_log(1, PartitionId{}));
        } else if (kind != 0) {
            disk_.crash_power();
            compare("durable", truth_.durable_log(1, PartitionId{}));
        }
    }
    void compare(const char* what, FoldedLog const& truth) {
        auto const found = recovered(disk_.disk);
        INFO(what);
        REQUIRE(found.has_value());
        INFO("found " << found->last_index().value() << ", truth " << truth.last_index().value());
        REQUIRE(same(*found, truth));
    }

    broker::Random random_;
    DiskTruth truth_;
    ManualDisk disk_;
    broker::WalTuning tuning_;
    broker::OpIds ops_;
    broker::Probes probes_;
    std::optional<wal::Wal> log_;
    Term term_{1};
    std::uint64_t number_ = 0;
};

}  // namespace

TEST_CASE("disk truth: it is what a recovery finds, after every kind of crash", "[sim]") {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        INFO("seed " << seed);
        WatchedRun{seed}.run();
    }
}

TEST_CASE("disk truth: an entry is written with its write and durable with its sync", "[sim]") {
    DiskTruth truth{1, 1};
    ManualDisk disk{1, truth};
    broker::OpIds ops;
    broker::Probes probes;
    wal::Wal log{broker::WalTuning{}, identity, PartitionId{}, disk.disk, ops, probes};
    REQUIRE(log.boot().has_value());
    while (disk.pending() > 0) {
        log.on_disk_done(Time{}, disk.complete_at(0));
    }
    Bytes const payload(10);

    log.append(Time{}, LogIndex{1}, Term{0}, false, payload);
    log.flush();
    CHECK(truth.written_log(1, PartitionId{}).last_index() == LogIndex{0});
    log.on_disk_done(Time{}, disk.complete_at(0));
    CHECK(truth.written_log(1, PartitionId{}).last_index() == LogIndex{1});
    CHECK(truth.durable_log(1, PartitionId{}).last_index() == LogIndex{0});
    log.on_disk_done(Time{}, disk.complete_at(0));

    CHECK(truth.durable_log(1, PartitionId{}).last_index() == LogIndex{1});
}

TEST_CASE("disk truth: a stored vote is durable with its sync, and a power loss keeps it",
          "[sim]") {
    DiskTruth truth{1, 1};
    ManualDisk disk{1, truth};
    broker::OpIds ops;
    broker::Probes probes;
    wal::Wal log{broker::WalTuning{}, identity, PartitionId{}, disk.disk, ops, probes};
    REQUIRE(log.boot().has_value());
    while (disk.pending() > 0) {
        log.on_disk_done(Time{}, disk.complete_at(0));
    }
    HardState const vote{Term{4}, broker::BrokerId{2}};

    log.store(vote);
    log.on_disk_done(Time{}, disk.complete_at(0));
    CHECK(truth.hard_state(1, PartitionId{}) == HardState{});
    log.on_disk_done(Time{}, disk.complete_at(0));
    CHECK(truth.hard_state(1, PartitionId{}) == vote);
    disk.crash_power();

    CHECK(truth.hard_state(1, PartitionId{}) == vote);
}

}  // namespace brokersim
