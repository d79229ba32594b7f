// ClusterBench: a few whole nodes whose disks, datagrams and time move only at a test's word.
//
// Topic "orders" has one partition, of which every broker holds a replica. Groups of
// the log close at once, so that a produce request submits its write in the same step.
#pragma once

#include "broker_core/broker/node.h"
#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/api_versions.h"
#include "broker_core/protocol/fetch.h"
#include "broker_core/protocol/init_producer_id.h"
#include "broker_core/protocol/list_offsets.h"
#include "broker_core/protocol/metadata.h"
#include "broker_core/protocol/produce.h"
#include "tests/support/scripted_disk.h"

#include <catch2/catch.hpp>

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace broker::test {

inline Tuning immediate_groups() {
    Tuning tuning;
    tuning.wal.group_window = Duration{};
    return tuning;
}

/// A batch of `count` records; of producer `pid` from sequence `first` on, if pid >= 0.
Bytes batch_of(std::int32_t count, std::int64_t pid = -1, std::int32_t first = -1);

struct Sent {
    ConnectionId connection;
    Bytes frame;  // empty: the connection was closed
};

class RecordingNetwork final : public Network {
public:
    void send(BrokerId to, Bytes datagram) override {
        datagrams.emplace_back(to, std::move(datagram));
    }
    void respond(ConnectionId connection, Bytes frame) override {
        sent.push_back(Sent{connection, std::move(frame)});
    }
    void close(ConnectionId connection) override { sent.push_back(Sent{connection, {}}); }
    void read(ConnectionId connection, Reading reading) override {
        not_read.erase(connection);
        if (reading == Reading::no) {
            not_read.insert(connection);
        }
    }

    std::deque<std::pair<BrokerId, Bytes>> datagrams;
    std::set<ConnectionId> not_read;
    std::deque<Sent> sent;  // responses and closes, in the order in which they left
};

class ClusterBench {
public:
    using Kind = ScriptedDisk::Kind;

    explicit ClusterBench(std::uint32_t brokers, Tuning const& tuning = immediate_groups());

    [[nodiscard]] Node& node(std::uint32_t number = 1) { return *machine(number).node; }
    [[nodiscard]] ScriptedDisk& disk(std::uint32_t number = 1) { return machine(number).disk; }
    [[nodiscard]] Replica const& replica(std::uint32_t number = 1) {
        return *node(number).replica(PartitionId{0});
    }
    [[nodiscard]] std::uint64_t probe(Probe which, std::uint32_t number = 1) {
        return node(number).probes().count(which);
    }

    void step(std::uint32_t number, Event const& event);
    /// Completes disk operations and delivers datagrams until nothing is on its way.
    void settle();
    /// Datagrams from and to this node are lost from now on; 0: no node.
    void cut(std::uint32_t number) { cut_ = number; }
    /// Completes the earliest pending operation of this kind.
    void complete(std::uint32_t number, Kind kind, DiskOutcome outcome = DiskOutcome::ok);
    void complete_disk(std::uint32_t number);
    /// Whether the node takes requests from the connection.
    [[nodiscard]] bool reads(std::uint64_t connection, std::uint32_t number = 1) {
        return !machine(number).network.not_read.contains(ConnectionId{connection});
    }
    /// Datagrams of this node that are on their way.
    [[nodiscard]] std::size_t datagrams(std::uint32_t number) {
        return machine(number).network.datagrams.size();
    }
    /// Delivers the datagrams that are on their way from this node.
    void deliver_from(std::uint32_t number);
    /// Time passes; nodes are told of their deadlines as they come. Nothing else moves.
    void advance(Duration duration);
    /// Time moves to the node's own deadline, and only this node is told.
    void tick(std::uint32_t number);
    /// The node's election timeout comes first; everything settles, and it leads all it can.
    void elect(std::uint32_t number);
    void boot(std::uint32_t number);
    /// The process dies; what completed on its disk stays.
    void kill(std::uint32_t number);

    template <class Request>
    void request(std::uint32_t number, std::uint64_t connection, Request const& request,
                 std::int16_t version, std::int32_t correlation = 0) {
        Bytes frame;
        protocol::append_request(frame, protocol::RequestInfo{version, correlation, {}}, request);
        ByteSpan const payload = ByteSpan{frame}.subspan(protocol::frame_length_size_bytes);
        step(number, RequestReceived{ConnectionId{connection}, payload});
    }
    /// Produces to partition 0 of a topic on connection 1 of node 1.
    void produce(Bytes const& batch, std::int16_t acks = -1, std::int32_t correlation = 0,
                 std::string_view topic = "orders", std::int32_t index = 0,
                 std::int32_t timeout_ms = 30'000);
    void fetch(Offset from, std::int32_t max_wait_ms = 0, std::int32_t correlation = 0,
               std::int32_t epoch = -1, std::int32_t max_bytes = 1 << 20);

    /// The oldest answer of this node that nobody looked at; there must be one.
    Sent take(std::uint32_t number = 1);
    [[nodiscard]] std::size_t answers(std::uint32_t number = 1) {
        return machine(number).network.sent.size();
    }
    struct Answer {
        std::int32_t correlation = 0;
        protocol::KafkaError error = protocol::KafkaError::none;
        std::int64_t offset = -1;
    };
    Answer take_produced(std::uint32_t number = 1);
    struct Fetched {
        std::int32_t correlation = 0;
        protocol::KafkaError error = protocol::KafkaError::none;
        std::int64_t watermark = -1;
        std::vector<std::int64_t> offsets;  // of the records of data batches
    };
    Fetched take_fetched(std::uint32_t number = 1);

    [[nodiscard]] Time now() const { return now_; }

private:
    struct Machine {
        ScriptedDisk disk;
        RecordingNetwork network;
        std::unique_ptr<Node> node;
    };

    Machine& machine(std::uint32_t number) { return *machines_[number - 1]; }
    bool deliver_one(std::uint32_t from);

    Topics topics_;
    Tuning tuning_;
    std::vector<std::unique_ptr<Machine>> machines_;
    std::uint32_t cut_ = 0;
    Time now_{1'000'000'000};
};

}  // namespace broker::test
