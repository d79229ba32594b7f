// Timeline: what happened to every message and every broker of one run, as plain data.
//
// An observer of the run appends to it; explain, signatures, lanes, exports and the report read it
// and nothing else, so none of them needs to know the simulator.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim::reports {

/// The stations of a message, in the order in which a sound run passes them, then what ends it.
enum class Step : std::uint8_t {
    sent,       // a request with it left the producer
    received,   // a broker took that request from the network
    admitted,   // it passed the broker's checks and is about to enter the log
    appended,   // its entry joined a broker's log in memory
    written,    // the write of its entry completed on that broker's disk
    synced,     // a sync covers it: it survives a power loss there
    committed,  // that broker knows it to be committed
    ack_sent,   // a broker sent the producer a success
    acked,      // the producer got it
    truncated,  // a broker cut its entry from its log
    lost,       // a broker's entry did not survive a crash
};
inline constexpr std::size_t step_count = 11;
/// "sent", "received", and so on.
std::string_view name_of(Step step);

/// One station of one message. Events count from 1; times are virtual nanoseconds.
struct Rung {
    Step step = Step::sent;
    std::uint64_t event = 0;
    std::int64_t time_ns = 0;
    std::uint32_t message = 0;      // index into Timeline::messages
    std::uint32_t node = 0;         // broker from 1; 0: the producer
    std::uint32_t incarnation = 0;  // of the broker
    std::uint32_t partition = 0;    // index into Timeline::partitions
    std::uint64_t index = 0;        // of its entry in the partition's log; 0: not of an entry
    std::uint64_t term = 0;
    std::int64_t offset = -1;     // ack_sent, acked: as the broker said
    std::uint32_t attempt = 0;    // sent: from 1
    std::uint32_t to_broker = 0;  // sent: whom it was sent to
};

/// A message of this run: who sent it, and its number there.
struct TracedMessage {
    std::uint32_t producer = 0;  // from 1
    std::uint32_t sequence = 0;  // from 0
    std::uint32_t partition = 0;

    friend bool operator==(const TracedMessage&, const TracedMessage&) = default;
};

struct Partition {
    std::string label;           // "orders/0"
    std::uint32_t replicas = 1;  // brokers that hold it; a majority of them must agree
    [[nodiscard]] std::uint32_t quorum() const { return replicas / 2 + 1; }
};

/// What changed at a broker, or around it.
enum class Change : std::uint8_t {
    phase,          // a phase of the run began: `text`
    started,        // a life of a broker began
    start_failed,   // it could not
    crashed,        // the process died
    lost_power,     // the machine did
    stopped,        // it stopped as asked
    broke,          // it failed by its own fault
    became_leader,  // of `partition` in `term`
    stepped_down,   // no longer
    serving,        // its log of `partition` is recovered
    committed,      // commit, durable and appended ends of `partition` moved: a, b, c
    fault_began,    // fault `fault`
    fault_ended,    // is over
    violation,      // a rule was broken: `text`
};

struct Moment {
    Change change = Change::phase;
    std::uint64_t event = 0;
    std::int64_t time_ns = 0;
    std::uint32_t node = 0;  // from 1; 0: none
    std::uint32_t incarnation = 0;
    std::uint32_t partition = 0;
    std::uint64_t term = 0;
    std::uint64_t committed = 0;  // of the partition on that node, where it is known
    std::uint64_t synced = 0;
    std::uint64_t appended = 0;
    std::uint32_t fault = 0;  // index into Timeline::faults
    std::string text;
};

/// One element of the plan, as it went.
struct Fault {
    std::string id;
    std::string kind;                  // "crash.power", "partition", ..
    std::string role;                  // whom it hit: "leader", "follower", "all", "links", ..
    std::vector<std::uint32_t> nodes;  // from 1; empty: not about single brokers
    std::uint64_t event = 0;           // when it began; 0: it never did
    std::int64_t time_ns = 0;
    std::int64_t end_ns = -1;  // -1: lasted to the heal phase, or has no length
    bool effective = false;
};

struct Timeline {
    std::uint32_t brokers = 0;
    std::string run;  // the run part of message names
    std::vector<Partition> partitions;
    std::vector<TracedMessage> messages;
    std::vector<Rung> rungs;      // ascending by event
    std::vector<Moment> moments;  // ascending by event
    std::vector<Fault> faults;
    std::uint64_t events = 0;

    [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t producer,
                                                    std::uint32_t sequence) const;
    /// The message called "PRODUCER/SEQUENCE" or "RUN/PRODUCER/SEQUENCE" (RUN must be this run).
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const;
    /// "orders/0 #42 of producer-1".
    [[nodiscard]] std::string message_text(std::uint32_t message) const;
    /// "1/42": what --message takes.
    [[nodiscard]] std::string message_id(std::uint32_t message) const;
};

/// "6.004 s" with microseconds: "6.004183 s".
std::string seconds_text(std::int64_t nanoseconds);

}  // namespace brokersim::reports
