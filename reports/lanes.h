// Lanes: a run as text, one line per state change, one column per broker.
//
//   /  leads some partition    \  follows    ^  recovers    #  down    =  paused    ~  cut off
// The triple is commit/sync/append of the partition the line is about, on its broker.
#pragma once

#include "reports/timeline.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace brokersim::reports {

/// Which lines are wanted.
struct LaneFilter {
    std::uint64_t from = 0;
    std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
    std::uint32_t node = 0;               // only lines about it; 0: all
    std::vector<std::uint32_t> messages;  // their stations are lines too
    bool only_messages = false;           // and nothing else
};

std::string lanes_text(const Timeline& timeline, const LaneFilter& filter);

}  // namespace brokersim::reports
