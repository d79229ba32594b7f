// The two clocks of a host against virtual time, and what faults make of them.
//
// Monotonic and wall clock each run at a rate of their own and may be made to stand. The wall clock
// can also be set to another time. The monotonic clock never goes back, whatever happens. What a
// rate added stays when the fault is over; an offset goes with it.
#pragma once

#include "broker_core/env/instant.h"
#include "scenarios/run_config.h"

#include <cstdint>
#include <vector>

namespace brokersim {

using broker::Duration;
using broker::Time;

/// A fault of a clock that is in force.
struct ClockChange {
    std::uint32_t element = 0;
    Duration wall_offset;            // the wall clock shows so much more
    std::int32_t wall_ppm = 0;       // and runs so much faster, as does
    std::int32_t monotonic_ppm = 0;  // the monotonic clock
    bool wall_stands = false;
    bool monotonic_stands = false;
};

class HostClock {
public:
    explicit HostClock(const NodeClock& clock);

    [[nodiscard]] broker::Instant at(Time now) const;
    /// The first virtual time at which the monotonic clock shows `monotonic` or more; as it runs
    /// now. Time::never() if it stands.
    [[nodiscard]] Time when(Time monotonic) const;

    /// Whether a fault changes it now.
    [[nodiscard]] bool changed() const { return !changes_.empty(); }
    void begin(Time now, const ClockChange& change);
    void end(Time now, std::uint32_t element);
    /// Calls `mark` with every element that changes what is shown; once for each.
    template <class Mark>
    void credit(Mark mark) {
        for (; credited_ < changes_.size(); ++credited_) {
            mark(changes_[credited_].element);
        }
    }

private:
    /// A clock that shows `value` at `from`, and 1 + ppm / 10^6 nanoseconds more per nanosecond.
    struct Line {
        Time from;
        Time value;
        std::int32_t ppm = 0;

        [[nodiscard]] Time at(Time now) const;
        void turn(Time now, std::int32_t to_ppm);
    };

    [[nodiscard]] Time wall_at(Time now) const;
    void turn(Time now);

    NodeClock clock_;
    Line monotonic_;
    Line wall_;
    std::vector<ClockChange> changes_;
    std::size_t credited_ = 0;
    Time stood_at_;  // what the wall clock shows while it stands
};

}  // namespace brokersim
