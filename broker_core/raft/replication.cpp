// The leader's side of the log: appends, their replies, and the commit rule (Raft
// paper 5.3, 5.4.2).
#include "broker_core/base/check.h"
#include "broker_core/raft/raft.h"

#include <algorithm>

namespace broker::raft {

void Raft::append_own(Entry entry) {
    CHECK(is_leader());
    CHECK(entry.term == hard_state_.term);
    log_.append(std::move(entry));
    note_configuration(log_.last_index(), log_.at(log_.last_index()));
    if (!ready_.append_from) {
        ready_.append_from = log_.last_index();
    }
}

Leader::Peer* Raft::peer_of(const Message& message) {
    auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr) {
        return nullptr;
    }
    Member const member{message.from, message.from_disk};
    auto const at = std::find_if(leader->peers.begin(), leader->peers.end(),
                                 [&](const Leader::Peer& peer) { return peer.member == member; });
    return at == leader->peers.end() ? nullptr : &*at;
}

void Raft::on_append_reply(Time now, const Message& message) {
    Leader::Peer* const peer = peer_of(message);
    if (peer == nullptr) {
        return;
    }
    Progress& progress = peer->progress;
    progress.heard_since_check = true;
    if (message.reject) {
        if (message.index <= progress.match()) {
            // It cannot refuse what it holds, so it holds it no more; or this comes late. Where
            // entries count before they are synced that is ordinary, and the next answer tells;
            // else only a disk that lied does it, and late refusals are far more common.
            Duration const patience =
                config_.unsynced_quorum ? Duration{} : config_.tuning.heartbeat / 2;
            LogIndex const retry = log_.last_possible_match(message.hint, message.log_term);
            if (progress.forgot(retry, now, patience)) {
                probes_.reached(Probe::follower_forgot);
                maybe_send_append(*peer, true);
            }
            return;
        }
        // Step over whole terms: where our log can agree with the follower's hint at best.
        LogIndex const retry = log_.last_possible_match(message.hint, message.log_term);
        if (progress.rejected(message.index, retry, now, config_.tuning.heartbeat / 2)) {
            maybe_send_append(*peer, true);
        }
        return;
    }
    CHECK(message.index <= log_.last_index());
    if (progress.accepted(message.index)) {
        maybe_commit();
    }
    maybe_send_append(*peer, false);
}

void Raft::on_heartbeat_reply(Time now, const Message& message) {
    (void)now;
    Leader::Peer* const peer = peer_of(message);
    if (peer == nullptr) {
        return;
    }
    Progress& progress = peer->progress;
    progress.heard_since_check = true;
    progress.alive(config_.tuning);
    if (message.round > progress.confirmed_round) {
        progress.confirmed_round = message.round;
        confirm_reads();
    }
    if (progress.match() < log_.last_index()) {
        // Also when everything was sent: an append may have been lost, and only an answer tells.
        maybe_send_append(*peer, true);
    }
}

void Raft::send_appends(Time now) {
    (void)now;
    for (Leader::Peer& peer : std::get<Leader>(role_).peers) {
        maybe_send_append(peer, false);
    }
}

void Raft::maybe_send_append(Leader::Peer& peer, bool even_empty) {
    Progress& progress = peer.progress;
    if (progress.next() <= log_.start() && !progress.installing()) {
        progress.install(log_.start());
        probes_.reached(Probe::snapshot_started);
    }
    if (progress.installing()) {
        send_chunk(peer);
        return;
    }
    while (progress.may_send(config_.tuning)) {
        LogIndex const first = progress.next();
        Message append{.kind = MessageKind::append,
                       .index = first.previous(),
                       .log_term = log_.term_at(first.previous()),
                       .commit = commit_,
                       .first = first};
        std::uint64_t bytes = 0;
        while (first + append.count <= log_.last_index()) {
            std::uint64_t const more = log_.at(first + append.count).payload.size();
            if (append.count > 0 && bytes + more > config_.tuning.max_append_bytes) {
                break;
            }
            bytes += more;
            ++append.count;
        }
        if (append.count == 0 && !even_empty) {
            return;
        }
        even_empty = false;
        LogIndex const last = append.index + append.count;
        send(peer.member, append);
        progress.sent(last, bytes);
        if (append.count == 0) {
            return;
        }
    }
}

void Raft::send_heartbeats(Time now) {
    auto& leader = std::get<Leader>(role_);
    leader.next_heartbeat = now + config_.tuning.heartbeat;
    for (Leader::Peer& peer : leader.peers) {
        send_heartbeat(peer);
    }
}

void Raft::check_quorum(Time now) {
    auto& leader = std::get<Leader>(role_);
    bool const heard = configuration().is_quorum([&](const Member& member) {
        return member == config_.self ||
               std::any_of(leader.peers.begin(), leader.peers.end(), [&](const Leader::Peer& peer) {
                   return peer.member == member && peer.progress.heard_since_check;
               });
    });
    if (!heard) {
        probes_.reached(Probe::quorum_lost);
        become_follower(now, hard_state_.term, BrokerId{});
        return;
    }
    leader.quorum_check = now + config_.tuning.election_timeout;
    for (Leader::Peer& peer : leader.peers) {
        peer.progress.heard_before = peer.progress.heard_since_check;
        peer.progress.heard_since_check = false;
    }
}

void Raft::maybe_commit() {
    const auto& leader = std::get<Leader>(role_);
    auto const reached = [&](const Member& member) {
        if (member == config_.self) {
            return stable_;
        }
        auto const at =
            std::find_if(leader.peers.begin(), leader.peers.end(),
                         [&](const Leader::Peer& peer) { return peer.member == member; });
        return at == leader.peers.end() ? LogIndex{} : at->progress.match();
    };
    LogIndex candidate = configuration().quorum_index(reached, match_scratch_);
    if (!config_.tuning.commit_before_own_sync) {
        candidate = std::min(candidate, stable_);
    }
    // Raft paper 5.4.2: only an entry of the own term commits by counting; it takes the rest along.
    if (candidate <= commit_ || log_.term_at(candidate) != hard_state_.term) {
        return;
    }
    for (LogIndex i = commit_.next(); i <= candidate; ++i) {
        uncommitted_bytes_ -=
            std::min<std::uint64_t>(uncommitted_bytes_, log_.at(i).payload.size());
    }
    commit_to(candidate);
}

}  // namespace broker::raft
