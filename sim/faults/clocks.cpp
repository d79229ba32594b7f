// Clocks that are wrong: clock_skew, clock_drift, clock_forward, clock_back, clock_freeze,
// monotonic_drift.
//
// The wall clock belongs to the machine and survives its process. When the heal phase ends a fault,
// rates become right again and offsets stay: nobody owes a cluster synchronous clocks.
#include "sim/faults/active_fault.h"
#include "sim/host_clock.h"

namespace brokersim {
namespace {

ClockChange change_of(const Element& element, std::uint32_t index) {
    ClockChange change;
    change.element = index;
    change.wall_offset = element.offset;
    change.wall_stands = element.kind == FaultKind::clock_freeze;
    change.monotonic_ppm = element.ppm;
    if (element.kind == FaultKind::clock_drift) {
        change.wall_ppm = element.ppm;
    } else if (element.kind == FaultKind::clock_forward) {
        change.wall_offset = element.by;
    } else if (element.kind == FaultKind::clock_back) {
        change.wall_offset = Duration{-element.by.nanoseconds()};
    }
    return change;
}

class WrongClock final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        ClockChange const change = change_of(scene.element, scene.index);
        for (std::uint32_t const host : scene.hosts) {
            scene.world.clock(host).begin(scene.now(), change);
            scene.world.clock_changed(host);
        }
        return !scene.hosts.empty();
    }
    bool end(FaultScene& scene) override {
        bool const offset = change_of(scene.element, scene.index).wall_offset != Duration{};
        if (!scene.running && offset) {
            return true;
        }
        for (std::uint32_t const host : scene.hosts) {
            scene.world.clock(host).end(scene.now(), scene.index);
            scene.world.clock_changed(host);
        }
        return true;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::uint32_t const host : scene.hosts) {
            sum += scene.world.activity(host).steps;
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }
};

}  // namespace

std::unique_ptr<ActiveFault> make_wrong_clock() {
    return std::make_unique<WrongClock>();
}

}  // namespace brokersim
