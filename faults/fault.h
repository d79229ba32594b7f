// The fault vocabulary: one typed element for what a script asks for and for what chance draws.
//
// A plan is a list of elements. Each has a trigger (when), a kind (what), a target (whom, by name
// or by role) and arguments. Roles are resolved when the element fires, and the resolution is
// recorded. Everything here is data, so that a failing run can be replayed and cut down by
// removing elements.
#pragma once

#include "broker_core/base/random.h"
#include "broker_core/base/time.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

using broker::Duration;
using broker::Probability;
using broker::Time;

/// X(name, group, what it does). The order is the order of reports.
#define BROKERSIM_FAULT_KINDS(X)                                                                   \
    X(crash, process, "a node object is destroyed; its disk keeps what the crash kind says")       \
    X(shutdown, process, "SIGTERM: a graceful stop, killed when its grace is over")                \
    X(restart, process, "a node that is down starts again")                                        \
    X(all_down, process, "every node goes down at one instant; they come back in a drawn order")   \
    X(start_order, process, "as all_down, with gaps in which peers do not listen yet")             \
    X(rolling_restart, process, "one node after another is restarted")                             \
    X(crash_loop, process, "crashes again and again, each inside the recovery before")             \
    X(pause, process, "a node handles no event for a while, then all of them at once")             \
    X(suspend, process, "a machine sleeps; its monotonic clock counts that or not")                \
    X(slow_cpu, process, "each step of a node takes a while, and others wait for it")              \
    X(late_timer, process, "deadlines of a node are served late")                                  \
    X(clock_skew, clock, "the wall clock of a machine is off by a fixed time")                     \
    X(clock_drift, clock, "both clocks of a machine run at another rate")                          \
    X(clock_forward, clock, "the wall clock jumps ahead")                                          \
    X(clock_back, clock, "the wall clock jumps back")                                              \
    X(clock_freeze, clock, "the wall clock stands still")                                          \
    X(monotonic_drift, clock, "the monotonic clock alone runs at another rate")                    \
    X(partition, network, "groups of brokers (and clients) cannot reach each other")               \
    X(drop, network, "datagrams between brokers are lost with a probability")                      \
    X(duplicate, network, "datagrams between brokers are delivered twice with a probability")      \
    X(reorder, network, "datagrams between brokers get an extra delay of their own")               \
    X(delay, network, "everything on a link takes longer by a fixed time")                         \
    X(reset, network, "client connections break: request or response lost, fate unknown")          \
    X(clog, network, "datagrams of a link are held and come all at once when it ends")             \
    X(slow_link, network, "everything on a link takes a multiple of its time")                     \
    X(bandwidth, network, "datagrams wait for their turn; of too many one is lost")                \
    X(flap, network, "a partition that comes and goes")                                            \
    X(client_partition, network, "clients cannot reach these brokers")                             \
    X(half_open, network, "a client connection dies, and neither side is told")                    \
    X(refuse, network, "a broker takes no new client connection")                                  \
    X(disk_stall, disk, "operations of a disk do not complete for a while")                        \
    X(slow_disk, disk, "operations of a disk take a multiple of their time")                       \
    X(sync_error, disk, "syncs fail: what they covered is partly gone, and no later sync says so") \
    X(write_error, disk, "writes fail: any part of them may have happened")                        \
    X(read_error, disk, "a file cannot be read, which a booting node finds out")                   \
    X(short_write, disk, "writes stop before their end and say so; the rest is written again")     \
    X(short_read, disk, "reads stop before their end, which is not the end of the file")           \
    X(disk_full, disk, "no space left: whatever needs further space fails")                        \
    X(bit_rot, disk, "stored bits flip for good; the broker restarts and reads them")              \
    X(sector_error, disk, "stored sectors cannot be read any more; the broker restarts")           \
    X(misdirected_write, disk, "a write went astray: two places hold what they should not")        \
    X(lost_write, disk, "a synced write never reached the media; a restart may show it")           \
    X(read_flip, disk, "a file is read wrong once, when the broker restarts")                      \
    X(misdirected_read, disk, "another place is read once, when the broker restarts")              \
    X(stale_read, disk, "older bytes are read once, when the broker restarts")                     \
    X(lost_fsync, disk, "syncs report success and store nothing; a power loss may show it")        \
    X(stale_image, disk, "a machine comes back with an older image of its disk")                   \
    X(wipe, disk, "a machine comes back with an empty disk of another identity")                   \
    X(transfer_leader, administration, "the leader of a partition hands over to this broker")      \
    X(add_voter, administration, "this broker becomes a voter of a partition")                     \
    X(remove_voter, administration,                                                                \
      "this voter of a partition leaves it, the leader too if it is the one")                      \
    X(add_learner, administration, "this broker receives a partition and does not vote")           \
    X(promote, administration, "a learner of a partition becomes a voter")                         \
    X(replace_voter, administration,                                                               \
      "this voter of a partition leaves it for another broker, in one change")                     \
    X(joint_change, administration, "the voters of a partition become a drawn set, in one change") \
    X(delete_records, administration, "the oldest records of a partition are deleted")             \
    X(force_reconfigure, administration,                                                           \
      "who is left decides alone; all others are gone for ever")                                   \
    X(heal, control, "ends a fault, or all of them, before its time")

