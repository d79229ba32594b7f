// The frame of the machine: which input goes where, and how messages leave.
#include "broker_core/raft/raft.h"

#include "broker_core/base/check.h"

#include <algorithm>
#include <bit>

namespace broker::raft {

Raft::Raft(Config config, HardState hard_state, std::vector<Entry> entries, Time now,
           Probes& probes)
    : config_{std::move(config)},
      probes_{probes},
      random_{config_.seed, "raft.election", config_.id.value()},
      hard_state_{hard_state},
      log_{std::move(entries)},
      stable_{log_.last_index()} {
    CHECK(std::is_sorted(config_.voters.begin(), config_.voters.end()));
    CHECK(voter_of(config_.id).has_value());
    CHECK(config_.voters.size() <= 64);
    CHECK(log_.last_term() <= hard_state_.term);
    role_ = Follower{BrokerId{}, draw_election_deadline(now)};
}

void Raft::step(Time now, const Input& input) {
    if (std::holds_alternative<Tick>(input)) {
        on_tick(now);
    } else if (const auto* received = std::get_if<const Received*>(&input)) {
        on_message(now, **received);
    } else if (const auto* durable = std::get_if<DurableLog>(&input)) {
        on_durable(*durable);
    } else if (const auto* vote = std::get_if<DurableVote>(&input)) {
        on_vote_durable(now, *vote);
    } else {
        step(now, Propose{std::get<Propose>(input)});
    }
}

void Raft::step(Time now, Propose&& proposal) {
    CHECK(is_leader());
    uncommitted_bytes_ += proposal.payload.size();
    append_own(Entry{hard_state_.term, false, std::move(proposal.payload)});
    probes_.reached(Probe::raft_proposed);
    send_appends(now);
}

void Raft::on_tick(Time now) {
    if (auto* leader = std::get_if<Leader>(&role_)) {
        if (now >= leader->quorum_check) {
            check_quorum(now);
        }
        if (is_leader() && now >= std::get<Leader>(role_).next_heartbeat) {
            send_heartbeats(now);
        }
        return;
    }
    if (now >= next_deadline()) {
        campaign(now);
    }
}

Time Raft::next_deadline() const {
    if (const auto* follower = std::get_if<Follower>(&role_)) {
        return follower->election_deadline;
    }
    if (const auto* pre_candidate = std::get_if<PreCandidate>(&role_)) {
        return pre_candidate->election_deadline;
    }
    if (const auto* candidate = std::get_if<Candidate>(&role_)) {
        return candidate->election_deadline;
    }
    const auto& leader = std::get<Leader>(role_);
    return std::min(leader.next_heartbeat, leader.quorum_check);
}

void Raft::on_message(Time now, const Received& received) {
    const Message& message = received.message;
    if (message.to != config_.id || !voter_of(message.from)) {
        return;
    }
    bool const asks_for_vote =
        message.kind == MessageKind::vote || message.kind == MessageKind::pre_vote;
    if (message.term > hard_state_.term) {
        // Thesis 4.2.3: a node that hears its leader does not let a disruptive one raise the term.
        if (asks_for_vote && leader_is_heard(now)) {
            return;
        }
        bool const from_leader =
            message.kind == MessageKind::append || message.kind == MessageKind::heartbeat;
        // A granted pre-vote carries the term asked about, which is nobody's term yet.
        bool const pre_vote = message.kind == MessageKind::pre_vote ||
                              (message.kind == MessageKind::pre_vote_reply && !message.reject);
        if (!pre_vote) {
            become_follower(now, message.term, from_leader ? message.from : BrokerId{});
        }
    } else if (message.term < hard_state_.term) {
        // An old leader or candidate learns the term from the reply, and then steps down.
        if (message.kind == MessageKind::append || message.kind == MessageKind::heartbeat) {
            reply(message, Message{.kind = MessageKind::heartbeat_reply});
            return;
        }
        if (asks_for_vote) {
            reply(message,
                  Message{.kind = message.kind == MessageKind::vote ? MessageKind::vote_reply
                                                                    : MessageKind::pre_vote_reply,
                          .reject = true});
            return;
        }
        return;  // replies of an earlier term say nothing about this one
    }

    switch (message.kind) {
        case MessageKind::pre_vote:
        case MessageKind::vote:
            on_vote_request(now, message);
            break;
        case MessageKind::pre_vote_reply:
            on_pre_vote_reply(now, message);
            break;
        case MessageKind::vote_reply:
            on_vote_reply(now, message);
            break;
        case MessageKind::append:
            on_append(now, received);
            break;
        case MessageKind::append_reply:
            on_append_reply(now, message);
            break;
        case MessageKind::heartbeat:
            on_heartbeat(now, message);
            break;
        case MessageKind::heartbeat_reply:
            on_heartbeat_reply(now, message);
            break;
    }
}

void Raft::on_durable(const DurableLog& durable) {
    // The entry may have been cut and another one stand there since the sync was submitted.
    if (!log_.matches(durable.index(), durable.term()) || durable.index() <= stable_) {
        return;
    }
    stable_ = durable.index();
    if (is_leader()) {
        maybe_commit();
    }
}

void Raft::on_vote_durable(Time now, const DurableVote& durable) {
    // The candidate's own vote counts like any other: once it can no longer be forgotten.
    if (std::holds_alternative<Candidate>(role_) && durable.term() == hard_state_.term &&
        durable.vote() == config_.id) {
        count_vote(now, config_.id, true);
    }
}

void Raft::send(Message message, LogIndex durable_first) {
    message.from = config_.id;
    if (message.term == Term{}) {
        message.term = hard_state_.term;
    }
    BrokerId const to = message.to;
    ready_.messages.push_back(SealedMessage{to, durable_first, Sealed<Message>{message}});
}

void Raft::reply(const Message& to, Message message, LogIndex durable_first) {
    message.to = to.from;
    send(message, durable_first);
}

BrokerId Raft::leader() const {
    if (is_leader()) {
        return config_.id;
    }
    const auto* follower = std::get_if<Follower>(&role_);
    return follower != nullptr ? follower->leader : BrokerId{};
}

bool Raft::leads_with_own_commit() const {
    const auto* leader = std::get_if<Leader>(&role_);
    return leader != nullptr && commit_ >= leader->first_own;
}

std::size_t Raft::voters_heard() const {
    return count_heard([](const Progress& progress) {
        return progress.heard_since_check || progress.heard_before;
    });
}

std::size_t Raft::voters_heard_since_check() const {
    return count_heard([](const Progress& progress) { return progress.heard_since_check; });
}

template <class Heard>
std::size_t Raft::count_heard(Heard heard) const {
    const auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr) {
        return 0;
    }
    std::size_t count = 1;
    for (std::size_t i = 0; i < config_.voters.size(); ++i) {
        if (config_.voters[i] != config_.id && heard(leader->progress[i])) {
            ++count;
        }
    }
    return count;
}

std::optional<std::size_t> Raft::voter_of(BrokerId id) const {
    auto const at = std::lower_bound(config_.voters.begin(), config_.voters.end(), id);
    if (at == config_.voters.end() || *at != id) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(at - config_.voters.begin());
}

}  // namespace broker::raft
