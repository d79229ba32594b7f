// One Raft node of one partition as a pure state machine: step(now, input), then ready().
//
// It knows no disk, no network and no clock; what must be stored, sent and applied stands in
// Ready, for the broker to perform in one order (Raft paper, figure 2, and thesis chapters 3, 4,
// 6.4 and 9.6). Elections use pre-vote and randomised timeouts; a leader that hears no quorum for
// an election timeout steps down; votes are refused while a leader is heard, unless that leader
// hands over itself.
//
// Storage is asynchronous. Appended entries count for this node only once step() was handed the
// log's own proof, DurableLog; a vote counts once DurableVote says so. Messages that promise
// stored state leave this machine sealed, and only the log can open them.
//
// Where what stands: elections in election.cpp, the follower's side of the log in append.cpp, the
// leader's in replication.cpp, snapshots in snapshot.cpp, changes of members in membership.cpp,
// hand-over and reads in leadership.cpp.
#pragma once

#include "broker_core/base/hard_state.h"
#include "broker_core/base/probes.h"
#include "broker_core/base/random.h"
#include "broker_core/base/result.h"
#include "broker_core/base/sealed.h"
#include "broker_core/base/tuning.h"
#include "broker_core/raft/configuration.h"
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
    Member self;
    /// Who the group began with; what the log and its snapshot say comes after it.
    Configuration bootstrap;
    RaftTuning tuning;
    std::uint64_t seed = 0;  // of the election timeouts
    /// Entries count as stored before they are synced (Durability): a voter that lost power may
    /// come back without a suffix it had confirmed, and a quorum without it may outvote what was
    /// committed. The machine then follows the new leader instead of holding the log inviolable.
    bool unsynced_quorum = false;
};

/// What a restart begins with; all of it durable.
struct Stored {
    HardState hard_state;
    Snapshot snapshot;           // index 0: none
    std::vector<Entry> entries;  // behind the snapshot
};

/// The deadline has come.
struct Tick {};
/// A client batch; only a leader takes it (see accepts_proposals()).
struct Propose {
    Bytes payload;
    bool control = false;
};
using Input = std::variant<Tick, const Received*, Propose, DurableLog, DurableVote>;

/// A message and the entry that must be durable before it may leave (0: none). Every message
/// besides waits for the hard state of its step: a term that may be forgotten is never named.
struct SealedMessage {
    BrokerId to;
    LogIndex durable_first;
    Sealed<Message> message;
};

/// A read that is safe to answer with everything committed up to `index` (thesis 6.4).
struct ReadReady {
    std::uint64_t id = 0;
    LogIndex index;
    bool lost = false;  // the leadership ended first: nothing is known
};

/// What one step asks for, to be performed in the order of the fields.
struct Ready {
    std::optional<HardState> hard_state;
    /// log().snapshot(), which came from the leader, took the place of the whole log: what was
    /// stored before contradicts it or ends before it.
    bool install = false;
    std::optional<LogIndex> truncate_from;
    std::optional<LogIndex> append_from;  // entries from here to the end of the log are new
    std::vector<SealedMessage> messages;
    std::optional<LogIndex> commit;  // the commit index rose to this
    bool became_leader = false;
    bool stepped_down = false;
    std::vector<ReadReady> reads;

    void clear() {
        hard_state.reset();
        install = false;
        truncate_from.reset();
        append_from.reset();
        messages.clear();
        commit.reset();
        became_leader = false;
        stepped_down = false;
        reads.clear();
    }
};

struct Follower {
    BrokerId leader;  // 0: unknown
    Time election_deadline;
    Time leader_heard = Time{INT64_MIN / 2};  // last message of the leader of this term
};
/// Asks for pre-votes in `term() + 1`, without raising the term.
struct PreCandidate {
    std::vector<Member> granted;  // by member, not by reply: a doubled reply counts once
    Time election_deadline;
};
struct Candidate {
    std::vector<Member> granted;
    Time election_deadline;
};
struct Leader {
    struct Peer {
        Member member;
        Progress progress;
    };
    struct Transfer {
        Member to;
        Time deadline;
        bool told = false;
    };
    struct Read {
        std::uint64_t id;
        LogIndex index;
        std::uint64_t round;
    };
    std::vector<Peer> peers;  // every member but this one, ascending
    LogIndex first_own;       // index of the no-op that began the term
    Time next_heartbeat;
    Time quorum_check;
    std::optional<Transfer> transfer;
    std::uint64_t read_round = 0;
    std::vector<Read> reads;  // ascending by round
};
using Role = std::variant<Follower, PreCandidate, Candidate, Leader>;

