// The follower's log: appends and heartbeats (Raft paper, figure 2: receiver implementation).
#include "broker_core/base/check.h"
#include "broker_core/raft/raft.h"

#include <algorithm>

namespace broker::raft {

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
    // 2. Refuse if the log has no entry at prev whose term matches. What the snapshot stands for
    // is committed, so a leader's entries up to there are the same ones.
    LogIndex const before = message.index;
    bool const in_snapshot = before < log_.start();
    if (!in_snapshot && !log_.matches(before, message.log_term)) {
        return false;
    }

    // 3. and 4. Skip what is there already; cut only at a true conflict; append what is new. An
    // append that overlaps must not cut: a late one would take back what a newer one confirmed.
    LogIndex at = before.next();
    std::size_t skip = 0;
    while (skip < entries.size() && (at <= log_.start() || log_.matches(at, entries[skip].term))) {
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
            forget_configurations_from(at);
            log_.truncate(at);
            stable_ = std::min(stable_, at.previous());
            ++generation_;
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
            note_configuration(log_.last_index(), log_.at(log_.last_index()));
        }
    }

    // 5. Commit up to the last entry that this very message verified, never to the own end.
    LogIndex const verified =
        std::max(before + entries.size(), in_snapshot ? log_.start() : before);
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

void Raft::send_heartbeat(Leader::Peer& peer) {
    // Clamped to what it holds (thesis 3.7), and with the term of the last entry: a disk that went
    // back may hold entries again that were cut since.
    LogIndex const commit = std::min(commit_, peer.progress.match());
    send(peer.member, Message{.kind = MessageKind::heartbeat,
                              .log_term = commit < log_.start() ? Term{} : log_.term_at(commit),
                              .commit = commit,
                              .round = std::get<Leader>(role_).read_round});
}

void Raft::on_heartbeat(Time now, const Message& message) {
    CHECK(!is_leader());
    become_follower(now, message.term, message.from);
    // The leader clamps commit to what it knows we hold. Of what it has compacted it knows no term;
    // whoever lacks that gets a snapshot.
    bool const news = message.commit > commit_ && message.log_term != Term{};
    bool const lacks = message.commit > log_.last_index();
    if (lacks || (news && !log_.matches(message.commit, message.log_term))) {
        // We held it, and lost it: unsynced with power, or synced to a disk that lied. Refuse, so
        // that the leader sends it again.
        LogIndex const hint = log_.last_index();
        reply(message, Message{.kind = MessageKind::append_reply,
                               .reject = true,
                               .index = message.commit,
                               .log_term = log_.term_at(hint),
                               .hint = hint});
        return;
    }
    if (news) {
        commit_to(message.commit);
    }
    reply(message, Message{.kind = MessageKind::heartbeat_reply, .round = message.round});
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

}  // namespace broker::raft
