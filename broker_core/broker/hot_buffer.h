// Which entries of a partition a fetch finds in memory: the newest ones, within a limit.
//
// Raft keeps the log for followers that are behind, and that is its own matter; what a fetch may
// take from there ends here, as in a broker that serves old readers from its files. So both ways
// are used in every cluster, and give the same bytes.
#pragma once

#include "broker_core/base/ids.h"

#include <cstdint>
#include <deque>

namespace broker {

class HotBuffer {
public:
    /// limit: bytes of payload; 0 keeps nothing.
    explicit HotBuffer(std::uint64_t limit) : limit_{limit} {}

    /// Empty; the next entry follows `start`.
    void restart(LogIndex start) {
        first_ = start.next();
        sizes_.clear();
        bytes_ = 0;
    }
    /// The entry behind the last one joined the log.
    void append(std::uint64_t payload_bytes) {
        sizes_.push_back(static_cast<std::uint32_t>(payload_bytes));
        bytes_ += payload_bytes;
        while (!sizes_.empty() && (bytes_ > limit_ || limit_ == 0)) {
            bytes_ -= sizes_.front();
            sizes_.pop_front();
            first_ = first_.next();
        }
    }
    /// Entries from `first` on left the log.
    void truncate(LogIndex first) {
        while (!sizes_.empty() && first_ + sizes_.size() > first) {
            bytes_ -= sizes_.back();
            sizes_.pop_back();
        }
        if (first < first_) {
            first_ = first;  // nothing is left, and what comes next is new
        }
    }
    [[nodiscard]] bool holds(LogIndex index) const {
        return index >= first_ && index < first_ + sizes_.size();
    }

private:
    std::uint64_t limit_;
    LogIndex first_{1};
    std::deque<std::uint32_t> sizes_;  // of the entry first_ + i at i
    std::uint64_t bytes_ = 0;
};

}  // namespace broker
