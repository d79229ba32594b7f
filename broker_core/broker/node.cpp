// The shell: which event goes where, and what every step ends with.
#include "broker_core/broker/node.h"

#include "broker_core/base/check.h"
#include "broker_core/protocol/api_table.h"

#include <algorithm>

namespace broker {
namespace {

template <class... Handlers>
struct Overload : Handlers... {
    using Handlers::operator()...;
};
template <class... Handlers>
Overload(Handlers...) -> Overload<Handlers...>;

}  // namespace

Node::Node(NodeConfig config, Disk& disk, Network& network)
    : config_{std::move(config)},
      topics_{*config_.topics},
      network_{network},
      connections_{topics_, network, config_.tuning.broker.pipelined_max, probes_} {
    ReplicaEnv const env{config_.tuning,   disk,    probes_,     facts_,
                         config_.identity, topics_, config_.seed};
    for (const PartitionInfo& info : topics_.partitions()) {
        bool const mine =
            std::binary_search(info.hosts.begin(), info.hosts.end(), config_.identity.node);
        replicas_.push_back(mine ? std::make_unique<Replica>(info, env) : nullptr);
    }
}

Result<std::vector<wal::RecoveryReport>> Node::boot(Instant now) {
    (void)now;
    facts_.clear();
    std::vector<wal::RecoveryReport> reports;
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (!replica) {
            continue;
        }
        Result<wal::RecoveryReport> report = replica->boot();
        if (!report) {
            state_ = NodeState::failed;
            return tl::unexpected{report.error()};
        }
        reports.push_back(*report);
    }
    return reports;
}

void Node::step(Instant now, const Event& event) {
    CHECK(!over());
    facts_.clear();
    touched_.clear();
    Time const monotonic = now.monotonic;
    std::visit(Overload{
                   [&](const DatagramReceived& datagram) { on_datagram(monotonic, datagram); },
                   [&](const RequestReceived& request) { on_request(now, request); },
                   [&](const ConnectionClosed& closed) {
                       admitted_bytes_ -= connections_.forget(closed.connection);
                       forget_requests(closed.connection);
                   },
                   [&](const DeadlineReached&) { on_deadline(monotonic); },
                   [&](const StopRequested&) { on_stop(monotonic); },
                   [&](const DiskDone& done) { on_disk_done(monotonic, done); },
                   [&](const AdminRequested& request) { on_admin(monotonic, request); },
               },
               event);
    finish_step(now);
}

void Node::on_datagram(Time now, const DatagramReceived& event) {
    // A node about to exit takes nothing more, or a busy partition would never let it finish.
    if (event.bytes.size() < datagram_header_bytes || state_ == NodeState::syncing) {
        return;
    }
    ClusterId const cluster{load_le<std::uint64_t>(event.bytes.data())};
    std::uint32_t const partition = load_le<std::uint32_t>(event.bytes.data() + 8);
    if (cluster != config_.identity.cluster || partition >= replicas_.size() ||
        !replicas_[partition]) {
        return;
    }
    touch(PartitionId{partition}).on_datagram(now, event.bytes.subspan(datagram_header_bytes));
}

void Node::on_request(Instant now, const RequestReceived& event) {
    ConnectionId const connection = event.connection;
    Result<protocol::RequestFrame> const frame = protocol::decode_request_frame(event.frame);
    if (!frame) {
        drop_connection(connection);
        return;
    }
    std::int16_t const version = frame->header.api_version;
    const protocol::OfferedApi* const api = protocol::find_api(frame->header.api_key);
    if (api == nullptr) {
        drop_connection(connection);
        return;
    }
    if (api->key == protocol::ApiKey::api_versions) {
        on_api_versions(connection, *frame);
        return;
    }
    if (!protocol::offers(api->key, version)) {
        drop_connection(connection);
        return;
    }
    switch (api->key) {
        case protocol::ApiKey::produce:
            on_produce(now, connection, *frame, event.frame);
            break;
        case protocol::ApiKey::fetch:
            on_fetch(now.monotonic, connection, *frame);
            break;
        case protocol::ApiKey::list_offsets:
            on_list_offsets(now.monotonic, connection, *frame);
            break;
        case protocol::ApiKey::metadata:
            on_metadata(connection, *frame);
            break;
        case protocol::ApiKey::init_producer_id:
            on_init_producer_id(connection, *frame);
            break;
        case protocol::ApiKey::api_versions:
            break;
    }
}

void Node::on_disk_done(Time now, const DiskDone& done) {
    PartitionId const partition = partition_of(done.op);
    CHECK(partition.value() < replicas_.size());
    CHECK(replicas_[partition.value()] != nullptr);
    touch(partition).on_disk_done(now, done);
}

void Node::on_deadline(Time now) {
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (!replica || now < replica->next_deadline()) {
            continue;
        }
        touch(replica->partition());
        // A node about to exit neither votes nor leads any more; its logs still close their groups.
        if (state_ != NodeState::syncing) {
            replica->on_deadline(now);
        }
    }
}

