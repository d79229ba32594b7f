// Host: one machine of the cluster: its disk, its clock, and the node object that lives on it now.
#pragma once

#include "broker_core/broker/node.h"
#include "scenarios/run_config.h"
#include "sim/faults/fault_actions.h"
#include "sim/holds.h"
#include "sim/host_clock.h"
#include "sim/scheduler.h"
#include "sim/virtual_disk.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// What a step sent, held back until the invariants have seen what the step changed.
struct Effect {
    enum class Kind : std::uint8_t {
        datagram,
        response,
        close,
        read,
        read_not
    } kind = Kind::datagram;
    std::uint32_t to = 0;  // broker (0-based) or connection
    Bytes bytes;
    std::uint64_t disk_ops = 0;  // submitted by the host before it
};

class EffectBuffer final : public broker::Network {
public:
    void send(broker::BrokerId to, Bytes datagram) override {
        add(Effect::Kind::datagram, to.value() - 1, std::move(datagram));
    }
    void respond(broker::ConnectionId connection, Bytes frame) override {
        add(Effect::Kind::response, id_of(connection), std::move(frame));
    }
    void close(broker::ConnectionId connection) override {
        add(Effect::Kind::close, id_of(connection), {});
    }

    void read(broker::ConnectionId connection, Reading reading) override {
        add(reading == Reading::yes ? Effect::Kind::read : Effect::Kind::read_not,
            id_of(connection), {});
    }

    std::vector<Effect> effects;
    const VirtualDisk* disk = nullptr;  // of the same host: the order among effects of a step

private:
    static std::uint32_t id_of(broker::ConnectionId connection) {
        return static_cast<std::uint32_t>(connection.value() - 1);
    }
    void add(Effect::Kind kind, std::uint32_t to, Bytes bytes) {
        effects.push_back(Effect{kind, to, std::move(bytes), disk->submitted()});
    }
};

enum class HostState : std::uint8_t {
    down,
    up,
    failed,  // could not start, or broke by its own fault: never again in this run
};

struct Host {
    Host(std::uint32_t host_number, const NodeClock& host_clock)
        : number{host_number}, clock{host_clock} {}

    std::uint32_t number;  // 1-based
    HostClock clock;
    std::unique_ptr<DiskTimer> timer;
    std::unique_ptr<VirtualDisk> disk;
    broker::DiskUuid disk_uuid;
    std::uint32_t disks = 1;  // identities so far
    EffectBuffer network;
    std::unique_ptr<broker::Node> node;
    HostState state = HostState::down;
    std::uint32_t incarnation = 0;    // of the current or last node object
    Time armed = Time::never();       // of the earliest timer event on its way
    Time armed_for = Time::never();   // the deadline it serves, by the host's own clock
    std::uint64_t errors_before = 0;  // that the disk reported before this life
    std::uint64_t damage_before = 0;  // readings that were wrong before this life
    std::uint64_t damage_for_good_before = 0;
    bool betrayed = false;  // power took what a sync had reported durable
    /// Of each partition the last committed entry that it stored when its disk silently went back,
    /// and its chain: it counts as damaged until it stores all of them again.
    std::vector<std::pair<broker::LogIndex, std::uint64_t>> forgot;
    bool forgot_votes = false;  // once an empty disk had the identity of the former one
    bool replied = false;       // it answered a client in this life
    bool recovered = false;     // all that it holds has served in this life
    bool loss_excused = false;  // while it is down: what its disk lost, or will until it starts
    bool refused = false;       // failed: it found damage that stays
    bool stopping = false;      // a graceful stop is under way
    bool started_once = false;
    bool stopped_cleanly = false;  // the last life ended by a graceful stop in time
    Holds pauses;
    std::vector<Work> deferred;           // what came during a pause, in order
    Holds stalls;                         // disk operations complete no earlier
    std::vector<std::uint32_t> held_ops;  // submitted during a stall without an end
    Slowness slowness;
    Activity activity;
    std::optional<Time> slow_step_at;    // of the last step while steps took time
    std::uint64_t submitted_before = 0;  // disk operations, before the step under way
    /// A crash that waits for the next step with effects.
    struct Doom {
        CrashKind kind = CrashKind::process;
        std::uint32_t element = 0;
    };
    std::optional<Doom> doom;
    // While steps take time: until when the last one takes, and what waits for it, in order.
    Time busy_until;
    std::deque<Work> backlog;
    bool backlog_scheduled = false;
    bool from_backlog = false;  // what is handled now
    Time due = Time::never();   // of the timer that is armed, had it not been late
    Time down_since;
    /// What one life reached; kept when it ends.
    struct Life {
        std::uint32_t incarnation = 0;
        broker::Probes probes;
    };
    std::vector<Life> ended;
    broker::NodeMetrics past;  // counters of lives that are over

    /// Whether its disk failed it in this life: then the node may stop for it.
    [[nodiscard]] bool has_excuse() const {
        return disk->errors().reported() > errors_before || disk->damage().met() > damage_before ||
               betrayed;
    }
    /// Whether that will be so the next time.
    [[nodiscard]] bool excuse_stays() const {
        return disk->damage().met_for_good() > damage_for_good_before || betrayed;
    }
    [[nodiscard]] bool up() const { return state == HostState::up; }
};

}  // namespace brokersim
