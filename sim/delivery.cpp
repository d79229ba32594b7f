// How events reach a host: what a pause, a busy processor or a stalled disk holds back, and in
// which order it comes then.
#include "sim/observer.h"
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

void World::count_activity(const Work& work) {
    if (work.kind == WorkKind::datagram || work.kind == WorkKind::disk_done) {
        Host& host = hosts_[work.target];
        bool const current =
            work.kind == WorkKind::datagram || work.incarnation == host.incarnation;
        if (host.up() && current) {
            ++host.activity.events;
        }
    }
}

bool World::stalled(Host& host) {
    ++host.activity.disk_met;
    host.stalls.credit(scheduler_.now(),
                       [this](std::uint32_t element) { faults_->mark_effective(element); });
    return host.stalls.at(scheduler_.now());
}

bool World::deferred(Host& host, const Work& work) {
    if (!host.pauses.any()) {
        return waits_for_cpu(host, work);
    }
    host.pauses.credit(scheduler_.now(),
                       [this](std::uint32_t element) { faults_->mark_effective(element); });
    host.deferred.push_back(work);
    return true;
}

bool World::waits_for_cpu(Host& host, const Work& work) {
    std::optional<Strengths::Strength> const slow = host.slowness.cpu.strongest();
    bool const close =
        slow && host.slow_step_at && scheduler_.now() < *host.slow_step_at + Duration{slow->value};
    host.activity.close_events += close ? 1U : 0U;
    bool const waits = scheduler_.now() < host.busy_until || !host.backlog.empty();
    if (host.from_backlog || !waits) {
        return false;
    }
    if (slow) {
        faults_->mark_effective(slow->element);
    }
    host.backlog.push_back(work);
    if (!host.backlog_scheduled) {
        host.backlog_scheduled = true;
        scheduler_.push(host.busy_until, Work{WorkKind::backlog, host.number - 1, 0, 0});
    }
    return true;
}

void World::on_backlog(Host& host) {
    host.backlog_scheduled = false;
    if (host.pauses.any()) {
        // It stood in line already when the machine stopped: before what came later.
        host.deferred.insert(host.deferred.begin(), host.backlog.begin(), host.backlog.end());
        host.backlog.clear();
        return;
    }
    if (host.backlog.empty()) {
        return;
    }
    Work const work = host.backlog.front();
    host.backlog.pop_front();
    host.from_backlog = true;
    handle(work);
    host.from_backlog = false;
    if (!host.backlog.empty() && !host.backlog_scheduled) {
        host.backlog_scheduled = true;
        scheduler_.push(std::max(host.busy_until, scheduler_.now()),
                        Work{WorkKind::backlog, host.number - 1, 0, 0});
    }
}

void World::on_node_timer(const Work& work) {
    Host& host = hosts_[work.target];
    // One timer stands per host; those it overtook are ignored, or they would multiply.
    if (!host.up() || host.incarnation != work.incarnation || scheduler_.now() < host.armed ||
        deferred(host, work)) {
        return;
    }
    bool const late = host.armed > host.due;
    host.armed = Time::never();
    host.armed_for = Time::never();
    // The deadline may have moved on since this was scheduled.
    if (host.clock.when(host.node->next_deadline()) > scheduler_.now()) {
        arm_timer(host);
        return;
    }
    ++host.activity.timers;
    if (late) {
        std::optional<Strengths::Strength> const strongest = host.slowness.timers.strongest();
        if (strongest) {
            faults_->mark_effective(strongest->element);
        }
    }
    step(host, broker::DeadlineReached{});
}

void World::resume(Host& host) {
    host.pauses.clear();
    std::deque<Work> waiting;
    if (!host.up()) {
        waiting.swap(host.backlog);  // no step is under way any more
    }
    for (const Work& work : waiting) {
        handle(work);
    }
    // All at once and in the order in which they came; if the host went down meanwhile, each of
    // them finds that out by itself.
    std::vector<Work> works;
    works.swap(host.deferred);
    for (const Work& work : works) {
        handle(work);
    }
}

void World::on_disk_done(const Work& work) {
    Host& host = hosts_[work.target];
    if (host.incarnation != work.incarnation || !host.up()) {
        return;  // of a life that is over; a crash settled what became of it
    }
    if (deferred(host, work)) {
        return;
    }
    if (stalled(host)) {  // also what was under way when the stall began
        if (host.stalls.until() == Time::never()) {
            host.held_ops.push_back(work.payload);
        } else {
            scheduler_.push(host.stalls.until(), work);
        }
        return;
    }
    std::uint32_t const syncs = host.disk->syncs_in_flight();
    broker::DiskDone const done = host.disk->complete(work.payload);
    if (done.outcome != broker::DiskOutcome::ok) {
        if (host.disk->syncs_in_flight() < syncs) {
            tell("wal_sync_failed", work.target);
        }
        trace_.line([&] {
            return fmt::format(
                "n{}/{} disk: {}", host.number, host.incarnation,
                done.outcome == broker::DiskOutcome::no_space ? "no space" : "error");
        });
    }
    bool const was_struck = done.outcome != broker::DiskOutcome::ok || done.missing > 0;
    if (was_struck || !done.content.empty()) {  // a read may be wrong, or short, without an error
        credit_disk_errors(host);
    }
    if (host.disk->take_rolled_back()) {
        record_taken(host);  // what counted as stored without a sync
    }
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_disk(host.number, host.incarnation);
    }
    trace_.fold(done.op.value());
    if (checks_.invariants) {
        raft_invariants_.on_disk(host.number, broker::partition_of(done.op));
    }
    step(host, done);
}