Replica& Node::touch(PartitionId partition) {
    if (std::find(touched_.begin(), touched_.end(), partition) == touched_.end()) {
        touched_.push_back(partition);
    }
    return *replicas_[partition.value()];
}

void Node::finish_step(Instant time) {
    Time const now = time.monotonic;
    // An answer may make room for a request that waits, which touches further replicas.
    do {
        for (PartitionId const partition : touched_) {
            Replica& replica = *replicas_[partition.value()];
            if (state_ == NodeState::running) {
                replica.enforce_retention(time, topics_.topic_of(partition));
            }
            replica.finish_step(now);
            if (replica.failed()) {
                fail_stop();
                return;
            }
            deliver(replica);
        }
        touched_.clear();
        if (!waiting_.empty()) {
            serve_waiting(time);
        }
    } while (!touched_.empty());
    if (!parked_.empty()) {
        serve_parked(now);
    }
    if (state_ != NodeState::running) {
        serve_parked_reads();
        advance_shutdown(now);
    }
}

void Node::deliver(Replica& replica) {
    Replica::Output& output = replica.output();
    if (output.empty()) {
        return;
    }
    for (wal::Reply& reply : output.opened) {
        if (reply.peer != BrokerId{}) {
            network_.send(reply.peer, std::move(reply.datagram));
        } else {
            acknowledge(reply);
        }
    }
    for (const wal::ProducePart& part : output.unknown) {
        refuse(part, protocol::KafkaError::not_leader_or_follower, Fate::unknown);
    }
    for (const wal::ProducePart& part : output.timed_out) {
        probes_.reached(Probe::produce_timed_out);
        refuse(part, protocol::KafkaError::request_timed_out, Fate::unknown);
    }
    look_at_parked_ = look_at_parked_ || output.watermark_moved;
    if (!output.reads.empty()) {
        on_reads(output.reads);
        output.reads.clear();
    }
    if (!output.read.empty()) {
        on_entries_read(replica.partition(), output.read);
        output.read.clear();
    }
    output.opened.clear();
    output.unknown.clear();
    output.timed_out.clear();
    output.watermark_moved = false;
}

void Node::fail_stop() {
    // After a failed write or sync nothing is known about the disk: no answer, no vote, no
    // second try (PostgreSQL's fsync errors of 2018). Clients learn it as an unknown fate.
    state_ = NodeState::failed;
    admitted_bytes_ -= connections_.close_all();
    parked_.clear();
    waiting_.clear();
    parked_reads_.clear();
}

Time Node::next_deadline() const {
    Time deadline = std::min(shutdown_deadline_, handover_deadline_);
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (replica) {
            deadline =
                std::min(deadline, state_ == NodeState::syncing ? replica->wal().next_deadline()
                                                                : replica->next_deadline());
        }
    }
    for (const ParkedFetch& fetch : parked_) {
        deadline = fetch.waits_for_disk() ? deadline : std::min(deadline, fetch.deadline);
    }
    for (const WaitingProduce& waiting : waiting_) {
        deadline = std::min(deadline, waiting.deadline);
    }
    return deadline;
}

NodeMetrics Node::metrics() const {
    NodeMetrics metrics;
    for (const std::unique_ptr<Replica>& replica : replicas_) {
        if (!replica) {
            continue;
        }
        const wal::Wal& log = replica->wal();
        metrics.log_written_bytes += log.metrics().written_bytes;
        metrics.syncs += log.metrics().syncs;
        metrics.sync_time += log.metrics().sync_time;
        metrics.sync_time_max = std::max(metrics.sync_time_max, log.metrics().sync_time_max);
        metrics.log_queued += log.open() ? log.queued() : 0;
        metrics.uncommitted_bytes += replica->leads() ? replica->raft().uncommitted_bytes() : 0;
    }
    metrics.elections_won = probes_.count(Probe::leader_elected);
    metrics.admitted_bytes = admitted_bytes_;
    metrics.requests_unanswered = connections_.unanswered();
    metrics.requests_waiting = waiting_.size();
    metrics.fetches_parked = parked_.size();
    return metrics;
}

bool Node::serving() const {
    return std::all_of(replicas_.begin(), replicas_.end(),
                       [](const auto& replica) { return !replica || replica->serving(); });
}

void Node::drop_connection(ConnectionId connection) {
    admitted_bytes_ -= connections_.close(connection);
    forget_requests(connection);
}

void Node::forget_requests(ConnectionId connection) {
    std::erase_if(
        parked_, [connection](const ParkedFetch& fetch) { return fetch.connection == connection; });
    std::erase_if(waiting_, [connection](const WaitingProduce& waiting) {
        return waiting.connection == connection;
    });
    std::erase_if(parked_reads_,
                  [connection](const ParkedRead& read) { return read.connection == connection; });
}

Replica* Node::leading(PartitionId partition) {
    Replica* const replica = replicas_[partition.value()].get();
    return replica != nullptr && replica->leads() ? replica : nullptr;
}

}  // namespace broker
