// Host: one machine of the cluster: its disk, its clock, and the node object that lives on it now.
#pragma once

#include "broker_core/broker/node.h"
#include "scenarios/run_config.h"
#include "sim/faults/fault_actions.h"
#include "sim/holds.h"
#include "sim/scheduler.h"
#include "sim/virtual_disk.h"

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
};

class EffectBuffer final : public broker::Network {
public:
    void send(broker::BrokerId to, Bytes datagram) override {
        effects.push_back(Effect{Effect::Kind::datagram, to.value() - 1, std::move(datagram)});
    }
    void respond(broker::ConnectionId connection, Bytes frame) override {
        effects.push_back(Effect{Effect::Kind::response,
                                 static_cast<std::uint32_t>(connection.value() - 1),
                                 std::move(frame)});
    }
    void close(broker::ConnectionId connection) override {
        effects.push_back(
            Effect{Effect::Kind::close, static_cast<std::uint32_t>(connection.value() - 1), {}});
    }

    void read(broker::ConnectionId connection, Reading reading) override {
        effects.push_back(
            Effect{reading == Reading::yes ? Effect::Kind::read : Effect::Kind::read_not,
                   static_cast<std::uint32_t>(connection.value() - 1),
                   {}});
    }

    std::vector<Effect> effects;
};

/// Clocks of a host: a rate and an offset against virtual time. Both clocks run at the same rate.
class HostClock {
public:
    explicit HostClock(const NodeClock& clock) : clock_{clock} {}

    [[nodiscard]] broker::Instant at(Time now) const {
        Time const monotonic{now.nanoseconds() + drift(now.nanoseconds())};
        return broker::Instant{monotonic, monotonic + clock_.offset};
    }
    /// The first virtual time at which the monotonic clock shows `monotonic` or more.
    [[nodiscard]] Time when(Time monotonic) const {
        if (monotonic == Time::never()) {
            return monotonic;
        }
        // Two steps of the fixed point t = m - drift(t) leave less than a few nanoseconds.
        std::int64_t const wanted = monotonic.nanoseconds();
        std::int64_t time = wanted - drift(wanted - drift(wanted));
        while (time + drift(time) >= wanted) {
            --time;
        }
        while (time + drift(time) < wanted) {
            ++time;
        }
        return Time{time};
    }

private:
    /// How far the clock has run away after so many nanoseconds. Exact in 64 bits for +-5 % over
    /// two days of virtual time.
    [[nodiscard]] std::int64_t drift(std::int64_t nanoseconds) const {
        return nanoseconds * clock_.drift_ppm / 1'000'000;
    }

    NodeClock clock_;
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
    EffectBuffer network;
    std::unique_ptr<broker::Node> node;
    HostState state = HostState::down;
    std::uint32_t incarnation = 0;    // of the current or last node object
    Time armed = Time::never();       // of the earliest timer event on its way
    Time armed_for = Time::never();   // the deadline it serves, by the host's own clock
    std::uint64_t errors_before = 0;  // that the disk reported before this life
    bool stopping = false;            // a graceful stop is under way
    bool started_once = false;
    bool stopped_cleanly = false;  // the last life ended by a graceful stop in time
    Holds pauses;
    std::vector<Work> deferred;           // what came during a pause, in order
    Holds stalls;                         // disk operations complete no earlier
    std::vector<std::uint32_t> held_ops;  // submitted during a stall without an end
    std::uint64_t disk_ops_met = 0;       // submits and completions that a stall would have met
    Slowness slowness;
    std::uint64_t events = 0;  // that came for this host, paused or not
    Time down_since;
    /// What one life reached; kept when it ends.
    struct Life {
        std::uint32_t incarnation = 0;
        broker::Probes probes;
    };
    std::vector<Life> ended;
    broker::NodeMetrics past;  // counters of lives that are over

    /// Whether the disk reported an error in this life: then the node may stop for it.
    [[nodiscard]] bool has_excuse() const { return disk->errors().reported() > errors_before; }
    [[nodiscard]] bool up() const { return state == HostState::up; }
};

}  // namespace brokersim
