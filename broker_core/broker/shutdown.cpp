// Graceful stop: refuse, drain, write and sync what is composed, close; within a grace period.
//
//   running      -> draining      the stop signal. New requests get NOT_LEADER_OR_FOLLOWER, parked
//                                 fetches end, the host takes no new connections.
//   draining     -> final_commit  no request is unanswered any more.
//   final_commit -> closed        the open group of every log is closed, and all that was composed,
//                                 acks=0 included, is written and synced.
//   any          -> closed        the grace period is over: an unclean exit. What is unanswered
//   ends
//                                 by closing its connection, and its fate is unknown.
// A second signal is the host's business: it is a crash.
#include "broker_core/base/check.h"
#include "broker_core/broker/node.h"

namespace broker {

void Node::on_stop(Time now) {
    if (state_ != NodeState::running) {
        return;
    }
    state_ = NodeState::draining;
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

void Node::advance_shutdown(Time now) {
    if (state_ == NodeState::draining && connections_.unanswered() == 0) {
        state_ = NodeState::final_commit;
        probes_.reached(Probe::shutdown_drained);
        for (const std::unique_ptr<Replica>& replica : replicas_) {
            if (replica && replica->serving()) {
                touch(replica->partition()).flush();
            }
        }
    }
    if (state_ == NodeState::final_commit) {
        bool idle = true;
        for (const std::unique_ptr<Replica>& replica : replicas_) {
            idle = idle && (!replica || !replica->serving() || replica->wal().idle());
        }
        if (idle) {
            probes_.reached(Probe::shutdown_synced);
            close(true);
            return;
        }
    }
    if (!over() && now >= shutdown_deadline_) {
        probes_.reached(Probe::shutdown_grace_exceeded);
        close(false);
    }
}

void Node::close(bool clean) {
    CHECK(!over());
    clean_ = clean;
    state_ = NodeState::closed;
    shutdown_deadline_ = Time::never();
    admitted_bytes_ -= connections_.close_all();
    parked_.clear();
    parked_reads_.clear();
}

}  // namespace broker
