// A value of a scenario: fixed, or a distribution from which each use or each run draws.
#pragma once

#include "broker_core/base/random.h"

#include <cstdint>
#include <vector>

namespace brokersim {

/// An integer (or a duration in nanoseconds, a size in bytes, the index of a word) to be drawn.
/// All draws use integer arithmetic, so that every compiler draws alike.
class Distribution {
public:
    enum class Kind : std::uint8_t { fixed, uniform, log_uniform, exponential, choice };

    Distribution() = default;
    static Distribution fixed(std::int64_t value);
    /// Both bounds included.
    static Distribution uniform(std::int64_t low, std::int64_t high);
    /// 1 <= low <= high.
    static Distribution log_uniform(std::int64_t low, std::int64_t high);
    static Distribution exponential(std::int64_t mean, std::int64_t max);
    /// Weights: empty (equal), or one positive integer each.
    static Distribution choice(std::vector<std::int64_t> values,
                               std::vector<std::uint32_t> weights);
    /// Every value `factor` >= 1 times as large.
    [[nodiscard]] Distribution times(std::int64_t factor) const;

    /// Draws one value; a fixed one consumes no randomness.
    [[nodiscard]] std::int64_t draw(broker::Random& random) const;
    [[nodiscard]] Kind kind() const { return kind_; }
    /// The smallest and the largest value that can be drawn.
    [[nodiscard]] std::int64_t smallest() const;
    [[nodiscard]] std::int64_t largest() const;
    // How it was made, for writing it down again.
    [[nodiscard]] std::int64_t low() const { return low_; }    // exponential: the mean
    [[nodiscard]] std::int64_t high() const { return high_; }  // exponential: the largest
    [[nodiscard]] const std::vector<std::int64_t>& values() const { return values_; }
    [[nodiscard]] const std::vector<std::uint32_t>& weights() const { return weights_; }

    friend bool operator==(const Distribution&, const Distribution&) = default;

private:
    Kind kind_ = Kind::fixed;
    std::int64_t low_ = 0;   // fixed: the value; exponential: the mean
    std::int64_t high_ = 0;  // exponential: the largest
    std::vector<std::int64_t> values_;
    std::vector<std::uint32_t> weights_;
};

}  // namespace brokersim
