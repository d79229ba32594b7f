// Violations: each rule fires once per run with its facts, and then only counts.
#pragma once

#include "broker_core/base/ids.h"
#include "broker_core/base/time.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace brokersim {

struct Violation {
    std::string id;  // of the rule, such as R16
    std::string text;
    std::uint64_t event = 0;
    broker::Time time;
    std::uint32_t node = 0;  // 1-based; 0: of no node
    std::uint32_t incarnation = 0;
    std::uint64_t times = 1;
    std::string place;  // of a failed CHECK: "file.function"
};

/// Collects violations in the order in which they fired.
class Violations {
public:
    /// What the world is at; stamped into the next violations.
    void at(std::uint64_t event, broker::Time time) {
        event_ = event;
        time_ = time;
    }
    void incarnation(std::uint32_t node, std::uint32_t incarnation) {
        if (incarnations_.size() <= node) {
            incarnations_.resize(node + 1, 0);
        }
        incarnations_[node] = incarnation;
    }
    /// Text: std::string(); called only the first time, so that a rule that holds costs nothing.
    template <class Text>
    void add(const char* id, std::uint32_t node, Text text) {
        for (Violation& violation : list_) {
            if (violation.id == id) {
                ++violation.times;
                return;
            }
        }
        std::uint32_t const life = node < incarnations_.size() ? incarnations_[node] : 0;
        list_.push_back(Violation{id, text(), event_, time_, node, life, 1, {}});
    }
    /// A CHECK of that place failed; the same place counts once.
    template <class Text>
    void add_check(const std::string& place, std::uint32_t node, Text text) {
        for (Violation& violation : list_) {
            if (violation.id == "CHECK" && violation.place == place) {
                ++violation.times;
                return;
            }
        }
        std::uint32_t const life = node < incarnations_.size() ? incarnations_[node] : 0;
        list_.push_back(Violation{"CHECK", text(), event_, time_, node, life, 1, place});
    }
    [[nodiscard]] const std::vector<Violation>& list() const { return list_; }
    [[nodiscard]] bool empty() const { return list_.empty(); }

private:
    std::vector<Violation> list_;
    std::vector<std::uint32_t> incarnations_;
    std::uint64_t event_ = 0;
    broker::Time time_;
};

}  // namespace brokersim
