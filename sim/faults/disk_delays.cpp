// Disks that take their time: disk_stall, slow_disk.
#include "sim/faults/active_fault.h"

namespace brokersim {
namespace {

class DiskStall final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.stall_disk(host, scene.until(), scene.index);
        }
        return !scene.hosts.empty();
    }
    bool end(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.end_stall(host, scene.index);
        }
        return true;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::uint32_t const host : scene.hosts) {
            sum += scene.world.activity(host).disk_met;
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }
};

class SlowDisk final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.slowness(host).disk.add(scene.index, scene.element.factor);
        }
        return !scene.hosts.empty();
    }
    bool end(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.slowness(host).disk.remove(scene.index);
        }
        return true;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::uint32_t const host : scene.hosts) {
            sum += scene.world.disk_activity(host);
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        return chances > 0 && element.factor > 1;
    }
};

}  // namespace

std::unique_ptr<ActiveFault> make_disk_stall() {
    return std::make_unique<DiskStall>();
}
std::unique_ptr<ActiveFault> make_slow_disk() {
    return std::make_unique<SlowDisk>();
}

}  // namespace brokersim
