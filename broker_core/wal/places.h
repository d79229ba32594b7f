// Where in the log's files the frame of each entry stands, so that it can be read back.
#pragma once

#include "broker_core/base/check.h"
#include "broker_core/base/ids.h"

#include <cstdint>
#include <deque>

namespace broker::wal {

/// The place of one entry's frame.
struct FramePlace {
    SegmentId segment;
    std::uint64_t offset = 0;  // bytes from the segment's start
    std::uint64_t length = 0;  // bytes, header included
    Term term;                 // of the entry that was written there
};

/// The places of the entries of the log, by index: those behind start(), without a gap.
class Places {
public:
    /// Nothing but what follows `start`.
    void restart(LogIndex start) {
        start_ = start;
        places_.clear();
    }
    /// Of the entry last() + 1.
    void append(const FramePlace& place) { places_.push_back(place); }
    /// Entries from `first` on are gone; first > start().
    void truncate(LogIndex first) {
        CHECK(first > start_);
        while (last() >= first) {
            places_.pop_back();
        }
    }
    /// Entries up to `index` are gone.
    void forget_to(LogIndex index) {
        while (start_ < index && !places_.empty()) {
            places_.pop_front();
            start_ = start_.next();
        }
    }

    [[nodiscard]] LogIndex last() const { return start_ + places_.size(); }
    [[nodiscard]] bool holds(LogIndex index) const { return index > start_ && index <= last(); }
    /// Requires holds(index).
    [[nodiscard]] FramePlace& at(LogIndex index) {
        CHECK(holds(index));
        return places_[index.value() - start_.value() - 1];
    }

private:
    LogIndex start_;
    std::deque<FramePlace> places_;  // of the entry start_ + 1 + i at i
};

}  // namespace broker::wal
