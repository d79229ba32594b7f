// What holds a machine or its disk back, and until when: overlapping faults of one kind, each with
// its own end. All of them together decide how long something waits, and all get the credit.
#pragma once

#include "broker_core/base/time.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace brokersim {

using broker::Time;

class Holds {
public:
    void add(std::uint32_t element, Time until) { holds_.push_back(Hold{element, until}); }
    /// The element holds no longer, whatever its end was. Returns whether it did.
    bool remove(std::uint32_t element) {
        return std::erase_if(holds_, [=](const Hold& hold) { return hold.element == element; }) > 0;
    }
    void clear() { holds_.clear(); }
    /// The latest end; Time::never() if one of them ends only by being removed.
    [[nodiscard]] Time until() const {
        Time latest{INT64_MIN};
        for (const Hold& hold : holds_) {
            latest = std::max(latest, hold.until);
        }
        return latest;
    }
    [[nodiscard]] bool any() const { return !holds_.empty(); }
    [[nodiscard]] bool at(Time now) const { return any() && now < until(); }
    /// Calls `mark` with every element that still holds at `now`.
    template <class Mark>
    void credit(Time now, Mark mark) const {
        for (const Hold& hold : holds_) {
            if (now < hold.until) {
                mark(hold.element);
            }
        }
    }

private:
    struct Hold {
        std::uint32_t element;
        Time until;
    };
    std::vector<Hold> holds_;
};

}  // namespace brokersim
