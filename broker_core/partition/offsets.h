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
    /// Offset after the last entry: the base offset of the next one (log end offset).
    [[nodiscard]] Offset log_end() const { return ends_.empty() ? Offset{} : ends_.back(); }
    [[nodiscard]] LogIndex last_index() const { return LogIndex{ends_.size()}; }

    /// First offset of the entry at `index`; of the one after the last, log_end().
    [[nodiscard]] Offset base_of(LogIndex index) const { return end_of(index.previous()); }
    /// Offset after the entry at `index`; 0 for index 0. Requires index <= last_index().
    [[nodiscard]] Offset end_of(LogIndex index) const {
        return index == LogIndex{} ? Offset{} : ends_[index.value() - 1];
    }
    /// The entry that holds `offset`; last_index() + 1 for log_end() and beyond.
    [[nodiscard]] LogIndex index_of(Offset offset) const {
        auto const at = std::upper_bound(ends_.begin(), ends_.end(), offset);
        return LogIndex{static_cast<std::uint64_t>(at - ends_.begin()) + 1};
    }

    /// The next entry occupies `count` >= 1 offsets.
    void append(std::int64_t count) { ends_.push_back(log_end() + count); }
    /// Removes every entry from `first` >= 1 on.
    void truncate(LogIndex first) {
        ends_.resize(std::min<std::size_t>(ends_.size(), first.value() - 1));
    }

private:
    std::vector<Offset> ends_;  // of the entry of index i at i - 1; strictly ascending
};

}  // namespace broker::partition
