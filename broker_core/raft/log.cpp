// Look-ups and cuts of the log in memory.
#include "broker_core/raft/log.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace broker::raft {

const Entry& Log::at(LogIndex index) const {
    CHECK(index >= LogIndex{1});
    CHECK(index <= last_index());
    return entries_[index.value() - 1];
}

LogIndex Log::last_possible_match(LogIndex index, Term term) const {
    LogIndex at = std::min(index, last_index());
    // Terms never fall along a log, so the entries with a term <= `term` are a prefix.
    if (term_at(at) > term) {
        auto const end = entries_.begin() + static_cast<std::ptrdiff_t>(at.value());
        auto const first_larger = std::partition_point(
            entries_.begin(), end, [term](const Entry& entry) { return entry.term <= term; });
        at = LogIndex{static_cast<std::uint64_t>(first_larger - entries_.begin())};
    }
    return at;
}

void Log::truncate(LogIndex first) {
    CHECK(first >= LogIndex{1});
    CHECK(first <= last_index());
    entries_.resize(first.value() - 1);
}

}  // namespace broker::raft
