// Machines that stand still: pause.
#include "sim/faults/active_fault.h"

namespace brokersim {
namespace {

class Pause final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        bool acted = false;
        for (std::uint32_t const host : scene.hosts) {
            acted = scene.world.pause(host, scene.until(), scene.index) || acted;
        }
        return acted;
    }
    bool end(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.end_pause(host, scene.index);
        }
        return true;
    }
    [[nodiscard]] bool ends_with_hosts() const override { return true; }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::uint32_t const host : scene.hosts) {
            sum += scene.world.event_activity(host);
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }
};

}  // namespace

std::unique_ptr<ActiveFault> make_pause() {
    return std::make_unique<Pause>();
}

}  // namespace brokersim
