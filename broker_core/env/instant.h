// Instant: what a node may know of time, handed to it with every event.
#pragma once

#include "broker_core/base/time.h"

namespace broker {

/// Both clocks of one machine at one moment. Deadlines use `monotonic`, which never goes back;
/// timestamps of records use `wall`, which may jump. No safety property depends on either.
struct Instant {
    Time monotonic;
    Time wall;
};

}  // namespace broker
