// Replication: appends, their replies, and the commit rule (Raft paper 5.3 and 5.4.2).
#include "broker_core/base/check.h"
#include "broker_core/raft/raft.h"

#include <algorithm>

namespace broker::raft {

void Raft::append_own(Entry entry) {
    CHECK(is_leader());
    CHECK(entry.term == hard_state_.term);
    log_.append(std::move(entry));
    if (!ready_.append_from) {
        ready_.append_from = log_.last_index();
    }
}

// ---------------------------------------------------------------------------------------------
// Follower

void Raft::on_append(Time now, const Received& received) {
    const Message& message = received.message;
    CHECK(message.term == hard_state_.term);
    CHECK(!is_leader());  // two leaders of one term
    become_follower(now, message.term, message.from);
    if (!apply_append(message, received.entries)) {
        if (message.index > log_.last_index()) {
            hold(received);
        }
        LogIndex const hint =
            log_.last_possible_match(std::min(message.index, log_.last_index()), message.log_term);
        probes_.reached(Probe::append_rejected);
        reply(message, Message{.kind = MessageKind::append_reply,
                               .reject = true,
                               .index = message.index,
                               .log_term = log_.term_at(hint),
                               .hint = hint});
        return;
    }
    if (!held_.empty()) {
        apply_held();
    }
}

bool Raft::apply_append(const Message& message, std::span<const EntryView> entries) {
    // AppendEntries, receiver implementation (Raft paper, figure 2), step by step.
    // 2. Refuse if the log has no entry at prev whose term matches.
    if (!log_.matches(message.index, message.log_term)) {
        return false;
    }

    // 3. and 4. Skip what is there already; cut only at a true conflict; append what is new. An
    // append that overlaps must not cut: a late one would take back what a newer one confirmed.
    LogIndex at = message.index.next();
    std::size_t skip = 0;
    while (skip < entries.size() && log_.matches(at, entries[skip].term)) {
        ++skip;
        ++at;
    }
    if (skip > 0) {
        probes_.reached(Probe::append_overlapped);
    }
    if (skip < entries.size()) {
        if (at <= log_.last_index()) {
            cut_committed(at);
            CHECK(!ready_.append_from);  // the broker performs cuts before appends
            log_.truncate(at);
            stable_ = std::min(stable_, at.previous());
            ready_.truncate_from = at;
            probes_.reached(Probe::log_truncated);
        }
        if (!ready_.append_from) {
            ready_.append_from = at;
        }
        for (; skip < entries.size(); ++skip) {
            const EntryView& entry = entries[skip];
            CHECK(entry.term >= log_.last_term());
            log_.append(Entry{entry.term, entry.control,
                              Bytes{entry.payload.begin(), entry.payload.end()}});
        }
    }

    // 5. Commit up to the last entry that this very message verified, never to the own end.
    LogIndex const verified = message.index + entries.size();
    commit_to(std::min(message.commit, verified));
    // The reply names what was verified, and leaves once that is durable.
    reply(message, Message{.kind = MessageKind::append_reply, .index = verified}, verified);
    return true;
}

void Raft::hold(const Received& received) {
    if (received.entries.empty() || held_.size() >= held_max) {
        return;
    }
    Held held{received.message, {}};
    held.entries.reserve(received.entries.size());
    for (const EntryView& entry : received.entries) {
        held.entries.push_back(
            Entry{entry.term, entry.control, Bytes{entry.payload.begin(), entry.payload.end()}});
    }
    held_.push_back(std::move(held));
}

void Raft::apply_held() {
    bool progress = true;
    while (progress) {
        progress = false;
        for (std::size_t i = 0; i < held_.size(); ++i) {
            if (held_[i].message.index > log_.last_index()) {
                continue;
            }
            Held const held = std::move(held_[i]);
            held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
            std::vector<EntryView> entries;
            for (const Entry& entry : held.entries) {
                entries.push_back(EntryView{entry.term, entry.control, entry.payload});
            }
            // Of the same leader and term, so it can only continue the log, not contradict it.
            progress = apply_append(held.message, entries);
            break;
        }
    }
}

void Raft::on_heartbeat(Time now, const Message& message) {
    CHECK(!is_leader());
    become_follower(now, message.term, message.from);
    // The leader clamps commit to what it knows we hold, so it needs no check against our log.
    if (config_.unsynced_quorum && message.commit > log_.last_index()) {
        // We held it, and lost it with power: refuse, so that the leader sends it again.
        LogIndex const hint = log_.last_index();
        reply(message, Message{.kind = MessageKind::append_reply,
                               .reject = true,
                               .index = message.commit,
                               .log_term = log_.term_at(hint),
                               .hint = hint});
        return;
    }
    CHECK(message.commit <= log_.last_index());
    commit_to(message.commit);
    reply(message, Message{.kind = MessageKind::heartbeat_reply});
}

void Raft::cut_committed(LogIndex first) {
    if (first > commit_) {
        return;
    }
    CHECK(config_.unsynced_quorum);
    commit_ = first.previous();
    probes_.reached(Probe::committed_cut);
}

void Raft::commit_to(LogIndex index) {
    if (index <= commit_) {
        return;
    }
    CHECK(index <= log_.last_index());
    commit_ = index;
    ready_.commit = index;
    probes_.reached(Probe::raft_committed);
}

// ---------------------------------------------------------------------------------------------
// Leader

void Raft::on_append_reply(Time now, const Message& message) {
    auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr) {
        return;
    }
    std::size_t const voter = *voter_of(message.from);
    Progress& progress = leader->progress[voter];
    progress.heard_since_check = true;
    if (message.reject) {
        if (config_.unsynced_quorum && message.index <= progress.match()) {
            // It cannot refuse what it holds, so it holds it no more; or this comes late, and the
            // next answer says so.
            probes_.reached(Probe::follower_forgot);
            progress.forgot(log_.last_possible_match(message.hint, message.log_term));
            maybe_send_append(now, voter, true);
            return;
        }
        // Step over whole terms: where our log can agree with the follower's hint at best.
        LogIndex const retry = log_.last_possible_match(message.hint, message.log_term);
        if (progress.rejected(message.index, retry, now, config_.tuning.heartbeat / 2)) {
            maybe_send_append(now, voter, true);
        }
        return;
    }
    CHECK(message.index <= log_.last_index());
    if (progress.accepted(message.index)) {
        maybe_commit();
    }
    maybe_send_append(now, voter, false);
}

