// Drawing from distributions, and their bounds.
#include "scenarios/value.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace brokersim {

Distribution Distribution::fixed(std::int64_t value) {
    Distribution made;
    made.low_ = value;
    made.high_ = value;
    return made;
}

Distribution Distribution::uniform(std::int64_t low, std::int64_t high) {
    CHECK(low <= high);
    Distribution made;
    made.kind_ = Kind::uniform;
    made.low_ = low;
    made.high_ = high;
    return made;
}

Distribution Distribution::log_uniform(std::int64_t low, std::int64_t high) {
    CHECK(low >= 1);
    Distribution made = uniform(low, high);
    made.kind_ = Kind::log_uniform;
    return made;
}

Distribution Distribution::exponential(std::int64_t mean, std::int64_t max) {
    CHECK(mean >= 0);
    CHECK(mean <= max);
    Distribution made;
    made.kind_ = Kind::exponential;
    made.low_ = mean;
    made.high_ = max;
    return made;
}

Distribution Distribution::choice(std::vector<std::int64_t> values,
                                  std::vector<std::uint32_t> weights) {
    CHECK(!values.empty());
    CHECK(weights.empty() || weights.size() == values.size());
    Distribution made;
    made.kind_ = Kind::choice;
    made.values_ = std::move(values);
    made.weights_ = std::move(weights);
    return made;
}

Distribution Distribution::times(std::int64_t factor) const {
    CHECK(factor >= 1);
    Distribution made = *this;
    made.low_ *= factor;
    made.high_ *= factor;
    for (std::int64_t& value : made.values_) {
        value *= factor;
    }
    return made;
}

std::int64_t Distribution::draw(broker::Random& random) const {
    switch (kind_) {
        case Kind::fixed:
            return low_;
        case Kind::uniform:
            return random.between(low_, high_);
        case Kind::log_uniform:
            return random.log_uniform(low_, high_);
        case Kind::exponential:
            return random.exponential(low_, high_);
        case Kind::choice:
            break;
    }
    if (weights_.empty()) {
        return values_[random.below(values_.size())];
    }
    std::uint64_t total = 0;
    for (std::uint32_t const weight : weights_) {
        total += weight;
    }
    std::uint64_t left = random.below(total);
    for (std::size_t i = 0; i < values_.size(); ++i) {
        if (left < weights_[i]) {
            return values_[i];
        }
        left -= weights_[i];
    }
    return values_.back();
}

std::int64_t Distribution::smallest() const {
    switch (kind_) {
        case Kind::exponential:
            return 0;
        case Kind::choice:
            return *std::min_element(values_.begin(), values_.end());
        case Kind::fixed:
        case Kind::uniform:
        case Kind::log_uniform:
            break;
    }
    return low_;
}

std::int64_t Distribution::largest() const {
    return kind_ == Kind::choice ? *std::max_element(values_.begin(), values_.end()) : high_;
}

}  // namespace brokersim
