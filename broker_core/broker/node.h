// The node: events in, effects out, one order. The whole broker of one machine as one object.
//
// step(now, event) runs to completion and submits effects through Disk and Network; completions
// come back as events. There are no threads, callbacks, sleeps or clocks in here, so the same
// object serves under the simulator and on a real machine. A host makes a node, boots it, feeds
// it events, wakes it at next_deadline(), and destroys it: a crash is a destructor.
#pragma once

#include "broker_core/base/probes.h"
#include "broker_core/base/tuning.h"
#include "broker_core/broker/connections.h"
#include "broker_core/broker/fact.h"
#include "broker_core/broker/metrics.h"
#include "broker_core/broker/replica.h"
#include "broker_core/broker/topics.h"
#include "broker_core/env/disk.h"
#include "broker_core/env/event.h"
#include "broker_core/env/instant.h"
#include "broker_core/env/network.h"
#include "broker_core/protocol/fetch.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/list_offsets.h"
#include "broker_core/protocol/produce.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

namespace broker {

struct NodeConfig {
    wal::DiskIdentity identity;
    const Topics* topics = nullptr;  // outlives the node
    Tuning tuning;
    std::uint64_t seed = 0;  // of every random choice of this incarnation
};

/// Graceful stop, in order; what each state does: shutdown.cpp.
enum class NodeState : std::uint8_t {
    running,
    stopping,      // refuses new requests
    draining,      // answers admitted ones
    final_commit,  // every composed frame is written and synced
    handover,      // offers what it leads to others
    syncing,       // takes nothing more; syncs the rest and marks the stop as clean
    closed,        // stopped by itself; clean() says how
    failed,        // the disk reported an error: stopped at once (fail-stop)
};

class Node {
public:
    /// The references must outlive the node.
    Node(NodeConfig config, Disk& disk, Network& network);

    /// Reads the disk and begins to serve each partition once what was read is durable again.
    /// Returns what each partition's recovery found. Errors: damaged, foreign, io_error: the
    /// incarnation is over before it served anything.
    Result<std::vector<wal::RecoveryReport>> boot(Instant now);

    void step(Instant now, const Event& event);
    /// When to send DeadlineReached; Time::never() if nothing is due.
    [[nodiscard]] Time next_deadline() const;

    /// What the last step changed.
    [[nodiscard]] const std::vector<Fact>& facts() const { return facts_; }
    [[nodiscard]] const Probes& probes() const { return probes_; }
    [[nodiscard]] NodeState state() const { return state_; }
    /// Whether new client connections are taken.
    [[nodiscard]] bool accepting() const { return state_ == NodeState::running; }
    [[nodiscard]] bool over() const {
        return state_ == NodeState::closed || state_ == NodeState::failed;
    }
    /// After closed: whether everything was answered and synced within the grace period.
    [[nodiscard]] bool clean() const { return clean_; }
    [[nodiscard]] bool serving() const;
    /// nullptr if this broker holds no replica of the partition.
    [[nodiscard]] const Replica* replica(PartitionId partition) const {
        return replicas_[partition.value()].get();
    }
    [[nodiscard]] std::uint64_t admitted_bytes() const { return admitted_bytes_; }
    [[nodiscard]] NodeMetrics metrics() const;

private:
    /// Entries that a fetch has asked the files for, one reading for each place it names.
    struct FetchRead {
        PartitionId partition;
        LogIndex first;
        std::uint64_t number = 0;  // of Replica::read()
        bool done = false;
        std::vector<wal::RecoveredEntry> entries;
    };
    /// A fetch that waits for records: for new ones until its deadline, or for the disk.
    struct ParkedFetch {
        ConnectionId connection;
        std::uint64_t slot = 0;
        Bytes request;  // the body, decoded again when it is looked at
        std::int16_t version = 0;
        Time deadline;
        std::vector<FetchRead> reads;

        [[nodiscard]] bool waits_for_disk() const {
            return std::any_of(reads.begin(), reads.end(),
                               [](const FetchRead& read) { return !read.done; });
        }
    };

    /// A produce request that found a limit reached; its connection is not read meanwhile.
    struct WaitingProduce {
        ConnectionId connection;
        Bytes frame;
        Time deadline;
    };
    /// A ListOffsets that waits until its leaders have proved that they lead.
    struct ParkedRead {
        ConnectionId connection;
        std::uint64_t slot = 0;
        Bytes request;  // the body, decoded again when it is served
        std::int16_t version = 0;
        std::vector<std::uint64_t> waits_for;  // numbers of confirmations
        bool lost = false;                     // one of them will never come
    };

