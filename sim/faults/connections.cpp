// Faults of client connections: reset.
#include "sim/faults/active_fault.h"

namespace brokersim {
namespace {

constexpr Duration look_every{3'000'000};  // while nothing is in flight

class Reset final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        std::uint32_t broken = 0;
        for (std::uint32_t const member : scene.targets.members(scene.element.target)) {
            if (member >= scene.world.brokers()) {
                broken += scene.world.reset_connections(member - scene.world.brokers(),
                                                        scene.element.point);
            }
        }
        scene.effective = broken > 0;
        return scene.effective;
    }
    [[nodiscard]] bool lasting() const override { return false; }
    /// Rather than break what nobody would notice.
    [[nodiscard]] std::optional<Duration> look_again(const FaultScene& scene) override {
        (void)scene;
        return look_every;
    }
};

}  // namespace

std::unique_ptr<ActiveFault> make_reset() {
    return std::make_unique<Reset>();
}

}  // namespace brokersim
