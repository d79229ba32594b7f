// A power cut: every machine of the cluster loses power at one instant, each disk with a fate of
// its own, and all start again together.
#pragma once

#include "broker_core/base/hard_state.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/time.h"

#include <compare>
#include <cstdint>
#include <vector>

namespace brokersim {

/// What a power loss leaves of what no sync covers: the ends of the range, and the same torn.
enum class Remains : std::uint8_t {
    keep_all,  // everything, names too
    drop_all,  // nothing
    min_torn,  // the first half of the first sector
    max_torn,  // everything but the second half of the last sector
};
inline constexpr std::uint32_t remains_count = 4;

struct PowerCut {
    std::uint64_t event = 0;       // right after this one was handled
    std::vector<Remains> remains;  // by broker
    broker::Duration down{20'000'000};
};

/// What a disk holds of one partition after the cut.
struct AfterCut {
    broker::LogIndex end;
    std::uint64_t chain = 0;  // of the entries up to there
    broker::HardState state;
    /// Of all names and bytes on the disk: what is torn may recover wrongly where the log's end,
    /// term and vote are the same.
    std::uint64_t disk = 0;

    friend bool operator==(const AfterCut&, const AfterCut&) = default;
};

}  // namespace brokersim
