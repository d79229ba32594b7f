// The simulated network: datagrams between brokers, ordered connections to clients, and cuts.
//
// Members are the brokers (0 .. brokers-1) and then the clients. Between brokers every datagram
// takes its own drawn time, so datagrams overtake each other by nature; faults add loss, copies,
// delay. A connection is first in, first out, and loses nothing until it breaks; then neither side
// knows what the other one received. What is sent into a cut kills the connection silently, as a
// dead link does: the client finds out by its own timeout.
#pragma once

#include "broker_core/base/ids.h"
#include "faults/fault.h"
#include "scenarios/value.h"
#include "sim/scheduler.h"

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace brokersim {

using broker::Bytes;
using broker::ByteSpan;

enum class RequestKind : std::uint8_t {
    api_versions,
    metadata,
    init_producer_id,
    list_offsets,
    produce,
    fetch
};

/// What the world remembers of a request on its way, to check the answer against.
struct RequestTag {
    RequestKind kind = RequestKind::metadata;
    std::int32_t correlation_id = 0;
    std::int16_t version = 0;
    std::uint32_t partition = 0;
    std::int16_t acks = 0;          // produce
    std::uint32_t batch_crc = 0;    // produce: over the records, which the broker may not touch
    std::uint64_t attempt = 0;      // as broker::attempt_number(); of one that is to be answered
    std::int64_t fetch_offset = 0;  // fetch
    bool earliest = false;          // list_offsets: asked for the start, not for the end
    // fetch, list_offsets: the largest watermark shown to anybody when the request was made, the
    // end of what was acknowledged to anybody (acks=all), and the leader epochs they were shown
    // and acknowledged under. The answer may not fall behind them.
    std::int64_t watermark_floor = -1;
    std::int64_t floor_epoch = -1;
    std::int64_t acked_floor = -1;
    std::int64_t acked_epoch = -1;
    // The broker's term of the partition when the request reached it; -1: it has not, or holds
    // none. The answer may be made under any term from there to that of its departure.
    std::int64_t arrival_epoch = -1;
};

struct Connection {
    std::uint32_t client = 0;
    std::uint32_t broker = 0;       // 0-based
    std::uint32_t incarnation = 0;  // of the broker, once connected
    bool connected = false;         // at the broker
    bool dead = false;              // data vanishes; nobody was told
    bool answers_lost = false;      // requests still arrive, responses do not
    bool closed_by_client = false;
    bool closed_by_broker = false;
    Time last_to_broker;  // deliveries keep their order
    Time last_to_client;
    std::deque<RequestTag> expected;   // responses owed, in order
    std::size_t arrived = 0;           // of their requests, at the broker
    std::uint64_t asked = 0;           // requests so far that are to be answered
    bool read = true;                  // the broker takes requests from it
    std::deque<std::uint32_t> unread;  // slots of frames that arrived meanwhile, in order
    bool unread_scheduled = false;     // one of them is about to be taken
    bool close_unread = false;         // the client's close arrived behind them
};

/// A frame on a connection. leader_epoch: of a response, the term of the broker that answered when
/// the answer left; arrival_epoch: when its request had arrived. Known to the simulator only, as
/// the protocol's fetch responses do not carry it.
struct FrameInFlight {
    Bytes bytes;
    std::int64_t leader_epoch = -1;
    std::int64_t arrival_epoch = -1;
    std::uint32_t partition = 0;
    bool owed = false;  // a request that is to be answered
};

struct DatagramInFlight {
    std::uint32_t from = 0;              // 0-based broker
    std::uint32_t element = UINT32_MAX;  // the fault that made this copy; none
    bool evicted = false;                // from a full queue: it never arrives
    std::uint32_t to = 0;
    std::uint32_t word = 0;  // what it is about: a bit of MessageWord
    Bytes bytes;
};

/// A fault on messages that is in force.
struct MessageFault {
    std::uint32_t element = 0;
    FaultKind kind = FaultKind::drop;
    Probability probability;
    Duration by;
    std::uint32_t brokers = UINT32_MAX;  // one bit each: what leaves or reaches them is struck
    std::uint64_t chances = 0;           // messages it was asked about
    std::uint32_t factor = 1;            // slow_link
    std::uint32_t bytes_per_second = 0;  // bandwidth
    std::uint32_t queue_max = 0;         // bandwidth: messages that wait, per direction of a link

    /// bandwidth: one direction of a link.
    struct Lane {
        std::uint32_t from = 0;
        std::uint32_t to = 0;
        Time free_at;     // when the last message has left
        Time busy_until;  // had nothing ever waited: of the last message alone
        std::deque<std::pair<Time, std::uint32_t>> waiting;  // when each leaves, slot
    };
    std::vector<Lane> lanes;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> held;  // clog: to whom, slot
    std::uint32_t only = 0;  // bits of MessageWord; 0: strikes all messages

    [[nodiscard]] bool strikes(std::uint32_t ends, std::uint32_t word) const {
        return (brokers & ends) != 0 && (only == 0 || (only & word) != 0);
    }
};

class VirtualNetwork {
public:
    VirtualNetwork(std::uint64_t seed, std::uint32_t brokers, std::uint32_t clients,
                   const Distribution& latency, const Distribution& client_latency,
                   Scheduler& scheduler);

    // Datagrams
    /// word: the bit of what it is about.
    void send(std::uint32_t from, std::uint32_t to, Bytes bytes, std::uint32_t word = 0);
    DatagramInFlight take(std::uint32_t slot);
    /// From now on at most so many datagrams are under way from one broker to another; of too many
    /// a drawn one never arrives. 0: any number.
    void limit_queues(std::uint32_t most);

    // Connections. Times of delivery are drawn here; the world delivers.
    std::uint32_t open(std::uint32_t client, std::uint32_t broker);
    void request(std::uint32_t connection, const RequestTag& tag, Bytes frame);
    /// tag: of its request, as far as one is known. Returns whether it is on its way.
    bool respond(std::uint32_t connection, Bytes frame, std::int64_t leader_epoch,
                 const RequestTag& tag = {});
    void close_by_client(std::uint32_t connection);
    void close_by_broker(std::uint32_t connection);
    /// Breaks it so that both sides learn. lose_requests: those still on their way are lost.
    /// Returns whether work was in flight.
    bool reset(std::uint32_t connection, bool lose_requests);
    /// The broker's process is gone: clients learn by a reset, unless the machine is gone too.
    void broker_gone(std::uint32_t broker, bool silently);
    Connection& connection(std::uint32_t id) { return connections_[id]; }
    /// What arrived and was not read is gone with its connection.
    void drop_unread(Connection& connection);
    FrameInFlight take_frame(std::uint32_t slot) { return frames_.take(slot); }
    [[nodiscard]] std::uint32_t connections_count() const {
        return static_cast<std::uint32_t>(connections_.size());
    }
    [[nodiscard]] const std::vector<std::uint32_t>& live() const { return live_; }

    // Cuts and message faults
    [[nodiscard]] bool cut(std::uint32_t from, std::uint32_t to) const {
        return !blockers_[from * members_ + to].empty();
    }
    /// Blocks from -> to until the same element unblocks it; blocks add up, and each of them gets
    /// the credit for what they take together.
    /// only: bits of MessageWord; 0: everything.
    void block(std::uint32_t from, std::uint32_t to, std::uint32_t element, std::uint32_t only = 0);
    void unblock(std::uint32_t from, std::uint32_t to, std::uint32_t element);
    /// No fault but cuts has a say in what becomes of a message.
    [[nodiscard]] bool is_undisturbed() const { return faults_.empty(); }
    void begin(const MessageFault& fault) { faults_.push_back(fault); }
    void end(std::uint32_t element);
    /// How many messages a fault in force was asked about: those a cut took are not among them.
    [[nodiscard]] std::uint64_t chances(std::uint32_t element) const;
    void lift_all();

    /// Messages that wanted to go from -> to, cut or not: whether a cut had a chance to matter.
    [[nodiscard]] std::uint64_t wanted(std::uint32_t from, std::uint32_t to) const {
        return wanted_[from * members_ + to];
    }

    /// Elements that changed the fate of a message since the last call.
    std::vector<std::uint32_t> take_effective();
    [[nodiscard]] std::uint32_t client_member(std::uint32_t client) const {
        return brokers_ + client;
    }
    [[nodiscard]] Duration largest_latency() const { return largest_latency_; }

    // For accounting.
    std::uint64_t datagrams_sent = 0;
    std::uint64_t datagrams_lost = 0;
    std::uint64_t responses_sent = 0;

private:
    /// ends: the brokers between which the message travels, one bit each.
    Time arrival(const Distribution& latency, std::uint32_t ends, std::uint32_t word = 0);
    void mark_effective(std::uint32_t element);
    /// Whether a message about `word` cannot pass.
    [[nodiscard]] bool blocked(std::uint32_t from, std::uint32_t to, std::uint32_t word) const;
    void mark_cut(std::uint32_t from, std::uint32_t to, std::uint32_t word);
    /// A datagram sets out; if too many are under way, one of them is lost.
    void enqueue(std::uint32_t slot);
    /// Puts a datagram on its way: at once, behind others, or into what a clog holds.
    void dispatch(std::uint32_t to, Time at, DatagramInFlight datagram);
    /// When it has left a link of limited bandwidth; a message of a full queue is evicted.
    Time leave(MessageFault& fault, std::uint32_t to, std::uint32_t slot);
    [[nodiscard]] std::int64_t slowed(std::uint32_t ends, std::uint32_t word);
    Duration added_delay(std::uint32_t ends, std::uint32_t word);

    std::uint32_t brokers_;
    std::uint32_t members_;
    Distribution latency_;
    Distribution client_latency_;
    Scheduler& scheduler_;
    broker::Random random_;
    broker::Random fault_random_;
    broker::Random queue_random_;
    Pool<DatagramInFlight> datagrams_;
    Pool<FrameInFlight> frames_;
    std::vector<Connection> connections_;
    std::vector<std::uint32_t> live_;  // connections not closed on both sides, ascending
    struct Block {
        std::uint32_t element;
        std::uint32_t only;

        [[nodiscard]] bool strikes(std::uint32_t word) const {
            return only == 0 || (only & word) != 0;
        }
    };
    std::vector<std::vector<Block>> blockers_;  // in force, by pair
    std::uint32_t queue_max_ = 0;
    std::vector<std::vector<std::uint32_t>> queues_;  // if there is a limit: slots, by pair
    std::vector<std::uint32_t> wanted_;
    std::vector<MessageFault> faults_;
    std::vector<std::uint32_t> effective_;
    Duration largest_latency_;
};

}  // namespace brokersim
