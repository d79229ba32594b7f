// ManualDisk: the simulated disk of one broker, with a test instead of a world around it.
#pragma once

#include "sim/virtual_disk.h"

#include <cstdint>
#include <vector>

namespace brokersim::test {

/// Notes which operations are on their way; the test says when each completes.
class ManualTimer final : public DiskTimer {
public:
    void schedule(Op op, std::uint32_t slot) override {
        (void)op;
        slots.push_back(slot);
    }
    std::vector<std::uint32_t> slots;  // in order of submission
};

class NobodyWatches final : public DiskWatcher {
public:
    void file_created(std::uint32_t, std::uint32_t, std::string_view) override {}
    void written(std::uint32_t, std::uint32_t, std::uint64_t, ByteSpan) override {}
    void durable(std::uint32_t, std::uint32_t, std::uint64_t, ByteSpan) override {}
    void reverted(std::uint32_t, std::uint32_t, ByteSpan) override {}
    void linked(std::uint32_t, std::uint32_t, std::string_view, bool) override {}
    void unlinked(std::uint32_t, std::string_view, bool) override {}
    void survived(std::uint32_t, std::uint32_t, std::string_view, ByteSpan) override {}
    void power_lost(std::uint32_t) override {}
    void survivors_told(std::uint32_t) override {}
};

class ManualDisk {
public:
    explicit ManualDisk(std::uint64_t seed, const DiskSpec& spec = {})
        : disk{seed, 1, timer, nobody, spec} {}
    ManualDisk(std::uint64_t seed, DiskWatcher& watcher) : ManualDisk{seed, 1, watcher} {}
    ManualDisk(std::uint64_t seed, std::uint32_t node, DiskWatcher& watcher,
               const DiskSpec& spec = {})
        : disk{seed, node, timer, watcher, spec} {}

    [[nodiscard]] std::size_t pending() const { return timer.slots.size(); }
    broker::DiskDone complete_at(std::size_t place) {
        std::uint32_t const slot = timer.slots.at(place);
        timer.slots.erase(timer.slots.begin() + static_cast<std::ptrdiff_t>(place));
        return disk.complete(slot);
    }
    void complete_all() {
        while (pending() > 0) {
            complete_at(0);
        }
    }
    CrashReport crash_process() {
        timer.slots.clear();
        return disk.crash_process();
    }
    CrashReport crash_power(std::optional<SurvivalShape> shape = std::nullopt,
                            LieFate lies = LieFate::come_true) {
        timer.slots.clear();
        return disk.crash_power(shape, lies);
    }

private:
    ManualTimer timer;
    NobodyWatches nobody;

public:
    VirtualDisk disk;
};

}  // namespace brokersim::test