    void on_datagram(Time now, const DatagramReceived& event);
    void on_request(Instant now, const RequestReceived& event);
    void on_disk_done(Time now, const DiskDone& done);
    void on_deadline(Time now);
    void finish_step(Instant now);
    void deliver(Replica& replica);
    /// The replica took part in this step, so it has to be finished at its end.
    Replica& touch(PartitionId partition);
    void fail_stop();

    // produce.cpp
    void on_produce(Instant now, ConnectionId connection, const protocol::RequestFrame& request,
                    ByteSpan frame);
    /// refusal: of every part, where it is no longer to be tried.
    void produce_request(Instant now, ConnectionId connection,
                         const protocol::RequestFrame& request, protocol::KafkaError refusal);
    protocol::KafkaError produce_part(Instant now, PartitionId partition, ByteSpan records,
                                      Replica::Acks acks, const wal::ProducePart& part,
                                      Time deadline);
    void acknowledge(const wal::Reply& reply);
    void tell_fate(const wal::ProducePart& part, Fate fate);
    void refuse(const wal::ProducePart& part, protocol::KafkaError error, Fate fate);
    // admission.cpp
    enum class Shortage : std::uint8_t { admission, uncommitted, log_queue };
    [[nodiscard]] std::optional<Shortage> shortage(const protocol::ProduceRequest& produce) const;
    void wait_for_room(Time now, ConnectionId connection, const protocol::ProduceRequest& produce,
                       ByteSpan frame, Shortage shortage);
    /// How long the client of a request waits for its answer.
    [[nodiscard]] Duration patience_of(const protocol::ProduceRequest& produce) const;
    void serve_waiting(Instant now);
    // fetch.cpp
    void on_fetch(Time now, ConnectionId connection, const protocol::RequestFrame& request);
    bool serve_fetch(ParkedFetch& fetch, const protocol::FetchRequest& request, bool last);
    void serve_parked(Time now);
    void on_entries_read(PartitionId partition, std::vector<wal::EntriesRead>& finished);
    void append_entry(const Replica& replica, LogIndex index, Term term, bool control,
                      ByteSpan payload);
    void append_batches(const Replica& replica, Offset from, std::uint32_t max_bytes);
    bool append_from_disk(ParkedFetch& fetch, Replica& replica, Offset from,
                          std::uint32_t max_bytes);
    // admin.cpp
    void on_api_versions(ConnectionId connection, const protocol::RequestFrame& request);
    void on_metadata(ConnectionId connection, const protocol::RequestFrame& request);
    void on_init_producer_id(ConnectionId connection, const protocol::RequestFrame& request);
    // reads.cpp
    void on_list_offsets(Time now, ConnectionId connection, const protocol::RequestFrame& request);
    void serve_list_offsets(const ParkedRead& read, const protocol::ListOffsetsRequest& list);
    void on_reads(const std::vector<raft::ReadReady>& reads);
    void serve_parked_reads();
    // administration.cpp
    void on_admin(Time now, const AdminRequested& request);
    // shutdown.cpp
    void on_stop(Time now);
    void advance_shutdown(Time now);
    void begin_final_commit();
    [[nodiscard]] bool finally_committed() const;
    void begin_handover(Time now);
    [[nodiscard]] bool handed_over() const;
    void begin_syncing();
    bool marked();
    void close(bool clean);

    template <class Response>
    void answer(ConnectionId connection, const protocol::RequestHeader& header,
                const Response& response);
    void drop_connection(ConnectionId connection);
    void forget_requests(ConnectionId connection);
    [[nodiscard]] Replica* leading(PartitionId partition);

    NodeConfig config_;
    const Topics& topics_;
    Network& network_;
    Probes probes_;
    std::vector<Fact> facts_;
    std::vector<std::unique_ptr<Replica>> replicas_;  // by partition id
    std::vector<PartitionId> touched_;                // by this step, each once
    Connections connections_;
    std::vector<ParkedFetch> parked_;
    std::vector<WaitingProduce> waiting_;  // in the order in which they came
    std::vector<ParkedRead> parked_reads_;
    std::uint64_t reads_ = 0;  // confirmations asked for
    bool look_at_parked_ = false;
    Bytes batches_;  // scratch: records of one fetch response
    std::uint64_t admitted_bytes_ = 0;
    std::uint32_t producer_ids_ = 0;

    NodeState state_ = NodeState::running;
    Time shutdown_deadline_ = Time::never();
    Time handover_deadline_ = Time::never();
    std::vector<PartitionId> offered_;  // partitions that somebody is about to take over
    bool clean_ = false;
};

template <class Response>
void Node::answer(ConnectionId connection, const protocol::RequestHeader& header,
                  const Response& response) {
    std::uint64_t const slot =
        connections_.open_slot(connection, header.correlation_id, header.api_version);
    Bytes frame;
    protocol::append_response(frame, header.correlation_id, response, header.api_version);
    connections_.answer(connection, slot, std::move(frame));
}

}  // namespace broker
