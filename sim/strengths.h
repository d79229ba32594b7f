// How hard overlapping faults of one kind act on one thing: the strongest of them counts.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace brokersim {

class Strengths {
public:
    struct Strength {
        std::uint32_t element = 0;
        std::int64_t value = 0;
    };

    void add(std::uint32_t element, std::int64_t value) {
        strengths_.push_back(Strength{element, value});
    }
    void remove(std::uint32_t element) {
        std::erase_if(strengths_, [=](const Strength& one) { return one.element == element; });
    }
    void clear() { strengths_.clear(); }
    [[nodiscard]] bool any() const { return !strengths_.empty(); }
    /// The first of the strongest; nothing if none acts.
    [[nodiscard]] std::optional<Strength> strongest() const {
        auto const at = std::max_element(
            strengths_.begin(), strengths_.end(),
            [](const Strength& a, const Strength& b) { return a.value < b.value; });
        return at == strengths_.end() ? std::nullopt : std::optional{*at};
    }

private:
    std::vector<Strength> strengths_;
};

}  // namespace brokersim
