// FaultEngine: turns the plan's elements into what happens, and proves that it mattered.
//
// Each element waits for its trigger (a time, an event, or work in flight), then resolves its
// target by role among the brokers of that moment, acts, and ends after its time. An element is
// effective once something happened that would not have happened without it: a node that was up
// went down, a message was lost, an event had to wait. What never took effect is reported as such,
// because a run with a fault that did nothing proves nothing.
#pragma once

#include "broker_core/base/random.h"
#include "faults/fault.h"
#include "scenarios/scenario.h"
#include "sim/faults/active_fault.h"
#include "sim/trace.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// One element and its story so far.
struct ElementState {
    Element element;
    ElementFate fate = ElementFate::scheduled;
    Time fired_at;
    std::vector<std::uint32_t> hosts;      // resolved, 0-based
    std::vector<std::uint64_t> io_before;  // armed on an nth operation: counts when it was armed
    std::unique_ptr<ActiveFault> fault;    // once it fired
    bool armed = false;                    // waiting for work in flight
    bool active = false;                   // in force
    bool done = false;
    bool had_chance = true;  // else its silence proves nothing
    std::uint64_t seen = 0;  // of its `when` event
    std::uint64_t chances_before = 0;
    std::optional<Time> unresolved_since;  // its trigger came, and nobody fitted
    std::string refusal;                   // refused: what forbade it
};

/// What an element does, for signatures and reports: "crash.power", "partition".
std::string fault_text(const Element& element);

class FaultEngine {
public:
    FaultEngine(std::vector<Element> plan, const FaultLimits& limits, std::uint64_t seed,
                FaultActions& actions, Trace& trace);

    /// The run phase begins.
    void begin(Time now);
    /// No further element fires; what is in force ends. behind: by host, who stays as it is; what
    /// struck nobody else is not said to be over. Empty: nobody.
    void end(const std::vector<bool>& behind = {});

    void on_fire(std::uint32_t element);
    void on_end(std::uint32_t element);
    /// A named event happened `times` times on a host (0-based).
    /// of: the fault that an event is about, for fault_started and fault_ended.
    void on_event(std::string_view event, std::uint32_t host, std::uint64_t times,
                  std::string_view of = {});
    /// After every event of a host: armed elements look whether their work is in flight, and faults
    /// that watch a host see it.
    void look(std::uint32_t host);
    [[nodiscard]] bool looks() const { return armed_ > 0 || watching_ > 0; }
    /// A host went down: a pause of it is over.
    void on_host_down(std::uint32_t down);
    /// A broker became the leader of a partition: a hand-over to it has taken effect.
    void on_leader(std::uint32_t host, std::uint32_t partition);
    /// Whether any element, fired or not, waits for events of this name.
    [[nodiscard]] const std::vector<std::string>& watched() const { return watched_; }
    void mark_effective(std::uint32_t element);

    /// How often a fault began or ended so far.
    [[nodiscard]] std::uint64_t changes() const { return changes_; }
    [[nodiscard]] const std::vector<ElementState>& elements() const { return states_; }
    [[nodiscard]] bool active() const { return running_; }
    /// 0-based hosts of a target, now. Empty if nobody fits.
    std::vector<std::uint32_t> resolve(const Target& target) { return targets_.hosts(target); }

private:
    void trigger(std::uint32_t element);
    void fire(std::uint32_t element);
    enum class Told : std::uint8_t { yes, no };
    void finish(std::uint32_t element, Told told = Told::yes);
    FaultScene scene_of(std::uint32_t element);
    void settle(const FaultScene& scene);
    [[nodiscard]] std::uint64_t chances_now(std::uint32_t element);
    /// Returns whether anything in force was ended.
    bool heal(const std::string& id);
    [[nodiscard]] bool is_reached(const ElementState& state, std::uint32_t host) const;
    [[nodiscard]] std::uint64_t io_count(const ElementState& state, std::uint32_t host) const;
    [[nodiscard]] bool within_limits(const ElementState& state) const;
    [[nodiscard]] std::vector<std::uint32_t> resolved(const std::string& id) const;

    FaultLimits limits_;
    FaultActions& actions_;
    Trace& trace_;
    broker::Random random_;
    TargetFinder targets_;
    std::vector<ElementState> states_;
    std::vector<std::string> watched_;
    Time began_;
    bool running_ = false;
    std::uint32_t armed_ = 0;
    std::uint64_t changes_ = 0;
    std::uint32_t watching_ = 0;  // faults in force that look at every step
};

}  // namespace brokersim