void World::on_datagram(const Work& work) {
    Host& host = hosts_[work.target];
    if (host.up() && deferred(host, work)) {
        return;
    }
    DatagramInFlight const datagram = network_.take(work.payload);
    if (!host.up() || datagram.evicted) {
        ++network_.datagrams_lost;
        return;
    }
    step(host, broker::DatagramReceived{broker::BrokerId{datagram.from + 1}, datagram.bytes});
}

bool World::stands(const Connection& connection, const Host& host) {
    return host.up() && host.incarnation == connection.incarnation &&
           !connection.closed_by_broker && !connection.dead;
}

void World::on_request(const Work& work) {
    Connection& connection = network_.connection(work.target);
    Host& host = hosts_[connection.broker];
    bool const alive = stands(connection, host);
    if (alive && deferred(host, work)) {
        return;
    }
    if (alive && (!connection.read || !connection.unread.empty())) {
        connection.unread.push_back(work.payload);
        return;
    }
    FrameInFlight const frame = network_.take_frame(work.payload);
    if (!alive) {
        if (host.up() && host.incarnation != connection.incarnation && !connection.dead) {
            network_.close_by_broker(work.target);  // a new process knows no such connection
        }
        return;
    }
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_request_received(host.number, host.incarnation, work.target,
                                               ByteSpan{frame.bytes}.subspan(frame_prefix_bytes));
    }
    note_arrival(connection, host, frame);
    step(host, broker::RequestReceived{broker::ConnectionId{std::uint64_t{work.target} + 1},
                                       ByteSpan{frame.bytes}.subspan(frame_prefix_bytes)});
}

void World::note_arrival(Connection& connection, const Host& host, const FrameInFlight& request) {
    if (!request.owed || connection.arrived >= connection.expected.size()) {
        return;
    }
    RequestTag& tag = connection.expected[connection.arrived];
    ++connection.arrived;
    const broker::Replica* const replica = host.node->replica(PartitionId{tag.partition});
    if (replica != nullptr && replica->serving()) {
        tag.arrival_epoch = static_cast<std::int64_t>(replica->raft().term().value());
    }
}

void World::schedule_unread(std::uint32_t id) {
    Connection& connection = network_.connection(id);
    bool const waits = !connection.unread.empty() || connection.close_unread;
    if (connection.read && waits && !connection.unread_scheduled) {
        connection.unread_scheduled = true;
        scheduler_.push_in_order(scheduler_.now(),
                                 Work{WorkKind::unread, id, connection.incarnation, 0});
    }
}

void World::on_unread(const Work& work) {
    Connection& connection = network_.connection(work.target);
    Host& host = hosts_[connection.broker];
    bool const alive = stands(connection, host);
    if (alive && deferred(host, work)) {
        return;
    }
    connection.unread_scheduled = false;
    if (!alive || !connection.read) {
        return;
    }
    broker::ConnectionId const id{std::uint64_t{work.target} + 1};
    if (connection.unread.empty()) {
        connection.close_unread = false;
        step(host, broker::ConnectionClosed{id});
        return;
    }
    FrameInFlight const frame = network_.take_frame(connection.unread.front());
    connection.unread.pop_front();
    note_arrival(connection, host, frame);
    step(host, broker::RequestReceived{id, ByteSpan{frame.bytes}.subspan(frame_prefix_bytes)});
    schedule_unread(work.target);
}

void World::on_response(const Work& work) {
    FrameInFlight const frame = network_.take_frame(work.payload);
    const Connection& connection = network_.connection(work.target);
    if (connection.dead || connection.answers_lost || connection.closed_by_client) {
        tell("response_lost", connection.broker);
        return;
    }
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_answer_received(work.target,
                                              ByteSpan{frame.bytes}.subspan(frame_prefix_bytes));
    }
    clients_[connection.client]->on_response(
        work.target, ByteSpan{frame.bytes}.subspan(frame_prefix_bytes), frame.leader_epoch);
    // A leader that has not noticed that its history is over goes on answering for it: what this
    // client just learned may be lost as well.
    PartitionId const partition{frame.partition};
    if (frame.arrival_epoch >= 0 &&
        frame.arrival_epoch < static_cast<std::int64_t>(logs_.lineage(partition).value())) {
        record_loss(partition);
    }
}

}  // namespace brokersim
