// The classes of the swarm: how often each is on, how often and how long it acts, with what.
#pragma once

#include "broker_core/base/random.h"
#include "scenarios/draw_streams.h"

#include <cstdint>
#include <span>

namespace brokersim {

/// Draws the arguments of one element.
using DrawArguments = void (*)(broker::Random&, const FaultPhase&, Element&);

struct SwarmClass {
    FaultKind kind;
    std::uint32_t on_percent;
    // Means and lengths in tenths of T_e, the longest election timeout that can be drawn.
    std::int64_t every;  // 0: over whole chaos windows
    std::int64_t shortest;
    std::int64_t longest;
    bool long_outages = false;  // one in ten lasts 20-100 T_e
    DrawArguments arguments = nullptr;
};

/// One row per kind, in the order in which elements are drawn.
std::span<const SwarmClass> swarm_classes();

}  // namespace brokersim
