// Elections: pre-vote, votes, and the four ways to change a role (Raft paper 5.2, thesis 9.6).
#include "broker_core/base/check.h"
#include "broker_core/raft/raft.h"

#include <algorithm>

namespace broker::raft {
namespace {

bool is_among(const std::vector<Member>& members, const Member& member) {
    return std::find(members.begin(), members.end(), member) != members.end();
}

}  // namespace

Time Raft::draw_election_deadline(Time now) {
    Duration const extra = random_.between(Duration{}, config_.tuning.election_jitter);
    return now + config_.tuning.election_timeout + extra;
}

bool Raft::leader_is_heard(Time now) const {
    if (is_leader()) {
        return true;
    }
    const auto* follower = std::get_if<Follower>(&role_);
    return follower != nullptr && follower->leader != BrokerId{} &&
           now < follower->leader_heard + config_.tuning.election_timeout;
}

void Raft::become_follower(Time now, Term term, BrokerId leader) {
    CHECK(term >= hard_state_.term);
    if (is_leader()) {
        ready_.stepped_down = true;
        uncommitted_bytes_ = 0;
        lose_reads();
        probes_.reached(Probe::leader_stepped_down);
        const auto& leading = std::get<Leader>(role_);
        if (leading.transfer && leading.transfer->told && term > hard_state_.term) {
            probes_.reached(Probe::transfer_done);
        }
    }
    if (term > hard_state_.term) {
        // The vote belongs to a term; within one it is never taken back.
        hard_state_ = HardState{term, BrokerId{}};
        persist();
        held_.clear();
        incoming_.reset();
    }
    Time const deadline = draw_election_deadline(now);
    role_ = Follower{leader, deadline};
    if (leader != BrokerId{}) {
        std::get<Follower>(role_).leader_heard = now;
    }
}

bool Raft::may_stand() const {
    if (is_voter()) {
        return true;
    }
    // Left out by a change that may not have committed: the only one whose log is complete may be
    // this one, and nobody else could be elected (thesis 4.2.2). Its own vote does not count.
    bool const open = configurations_.size() > 1 && configurations_.back().from > commit_;
    return open && configurations_[configurations_.size() - 2].configuration.is_voter(config_.self);
}

bool Raft::may_campaign() const {
    // A vote request names the durable end of the log. While entries or a snapshot are on their
    // way to the disk, that is not the end of the log.
    return may_stand() && stable_ == log_.last_index();
}

void Raft::campaign(Time now) {
    if (!may_stand()) {
        Time const deadline = draw_election_deadline(now);
        role_ = Follower{BrokerId{}, deadline};
        return;
    }
    probes_.reached(Probe::pre_vote_started);
    if (!may_campaign()) {
        probes_.reached(Probe::campaign_waited_for_sync);
        Time const deadline = draw_election_deadline(now);
        role_ = Follower{BrokerId{}, deadline};
        return;
    }
    become_pre_candidate(now);
    count_vote(now, config_.self);
}

void Raft::become_pre_candidate(Time now) {
    CHECK(!is_leader());
    Time const deadline = draw_election_deadline(now);
    role_ = PreCandidate{{}, deadline};
    for (const Member& member : configuration().members()) {
        if (member != config_.self && configuration().is_voter(member)) {
            send(member, Message{.kind = MessageKind::pre_vote,
                                 .term = hard_state_.term.next(),
                                 .index = log_.last_index(),
                                 .log_term = log_.last_term()});
        }
    }
}

void Raft::become_candidate(Time now, bool force) {
    CHECK(!is_leader());
    CHECK(stable_ == log_.last_index());
    hard_state_ = HardState{hard_state_.term.next(), config_.self.id};
    persist();
    held_.clear();
    incoming_.reset();
    Time const deadline = draw_election_deadline(now);
    role_ = Candidate{{}, deadline};
    probes_.reached(Probe::election_started);
    for (const Member& member : configuration().members()) {
        if (member != config_.self && configuration().is_voter(member)) {
            send(member,
                 Message{.kind = MessageKind::vote,
                         .force = force,
                         .index = log_.last_index(),
                         .log_term = log_.last_term()},
                 log_.last_index());
        }
    }
}

void Raft::become_leader(Time now) {
    CHECK(std::holds_alternative<Candidate>(role_));
    CHECK(hard_state_.vote == config_.self.id);
    Leader leader;
    leader.first_own = log_.last_index().next();
    leader.next_heartbeat = now + config_.tuning.heartbeat;
    leader.quorum_check = now + config_.tuning.election_timeout;
    role_ = std::move(leader);
    match_peers(log_.last_index().next());
    ready_.became_leader = true;
    uncommitted_bytes_ = 0;
    probes_.reached(Probe::leader_elected);
    // Raft paper 8: a no-op of the own term, so that what earlier terms left can commit. Voters
    // that were forced take its place: the term begins with what it was won by.
    append_own(Entry{hard_state_.term, true, forced_ ? encode_configuration(*forced_) : Bytes{}});
    send_appends(now);
}

void Raft::on_vote_request(Time now, const Message& message) {
    bool const pre_vote = message.kind == MessageKind::pre_vote;
    bool const up_to_date = log_.up_to_date(message.index, message.log_term);
    bool grant = false;
    if (pre_vote) {
        grant = message.term > hard_state_.term && up_to_date && !leader_is_heard(now);
    } else {
        bool const free = hard_state_.vote == BrokerId{} || hard_state_.vote == message.from;
        // A leader of this term is known: the election is over.
        const auto* follower = std::get_if<Follower>(&role_);
        bool const leader_known = follower != nullptr && follower->leader != BrokerId{};
        grant = free && up_to_date && !leader_known;
        CHECK(!(grant && is_leader()));
    }
    probes_.reached(grant ? Probe::vote_granted : Probe::vote_refused);
    if (pre_vote) {
        reply(message, Message{.kind = MessageKind::pre_vote_reply,
                               .term = grant ? message.term : hard_state_.term,
                               .reject = !grant});
        return;
    }
    if (grant) {
        if (hard_state_.vote != message.from) {
            hard_state_.vote = message.from;
            persist();
        }
        // A granted vote postpones the own candidacy (Raft paper 5.2, figure 2 rules for
        // followers).
        Time const deadline = draw_election_deadline(now);
        role_ = Follower{BrokerId{}, deadline};
    }
    // The vote was given on this log: it leaves only once the log is durable as compared.
    reply(message, Message{.kind = MessageKind::vote_reply, .reject = !grant},
          grant ? log_.last_index() : LogIndex{});
}

void Raft::on_pre_vote_reply(Time now, const Message& message) {
    if (!std::holds_alternative<PreCandidate>(role_) || message.reject ||
        message.term != hard_state_.term.next()) {
        return;
    }
    count_vote(now, Member{message.from, message.from_disk});
}

void Raft::on_vote_reply(Time now, const Message& message) {
    if (std::holds_alternative<Candidate>(role_) && !message.reject) {
        count_vote(now, Member{message.from, message.from_disk});
    }
}

void Raft::count_vote(Time now, const Member& voter) {
    auto* pre_candidate = std::get_if<PreCandidate>(&role_);
    std::vector<Member>& granted =
        pre_candidate != nullptr ? pre_candidate->granted : std::get<Candidate>(role_).granted;
    // Whoever is no voter, or answers from another disk than the one the group knows, counts for
    // nothing: quorums are made of members.
    if (!is_among(granted, voter)) {
        granted.push_back(voter);
    }
    bool const elected =
        configuration().is_quorum([&](const Member& member) { return is_among(granted, member); });
    if (!elected) {
        return;
    }
    if (pre_candidate != nullptr) {
        become_candidate(now, false);
    } else {
        become_leader(now);
    }
}

}  // namespace broker::raft