enum class FaultKind : std::uint8_t {
#define BROKERSIM_FAULT_ENUMERATOR(name, group, text) name,
    BROKERSIM_FAULT_KINDS(BROKERSIM_FAULT_ENUMERATOR)
#undef BROKERSIM_FAULT_ENUMERATOR
};
inline constexpr std::array fault_kind_names = {
#define BROKERSIM_FAULT_NAME(name, group, text) std::string_view{#name},
    BROKERSIM_FAULT_KINDS(BROKERSIM_FAULT_NAME)
#undef BROKERSIM_FAULT_NAME
};
inline constexpr std::size_t fault_kind_count = fault_kind_names.size();
constexpr std::string_view name_of(FaultKind kind) {
    return fault_kind_names[static_cast<std::size_t>(kind)];
}

/// What of a node's disk survives.
enum class CrashKind : std::uint8_t {
    process,           // the page cache survives, unsynced as it was
    power,             // what no sync covered survives in part: sectors, torn ones among them
    serve_then_power,  // as process; after the restart power fails, within two election timeouts
    mixed,             // drawn when it fires, 4 : 4 : 2
};

/// Who: resolved when the element fires.
enum class TargetKind : std::uint8_t {
    node,            // n1, n2, ..: `number`
    one,             // any one broker, drawn
    minority,        // as many as can fail without losing a quorum, drawn
    minority_third,  // a third of all brokers, at least one, drawn
    majority,        // a quorum, drawn
    all,             // every broker
    leader,          // of a partition
    follower,        // one of a partition's followers, drawn
    followers,       // all of them
    voters,          // all brokers that hold the partition
    candidate,       // one that stands for election, or asks whether it could; drawn if several do
    learner,         // one that receives the log and does not vote, drawn
    lagging,         // the follower that serves and whose log is furthest behind
    tiebreaker,  // whose answer completed the leader's last commit; the leader itself if its own
                 // disk did
    clients,     // every client
    client,      // p1.. (producers), c1.. (consumers): `number`, `consumer`
    same,        // whom the fault with `id` was resolved to
    rest,        // in a topology: everybody not named elsewhere
};
struct Target {
    TargetKind kind = TargetKind::one;
    std::uint32_t number = 0;     // node, client: from 1
    bool consumer = false;        // client
    std::uint32_t partition = 0;  // of a role: dense partition id
    std::string id;               // same
    std::string text;             // as written, for reports

    friend bool operator==(const Target&, const Target&) = default;
};

/// Shapes of a partition besides explicit groups.
enum class Shape : std::uint8_t {
    groups,               // as listed
    one,                  // one drawn broker alone
    leader,               // the leader of a drawn partition alone
    leader_with_clients,  // the same, but the clients stay with it
    minority,             // a drawn minority against the rest
    minority_third,       // the same with a third of all brokers, at least one
    majority,             // a drawn majority against the rest (clients reach both)
    halves,               // even numbers: two equal sides
    bridge,               // two sides and one drawn broker between them, which reaches both
    majorities_ring,      // each broker reaches a majority, and no two the same one
};
/// Which way a cut blocks, seen from the first group.
enum class Direction : std::uint8_t { both, in, out };

enum class ResetPoint : std::uint8_t {
    before,  // requests in flight are lost, then the connection breaks
    after,   // requests are processed, responses are lost
    any,     // drawn each time
};

/// Where a full disk shows.
enum class FullAt : std::uint8_t {
    any,    // writes that need space, creates, renames
    write,  // writes only
    sync,   // space is given no earlier than by a sync
    create,
    rename,
};

/// What damage strikes.
enum class DamageAt : std::uint8_t {
    any,         // one of those that are there, drawn
    payload,     // of a frame, with its padding
    header,      // of a frame
    segment,     // header of a segment
    hard_state,  // both slots
    snapshot,    // the file of a base
};

/// Which write was lost.
enum class LostAt : std::uint8_t {
    any,     // one of those that are there, drawn
    middle,  // later frames say that it was durable
    tail,    // the last one, of which nothing on the disk tells any more
};

/// How many operations an error strikes.
enum class Strikes : std::uint8_t { once, all };

/// Where pages fail to reach the media.
enum class During : std::uint8_t {
    sync,       // in a sync, which reports it (but see SyncFailure::late)
    writeback,  // behind a write that completed; the next sync of the file reports it
};

