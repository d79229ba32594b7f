// Graceful stop: refuse, drain, write and sync what is composed, hand over, mark, close; within a
// grace period.
//
//   running      -> stopping      the stop signal. New requests get NOT_LEADER_OR_FOLLOWER, those
//                                 that wait for room too, parked fetches end, the host takes no
//                                 new connections.
//   stopping     -> draining      at once: admitted requests run to their answer.
//   draining     -> final_commit  no request is unanswered any more. The last group of every log
//                                 is closed; every frame composed so far, acks=0 included, is
//                                 written and synced.
//   final_commit -> handover      that sync completed. Each partition this node leads is offered
//                                 to an up-to-date peer.
//   handover     -> syncing       all that somebody took are led elsewhere, or an election timeout
//                                 passed. From here on nothing comes in.
//   syncing      -> closed        what came meanwhile, hard state and directories are synced; then
//                                 the clean-shutdown mark of each partition is written and synced.
//   any          -> closed        the grace period is over: an unclean exit, without a mark. What
//                                 is unanswered ends by closing its connection, with unknown fate.
// A second signal is the host's business: it is a crash.
#include "broker_core/base/check.h"
#include "broker_core/broker/node.h"

#include <algorithm>

namespace broker {

void Node::on_stop(Time now) {
    if (state_ != NodeState::running) {
        return;
    }
    state_ = NodeState::stopping;
    shutdown_deadline_ = now + config_.tuning.broker.shutdown_grace;
    probes_.reached(Probe::shutdown_started);
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (!replica) {
            continue;
        }
        if (replica->wal().has_open_group()) {
            probes_.reached(Probe::shutdown_with_open_group);
        }
        if (replica->has_waiters()) {
            probes_.reached(Probe::shutdown_with_waiters);
        }
    }
}

/// Each state that is over makes way for the next, all within one step where nothing has to wait.
void Node::advance_shutdown(Time now) {
    if (state_ == NodeState::stopping) {
        state_ = NodeState::draining;
        probes_.reached(Probe::shutdown_draining);
    }
    if (state_ == NodeState::draining && connections_.unanswered() == 0) {
        begin_final_commit();
    }
    if (state_ == NodeState::final_commit && finally_committed()) {
        begin_handover(now);
    }
    if (state_ == NodeState::handover && (now >= handover_deadline_ || handed_over())) {
        begin_syncing();
    }
    if (state_ == NodeState::syncing && marked()) {
        probes_.reached(Probe::shutdown_synced);
        close(true);
        return;
    }
    if (!over() && now >= shutdown_deadline_) {
        probes_.reached(Probe::shutdown_grace_exceeded);
        close(false);
    }
}

void Node::begin_final_commit() {
    state_ = NodeState::final_commit;
    probes_.reached(Probe::shutdown_drained);
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (replica && replica->serving()) {
            touch(replica->partition()).begin_final_commit();
        }
    }
}

bool Node::finally_committed() const {
    return std::all_of(replicas_.begin(), replicas_.end(), [](const auto& replica) {
        return !replica || !replica->serving() || replica->finally_committed();
    });
}

void Node::begin_handover(Time now) {
    state_ = NodeState::handover;
    probes_.reached(Probe::shutdown_committed);
    // A transfer that takes longer is given up (Raft thesis 3.10).
    handover_deadline_ = now + config_.tuning.raft.transfer_timeout;
    offered_.clear();
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (replica && replica->leads() && touch(replica->partition()).offer_leadership(now)) {
            offered_.push_back(replica->partition());
        }
    }
}

bool Node::handed_over() const {
    return std::none_of(offered_.begin(), offered_.end(), [this](PartitionId partition) {
        return replicas_[partition.value()]->leads();
    });
}

void Node::begin_syncing() {
    state_ = NodeState::syncing;
    handover_deadline_ = Time::never();
    probes_.reached(handed_over() ? Probe::shutdown_handed_over : Probe::shutdown_handover_gave_up);
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (replica && replica->serving()) {
            touch(replica->partition()).flush();
        }
    }
}

/// Writes the marks once everything else is durable; whether they are durable too. A replica that
/// never served holds nothing that its boot did not find, and its old mark or none stands.
bool Node::marked() {
    bool all = true;
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (replica && replica->serving()) {
            all = touch(replica->partition()).mark_clean() && all;
        }
    }
    return all;
}

void Node::close(bool clean) {
    CHECK(!over());
    clean_ = clean;
    state_ = NodeState::closed;
    shutdown_deadline_ = Time::never();
    admitted_bytes_ -= connections_.close_all();
    parked_.clear();
    waiting_.clear();
    parked_reads_.clear();
}

}  // namespace broker
