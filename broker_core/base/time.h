// Time as data: instants and durations in nanoseconds, with literals.
#pragma once

#include <compare>
#include <cstdint>

namespace broker {

/// A span of time in whole nanoseconds; may be negative.
class Duration {
public:
    constexpr Duration() = default;
    explicit constexpr Duration(std::int64_t nanoseconds) : nanoseconds_{nanoseconds} {}

    [[nodiscard]] constexpr std::int64_t nanoseconds() const { return nanoseconds_; }

    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) {
        return Duration{a.nanoseconds_ + b.nanoseconds_};
    }
    friend constexpr Duration operator-(Duration a, Duration b) {
        return Duration{a.nanoseconds_ - b.nanoseconds_};
    }
    friend constexpr Duration operator*(Duration a, std::int64_t n) {
        return Duration{a.nanoseconds_ * n};
    }
    friend constexpr Duration operator/(Duration a, std::int64_t n) {
        return Duration{a.nanoseconds_ / n};
    }
    constexpr Duration& operator+=(Duration other) {
        nanoseconds_ += other.nanoseconds_;
        return *this;
    }

private:
    std::int64_t nanoseconds_ = 0;
};

/// A point in time in nanoseconds since the run began (simulated) or since an arbitrary origin
/// (real). Monotonic and wall readings use the same type but never the same variable.
class Time {
public:
    constexpr Time() = default;
    explicit constexpr Time(std::int64_t nanoseconds) : nanoseconds_{nanoseconds} {}

    [[nodiscard]] constexpr std::int64_t nanoseconds() const { return nanoseconds_; }
    /// The end of time: a deadline that never comes.
    [[nodiscard]] static constexpr Time never() { return Time{INT64_MAX}; }

    friend constexpr auto operator<=>(Time, Time) = default;
    friend constexpr Time operator+(Time t, Duration d) {
        return Time{t.nanoseconds_ + d.nanoseconds()};
    }
    friend constexpr Time operator-(Time t, Duration d) {
        return Time{t.nanoseconds_ - d.nanoseconds()};
    }
    friend constexpr Duration operator-(Time a, Time b) {
        return Duration{a.nanoseconds_ - b.nanoseconds_};
    }

private:
    std::int64_t nanoseconds_ = 0;
};

inline namespace literals {
constexpr Duration operator""_ns(unsigned long long n) {
    return Duration{static_cast<std::int64_t>(n)};
}
constexpr Duration operator""_us(unsigned long long n) {
    return Duration{static_cast<std::int64_t>(n) * 1'000};
}
constexpr Duration operator""_ms(unsigned long long n) {
    return Duration{static_cast<std::int64_t>(n) * 1'000'000};
}
constexpr Duration operator""_s(unsigned long long n) {
    return Duration{static_cast<std::int64_t>(n) * 1'000'000'000};
}
}  // namespace literals

}  // namespace broker
