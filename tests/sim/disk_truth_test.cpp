// Property: what DiskTruth says a disk holds is what a recovery finds there.
//
// A log runs on the simulated disk with drawn appends, truncations, bases, completions and crashes
// while DiskTruth watches. After a process crash its written log, and after a power loss its
// durable one as well, must be the log that the next boot finds, entry by entry. Disks of several
// profiles, with groups padded or not, and with writes and readings that stop before their end.
#include "sim/disk_truth.h"

#include "broker_core/base/hash.h"
#include "broker_core/base/random.h"
#include "broker_core/wal/wal.h"
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <array>
#include <optional>

namespace brokersim {
namespace {

namespace wal = broker::wal;
using broker::Time;
using test::ManualDisk;

constexpr wal::DiskIdentity identity{broker::ClusterId{1}, broker::BrokerId{1},
                                     broker::DiskUuid{1}};

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
        : random_{seed, "test.truth"},
          truth_{1, 1,
                 [this](PartitionId, LogIndex last) {
                     return std::vector<Link>(committed_.begin(), committed_.begin() + at(last));
                 }},
          disk_{seed, 1, truth_, spec_drawn(seed)} {
        broker::Random more{seed, "test.truth.disk", 1};
        tuning_.pad_groups = more.below(2) == 0;
        for (FaultKind const kind : {FaultKind::short_write, FaultKind::short_read}) {
            if (more.below(2) == 0) {
                DiskError cut;
                cut.kind = kind;
                cut.strikes = Strikes::all;
                disk_.disk.errors().add(cut);
            }
        }
        tuning_.segment_bytes = 4096;
        tuning_.group_window = broker::Duration{};
        tuning_.max_inflight_syncs = 1 + static_cast<std::uint32_t>(random_.below(2));
    }

    void run() {
        for (int life = 0; life < 6; ++life) {
            log_.emplace(tuning_, identity, PartitionId{}, disk_.disk, ops_, probes_);
            auto const booted = log_->boot();
            INFO("life " << life << ": " << (booted ? "" : booted.error().where));
            REQUIRE(booted.has_value());
            compare(*booted);
            std::uint64_t const steps = 5 + random_.below(80);
            for (std::uint64_t step = 0; step < steps; ++step) {
                act();
            }
            crash();
        }
    }
    [[nodiscard]] std::uint64_t bases_found() const { return bases_found_; }

private:
    static DiskSpec spec_drawn(std::uint64_t seed) {
        constexpr std::array profiles = {DiskProfile::strict, DiskProfile::ext4_ordered,
                                         DiskProfile::odirect_dsync, DiskProfile::nopsow};
        broker::Random random{seed, "test.truth.disk"};
        return DiskSpec{traits_of(profiles[random.below(profiles.size())]), 0};
    }
    static std::ptrdiff_t at(LogIndex index) { return static_cast<std::ptrdiff_t>(index.value()); }

    void act() {
        std::uint64_t const choice = random_.below(12);
        if (!log_->open() || choice < 6) {
            if (disk_.pending() > 0) {
                log_->on_disk_done(Time{}, disk_.complete_at(random_.below(disk_.pending())));
            }
            return;
        }
        if (!term_stored_) {
            log_->store(HardState{term_, broker::BrokerId{1}});
            term_stored_ = true;
        }
        std::uint64_t const last = log_->last_index().value();
        if (choice == 6 && last > base_.value()) {
            std::uint64_t const first =
                last - random_.below(std::min<std::uint64_t>(last - base_.value(), 4));
            log_->truncate(Time{}, LogIndex{first}, first == 1 ? Term{} : terms_[first - 2]);
            terms_.resize(first - 1);
        } else if (choice == 7) {
            compact();
        } else if (choice == 8 && random_.below(3) == 0) {
            install();
        } else {
            std::uint64_t const size = random_.below(1500);
            ++number_;
            Bytes const payload(size, static_cast<std::byte>(number_));
            log_->append(Time{}, LogIndex{last + 1}, term_, random_.below(5) == 0, payload);
            terms_.push_back(term_);
        }
        log_->finish_step(Time{});
        if (random_.below(8) == 0) {
            log_->flush();
        }
    }
    void compact() {
        LogIndex const flushed = log_->flushed();
        if (log_->compacting() || flushed <= base_) {
            return;
        }
        base_ = base_ + 1 + random_.below(flushed.value() - base_.value());
        committed_.clear();
        for (LogIndex i{1}; i <= base_; i = i.next()) {
            committed_.push_back(*truth_.durable_log(1, PartitionId{}).at(i));
        }
        log_->compact(wal::Base{base_, committed_.back().term, false, Bytes(20)});
    }
    /// A log from elsewhere: the same up to the base, of a newer term behind it.
    void install() {
        term_ = term_.next();
        log_->store(HardState{term_, broker::BrokerId{1}});
        committed_.resize(base_.value());
        base_ = base_ + 1 + random_.below(8);
        while (committed_.size() < base_.value()) {
            committed_.push_back(Link{term_, ++number_});
        }
        log_->install(wal::Base{base_, term_, true, Bytes(20)});
        terms_.assign(base_.value(), term_);
    }
    void crash() {
        log_.reset();
        std::uint64_t const kind = random_.below(4);
        power_ = kind >= 2;
        if (kind < 2 || kind == 3) {
            disk_.crash_process();
        }
        if (kind == 2) {
            disk_.crash_power(SurvivalShape::drop_all);
        } else if (kind == 3) {
            disk_.crash_power();
        }
    }
    /// What was found at boot is what the truth says was there.
    void compare(const wal::Booted& booted) {
        REQUIRE(booted.base.index.value() <= committed_.size());
        FoldedLog found;
        found.begin_with(
            std::vector<Link>(committed_.begin(), committed_.begin() + at(booted.base.index)));
        terms_.assign(booted.base.index.value(), booted.base.term);
        for (wal::RecoveredEntry const& entry : booted.entries) {
            found.append(entry.term, entry.control, broker::hash_bytes(entry.payload));
            terms_.push_back(entry.term);
        }
        base_ = booted.base.index;
        term_stored_ = false;  // no term twice, even if it was lost
        bases_found_ += base_ != LogIndex{} ? 1U : 0U;
        FoldedLog const& written = truth_.written_log(1, PartitionId{});
        INFO("found " << found.last_index().value() << ", written " << written.last_index().value()
                      << ", base " << base_.value());
        REQUIRE(same(found, written));
        if (power_) {
            REQUIRE(same(found, truth_.durable_log(1, PartitionId{})));
        }
    }

    broker::Random random_;
    std::vector<Link> committed_;  // what the newest base stands for, at least
    DiskTruth truth_;
    ManualDisk disk_;
    broker::WalTuning tuning_;
    broker::OpIds ops_;
    broker::Probes probes_;
    std::optional<wal::Wal> log_;
    LogIndex base_;            // the newest
    std::vector<Term> terms_;  // of the log's entries, from the first; those before a base are moot
    Term term_{1};
    bool term_stored_ = false;
    std::uint64_t number_ = 0;
    bool power_ = false;  // the last crash took what was not durable
    std::uint64_t bases_found_ = 0;
};

}  // namespace

TEST_CASE("disk truth: it is what a recovery finds, after every kind of crash", "[sim]") {
    std::uint64_t bases = 0;
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        INFO("seed " << seed);
        WatchedRun run{seed};
        run.run();
        bases += run.bases_found();
    }
    CHECK(bases > 500);
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