/// Work in flight that an armed element waits for.
enum class ArmOn : std::uint8_t {
    io_submit,       // the nth submitted disk operation
    io_done,         // the nth completed one
    write,           // a write is in flight
    sync,            // a sync is in flight
    group_window,    // frames are gathered but not written
    queued_request,  // a request is unanswered
    recovery,        // the node is up but does not serve yet
    unsent_ack,      // a leader has entries stored that it has not committed: their acks wait
    replication,     // a leader has entries that some member was not heard to have
    snapshot,        // a leader sends a snapshot to somebody
    shutdown,        // the node was asked to stop and has not gone yet
};

/// What messages are about, for faults that strike only some. Combined as bits.
enum class MessageWord : std::uint8_t {
    votes,            // requests for votes and pre-votes, their answers, and the word to campaign
    appends,          // entries for a follower
    append_replies,   //
    heartbeats,       // and their answers
    snapshot_chunks,  // and their answers
    produce,          // requests of clients
    fetch,            //
    responses,        // to clients, of all kinds
};
inline constexpr std::array message_words = {
    std::string_view{"votes"},           std::string_view{"appends"},
    std::string_view{"append_replies"},  std::string_view{"heartbeats"},
    std::string_view{"snapshot_chunks"}, std::string_view{"produce"},
    std::string_view{"fetch"},           std::string_view{"responses"}};
constexpr std::uint32_t bit_of(MessageWord word) {
    return 1U << static_cast<std::uint32_t>(word);
}

struct Trigger {
    enum class Kind : std::uint8_t { at, when, arm } kind = Kind::at;
    Duration at;  // since the run phase began; of arm: from then on
    // when: the nth time that `event` happens (on `target`, or in fault `of`), then `after`.
    std::string event;  // a probe, or node_up, node_down, fault_started, fault_ended
    std::optional<Target> target;
    std::string of;
    std::uint64_t nth = 1;
    Duration after;
    Duration not_before;
    // arm
    ArmOn on = ArmOn::write;
};

struct Element {
    std::string id;
    FaultKind kind = FaultKind::crash;
    Trigger trigger;
    Target target;
    std::optional<Duration> lasts;  // none: until healed, restarted, or the heal phase
    bool scripted = true;           // else drawn: may find nothing to do
    bool may_miss = false;          // scripted, but allowed to take no effect
    // Arguments, each for the kinds that have it.
    CrashKind crash = CrashKind::mixed;
    Duration grace{-1};                       // shutdown: kill after this; -1: the broker's own
    Shape shape = Shape::one;                 // partition
    std::vector<std::vector<Target>> groups;  // partition, shape groups
    Direction direction = Direction::both;    // partition
    std::uint32_t only = 0;   // of faults on messages: bits of MessageWord; 0: all of them
    Probability probability;  // drop, duplicate, reorder, reset (per fire: all)
    /// delay, clock jumps: so much; reorder, late_timer: mean; slow_cpu: per step;
    /// rolling_restart: how long each is down; all_down, start_order: largest gap, 0: drawn
    Duration by;
    Duration offset;              // clock_skew
    std::int32_t ppm = 0;         // clock_drift, monotonic_drift: faster by so much
    std::uint32_t times = 3;      // crash_loop
    bool counts_suspend = false;  // suspend
    bool graceful = true;         // rolling_restart: stopped, not crashed
    bool waits = true;            // rolling_restart: for each node to serve before the next one
    bool then_power = false;      // lost_fsync: power fails when its time is over
    bool keeps_identity = false;  // wipe: the empty disk says that it is the former one
    bool retract = false;         // crash: inside a step, of which some last effects never happen
    std::uint32_t bytes_per_second = 0;  // bandwidth, of each link
    std::uint32_t queue = 0;             // bandwidth: messages that may wait
    std::uint32_t factor = 1;            // slow_disk
    ResetPoint point = ResetPoint::any;  // reset
    FullAt full_at = FullAt::any;        // disk_full
    Strikes strikes = Strikes::once;     // reported disk errors
    During during = During::sync;        // sync_error
    std::uint32_t nth = 1;               // sync_error: of one file, since the fault began
    DamageAt damage_at = DamageAt::any;  // bit_rot, sector_error
    LostAt lost_at = LostAt::any;        // lost_write
    bool while_up = false;  // damage: the broker goes on, and meets it when it reads its files
    std::optional<std::uint32_t> partition;  // administration; none: of the target, or drawn
    std::string partition_text;              // as written
    bool asks_early = false;     // changes of members: also a leader without a commit of its own
    std::uint32_t percent = 50;  // delete_records: so much of what may be read
    std::string heals;           // heal: id of a fault; empty: all
};

/// Whether it may find nothing to do: drawn, or a drawn plan that was written down as a script.
constexpr bool is_by_chance(const Element& element) {
    return !element.scripted || element.may_miss;
}

/// What became of one element of a plan.
enum class ElementFate : std::uint8_t {
    scheduled,    // its trigger has not come
    fired,        // it acted, nothing shows yet that it mattered
    effective,    // it acted, and something happened that would not have happened without it
    no_target,    // nobody to act on
    refused,      // more damage than a correct broker survives (faults/budget.h)
    not_reached,  // the run ended before its trigger came
};

}  // namespace brokersim
