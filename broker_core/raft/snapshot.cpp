// Snapshots: the log's prefix gives way to one, and a follower that needs that prefix is sent it
// (Raft paper, section 7; thesis 5).
//
// A snapshot goes over in chunks, one at a time, each bound to the leader's term and to the last
// entry the snapshot stands for; the follower says which byte it wants next, so that a lost or
// doubled chunk costs nothing but time. Only a whole snapshot with a valid checksum is looked at.
#include "broker_core/base/check.h"
#include "broker_core/raft/raft.h"

#include <algorithm>

namespace broker::raft {

// ---------------------------------------------------------------------------------------------
// Compaction

Snapshot Raft::snapshot_at(LogIndex index, Bytes state) const {
    CHECK(index >= log_.start());
    CHECK(index <= commit_);
    return Snapshot{index, log_.term_at(index), configuration_at(index), std::move(state)};
}

void Raft::compact(Snapshot snapshot) {
    CHECK(snapshot.index <= commit_);
    if (snapshot.index <= log_.start()) {
        return;
    }
    forget_configurations_before(snapshot.index);
    log_.compact(std::move(snapshot));
    probes_.reached(Probe::log_compacted);
}

// ---------------------------------------------------------------------------------------------
// Leader

void Raft::send_chunk(Leader::Peer& peer) {
    Progress& progress = peer.progress;
    if (progress.installs() != log_.start()) {
        progress.install(log_.start());  // the one it was sent is gone; a newer one takes its place
    }
    if (!progress.may_send_chunk()) {
        return;
    }
    std::uint64_t const total = log_.snapshot_bytes().size();
    std::uint64_t const offset = std::min<std::uint64_t>(progress.chunk_offset(), total);
    std::uint64_t const count = std::min(total - offset, config_.tuning.snapshot_chunk);
    send(peer.member, Message{.kind = MessageKind::snapshot,
                              .index = log_.start(),
                              .log_term = log_.snapshot().term,
                              .offset = offset,
                              .total = total,
                              .count = static_cast<std::uint32_t>(count)});
    progress.chunk_sent();
    probes_.reached(Probe::snapshot_chunk_sent);
}

void Raft::on_snapshot_reply(const Message& message) {
    Leader::Peer* const peer = peer_of(message);
    if (peer == nullptr) {
        return;
    }
    peer->progress.heard_since_check = true;
    if (!peer->progress.installing() || message.index != peer->progress.installs()) {
        return;  // of a snapshot that was given up
    }
    peer->progress.chunk_wanted(message.offset);
    send_chunk(*peer);
}

// ---------------------------------------------------------------------------------------------
// Follower

void Raft::on_snapshot(Time now, const Received& received) {
    const Message& message = received.message;
    CHECK(!is_leader());
    become_follower(now, message.term, message.from);
    if (message.index <= commit_ || log_.matches(message.index, message.log_term)) {
        // The log holds what it stands for, committed as it is: as good as installed, and nothing
        // behind it may be lost (Raft paper, figure 13, step 6).
        incoming_.reset();
        commit_to(message.index);
        reply(message, Message{.kind = MessageKind::append_reply, .index = message.index},
              message.index);
        return;
    }
    bool const continues =
        incoming_ && incoming_->term == message.term && incoming_->index == message.index &&
        incoming_->log_term == message.log_term && incoming_->total == message.total;
    if (!continues) {
        incoming_ = Incoming{message.term, message.index, message.log_term, message.total, {}};
    }
    if (message.offset == incoming_->bytes.size()) {
        append(incoming_->bytes, received.chunk);
    } else {
        probes_.reached(Probe::snapshot_chunk_refused);
    }
    if (incoming_->bytes.size() < incoming_->total) {
        reply(message, Message{.kind = MessageKind::snapshot_reply,
                               .index = message.index,
                               .offset = incoming_->bytes.size()});
        return;
    }
    Result<Snapshot> snapshot = decode_snapshot(incoming_->bytes);
    bool const names_itself =
        snapshot && snapshot->index == message.index && snapshot->term == message.log_term;
    incoming_.reset();
    if (!names_itself) {
        probes_.reached(Probe::snapshot_corrupt);
        reply(message, Message{.kind = MessageKind::snapshot_reply, .index = message.index});
        return;
    }
    install(message, std::move(*snapshot));
}

void Raft::install(const Message& message, Snapshot snapshot) {
    LogIndex const index = snapshot.index;
    CHECK(!ready_.append_from);
    CHECK(!ready_.truncate_from);
    CHECK(!log_.matches(index, snapshot.term));
    forced_.reset();
    // The log contradicts it or ends before it: nothing of it can be kept.
    configurations_.clear();
    configurations_.push_back(InForce{index, snapshot.configuration});
    log_.reset(std::move(snapshot));
    stable_ = LogIndex{};
    ++generation_;
    held_.clear();
    ready_.install = true;
    commit_to(index);
    probes_.reached(Probe::snapshot_installed);
    reply(message, Message{.kind = MessageKind::append_reply, .index = index}, index);
}

}  // namespace broker::raft