class Raft {
public:
    /// Starts as a follower.
    Raft(Config config, Stored stored, Time now, Probes& probes);

    void step(Time now, const Input& input);
    void step(Time now, Propose&& proposal);

    /// Begins a change of members, through a joint configuration if voters change; the rest
    /// happens by itself as entries commit. Errors: not_leader; busy, while a change is under way
    /// or no entry of this term has committed yet (Ongaro's single-server bug of 2015); invalid.
    Result<void> change_members(Time now, Configuration target);
    /// Lets some of the present voters, this node among them, decide from now on without the
    /// others, whom the operator has declared gone for ever: their disks must never vote again.
    /// Elections and votes go by `target` at once, in memory only; whoever is elected makes it the
    /// first entry of its term, and from there on it is a configuration like any other. The term
    /// leaps, beyond any that the others may have had. What only they had is lost, committed or
    /// not. Again with the same target is no error. Errors: busy, while a leader is heard (nothing
    /// needs to be forced then); invalid. Source: unclean election of KIP-966;
    /// CockroachDB loss of quorum recovery.
    Result<void> force_members(Time now, Configuration target);
    /// Hands the leadership to a voter, as soon as its log is complete; proposals are refused
    /// meanwhile. After transfer_timeout it is given up. Errors: not_leader, busy, invalid.
    Result<void> transfer_leadership(Time now, BrokerId to);
    /// Asks for an index that covers everything committed before now; the answer comes in
    /// Ready::reads, once a quorum has confirmed this leader. Errors: not_leader; busy, while no
    /// entry of this term has committed.
    Result<void> read_index(Time now, std::uint64_t id);
    /// A snapshot that stands for the log up to `index`, a committed entry that the log holds;
    /// `state` is what the entries made of what is above Raft.
    [[nodiscard]] Snapshot snapshot_at(LogIndex index, Bytes state) const;
    /// Entries give way to such a snapshot, which is durable.
    void compact(Snapshot snapshot);

    /// What the steps since the last call ask for. The caller performs it, then clears it.
    [[nodiscard]] Ready& ready() { return ready_; }
    [[nodiscard]] Time next_deadline() const;

    [[nodiscard]] Term term() const { return hard_state_.term; }
    [[nodiscard]] HardState hard_state() const { return hard_state_; }
    [[nodiscard]] bool is_leader() const { return std::holds_alternative<Leader>(role_); }
    /// A leader that is handing over takes none.
    [[nodiscard]] bool accepts_proposals() const;
    [[nodiscard]] bool transferring() const;
    /// The leader of this term as far as this node knows; 0 if unknown.
    [[nodiscard]] BrokerId leader() const;
    [[nodiscard]] const Role& role() const { return role_; }
    [[nodiscard]] const Log& log() const { return log_; }
    [[nodiscard]] LogIndex commit() const { return commit_; }
    /// What this node counts as durable in its own log.
    [[nodiscard]] LogIndex stable() const { return stable_; }
    /// The configuration in force: the last in the log, committed or not, unless another one was
    /// forced that is not in the log yet.
    [[nodiscard]] const Configuration& configuration() const {
        return forced_ ? *forced_ : configurations_.back().configuration;
    }
    /// The one in force at the entry `index`, which must be in the log or its start.
    [[nodiscard]] const Configuration& configuration_at(LogIndex index) const;
    [[nodiscard]] bool is_voter() const { return configuration().is_voter(config_.self); }
    /// Whether an entry of the leader's own term has committed: only then its commit index is
    /// known to cover everything ever committed (Raft paper 5.4.2 and 8).
    [[nodiscard]] bool leads_with_own_commit() const;
    /// Payload bytes of entries this leader has not committed yet.
    [[nodiscard]] std::uint64_t uncommitted_bytes() const { return uncommitted_bytes_; }
    /// Voters heard from in this check-quorum period or the one before, so that the beginning of a
    /// period is no silence; this node included; leader only.
    [[nodiscard]] std::size_t voters_heard() const;
    /// A voter to whom the leadership could go at once: the one whose log is furthest, if any was
    /// heard lately. Leader only.
    [[nodiscard]] std::optional<BrokerId> best_successor() const;

private:
    void on_tick(Time now);
    void on_message(Time now, const Received& received);
    void dispatch(Time now, const Received& received);
    /// What a message of another term means. Returns whether it is still to be looked at.
    bool settle_term(Time now, const Message& message);
    void on_durable(const DurableLog& durable);
    void on_vote_durable(Time now, const DurableVote& durable);

