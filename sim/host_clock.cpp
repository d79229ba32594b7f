// Rates, offsets, and the way back from a reading to virtual time.
#include "sim/host_clock.h"

#include <algorithm>

namespace brokersim {
namespace {

constexpr std::int64_t million = 1'000'000;
constexpr std::int32_t stands = -1'000'000;

/// nanoseconds * ppm / 10^6, rounded towards zero, without overflow for any run.
std::int64_t gained(std::int64_t nanoseconds, std::int64_t ppm) {
    return nanoseconds / million * ppm + nanoseconds % million * ppm / million;
}

}  // namespace

HostClock::HostClock(const NodeClock& clock)
    : clock_{clock},
      monotonic_{Time{}, Time{}, clock.drift_ppm},
      wall_{Time{}, Time{} + clock.offset, clock.drift_ppm} {}

Time HostClock::Line::at(Time now) const {
    Duration const passed = now - from;
    return value + passed + Duration{gained(passed.nanoseconds(), ppm)};
}

void HostClock::Line::turn(Time now, std::int32_t to_ppm) {
    value = at(now);
    from = now;
    ppm = to_ppm;
}

Time HostClock::wall_at(Time now) const {
    Time shown = wall_.at(now);
    for (const ClockChange& change : changes_) {
        shown = shown + change.wall_offset;
    }
    return shown;
}

broker::Instant HostClock::at(Time now) const {
    bool const still = std::any_of(changes_.begin(), changes_.end(),
                                   [](const ClockChange& change) { return change.wall_stands; });
    return broker::Instant{monotonic_.at(now), still ? stood_at_ : wall_at(now)};
}

Time HostClock::when(Time monotonic) const {
    if (monotonic == Time::never() || monotonic_.ppm <= stands) {
        return Time::never();
    }
    std::int64_t const rate = million + monotonic_.ppm;
    std::int64_t const wanted = (monotonic - monotonic_.value).nanoseconds();
    // A few nanoseconds beside it, by rounding.
    Time time =
        monotonic_.from + Duration{wanted / rate * million + wanted % rate * million / rate};
    while (monotonic_.at(time) >= monotonic) {
        time = time + Duration{-1};
    }
    while (monotonic_.at(time) < monotonic) {
        time = time + Duration{1};
    }
    return time;
}

void HostClock::turn(Time now) {
    std::int32_t monotonic = clock_.drift_ppm;
    std::int32_t wall = clock_.drift_ppm;
    bool still = false;
    for (const ClockChange& change : changes_) {
        monotonic += change.monotonic_ppm;
        wall += change.wall_ppm;
        still = still || change.monotonic_stands;
    }
    // Slow clocks added up do not run backwards.
    constexpr std::int32_t slowest = -900'000;
    monotonic_.turn(now, still ? stands : std::max(monotonic, slowest));
    wall_.turn(now, std::max(wall, slowest));
}

void HostClock::begin(Time now, const ClockChange& change) {
    if (change.wall_stands) {
        stood_at_ = at(now).wall;
    }
    changes_.push_back(change);
    turn(now);
}

void HostClock::end(Time now, std::uint32_t element) {
    for (std::size_t i = 0; i < changes_.size(); ++i) {
        if (changes_[i].element == element) {
            credited_ -= i < credited_ ? 1U : 0U;
            changes_.erase(changes_.begin() + static_cast<std::ptrdiff_t>(i));
            break;
        }
    }
    turn(now);
}

}  // namespace brokersim
