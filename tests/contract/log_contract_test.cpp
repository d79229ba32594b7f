// The broker's own log on the simulated disk and on real files: what it promised, it finds again.
#include "broker_core/wal/wal.h"
#include "tests/contract/rigs.h"

#include <catch2/catch.hpp>

#include <optional>

using namespace brokersim;
using namespace brokersim::test;
using broker::LogIndex;
using broker::Term;

namespace {

template <class Rig>
class LogOn {
public:
    LogOn() {
        tuning.segment_bytes = 4096;
        tuning.group_window = broker::Duration{};
    }
    broker::wal::Booted boot() {
        log.emplace(tuning,
                    broker::wal::DiskIdentity{broker::ClusterId{1}, broker::BrokerId{1},
                                              broker::DiskUuid{1}},
                    broker::PartitionId{}, rig.disk(), ops, probes);
        auto booted = log->boot();
        REQUIRE(booted.has_value());
        return std::move(*booted);
    }
    void settle() {
        while (rig.pending() > 0) {
            DiskDone const done = rig.complete();
            REQUIRE(done.outcome == DiskOutcome::ok);
            log->on_disk_done(broker::Time{}, done);
            log->finish_step(broker::Time{});
        }
    }
    static Bytes payload_of(std::uint64_t index) {
        return Bytes(1 + index * 37 % 900, static_cast<std::byte>(index));
    }
    void append() {
        LogIndex const index = log->last_index().next();
        log->append(broker::Time{}, index, Term{1}, false, payload_of(index.value()));
        log->finish_step(broker::Time{});
    }
    void die() {
        log.reset();
        rig.die();
    }

    Rig rig;
    broker::WalTuning tuning;
    broker::OpIds ops;
    broker::Probes probes;
    std::optional<broker::wal::Wal> log;
};

}  // namespace

TEMPLATE_TEST_CASE("contract: the log finds what it promised after the process died", "[contract]",
                   VirtualRig, PosixRig) {
    LogOn<TestType> bench;
    LogIndex promised;
    broker::HardState voted;
    for (int life = 0; life < 5; ++life) {
        broker::wal::Booted const booted = bench.boot();

        REQUIRE(booted.entries.size() >= promised.value());
        for (const broker::wal::RecoveredEntry& entry : booted.entries) {
            REQUIRE(entry.payload == bench.payload_of(entry.index.value()));
        }
        CHECK(booted.hard_state == voted);

        bench.settle();
        REQUIRE(bench.log->open());
        CHECK(bench.log->boots() == static_cast<std::uint32_t>(life + 1));
        voted = broker::HardState{Term{1}, broker::BrokerId{static_cast<std::uint32_t>(life + 1)}};
        if (life < 3) {
            bench.log->store(voted);
        } else {
            voted = broker::HardState{Term{1}, broker::BrokerId{3}};
        }
        for (int i = 0; i < 12; ++i) {
            bench.append();
        }
        bench.settle();
        promised = bench.log->flushed();
        CHECK(promised == bench.log->last_index());
        // The last ones are on their way when the process dies.
        bench.append();
        bench.append();
        bench.rig.complete();
        bench.die();
    }
    CHECK(promised.value() >= 60);
    CHECK(bench.probes.count(broker::Probe::segment_rotated) > 0);
}

TEMPLATE_TEST_CASE("contract: a base takes the place of the segments before it", "[contract]",
                   VirtualRig, PosixRig) {
    LogOn<TestType> bench;
    bench.boot();
    bench.settle();
    for (int i = 0; i < 30; ++i) {
        bench.append();
        bench.settle();
    }
    std::size_t const before = bench.rig.disk().list().size();

    bench.log->compact(broker::wal::Base{LogIndex{25}, Term{1}, false, Bytes(50, std::byte{7})});
    bench.log->finish_step(broker::Time{});
    bench.settle();
    std::size_t const after = bench.rig.disk().list().size();
    bench.die();
    broker::wal::Booted const booted = bench.boot();

    CHECK(after < before);
    CHECK(booted.base.index == LogIndex{25});
    CHECK(booted.base.snapshot == Bytes(50, std::byte{7}));
    REQUIRE(booted.entries.size() == 5);
    CHECK(booted.entries.back().payload == bench.payload_of(30));
}
