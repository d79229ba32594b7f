// The frame of the machine: which input goes where, and how messages leave.
#include "broker_core/raft/raft.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace broker::raft {

Raft::Raft(Config config, Stored stored, Time now, Probes& probes)
    : config_{std::move(config)},
      probes_{probes},
      random_{config_.seed, "raft.election", config_.self.id.value()},
      hard_state_{stored.hard_state},
      log_{std::move(stored.entries), std::move(stored.snapshot)},
      commit_{log_.start()},
      stable_{log_.last_index()} {
    CHECK(log_.last_term() <= hard_state_.term);
    bool const whole = log_.start() == LogIndex{};
    configurations_.push_back(
        InForce{log_.start(), whole ? config_.bootstrap : log_.snapshot().configuration});
    for (LogIndex index = log_.first_index(); index <= log_.last_index(); ++index) {
        note_configuration(index, log_.at(index));
    }
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
        return;
    }
    if (is_leader()) {
        advance_change(now);
    }
    if (is_leader()) {
        advance_transfer(now);
    }
}

void Raft::step(Time now, Propose&& proposal) {
    CHECK(accepts_proposals());
    uncommitted_bytes_ += proposal.payload.size();
    append_own(Entry{hard_state_.term, proposal.control, std::move(proposal.payload)});
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
    if (const auto* leader = std::get_if<Leader>(&role_)) {
        Time const deadline = std::min(leader->next_heartbeat, leader->quorum_check);
        return leader->transfer ? std::min(deadline, leader->transfer->deadline) : deadline;
    }
    if (const auto* follower = std::get_if<Follower>(&role_)) {
        // Who does not vote waits to be led, however long that takes; but it does not go on naming
        // a leader that it has long not heard.
        bool const waits = !may_stand() && follower->leader == BrokerId{};
        return waits ? Time::never() : follower->election_deadline;
    }
    if (const auto* pre_candidate = std::get_if<PreCandidate>(&role_)) {
        return pre_candidate->election_deadline;
    }
    return std::get<Candidate>(role_).election_deadline;
}

bool Raft::settle_term(Time now, const Message& message) {
    bool const asks_for_vote =
        message.kind == MessageKind::vote || message.kind == MessageKind::pre_vote;
    bool const from_leader = message.kind == MessageKind::append ||
                             message.kind == MessageKind::heartbeat ||
                             message.kind == MessageKind::snapshot;
    if (message.term > hard_state_.term) {
        // Thesis 4.2.3: a node that hears its leader does not let a disruptive one raise the term,
        // unless that leader asked for the election itself.
        if (asks_for_vote && !message.force && leader_is_heard(now)) {
            return false;
        }
        // A granted pre-vote carries the term asked about, which is nobody's term yet.
        bool const pre_vote = message.kind == MessageKind::pre_vote ||
                              (message.kind == MessageKind::pre_vote_reply && !message.reject);
        if (!pre_vote) {
            become_follower(now, message.term, from_leader ? message.from : BrokerId{});
        }
        return true;
    }
    if (message.term == hard_state_.term) {
        return true;
    }
    // An old leader or candidate learns the term from the reply, and then steps down.
    if (from_leader) {
        reply(message, Message{.kind = MessageKind::heartbeat_reply});
    } else if (asks_for_vote) {
        reply(message,
              Message{.kind = message.kind == MessageKind::vote ? MessageKind::vote_reply
                                                                : MessageKind::pre_vote_reply,
                      .reject = true});
    }
    return false;  // replies of an earlier term say nothing about this one
}

void Raft::on_message(Time now, const Received& received) {
    const Message& message = received.message;
    // Who is meant is a broker on a disk. Who speaks may be unknown: a change of members may have
    // reached it and not this node, or the other way round (Raft paper, section 6).
    if (message.to != config_.self.id || message.to_disk != config_.self.disk ||
        message.from == config_.self.id) {
        return;
    }
    if (settle_term(now, message)) {
        dispatch(now, received);
    }
}

void Raft::dispatch(Time now, const Received& received) {
    const Message& message = received.message;
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
        case MessageKind::snapshot:
            on_snapshot(now, received);
            break;
        case MessageKind::snapshot_reply:
            on_snapshot_reply(message);
            break;
        case MessageKind::timeout_now:
            on_timeout_now(now);
            break;
    }
}

void Raft::on_durable(const DurableLog& durable) {
    // The entry may have been cut, and have come back, since the sync was submitted (the ABA case
    // of asynchronous storage): a proof counts only for the log it was made of.
    if (durable.generation() != generation_ || !log_.matches(durable.index(), durable.term()) ||
        durable.index() <= stable_) {
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
        durable.vote() == config_.self.id) {
        count_vote(now, config_.self);
    }
}

void Raft::send(const Member& to, Message message, LogIndex durable_first) {
    message.from = config_.self.id;
    message.from_disk = config_.self.disk;
    message.to = to.id;
    message.to_disk = to.disk;
    if (message.term == Term{}) {
        message.term = hard_state_.term;
    }
    ready_.messages.push_back(SealedMessage{to.id, durable_first, Sealed<Message>{message}});
}

void Raft::reply(const Message& to, Message message, LogIndex durable_first) {
    send(Member{to.from, to.from_disk}, message, durable_first);
}

BrokerId Raft::leader() const {
    if (is_leader()) {
        return config_.self.id;
    }
    const auto* follower = std::get_if<Follower>(&role_);
    return follower != nullptr ? follower->leader : BrokerId{};
}

bool Raft::accepts_proposals() const {
    const auto* leader = std::get_if<Leader>(&role_);
    return leader != nullptr && !leader->transfer;
}

bool Raft::transferring() const {
    const auto* leader = std::get_if<Leader>(&role_);
    return leader != nullptr && leader->transfer.has_value();
}

bool Raft::leads_with_own_commit() const {
    const auto* leader = std::get_if<Leader>(&role_);
    return leader != nullptr && commit_ >= leader->first_own;
}

std::size_t Raft::voters_heard() const {
    const auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr) {
        return 0;
    }
    const std::vector<Member>& voters = configuration().voters;
    std::size_t count = std::binary_search(voters.begin(), voters.end(), config_.self) ? 1 : 0;
    for (const Leader::Peer& peer : leader->peers) {
        bool const heard = peer.progress.heard_since_check || peer.progress.heard_before;
        if (heard && std::binary_search(voters.begin(), voters.end(), peer.member)) {
            ++count;
        }
    }
    return count;
}

}  // namespace broker::raft
