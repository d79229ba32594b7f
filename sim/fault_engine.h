// FaultEngine: turns the plan's elements into what happens, and proves that it mattered.
//
// Each element waits for its trigger (a time, an event, or work in flight), then resolves its
// target by role among the brokers of that moment, acts, and ends after its time. An element is
// effective once something happened that would not have happened without it: a node that was up
// went down, a message was lost, an event had to wait. What never took effect is reported as such,
// because a run with a fault that did nothing proves nothing.
#pragma once

#include "broker_core/base/random.h"
#include "broker_core/env/event.h"
#include "broker_core/raft/configuration.h"
#include "faults/fault.h"
#include "scenarios/scenario.h"
#include "sim/scheduler.h"
#include "sim/trace.h"
#include "sim/virtual_network.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// What faults may do to the world. Hosts and clients are 0-based.
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
    virtual void slow_disk(std::uint32_t host, std::uint32_t factor, std::uint32_t element) = 0;
    /// Disk operations submitted on a host so far; events that came for it so far. An element in
    /// whose time none came had no chance to matter.
    [[nodiscard]] virtual std::uint64_t disk_activity(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint64_t disk_completions(std::uint32_t host) const = 0;
    /// Operations of the disk, begun or ended, at which a stall would have shown.
    [[nodiscard]] virtual std::uint64_t disk_ops_met(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint64_t event_activity(std::uint32_t host) const = 0;
    /// What the leader of a partition says of it; nothing if there is no leader.
    struct PartitionView {
        std::uint32_t leader = 0;  // 0-based
        broker::raft::Configuration members;
        broker::Offset log_start;
        broker::Offset high_watermark;
    };
    [[nodiscard]] virtual std::optional<PartitionView> partition_view(
        std::uint32_t partition) const = 0;
    [[nodiscard]] virtual broker::Member member(std::uint32_t host) const = 0;
    [[nodiscard]] virtual std::uint32_t partitions() const = 0;
    /// Whether a broker could hold the partition.
    [[nodiscard]] virtual bool may_hold(std::uint32_t host, std::uint32_t partition) const = 0;
    /// Asks the leader of a partition. Returns whether it began.
    virtual bool administrate(const broker::AdminRequested& request) = 0;
    /// Returns how many connections broke with work in flight.
    virtual std::uint32_t reset_connections(std::uint32_t client, ResetPoint point) = 0;
    virtual VirtualNetwork& network() = 0;
    virtual Scheduler& scheduler() = 0;
    [[nodiscard]] virtual Duration largest_election_timeout() const = 0;
};

/// One element and its story so far.
struct ElementState {
    Element element;
    ElementFate fate = ElementFate::scheduled;
    Time fired_at;
    std::vector<std::uint32_t> hosts;      // resolved, 0-based
    std::vector<std::uint32_t> lives;      // their incarnations when it fired
    std::vector<std::uint64_t> io_before;  // armed on an nth operation: counts when it was armed
    std::vector<std::uint32_t> members;    // of a partition's first group
    std::vector<std::pair<std::uint32_t, std::uint32_t>> blocked;
    bool armed = false;   // waiting for work in flight
    bool active = false;  // in force
    bool done = false;
    std::uint64_t seen = 0;  // of its `when` event
    // Messages, disk operations or events that it could have acted on: when it began, and in all.
    std::optional<Time> asked_since;        // administration: nobody took it yet
    std::optional<std::uint32_t> acted_on;  // transfer_leader: the partition, until it shows
    std::uint64_t chances_before = 0;
    std::uint64_t chances = 0;
};

/// What an element does, for signatures and reports: "crash.power", "partition".
std::string fault_text(const Element& element);

class FaultEngine {
public:
    FaultEngine(std::vector<Element> plan, const FaultLimits& limits, std::uint64_t seed,
                FaultActions& actions, Trace& trace);

    /// The run phase begins.
    void begin(Time now);
    /// No further element fires; what is in force ends.
    void end();

    void on_fire(std::uint32_t element);
    void on_end(std::uint32_t element);
    /// A named event happened `times` times on a host (0-based).
    /// of: the fault that an event is about, for fault_started and fault_ended.
    void on_event(std::string_view event, std::uint32_t host, std::uint64_t times,
                  std::string_view of = {});
    /// After every event of a host: armed elements look whether their work is in flight.
    void look(std::uint32_t host);
    [[nodiscard]] bool has_armed() const { return armed_ > 0; }
    /// A host went down: a pause of it is over.
    void on_host_down();
    /// A broker became the leader of a partition: a hand-over to it has taken effect.
    void on_leader(std::uint32_t host, std::uint32_t partition);
    /// Whether any element, fired or not, waits for events of this name.
    [[nodiscard]] const std::vector<std::string>& watched() const { return watched_; }
    void mark_effective(std::uint32_t element);

    [[nodiscard]] const std::vector<ElementState>& elements() const { return states_; }
    [[nodiscard]] bool active() const { return running_; }
    /// 0-based hosts of a target, now. Empty if nobody fits.
    std::vector<std::uint32_t> resolve(const Target& target);

private:
    void trigger(std::uint32_t element);
    void fire(std::uint32_t element);
    bool act(std::uint32_t index, ElementState& state);
    bool act_partition(std::uint32_t index, ElementState& state);
    bool act_on_hosts(std::uint32_t index, ElementState& state);
    void finish(std::uint32_t element);
    [[nodiscard]] std::uint64_t chances_now(const ElementState& state) const;
    /// Returns whether anything in force was ended.
    bool heal(const std::string& id);
    // administration.cpp
    /// Whether an administrator goes on asking: what chance drew gives up after two election
    /// timeouts.
    bool may_ask_again(ElementState& state);
    bool administrate(std::uint32_t index, ElementState& state);
    std::optional<broker::AdminRequested> compose(ElementState& state, std::uint32_t partition);
    std::vector<std::uint32_t> pick_broker(const ElementState& state, std::uint32_t partition,
                                           const std::vector<std::uint32_t>& from);
    [[nodiscard]] bool is_reached(const ElementState& state, std::uint32_t host) const;
    [[nodiscard]] std::uint64_t io_count(const ElementState& state, std::uint32_t host) const;
    [[nodiscard]] bool within_limits(const ElementState& state) const;
    std::vector<std::uint32_t> draw_some(std::uint32_t count);
    /// All hosts, in a drawn order.
    std::vector<std::uint32_t> draw_order();
    std::optional<std::vector<std::vector<std::uint32_t>>> groups_of(ElementState& state);
    std::vector<std::uint32_t> members_of(const Target& target);
    void block_between(std::uint32_t index, ElementState& state,
                       const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b);

    FaultLimits limits_;
    FaultActions& actions_;
    Trace& trace_;
    broker::Random random_;
    std::vector<ElementState> states_;
    std::vector<std::string> watched_;
    Time began_;
    bool running_ = false;
    std::uint32_t armed_ = 0;
};

}  // namespace brokersim
