// Faults of client connections: reset, half_open.
#include "sim/faults/active_fault.h"

#include <algorithm>

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

/// The connections of a client with work in flight die in silence: both sides go on until their
/// own time-outs.
class HalfOpen final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        VirtualNetwork& network = scene.world.network();
        std::vector<std::uint32_t> const members = scene.targets.members(scene.element.target);
        for (std::uint32_t const id : network.live()) {
            Connection& connection = network.connection(id);
            bool const meant = std::find(members.begin(), members.end(),
                                         network.client_member(connection.client)) != members.end();
            if (meant && connection.connected && !connection.dead && !connection.expected.empty()) {
                connection.dead = true;
                scene.effective = true;
            }
        }
        return scene.effective;
    }
    [[nodiscard]] bool lasting() const override { return false; }
    [[nodiscard]] std::optional<Duration> look_again(const FaultScene& scene) override {
        (void)scene;
        return look_every;
    }
};

}  // namespace

std::unique_ptr<ActiveFault> make_half_open() {
    return std::make_unique<HalfOpen>();
}
std::unique_ptr<ActiveFault> make_reset() {
    return std::make_unique<Reset>();
}

}  // namespace brokersim
