// The Raft log in memory: every entry from index 1 on, and the comparisons that elections and
// replication make on it.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"

#include <vector>

namespace broker::raft {

/// One entry; its index is its place. A control entry is the leader's own (a no-op at the start
/// of its term) and carries no payload.
struct Entry {
    Term term;
    bool control = false;
    Bytes payload;
};

/// An entry as it stands in a received message.
struct EntryView {
    Term term;
    bool control = false;
    ByteSpan payload;
};

class Log {
public:
    Log() = default;
    explicit Log(std::vector<Entry> entries) : entries_{std::move(entries)} {}

    [[nodiscard]] LogIndex last_index() const { return LogIndex{entries_.size()}; }
    [[nodiscard]] Term last_term() const { return term_at(last_index()); }
    /// Term of the entry at `index`; 0 for index 0 and behind the end.
    [[nodiscard]] Term term_at(LogIndex index) const {
        std::uint64_t const i = index.value();
        return i >= 1 && i <= entries_.size() ? entries_[i - 1].term : Term{};
    }
    /// Requires 1 <= index <= last_index().
    [[nodiscard]] const Entry& at(LogIndex index) const;
    /// Whether the log holds `index` with this term; index 0 with term 0 always matches.
    [[nodiscard]] bool matches(LogIndex index, Term term) const {
        return index <= last_index() && term_at(index) == term;
    }
    /// Raft paper 5.4.1: whether a candidate's last entry is at least as up to date as ours.
    [[nodiscard]] bool up_to_date(LogIndex index, Term term) const {
        return term > last_term() || (term == last_term() && index >= last_index());
    }
    /// The largest index <= `index` whose term is <= `term`: where two logs can agree at best.
    /// Steps over whole terms instead of single entries (Raft paper 5.3, the optimisation).
    [[nodiscard]] LogIndex last_possible_match(LogIndex index, Term term) const;

    void append(Entry entry) { entries_.push_back(std::move(entry)); }
    /// Removes every entry from `first` on.
    void truncate(LogIndex first);

private:
    std::vector<Entry> entries_;
};

}  // namespace broker::raft
