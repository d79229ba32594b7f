// LogBench: a write-ahead log on a scripted disk, for tests that complete each operation by hand.
#pragma once

#include "broker_core/wal/wal.h"
#include "tests/support/scripted_disk.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace broker::test {

inline WalTuning manual_groups() {
    WalTuning tuning;
    tuning.segment_bytes = 4096;
    tuning.group_window = 1'000_s;  // groups close by flush only
    return tuning;
}

class LogBench {
public:
    using Kind = ScriptedDisk::Kind;

    explicit LogBench(WalTuning const& tuning = manual_groups())
        : tuning_{tuning}, log_{std::in_place, tuning, identity, PartitionId{}, disk, ops, probes} {
        boot();
    }

    wal::Wal& log() { return *log_; }

    /// Appends the next entry of `term`, and hands its index out.
    LogIndex append(std::uint64_t term = 1, std::size_t size = 40) {
        LogIndex const index = log().last_index().next();
        log().append(now, index, Term{term}, false, Bytes(size, std::byte{0x70}));
        return index;
    }
    /// Appends and closes the group: its write is submitted if it may be.
    LogIndex append_group(std::uint64_t term = 1, std::size_t size = 40) {
        LogIndex const index = append(term, size);
        log().flush();
        return index;
    }
    /// A promise that is told by a number.
    void promise(wal::Requirement const& requirement, std::int64_t number) {
        log().promise(requirement, Sealed<wal::Reply>{wal::Reply{.peer = BrokerId{2},
                                                                 .base_offset = Offset{number}}});
    }
    void promise(LogIndex index, std::int64_t number, wal::Level level = wal::Level::synced) {
        promise(wal::Requirement{.index = index, .level = level}, number);
    }
    /// Numbers of the promises that opened since the last call.
    std::vector<std::int64_t> opened() {
        collect();
        std::vector<std::int64_t> numbers;
        numbers.swap(opened_);
        return numbers;
    }
    /// Completes the earliest pending operation of this kind.
    void complete(Kind kind, DiskOutcome outcome = DiskOutcome::ok) {
        REQUIRE(disk.count(kind) > 0);
        REQUIRE(log().on_disk_done(now, disk.complete(kind, outcome)));
    }
    void settle() {
        while (!disk.pending().empty()) {
            log().on_disk_done(now, disk.complete_at(0));
        }
    }
    /// The process dies with everything pending, and another boots on the same disk.
    wal::Booted restart() {
        disk.abandon();
        log_.emplace(tuning_, identity, PartitionId{}, disk, ops, probes);
        return boot();
    }

    static constexpr wal::DiskIdentity identity{ClusterId{1}, BrokerId{1}, DiskUuid{1}};
    ScriptedDisk disk;
    OpIds ops;
    Probes probes;
    Time now;
    std::vector<wal::ProducePart> dropped;

private:
    wal::Booted boot() {
        auto booted = log().boot();
        REQUIRE(booted.has_value());
        settle();
        REQUIRE(log().open());
        collect();
        opened_.clear();
        disk.take_story();
        return std::move(*booted);
    }
    void collect() {
        wal::Wal::Output output;
        log().take(output);
        for (wal::Reply const& reply : output.opened) {
            opened_.push_back(reply.base_offset.value());
        }
        dropped.insert(dropped.end(), output.dropped.begin(), output.dropped.end());
    }

    WalTuning tuning_;
    std::optional<wal::Wal> log_;
    std::vector<std::int64_t> opened_;
};

}  // namespace broker::test
