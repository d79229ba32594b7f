// What a leader does with its leadership: handing it over (thesis 3.10), and proving that it still
// has it before it answers a read (thesis 6.4).
#include "broker_core/base/check.h"
#include "broker_core/raft/raft.h"

#include <algorithm>

namespace broker::raft {

// ---------------------------------------------------------------------------------------------
// Hand-over

Result<void> Raft::transfer_leadership(Time now, BrokerId to) {
    auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr) {
        return fail(ErrorCode::not_leader, "raft: transfer");
    }
    if (leader->transfer || configuration().joint()) {
        return fail(ErrorCode::busy, "raft: transfer");
    }
    const std::vector<Member>& voters = configuration().voters;
    auto const at = std::find_if(voters.begin(), voters.end(), [&](const Member& member) {
        return member.id == to && member != config_.self;
    });
    if (at == voters.end()) {
        return fail(ErrorCode::invalid, "raft: transfer to one who does not vote");
    }
    leader->transfer = Leader::Transfer{*at, now + config_.tuning.transfer_timeout};
    probes_.reached(Probe::transfer_started);
    send_appends(now);
    advance_transfer(now);
    return {};
}

void Raft::advance_transfer(Time now) {
    auto& leader = std::get<Leader>(role_);
    if (!leader.transfer) {
        return;
    }
    if (now >= leader.transfer->deadline) {
        // Whether the successor was told or not: it did not take over, so proposals go on here.
        leader.transfer.reset();
        probes_.reached(Probe::transfer_gave_up);
        return;
    }
    auto const at = std::find_if(leader.peers.begin(), leader.peers.end(), [&](const auto& peer) {
        return peer.member == leader.transfer->to;
    });
    if (leader.transfer->told || at == leader.peers.end() ||
        at->progress.match() != log_.last_index()) {
        return;
    }
    // It holds everything, durably: it can win, and loses nothing.
    send(leader.transfer->to, Message{.kind = MessageKind::timeout_now,
                                      .index = log_.last_index(),
                                      .log_term = log_.last_term()});
    leader.transfer->told = true;
    probes_.reached(Probe::transfer_sent);
}

void Raft::on_timeout_now(Time now) {
    // May come late or twice: only a follower of this very term acts on it.
    if (!std::holds_alternative<Follower>(role_) || leader() == BrokerId{} || !may_campaign()) {
        return;
    }
    become_candidate(now, true);
}

std::optional<BrokerId> Raft::best_successor() const {
    const auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr) {
        return std::nullopt;
    }
    const std::vector<Member>& voters = configuration().voters;
    const Leader::Peer* best = nullptr;
    for (const Leader::Peer& peer : leader->peers) {
        bool const heard = peer.progress.heard_since_check || peer.progress.heard_before;
        bool const votes = std::binary_search(voters.begin(), voters.end(), peer.member);
        if (heard && votes && (best == nullptr || peer.progress.match() > best->progress.match())) {
            best = &peer;
        }
    }
    return best == nullptr ? std::nullopt : std::optional{best->member.id};
}

// ---------------------------------------------------------------------------------------------
// Reads

Result<void> Raft::read_index(Time now, std::uint64_t id) {
    (void)now;
    auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr) {
        return fail(ErrorCode::not_leader, "raft: read");
    }
    if (!leads_with_own_commit()) {
        return fail(ErrorCode::busy, "raft: read before the first commit of the term");
    }
    ++leader->read_round;
    leader->reads.push_back(Leader::Read{id, commit_, leader->read_round});
    for (Leader::Peer& peer : leader->peers) {
        send_heartbeat(peer);
    }
    confirm_reads();
    return {};
}

void Raft::confirm_reads() {
    auto& leader = std::get<Leader>(role_);
    while (!leader.reads.empty()) {
        const Leader::Read& read = leader.reads.front();
        bool const confirmed = configuration().is_quorum([&](const Member& member) {
            return member == config_.self ||
                   std::any_of(leader.peers.begin(), leader.peers.end(), [&](const auto& peer) {
                       return peer.member == member && peer.progress.confirmed_round >= read.round;
                   });
        });
        if (!confirmed) {
            return;
        }
        ready_.reads.push_back(ReadReady{read.id, read.index, false});
        probes_.reached(Probe::read_index_confirmed);
        leader.reads.erase(leader.reads.begin());
    }
}

void Raft::lose_reads() {
    for (const Leader::Read& read : std::get<Leader>(role_).reads) {
        ready_.reads.push_back(ReadReady{read.id, LogIndex{}, true});
    }
}

}  // namespace broker::raft
