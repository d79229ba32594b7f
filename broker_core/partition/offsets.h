// Which Kafka offsets each entry of a log occupies: a fold over the log, never stored.
//
// A data batch takes as many offsets as it has records, a control entry exactly one. Offsets are
// assigned in the same step that appends, so they are contiguous and a refused batch leaves no
// hole (control batches: KIP-98).
#pragma once

#include "broker_core/base/ids.h"

#include <algorithm>
#include <vector>

namespace broker::partition {

class Offsets {
public:
    Offsets() = default;
    /// A log that begins behind `base_index`, an entry that ends at offset `base_end`.
    Offsets(LogIndex base_index, Offset base_end) : base_index_{base_index}, base_end_{base_end} {}

    /// Offset after the last entry: the base offset of the next one (log end offset).
    [[nodiscard]] Offset log_end() const { return ends_.empty() ? base_end_ : ends_.back(); }
    [[nodiscard]] LogIndex last_index() const { return base_index_ + ends_.size(); }

    /// First offset of the entry at `index`; of the one after the last, log_end().
    [[nodiscard]] Offset base_of(LogIndex index) const { return end_of(index.previous()); }
    /// Offset after the entry at `index`; of the base or before it, that of the base.
    /// Requires index <= last_index().
    [[nodiscard]] Offset end_of(LogIndex index) const {
        return index <= base_index_ ? base_end_ : ends_[index.value() - base_index_.value() - 1];
    }
    /// The entry that holds `offset`; last_index() + 1 for log_end() and beyond, the first one of
    /// the log for what lies before it.
    [[nodiscard]] LogIndex index_of(Offset offset) const {
        auto const at = std::upper_bound(ends_.begin(), ends_.end(), offset);
        return base_index_ + static_cast<std::uint64_t>(at - ends_.begin()) + 1;
    }

    /// The next entry occupies `count` >= 1 offsets.
    void append(std::int64_t count) { ends_.push_back(log_end() + count); }
    /// Removes every entry from `first` >= 1 on.
    void truncate(LogIndex first) {
        ends_.resize(std::min<std::size_t>(ends_.size(), first.value() - base_index_.value() - 1));
    }
    /// The log now begins behind `index` <= last_index().
    void compact(LogIndex index) {
        base_end_ = end_of(index);
        auto const gone = static_cast<std::ptrdiff_t>(index.value() - base_index_.value());
        ends_.erase(ends_.begin(), ends_.begin() + gone);
        base_index_ = index;
    }

private:
    LogIndex base_index_;
    Offset base_end_;
    std::vector<Offset> ends_;  // of the entry base_index_ + 1 + i at i; strictly ascending
};

}  // namespace broker::partition
