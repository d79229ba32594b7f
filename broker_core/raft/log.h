// The Raft log in memory: a snapshot, every entry behind it, and the comparisons that elections
// and replication make on them.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/raft/configuration.h"

#include <deque>
#include <vector>

namespace broker::raft {

/// One entry; its index is its place. A control entry is the broker's own: a no-op, without
/// payload, at the start of a leader's term, or what ControlKind names.
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
    /// `entries` follow the snapshot.
    explicit Log(std::vector<Entry> entries, Snapshot snapshot = {})
        : snapshot_{std::move(snapshot)},
          snapshot_bytes_{encode_snapshot(snapshot_)},
          entries_{std::make_move_iterator(entries.begin()),
                   std::make_move_iterator(entries.end())} {}

    /// What stands for the entries up to start(); the log holds those behind it.
    [[nodiscard]] const Snapshot& snapshot() const { return snapshot_; }
    /// The snapshot as it is sent and stored.
    [[nodiscard]] ByteSpan snapshot_bytes() const { return snapshot_bytes_; }
    /// Index of the last entry that is only in the snapshot; 0 if the log is whole.
    [[nodiscard]] LogIndex start() const { return snapshot_.index; }
    [[nodiscard]] LogIndex first_index() const { return start().next(); }
    [[nodiscard]] LogIndex last_index() const { return start() + entries_.size(); }
    [[nodiscard]] Term last_term() const { return term_at(last_index()); }
    /// Term of the entry at `index`, start() included; 0 before it and behind the end.
    [[nodiscard]] Term term_at(LogIndex index) const {
        if (index == start()) {
            return snapshot_.term;
        }
        return index > start() && index <= last_index() ? entry(index).term : Term{};
    }
    /// Requires first_index() <= index <= last_index().
    [[nodiscard]] const Entry& at(LogIndex index) const;
    /// Whether the log is known to hold `index` with this term; 0 with term 0 always matches.
    [[nodiscard]] bool matches(LogIndex index, Term term) const {
        return index >= start() && index <= last_index() && term_at(index) == term;
    }
    /// Raft paper 5.4.1: whether a candidate's last entry is at least as up to date as ours.
    [[nodiscard]] bool up_to_date(LogIndex index, Term term) const {
        return term > last_term() || (term == last_term() && index >= last_index());
    }
    /// The largest index <= `index` whose term is <= `term`: where two logs can agree at best.
    /// Steps over whole terms instead of single entries (Raft paper 5.3, the optimisation). Before
    /// the start nothing is known but that it committed: an index there is returned as it is.
    [[nodiscard]] LogIndex last_possible_match(LogIndex index, Term term) const;

    void append(Entry entry) { entries_.push_back(std::move(entry)); }
    /// Removes every entry from `first` on; first > start().
    void truncate(LogIndex first);
    /// The entries up to snapshot.index, which the log holds, give way to the snapshot.
    void compact(Snapshot snapshot);
    /// Nothing is left but the snapshot.
    void reset(Snapshot snapshot);

private:
    [[nodiscard]] const Entry& entry(LogIndex index) const {
        return entries_[index.value() - start().value() - 1];
    }

    Snapshot snapshot_;
    Bytes snapshot_bytes_;
    std::deque<Entry> entries_;  // of index start() + 1 + i at i
};

}  // namespace broker::raft