void Raft::on_heartbeat_reply(Time now, const Message& message) {
    auto* leader = std::get_if<Leader>(&role_);
    if (leader == nullptr) {
        return;
    }
    std::size_t const voter = *voter_of(message.from);
    Progress& progress = leader->progress[voter];
    progress.heard_since_check = true;
    progress.alive(config_.tuning.max_inflight);
    if (progress.match() < log_.last_index()) {
        // Also when everything was sent: an append may have been lost, and only an answer tells.
        maybe_send_append(now, voter, true);
    }
}

void Raft::send_appends(Time now) {
    for (std::size_t voter = 0; voter < config_.voters.size(); ++voter) {
        if (config_.voters[voter] != config_.id) {
            maybe_send_append(now, voter, false);
        }
    }
}

void Raft::maybe_send_append(Time now, std::size_t voter, bool even_empty) {
    Progress& progress = std::get<Leader>(role_).progress[voter];
    while (progress.may_send(config_.tuning.max_inflight)) {
        LogIndex const first = progress.next();
        Message append{.kind = MessageKind::append,
                       .to = config_.voters[voter],
                       .index = first.previous(),
                       .log_term = log_.term_at(first.previous()),
                       .commit = commit_,
                       .first = first};
        std::uint64_t bytes = 0;
        while (first + append.count <= log_.last_index()) {
            bytes += log_.at(first + append.count).payload.size();
            if (append.count > 0 && bytes > config_.tuning.max_append_bytes) {
                break;
            }
            ++append.count;
        }
        if (append.count == 0 && !even_empty) {
            return;
        }
        even_empty = false;
        LogIndex const last = append.index + append.count;
        send(append);
        progress.sent(last, now);
        if (append.count == 0) {
            return;
        }
    }
}

void Raft::send_heartbeats(Time now) {
    auto& leader = std::get<Leader>(role_);
    leader.next_heartbeat = now + config_.tuning.heartbeat;
    for (std::size_t voter = 0; voter < config_.voters.size(); ++voter) {
        if (config_.voters[voter] == config_.id) {
            continue;
        }
        Progress& progress = leader.progress[voter];
        progress.heartbeat_sent(now);
        // Clamped: the follower may take it without looking at its log (thesis 3.7).
        send(Message{.kind = MessageKind::heartbeat,
                     .to = config_.voters[voter],
                     .commit = std::min(commit_, progress.match())});
    }
}

void Raft::check_quorum(Time now) {
    auto& leader = std::get<Leader>(role_);
    if (voters_heard_since_check() < quorum()) {
        probes_.reached(Probe::quorum_lost);
        become_follower(now, hard_state_.term, BrokerId{});
        return;
    }
    leader.quorum_check = now + config_.tuning.election_timeout;
    for (Progress& progress : leader.progress) {
        progress.heard_before = progress.heard_since_check;
        progress.heard_since_check = false;
    }
}

void Raft::maybe_commit() {
    const auto& leader = std::get<Leader>(role_);
    match_scratch_.clear();
    for (std::size_t voter = 0; voter < config_.voters.size(); ++voter) {
        bool const own = config_.voters[voter] == config_.id;
        match_scratch_.push_back(own ? stable_ : leader.progress[voter].match());
    }
    // Descending: the entry at the quorum's place is held by a quorum.
    std::sort(match_scratch_.begin(), match_scratch_.end(), std::greater<>{});
    LogIndex candidate = match_scratch_[quorum() - 1];
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
