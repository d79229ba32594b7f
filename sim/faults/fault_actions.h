// What faults may do to the world, and ask of it. Hosts and clients are 0-based.
#pragma once

#include "broker_core/env/event.h"
#include "broker_core/raft/configuration.h"
#include "faults/budget.h"
#include "faults/fault.h"
#include "sim/scheduler.h"
#include "sim/strengths.h"
#include "sim/virtual_disk.h"
#include "sim/virtual_network.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace brokersim {

class DiskTruth;
class HostClock;

/// What slows a host down, and by how much.
struct Slowness {
    Strengths disk;    // operations take so many times their time
    Strengths cpu;     // each step takes so many nanoseconds
    Strengths timers;  // deadlines are served late, by so many nanoseconds in the mean
};

/// What came for a host so far, faults or not. An element in whose time nothing came that it could
/// have acted on had no chance to matter.
struct Activity {
    std::uint64_t events = 0;              // datagrams and completions, paused or not
    std::uint64_t steps = 0;               // of the node
    std::uint64_t steps_with_effects = 0;  // that sent something or used the disk
    std::uint64_t close_events = 0;        // that came so soon after a step that a slow one goes on
    std::uint64_t timers = 0;              // deadlines served
    std::uint64_t disk_met = 0;  // operations, begun or ended, at which a stall would have shown
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
    /// Up, and through with its recovery.
    [[nodiscard]] virtual bool is_serving(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint32_t incarnation(std::uint32_t host) const = 0;
    [[nodiscard]] virtual bool is_failed(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::optional<std::uint32_t> leader_of(std::uint32_t partition) const = 0;
    [[nodiscard]] virtual const std::vector<broker::BrokerId>& replicas_of(
        std::uint32_t partition) const = 0;
    /// Who is candidate, learner, lagging or tiebreaker of a partition (TargetKind), ascending.
    [[nodiscard]] virtual std::vector<std::uint32_t> hosts_in_role(
        TargetKind role, std::uint32_t partition) const = 0;
    [[nodiscard]] virtual bool in_flight(std::uint32_t host, ArmOn work) const = 0;
    /// Each returns whether there was something to act on.
    virtual bool crash(std::uint32_t host, CrashKind kind) = 0;
    /// Crashes the host inside its next step that has any effect: some of its last effects never
    /// happen. The element gets the credit then.
    virtual bool crash_in_step(std::uint32_t host, CrashKind kind, std::uint32_t element) = 0;
    /// Takes crash_in_step() back, if it has not happened yet.
    virtual void spare(std::uint32_t host, std::uint32_t element) = 0;
    virtual bool stop(std::uint32_t host) = 0;
    virtual bool start(std::uint32_t host) = 0;
    virtual bool pause(std::uint32_t host, Time until, std::uint32_t element) = 0;
    /// Ends the pause, or the stall, that this element made, unless a later one goes on.
    virtual void end_pause(std::uint32_t host, std::uint32_t element) = 0;
    virtual void end_stall(std::uint32_t host, std::uint32_t element) = 0;
    virtual void stall_disk(std::uint32_t host, Time until, std::uint32_t element) = 0;
    [[nodiscard]] virtual VirtualDisk& disk(std::uint32_t host) = 0;
    [[nodiscard]] virtual const DiskTruth& truth() const = 0;
    /// Whether the budget lets this host's disk be damaged now, by every partition it holds.
    [[nodiscard]] virtual BudgetAnswer ask_budget(std::uint32_t host, DamageClass damage) = 0;
    /// The same as a question: where more than the budget is allowed, nothing is excused for it.
    [[nodiscard]] virtual BudgetAnswer peek_budget(std::uint32_t host,
                                                   DamageClass damage) const = 0;
    /// The machine loses power and comes back, down, with another content of its disk.
    virtual void replace_disk(std::uint32_t host, const DiskImage& image, bool new_identity) = 0;
    /// What kept the host from starting is mended.
    virtual void mend(std::uint32_t host) = 0;
    [[nodiscard]] virtual HostClock& clock(std::uint32_t host) = 0;
    /// After a change of its clock: deadlines come at other times.
    virtual void clock_changed(std::uint32_t host) = 0;
    virtual Slowness& slowness(std::uint32_t host) = 0;
    /// Disk operations that were submitted so far, and those that completed.
    [[nodiscard]] virtual std::uint64_t disk_activity(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint64_t disk_completions(std::uint32_t host) const = 0;
    [[nodiscard]] virtual const Activity& activity(std::uint32_t host) const = 0;
    /// What the leader of a partition says of it; nothing if there is no leader.
    struct PartitionView {
        std::uint32_t leader = 0;  // 0-based
        broker::raft::Configuration members;
        broker::Offset log_start;
        /// Nothing before an entry of the leader's own term has committed.
        std::optional<broker::Offset> high_watermark;
    };
    [[nodiscard]] virtual std::optional<PartitionView> partition_view(
        std::uint32_t partition) const = 0;
    [[nodiscard]] virtual broker::Member member(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint32_t partitions() const = 0;
    /// Whether a broker could hold the partition.
    [[nodiscard]] virtual bool may_hold(std::uint32_t host, std::uint32_t partition) const = 0;
    /// Asks the leader of a partition. Returns whether it began.
    virtual bool administrate(const broker::AdminRequested& request) = 0;
    /// The last members of a partition that anybody could know of; nothing if no replica serves.
    [[nodiscard]] virtual std::optional<broker::raft::Configuration> newest_members(
        std::uint32_t partition) const = 0;
    /// Whether damage beyond the budget was asked for.
    [[nodiscard]] virtual bool may_exceed_budget() const = 0;
    /// Tells a broker that it is one of `left`, the only voters that a partition still has. Returns
    /// whether it took that on.
    virtual bool force_members(std::uint32_t host, std::uint32_t partition,
                               const broker::ForceMembers& left, std::uint32_t element) = 0;
    /// Returns how many connections broke with work in flight.
    virtual std::uint32_t reset_connections(std::uint32_t client, ResetPoint point) = 0;
    [[nodiscard]] virtual VirtualNetwork& network() = 0;
    [[nodiscard]] virtual Scheduler& scheduler() = 0;
    [[nodiscard]] virtual Duration largest_election_timeout() const = 0;
};

}  // namespace brokersim
