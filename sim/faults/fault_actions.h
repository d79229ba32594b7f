// What faults may do to the world, and ask of it. Hosts and clients are 0-based.
#pragma once

#include "faults/fault.h"
#include "sim/scheduler.h"
#include "sim/strengths.h"
#include "sim/virtual_network.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace brokersim {

class VirtualDisk;

/// What slows a host down, and by how much.
struct Slowness {
    Strengths disk;  // operations take so many times their time
};

class FaultActions {
public:
    FaultActions() = default;
    FaultActions(const FaultActions&) = delete;
    FaultActions& operator=(const FaultActions&) = delete;
    virtual ~FaultActions() = default;

    [[nodiscard]] virtual std::uint32_t brokers() const = 0;
    [[nodiscard]] virtual std::uint32_t clients() const = 0;
    [[nodiscard]] virtual std::uint32_t producers() const = 0;
    [[nodiscard]] virtual bool is_up(std::uint32_t host) const = 0;
    /// Up, also while it is stopping.
    [[nodiscard]] virtual bool is_running(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint32_t incarnation(std::uint32_t host) const = 0;
    [[nodiscard]] virtual bool is_failed(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::optional<std::uint32_t> leader_of(std::uint32_t partition) const = 0;
    [[nodiscard]] virtual const std::vector<broker::BrokerId>& replicas_of(
        std::uint32_t partition) const = 0;
    [[nodiscard]] virtual bool in_flight(std::uint32_t host, ArmOn work) const = 0;
    /// Each returns whether there was something to act on.
    virtual bool crash(std::uint32_t host, CrashKind kind) = 0;
    virtual bool stop(std::uint32_t host) = 0;
    virtual bool start(std::uint32_t host) = 0;
    virtual bool pause(std::uint32_t host, Time until, std::uint32_t element) = 0;
    /// Ends the pause, or the stall, that this element made, unless a later one goes on.
    virtual void end_pause(std::uint32_t host, std::uint32_t element) = 0;
    virtual void end_stall(std::uint32_t host, std::uint32_t element) = 0;
    virtual void stall_disk(std::uint32_t host, Time until, std::uint32_t element) = 0;
    [[nodiscard]] virtual VirtualDisk& disk(std::uint32_t host) = 0;
    virtual Slowness& slowness(std::uint32_t host) = 0;
    /// Disk operations submitted on a host so far; events that came for it so far. An element in
    /// whose time none came had no chance to matter.
    [[nodiscard]] virtual std::uint64_t disk_activity(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint64_t disk_completions(std::uint32_t host) const = 0;
    /// Operations of the disk, begun or ended, at which a stall would have shown.
    [[nodiscard]] virtual std::uint64_t disk_ops_met(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint64_t event_activity(std::uint32_t host) const = 0;
    /// Returns how many connections broke with work in flight.
    virtual std::uint32_t reset_connections(std::uint32_t client, ResetPoint point) = 0;
    [[nodiscard]] virtual VirtualNetwork& network() = 0;
    [[nodiscard]] virtual Scheduler& scheduler() = 0;
    [[nodiscard]] virtual Duration largest_election_timeout() const = 0;
};

}  // namespace brokersim