    // Elections (election.cpp)
    void become_follower(Time now, Term term, BrokerId leader);
    void become_pre_candidate(Time now);
    void become_candidate(Time now, bool force);
    void become_leader(Time now);
    void on_vote_request(Time now, const Message& message);
    void on_pre_vote_reply(Time now, const Message& message);
    void on_vote_reply(Time now, const Message& message);
    void count_vote(Time now, const Member& voter);
    void campaign(Time now);
    [[nodiscard]] bool may_stand() const;
    [[nodiscard]] bool may_campaign() const;
    [[nodiscard]] bool leader_is_heard(Time now) const;
    Time draw_election_deadline(Time now);

    // The follower's log (append.cpp)
    void on_append(Time now, const Received& received);
    bool apply_append(const Message& message, std::span<const EntryView> entries);
    void hold(const Received& received);
    void apply_held();
    void on_heartbeat(Time now, const Message& message);
    void commit_to(LogIndex index);

    // The leader's (replication.cpp)
    void on_append_reply(Time now, const Message& message);
    void on_heartbeat_reply(Time now, const Message& message);
    void append_own(Entry entry);
    void send_appends(Time now);
    void maybe_send_append(Leader::Peer& peer, bool even_empty);
    void send_heartbeats(Time now);
    void send_heartbeat(Leader::Peer& peer);
    void check_quorum(Time now);
    void maybe_commit();
    /// Before a cut from `first` on: commit falls where the quorum it rested on may be lost.
    void cut_committed(LogIndex first);
    [[nodiscard]] Leader::Peer* peer_of(const Message& message);

    // Snapshots (snapshot.cpp)
    void send_chunk(Leader::Peer& peer);
    void on_snapshot(Time now, const Received& received);
    void on_snapshot_reply(const Message& message);
    void install(const Message& message, Snapshot snapshot);

    // Members (membership.cpp)
    void note_configuration(LogIndex index, const Entry& entry);
    void forget_configurations_from(LogIndex first);
    void forget_configurations_before(LogIndex start);
    void append_configuration(Time now, Configuration configuration);
    /// The peers of the configuration in force; who is new is first sent the entry at `next`.
    void match_peers(LogIndex next);
    /// What a commit means for a change of members. Leader only.
    void advance_change(Time now);

    // Leadership (leadership.cpp)
    void advance_transfer(Time now);
    void on_timeout_now(Time now);
    void confirm_reads();
    void lose_reads();

    void send(const Member& to, Message message, LogIndex durable_first = LogIndex{});
    void reply(const Message& to, Message message, LogIndex durable_first = LogIndex{});
    void persist() { ready_.hard_state = hard_state_; }

    Config config_;
    Probes& probes_;
    Random random_;
    HardState hard_state_;
    Log log_;
    Role role_;
    LogIndex commit_;  // Invariant: log_.start() <= commit_ <= log_.last_index().
    LogIndex stable_;  // stored here. Invariant: stable_ <= log_.last_index().
    /// Cuts and installs so far; a proof of an earlier log says nothing about this one.
    Generation generation_;
    std::uint64_t uncommitted_bytes_ = 0;
    std::vector<LogIndex> match_scratch_;
    Ready ready_;

    struct InForce {
        LogIndex from;
        Configuration configuration;
    };
    /// Ascending; the first one holds at log_.start(). Never empty.
    std::vector<InForce> configurations_;
    /// Of force_members, until a configuration comes into the log. A restart forgets it.
    std::optional<Configuration> forced_;

    /// An append that came before the one it builds on: datagrams overtake each other, and without
    /// keeping it every one of them would cost a round trip. Only of the present leader's term.
    struct Held {
        Message message;
        std::vector<Entry> entries;
    };
    static constexpr std::size_t held_max = 64;
    std::vector<Held> held_;

    /// A snapshot on its way here, bound to the term of its sender and to its own last entry.
    struct Incoming {
        Term term;
        LogIndex index;
        Term log_term;
        std::uint64_t total = 0;
        Bytes bytes;
    };
    std::optional<Incoming> incoming_;
};

}  // namespace broker::raft
