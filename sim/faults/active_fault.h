// One fault that acts: what it does when it begins, at later stages, and when it ends.
//
// The engine owns the story of an element (trigger, target, fate); each kind is a small class here
// that owns what it did to the world, so that it can take exactly that back.
#pragma once

#include "broker_core/base/random.h"
#include "sim/faults/fault_actions.h"
#include "sim/faults/target_finder.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// The element, and what it may use while it acts. Made anew for each call.
struct FaultScene {
    Element& element;  // what chance decides when it fires is written into it, for reports
    std::uint32_t index;
    std::vector<std::uint32_t>& hosts;  // whom it was resolved to, 0-based
    FaultActions& world;
    TargetFinder& targets;
    broker::Random& random;
    bool allowed;            // whether the limits let it take its hosts down now
    bool running;            // false: the heal phase ends everything, and starts every node itself
    bool effective = false;  // set: something happened that would not have happened without it
    std::string refusal;     // set, and begin() false: the budget does not let it act

    [[nodiscard]] Time now() const { return world.scheduler().now(); }
    /// When the element is to end; Time::never() if only healing ends it.
    [[nodiscard]] Time until() const {
        return element.lasts ? now() + *element.lasts : Time::never();
    }
    /// Calls on_stage() after `wait`, if the fault is still in force then.
    void stage_in(Duration wait) const {
        world.scheduler().push(now() + wait, Work{WorkKind::fault_fire, index, 0, 0});
    }
    /// Ends the fault after `wait`.
    void end_in(Duration wait) const {
        world.scheduler().push(now() + wait, Work{WorkKind::fault_end, index, 0, 0});
    }
};

class ActiveFault {
public:
    ActiveFault() = default;
    ActiveFault(const ActiveFault&) = delete;
    ActiveFault& operator=(const ActiveFault&) = delete;
    virtual ~ActiveFault() = default;

    /// Begins; returns whether there was anything to act on.
    virtual bool begin(FaultScene& scene) = 0;
    /// A later stage that begin(), end() or another stage asked for.
    virtual void on_stage(FaultScene& scene) { (void)scene; }
    /// Takes back what it did; returns whether it is over, else end() comes again (end_in()).
    virtual bool end(FaultScene& scene) {
        (void)scene;
        return true;
    }
    /// After every step of a host, if watches_steps().
    virtual void on_step(FaultScene& scene, std::uint32_t host) {
        (void)scene;
        (void)host;
    }
    /// One of its hosts went down while it is in force.
    virtual void on_host_down(const FaultScene& scene, std::uint32_t host) {
        (void)scene;
        (void)host;
    }
    /// A broker became the leader of a partition, after this began.
    virtual void on_leader(FaultScene& scene, std::uint32_t host, std::uint32_t partition) {
        (void)scene;
        (void)host;
        (void)partition;
    }
    [[nodiscard]] virtual bool watches_steps() const { return false; }

    /// Whether it stays in force after begin(), until its time is over.
    [[nodiscard]] virtual bool lasting() const { return true; }
    /// Nothing to act on yet: how long to wait before looking again. None: it has no target.
    [[nodiscard]] virtual std::optional<Duration> look_again(const FaultScene& scene) {
        (void)scene;
        return std::nullopt;
    }
    /// All its hosts are down: whether that ends it.
    [[nodiscard]] virtual bool ends_with_hosts() const { return false; }

    /// Messages, operations or events it could have acted on so far; the engine takes differences.
    [[nodiscard]] virtual std::uint64_t chances(const FaultScene& scene) const {
        (void)scene;
        return 0;
    }
    /// Whether so many chances were enough to expect an effect. They are counted apart from the
    /// fault itself, so that a fault that does nothing cannot excuse itself.
    [[nodiscard]] virtual bool had_chance(const Element& element, std::uint64_t chances) const {
        (void)element;
        (void)chances;
        return true;
    }
};

/// The fault of a kind, before it begins. Not for `heal`, which the engine does itself.
std::unique_ptr<ActiveFault> make_fault(FaultKind kind);

// One function per family, each in the file of its name.
std::unique_ptr<ActiveFault> make_crash();
std::unique_ptr<ActiveFault> make_shutdown();
std::unique_ptr<ActiveFault> make_restart();
std::unique_ptr<ActiveFault> make_pause();
std::unique_ptr<ActiveFault> make_all_down(FaultKind kind);
std::unique_ptr<ActiveFault> make_rolling_restart();
std::unique_ptr<ActiveFault> make_crash_loop();
std::unique_ptr<ActiveFault> make_suspend();
std::unique_ptr<ActiveFault> make_slow_cpu();
std::unique_ptr<ActiveFault> make_late_timer();
std::unique_ptr<ActiveFault> make_wrong_clock();
std::unique_ptr<ActiveFault> make_partition();
std::unique_ptr<ActiveFault> make_flap();
std::unique_ptr<ActiveFault> make_client_partition();
std::unique_ptr<ActiveFault> make_half_open();
std::unique_ptr<ActiveFault> make_message_fault(FaultKind kind);
std::unique_ptr<ActiveFault> make_reset();
std::unique_ptr<ActiveFault> make_disk_stall();
std::unique_ptr<ActiveFault> make_slow_disk();
std::unique_ptr<ActiveFault> make_administration();
std::unique_ptr<ActiveFault> make_forced_reconfiguration();
std::unique_ptr<ActiveFault> make_disk_error(FaultKind kind);
std::unique_ptr<ActiveFault> make_damage(FaultKind kind);

}  // namespace brokersim
