// Changes of members: joint consensus (Raft paper, section 6; thesis 4.3).
//
// A configuration holds from the moment it is in the log. A change of voters appends a joint
// configuration; once that is committed, under both majorities, the leader appends the new one
// alone; once that is committed, a leader it leaves out steps down. A change that touches only
// learners needs no joint step.
#include "broker_core/base/check.h"
#include "broker_core/raft/raft.h"

#include <algorithm>

namespace broker::raft {
namespace {

/// More elections than can have passed unheard. Terms are 32 bits wide in batches (leader epochs).
constexpr std::uint64_t forced_term_gap = std::uint64_t{1} << 20U;

}  // namespace

void Raft::note_configuration(LogIndex index, const Entry& entry) {
    if (!entry.control || control_kind(entry.payload) != ControlKind::configuration) {
        return;
    }
    Result<Configuration> configuration = decode_configuration(entry.payload);
    CHECK(configuration.has_value());  // a leader wrote it, checksums brought it here
    probes_.reached(Probe::config_appended);
    if (configuration->joint()) {
        probes_.reached(Probe::config_joint);
    }
    configurations_.push_back(InForce{index, std::move(*configuration)});
    forced_.reset();
    if (is_leader()) {
        match_peers(index);
    }
}

void Raft::forget_configurations_from(LogIndex first) {
    while (configurations_.size() > 1 && configurations_.back().from >= first) {
        configurations_.pop_back();
    }
}

void Raft::forget_configurations_before(LogIndex start) {
    while (configurations_.size() > 1 && configurations_[1].from <= start) {
        configurations_.erase(configurations_.begin());
    }
}

const Configuration& Raft::configuration_at(LogIndex index) const {
    auto at = configurations_.rbegin();
    while (std::next(at) != configurations_.rend() && at->from > index) {
        ++at;
    }
    return at->configuration;
}

void Raft::match_peers(LogIndex next) {
    auto& leader = std::get<Leader>(role_);
    std::vector<Leader::Peer> peers;
    for (const Member& member : configuration().members()) {
        if (member == config_.self) {
            continue;
        }
        auto const at =
            std::find_if(leader.peers.begin(), leader.peers.end(),
                         [&](const Leader::Peer& peer) { return peer.member == member; });
        if (at != leader.peers.end()) {
            peers.push_back(std::move(*at));
            continue;
        }
        Leader::Peer peer{member, Progress{next}};
        peer.progress.heard_since_check = true;  // a full period to be heard in
        peers.push_back(std::move(peer));
    }
    leader.peers = std::move(peers);
}

Result<void> Raft::change_members(Time now, Configuration target) {
    if (!is_leader()) {
        return fail(ErrorCode::not_leader, "raft: change of members");
    }
    // A leader whose term has committed nothing may still hold a configuration of an earlier one
    // that is about to be cut: two changes at once.
    bool const under_way = configuration().joint() || configurations_.back().from > commit_;
    if (under_way || !leads_with_own_commit() || transferring()) {
        return fail(ErrorCode::busy, "raft: change of members");
    }
    if (Result<void> const checked = check_change(configuration(), target); !checked) {
        return checked;
    }
    if (target.voters != configuration().voters) {
        target.outgoing = configuration().voters;
    }
    append_configuration(now, std::move(target));
    return {};
}

Result<void> Raft::force_members(Time now, Configuration target) {
    if (configuration() == target) {
        return {};
    }
    if (leader_is_heard(now)) {
        return fail(ErrorCode::busy, "raft: forced change of members");
    }
    const Configuration& present = configurations_.back().configuration;
    bool const of_them = std::all_of(target.voters.begin(), target.voters.end(),
                                     [&](const Member& voter) { return present.is_voter(voter); });
    if (!of_them || !target.is_voter(config_.self)) {
        return fail(ErrorCode::invalid, "raft: only voters can be left over, and who is asked");
    }
    if (Result<void> const checked = check_change(present, target); !checked) {
        return checked;
    }
    probes_.reached(Probe::config_forced);
    forced_ = std::move(target);
    // Those who are gone may have led terms that nobody left has heard of, and a term has one
    // leader for ever. Votes that were gathered under the old voters are void with their term.
    become_follower(now, Term{hard_state_.term.value() + forced_term_gap}, BrokerId{});
    return {};
}

void Raft::append_configuration(Time now, Configuration configuration) {
    append_own(Entry{hard_state_.term, true, encode_configuration(configuration)});
    send_appends(now);
    maybe_commit();  // a group of one, or one whose removed members held it up
}

void Raft::advance_change(Time now) {
    // One step of a change can complete the next: a group of one commits what it appends.
    while (is_leader() && configurations_.back().from <= commit_) {
        const Configuration& current = configuration();
        if (current.joint()) {
            append_configuration(now, Configuration{current.voters, {}, current.learners});
            continue;
        }
        if (!current.is_voter(config_.self)) {
            // It has told the others that the change is done (thesis 4.2.2).
            send_heartbeats(now);
            probes_.reached(Probe::leader_left_group);
            become_follower(now, hard_state_.term, BrokerId{});
        }
        return;
    }
}

}  // namespace broker::raft
