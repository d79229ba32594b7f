// Named streams of random numbers: one seed, one stream per (purpose, entity).
#pragma once

#include "broker_core/base/hash.h"
#include "broker_core/base/time.h"

#include <pcg_random.hpp>

#include <cstdint>
#include <string_view>

namespace broker {

/// A probability in parts per billion, so that no decision depends on floating point.
struct Probability {
    std::uint32_t parts_per_billion = 0;

    friend constexpr auto operator<=>(Probability, Probability) = default;
};

/// A deterministic stream named by what it is for. Adding a draw to one stream moves no other,
/// which keeps seeds alive over code changes and lets a shrinker drop one fault only.
/// Rule for callers: at most one draw per full expression (argument order differs by compiler).
class Random {
public:
    /// purpose: a fixed name such as "raft.election"; entity: who draws (broker, link, client).
    Random(std::uint64_t seed, std::string_view purpose, std::uint64_t entity = 0)
        : engine_{mix64(fold64(seed, hash_text(purpose))), mix64(entity) | 1U} {}

    std::uint64_t next() { return engine_(); }

    /// Uniform in [0, bound); bound > 0. Unbiased, by Lemire's multiplication (2019).
    std::uint64_t below(std::uint64_t bound);
    /// Uniform in [low, high], both included; low <= high.
    std::int64_t between(std::int64_t low, std::int64_t high);
    Duration between(Duration low, Duration high) {
        return Duration{between(low.nanoseconds(), high.nanoseconds())};
    }
    bool chance(Probability probability) {
        return below(1'000'000'000) < probability.parts_per_billion;
    }
    /// Exponential with the given mean, cut at `max`; from an integer quantile table.
    std::int64_t exponential(std::int64_t mean, std::int64_t max);
    /// Uniform in the logarithm over [low, high], 1 <= low <= high; integer arithmetic only.
    std::int64_t log_uniform(std::int64_t low, std::int64_t high);

private:
    pcg64 engine_;
};

}  // namespace broker
