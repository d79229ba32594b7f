// The client connections of one node: response slots, so that answers leave in request order.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/base/probes.h"
#include "broker_core/broker/topics.h"
#include "broker_core/env/network.h"
#include "broker_core/protocol/error_code.h"
#include "broker_core/wal/promise.h"

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace broker {

/// One partition of a produce request, and how it ended.
struct ProduceResult {
    PartitionId partition;
    std::string unknown_topic;  // set where the partition does not exist
    std::int32_t unknown_index = 0;
    protocol::KafkaError error = protocol::KafkaError::none;
    Offset base_offset{-1};
    bool done = false;
    std::uint64_t admitted_bytes = 0;  // to be released when it ends
};

/// A request's place in the order of responses.
struct Slot {
    std::int32_t correlation_id = 0;
    std::int16_t api_version = 0;
    std::vector<ProduceResult> produce;  // empty for every other request
    std::uint32_t produce_open = 0;      // parts not yet done
    Bytes frame;                         // the whole response, once it is known
    bool answered = false;
};

/// Exactly one response leaves per slot, in slot order, or the connection is closed.
class Connections {
public:
    /// pipelined_max: unanswered requests of one connection, from which on it is not read.
    Connections(const Topics& topics, Network& network, std::uint32_t pipelined_max, Probes& probes)
        : topics_{topics}, network_{network}, pipelined_max_{pipelined_max}, probes_{probes} {}

    /// Takes the next response slot of a connection, which comes to exist with its first one.
    std::uint64_t open_slot(ConnectionId connection, std::int32_t correlation_id,
                            std::int16_t api_version);
    /// The slot, or nullptr if its connection is gone or it was answered before. Valid until the
    /// next call that answers, closes or opens.
    Slot* find(ConnectionId connection, std::uint64_t slot);
    /// A request of this connection waits for room: meanwhile it is not read. Ignored where the
    /// connection owes nothing and nothing waits on it, as it may be gone.
    void set_waiting(ConnectionId connection, bool waiting);
    /// Gives a slot its response. Ignored if the connection is gone.
    void answer(ConnectionId connection, std::uint64_t slot, Bytes frame);
    /// Ends one part of a produce request; the response leaves with the last one. Ignored if the
    /// part ended before: the first answer counts. Returns the admitted bytes to release.
    std::uint64_t end_part(const wal::ProducePart& part, protocol::KafkaError error,
                           Offset base_offset);
    /// Closes towards the client and forgets everything owed to it. Returns admitted bytes.
    std::uint64_t close(ConnectionId connection);
    /// The client is gone. Returns admitted bytes to release.
    std::uint64_t forget(ConnectionId connection);
    std::uint64_t close_all();

    /// Requests that have not been answered.
    [[nodiscard]] std::uint64_t unanswered() const { return unanswered_; }

private:
    struct Connection {
        std::deque<Slot> slots;
        std::uint64_t first = 0;  // number of slots.front()
        bool waiting = false;     // a request of it waits for room
        bool read = true;         // as the network was told
    };

    void update_reading(ConnectionId id, Connection& connection);

    void flush(ConnectionId id, Connection& connection);
    void encode_produce(Slot& slot);

    const Topics& topics_;
    Network& network_;
    std::uint32_t pipelined_max_;
    Probes& probes_;
    std::map<ConnectionId, Connection> connections_;
    std::uint64_t unanswered_ = 0;
};

}  // namespace broker
