// Faults of messages on links: drop, duplicate, reorder, delay, clog, slow_link, bandwidth, refuse.
#include "sim/faults/active_fault.h"

namespace brokersim {
namespace {

/// Bits of hosts; of none: every broker.
std::uint32_t mask_of(const std::vector<std::uint32_t>& hosts) {
    std::uint32_t mask = 0;
    for (std::uint32_t const host : hosts) {
        mask |= 1U << host;
    }
    return hosts.empty() ? UINT32_MAX : mask;
}

class OnMessages final : public ActiveFault {
public:
    explicit OnMessages(FaultKind kind) : kind_{kind} {}

    bool begin(FaultScene& scene) override {
        const Element& element = scene.element;
        MessageFault fault{scene.index, kind_, element.probability, element.by,
                           mask_of(scene.hosts)};
        fault.factor = element.factor;
        fault.only = element.only;
        fault.bytes_per_second = element.bytes_per_second;
        fault.queue_max = element.queue;
        scene.world.network().begin(fault);
        return true;
    }
    bool end(FaultScene& scene) override {
        scene.world.network().end(scene.index);
        return true;
    }
    /// The network counts them, message by message: those a cut took are not among them.
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        return scene.world.network().chances(scene.index);
    }
    /// With a probability ten expected hits; else its silence proves nothing.
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        constexpr std::uint64_t certain = 1'000'000'000;
        bool const by_chance = kind_ == FaultKind::drop || kind_ == FaultKind::duplicate ||
                               kind_ == FaultKind::reorder;
        return by_chance ? chances * element.probability.parts_per_billion >= 10 * certain
                         : chances > 0;
    }

private:
    FaultKind kind_;
};

}  // namespace

std::unique_ptr<ActiveFault> make_message_fault(FaultKind kind) {
    return std::make_unique<OnMessages>(kind);
}

}  // namespace brokersim
