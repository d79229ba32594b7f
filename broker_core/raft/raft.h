// One Raft node of one partition as a pure state machine: step(now, input), then ready().
//
// It knows no disk, no network and no clock; what must be stored, sent and applied stands in
// Ready, for the broker to perform in one order (Raft paper, figure 2, and thesis chapters 3, 4
// and 9.6). Elections use pre-vote and randomised timeouts; a leader that hears no quorum for an
// election timeout steps down; votes are refused while a leader is heard.
//
// Storage is asynchronous. Appended entries count for this node only once step() was handed the
// log's own proof, DurableLog; a vote counts once DurableVote says so. Messages that promise
// stored state leave this machine sealed, and only the log can open them.
#pragma once

#include "broker_core/base/hard_state.h"
#include "broker_core/base/probes.h"
#include "broker_core/base/random.h"
#include "broker_core/base/sealed.h"
#include "broker_core/base/tuning.h"
#include "broker_core/raft/log.h"
#include "broker_core/raft/message.h"
#include "broker_core/raft/progress.h"

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace broker::raft {

struct Config {
    BrokerId id;
    std::vector<BrokerId> voters;  // ascending, `id` among them; at most 64
    RaftTuning tuning;
    std::uint64_t seed = 0;  // of the election timeouts
    /// Entries count as stored before they are synced (Durability): a voter that lost power may
    /// come back without a suffix it had confirmed, and a quorum without it may outvote what was
    /// committed. The machine then follows the new leader instead of holding the log inviolable.
    bool unsynced_quorum = false;
};

/// The deadline has come.
struct Tick {};
/// A client batch; only a leader takes it (see is_leader()).
struct Propose {
    Bytes payload;
};
using Input = std::variant<Tick, const Received*, Propose, DurableLog, DurableVote>;

/// A message and the entry that must be durable before it may leave (0: none). Every message
/// besides waits for the hard state of its step: a term that may be forgotten is never named.
struct SealedMessage {
    BrokerId to;
    LogIndex durable_first;
    Sealed<Message> message;
};

/// What one step asks for, to be performed in the order of the fields.
struct Ready {
    std::optional<HardState> hard_state;
    std::optional<LogIndex> truncate_from;
    std::optional<LogIndex> append_from;  // entries from here to the end of the log are new
    std::vector<SealedMessage> messages;
    std::optional<LogIndex> commit;  // the commit index rose to this
    bool became_leader = false;
    bool stepped_down = false;

    void clear() {
        hard_state.reset();
        truncate_from.reset();
        append_from.reset();
        messages.clear();
        commit.reset();
        became_leader = false;
        stepped_down = false;
    }
};

struct Follower {
    BrokerId leader;  // 0: unknown
    Time election_deadline;
    Time leader_heard = Time{INT64_MIN / 2};  // last message of the leader of this term
};
/// Asks for pre-votes in `term() + 1`, without raising the term.
struct PreCandidate {
    std::uint64_t granted = 0;  // bit i: voter i
    Time election_deadline;
};
struct Candidate {
    std::uint64_t granted = 0;
    std::uint64_t refused = 0;
    Time election_deadline;
};
struct Leader {
    std::vector<Progress> progress;  // by voter; the own entry is not used
    LogIndex first_own;              // index of the no-op that began the term
    Time next_heartbeat;
    Time quorum_check;
};
using Role = std::variant<Follower, PreCandidate, Candidate, Leader>;

class Raft {
public:
    /// Starts as a follower on a log whose entries are all durable.
    Raft(Config config, HardState hard_state, std::vector<Entry> entries, Time now, Probes& probes);

    void step(Time now, const Input& input);
    void step(Time now, Propose&& proposal);

    /// What the steps since the last call ask for. The caller performs it, then clears it.
    [[nodiscard]] Ready& ready() { return ready_; }
    [[nodiscard]] Time next_deadline() const;

    [[nodiscard]] Term term() const { return hard_state_.term; }
    [[nodiscard]] HardState hard_state() const { return hard_state_; }
    [[nodiscard]] bool is_leader() const { return std::holds_alternative<Leader>(role_); }
    /// The leader of this term as far as this node knows; 0 if unknown.
    [[nodiscard]] BrokerId leader() const;
    [[nodiscard]] const Role& role() const { return role_; }
    [[nodiscard]] const Log& log() const { return log_; }
    [[nodiscard]] LogIndex commit() const { return commit_; }
    /// Whether an entry of the leader's own term has committed: only then its commit index is
    /// known to cover everything ever committed (Raft paper 5.4.2 and 8).
    [[nodiscard]] bool leads_with_own_commit() const;
    /// Payload bytes of entries this leader has not committed yet.
    [[nodiscard]] std::uint64_t uncommitted_bytes() const { return uncommitted_bytes_; }
    /// Voters heard from in this check-quorum period or the one before, so that the beginning of a
    /// period is no silence; this node included; leader only.
    [[nodiscard]] std::size_t voters_heard() const;

private:
    void on_tick(Time now);
    void on_message(Time now, const Received& received);
    void on_durable(const DurableLog& durable);
    void on_vote_durable(Time now, const DurableVote& durable);

    // Elections (election.cpp)
    void become_follower(Time now, Term term, BrokerId leader);
    void become_pre_candidate(Time now);
    void become_candidate(Time now);
    void become_leader(Time now);
    void on_vote_request(Time now, const Message& message);
    void on_pre_vote_reply(Time now, const Message& message);
    void on_vote_reply(Time now, const Message& message);
    void count_vote(Time now, BrokerId voter, bool granted);
    void campaign(Time now);
    [[nodiscard]] bool leader_is_heard(Time now) const;
    Time draw_election_deadline(Time now);

    // Replication (replication.cpp)
    void on_append(Time now, const Received& received);
    bool apply_append(const Message& message, std::span<const EntryView> entries);
    void hold(const Received& received);
    void apply_held();
    void on_append_reply(Time now, const Message& message);
    void on_heartbeat(Time now, const Message& message);
    void on_heartbeat_reply(Time now, const Message& message);
    void append_own(Entry entry);
    void send_appends(Time now);
    void maybe_send_append(Time now, std::size_t voter, bool even_empty);
    void send_heartbeats(Time now);
    void check_quorum(Time now);
    [[nodiscard]] std::size_t voters_heard_since_check() const;
    template <class Heard>
    [[nodiscard]] std::size_t count_heard(Heard heard) const;
    void maybe_commit();
    void commit_to(LogIndex index);
    /// Before a cut from `first` on: commit falls where the quorum it rested on may be lost.
    void cut_committed(LogIndex first);

    void send(Message message, LogIndex durable_first = LogIndex{});
    void reply(const Message& to, Message message, LogIndex durable_first = LogIndex{});
    void persist() { ready_.hard_state = hard_state_; }
    [[nodiscard]] std::size_t quorum() const { return config_.voters.size() / 2 + 1; }
    [[nodiscard]] std::optional<std::size_t> voter_of(BrokerId id) const;

    Config config_;
    Probes& probes_;
    Random random_;
    HardState hard_state_;
    Log log_;
    Role role_;
    LogIndex commit_;  // Invariant: commit_ <= log_.last_index().
    LogIndex stable_;  // stored here. Invariant: stable_ <= log_.last_index().
    std::uint64_t uncommitted_bytes_ = 0;
    std::vector<LogIndex> match_scratch_;
    Ready ready_;

    /// An append that came before the one it builds on: datagrams overtake each other, and without
    /// keeping it every one of them would cost a round trip. Only of the present leader's term.
    struct Held {
        Message message;
        std::vector<Entry> entries;
    };
    static constexpr std::size_t held_max = 64;
    std::vector<Held> held_;
};

}  // namespace broker::raft
