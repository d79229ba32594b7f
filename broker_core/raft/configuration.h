// Who takes part in a partition's group: voters, during a change two sets of them, and learners.
//
// A change of any number of voters goes through a joint configuration, in which every election and
// every commit needs a majority of the old voters and one of the new (Raft paper, section 6). The
// configuration in force is the last one in the log, committed or not.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/result.h"

#include <algorithm>
#include <functional>
#include <span>
#include <vector>

namespace broker::raft {

struct Configuration {
    std::vector<Member> voters;    // ascending; the only ones, or of a joint one the new ones
    std::vector<Member> outgoing;  // ascending; the old ones; empty unless joint
    std::vector<Member> learners;  // ascending; receive the log, count for nothing

    [[nodiscard]] bool joint() const { return !outgoing.empty(); }
    [[nodiscard]] bool is_voter(const Member& member) const {
        return std::binary_search(voters.begin(), voters.end(), member) ||
               std::binary_search(outgoing.begin(), outgoing.end(), member);
    }
    [[nodiscard]] bool contains(const Member& member) const {
        return is_voter(member) || std::binary_search(learners.begin(), learners.end(), member);
    }
    /// Everybody, each once, ascending.
    [[nodiscard]] std::vector<Member> members() const;

    /// Whether those for whom `holds` is true are a majority (of both sets, if joint).
    template <class Holds>
    [[nodiscard]] bool is_quorum(Holds holds) const {
        return is_majority(voters, holds) && (outgoing.empty() || is_majority(outgoing, holds));
    }
    /// The largest index that a quorum has reached; `reached` gives it per member.
    template <class Reached>
    [[nodiscard]] LogIndex quorum_index(Reached reached, std::vector<LogIndex>& scratch) const {
        LogIndex const index = majority_index(voters, reached, scratch);
        return outgoing.empty() ? index
                                : std::min(index, majority_index(outgoing, reached, scratch));
    }

    friend bool operator==(const Configuration&, const Configuration&) = default;

private:
    template <class Holds>
    static bool is_majority(const std::vector<Member>& set, Holds holds) {
        auto const count = static_cast<std::size_t>(std::count_if(set.begin(), set.end(), holds));
        return count >= set.size() / 2 + 1;
    }
    template <class Reached>
    static LogIndex majority_index(const std::vector<Member>& set, Reached reached,
                                   std::vector<LogIndex>& scratch) {
        scratch.clear();
        for (const Member& member : set) {
            scratch.push_back(reached(member));
        }
        // Descending: what stands at the majority's place is reached by that many.
        std::sort(scratch.begin(), scratch.end(), std::greater<>{});
        return scratch.empty() ? LogIndex{} : scratch[set.size() / 2];
    }
};

/// Whether a broker may be asked to go from `from` to these voters and learners: at least one
/// voter, each broker at most once, ascending, nothing left to do twice.
/// Errors: invalid, with the reason.
Result<void> check_change(const Configuration& from, const Configuration& target);

/// What a control entry of the log is for: the first byte of its payload. An entry without payload
/// is a no-op.
enum class ControlKind : std::uint8_t {
    no_op = 0,          // the first entry of a leader's term (Raft paper, section 8)
    configuration = 1,  // the members from here on
    log_start = 2,      // the partition's: records before an offset are gone
};
ControlKind control_kind(ByteSpan payload);

/// {kind u8, counts u8 of voters, outgoing, learners, then members {id u32, disk u64}}, little
/// endian.
Bytes encode_configuration(const Configuration& configuration);
/// Errors: corrupt.
Result<Configuration> decode_configuration(ByteSpan payload);

/// What stands for the log up to and including `index`.
struct Snapshot {
    LogIndex index;  // 0: nothing, the log begins with index 1
    Term term;       // of the entry at `index`
    Configuration configuration;
    Bytes state;  // of what is above Raft, as of that entry

    friend bool operator==(const Snapshot&, const Snapshot&) = default;
};
/// {index u64, term u64, configuration length u32 and bytes, state, crc32c u32}, little endian.
Bytes encode_snapshot(const Snapshot& snapshot);
/// Errors: corrupt, in whatever way: a snapshot is used whole or not at all.
Result<Snapshot> decode_snapshot(ByteSpan bytes);

}  // namespace broker::raft
