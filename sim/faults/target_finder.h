// Whom a target means at this moment: roles are asked of the world, "one of them" is drawn.
#pragma once

#include "broker_core/base/random.h"
#include "sim/faults/fault_actions.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace brokersim {

class TargetFinder {
public:
    /// resolved: hosts that the element of an id was resolved to.
    using Resolved = std::function<std::vector<std::uint32_t>(const std::string&)>;
    TargetFinder(const FaultActions& world, broker::Random& random, Resolved resolved)
        : world_{world}, random_{random}, resolved_{std::move(resolved)} {}

    /// 0-based hosts. Empty if nobody fits.
    std::vector<std::uint32_t> hosts(const Target& target);
    /// Members of the network: brokers, and behind them clients.
    std::vector<std::uint32_t> members(const Target& target);
    /// So many hosts that did not break by their own fault, ascending.
    std::vector<std::uint32_t> draw_some(std::uint32_t count);
    /// All hosts, in a drawn order.
    std::vector<std::uint32_t> draw_order();

private:
    std::vector<std::uint32_t> one_of(std::vector<std::uint32_t> hosts);
    [[nodiscard]] std::vector<std::uint32_t> followers(const Target& target) const;

    const FaultActions& world_;
    broker::Random& random_;
    Resolved resolved_;
};

}  // namespace brokersim
