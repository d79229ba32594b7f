// Look-ups and cuts of the log in memory.
#include "broker_core/raft/log.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace broker::raft {

const Entry& Log::at(LogIndex index) const {
    CHECK(index > start());
    CHECK(index <= last_index());
    return entry(index);
}

LogIndex Log::last_possible_match(LogIndex index, Term term) const {
    LogIndex at = std::min(index, last_index());
    if (at < start() || term_at(at) <= term) {
        return at;
    }
    // Terms never fall along a log, so the entries with a term <= `term` are a prefix.
    auto const end = entries_.begin() + static_cast<std::ptrdiff_t>(at.value() - start().value());
    auto const first_larger = std::partition_point(
        entries_.begin(), end, [term](const Entry& entry) { return entry.term <= term; });
    at = start() + static_cast<std::uint64_t>(first_larger - entries_.begin());
    // Not even the start can agree: what does is no longer here.
    return at == start() && term_at(at) > term ? at.previous() : at;
}

void Log::truncate(LogIndex first) {
    CHECK(first > start());
    CHECK(first <= last_index());
    entries_.resize(first.value() - start().value() - 1);
}

void Log::compact(Snapshot snapshot) {
    CHECK(matches(snapshot.index, snapshot.term));
    auto const gone = static_cast<std::ptrdiff_t>(snapshot.index.value() - start().value());
    entries_.erase(entries_.begin(), entries_.begin() + gone);
    snapshot_bytes_ = encode_snapshot(snapshot);
    snapshot_ = std::move(snapshot);
}

void Log::reset(Snapshot snapshot) {
    entries_.clear();
    snapshot_bytes_ = encode_snapshot(snapshot);
    snapshot_ = std::move(snapshot);
}

}  // namespace broker::raft
