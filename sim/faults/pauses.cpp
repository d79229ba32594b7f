// Machines that stand still or crawl: pause, suspend, slow_cpu, late_timer.
#include "sim/faults/active_fault.h"
#include "sim/host_clock.h"

namespace brokersim {
namespace {

/// What the kinds of this file have in common: they matter where something came for the host.
class OnHosts : public ActiveFault {
public:
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::uint32_t const host : scene.hosts) {
            sum += met(scene.world, host);
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }

private:
    [[nodiscard]] virtual std::uint64_t met(const FaultActions& world, std::uint32_t host) const {
        return world.activity(host).events;
    }
};

/// Holds the process that it found: the one that follows it runs, and owes it no effect.
class Pause : public OnHosts {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            if (scene.world.pause(host, scene.until(), scene.index)) {
                held_.push_back(Held{host, scene.world.activity(host).events});
            }
        }
        return !held_.empty();
    }
    void on_host_down(const FaultScene& scene, std::uint32_t host) override {
        for (const Held& held : held_) {
            met_ += held.host == host ? came_for(scene, held) : 0;
        }
        std::erase_if(held_, [=](const Held& held) { return held.host == host; });
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = met_;
        for (const Held& held : held_) {
            sum += came_for(scene, held);
        }
        return sum;
    }
    bool end(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.end_pause(host, scene.index);
        }
        return true;
    }
    [[nodiscard]] bool ends_with_hosts() const override { return true; }

private:
    struct Held {
        std::uint32_t host;
        std::uint64_t events_before;
    };
    static std::uint64_t came_for(const FaultScene& scene, const Held& held) {
        return scene.world.activity(held.host).events - held.events_before;
    }

    std::vector<Held> held_;
    std::uint64_t met_ = 0;  // by processes that are gone
};

/// A pause of the machine: its monotonic clock may have stood as well.
class Suspend final : public Pause {
public:
    bool begin(FaultScene& scene) override {
        if (!Pause::begin(scene)) {
            return false;
        }
        if (!scene.element.counts_suspend) {
            for (std::uint32_t const host : scene.hosts) {
                scene.world.clock(host).begin(scene.now(),
                                              ClockChange{scene.index, {}, 0, 0, false, true});
                scene.world.clock_changed(host);
            }
        }
        return true;
    }
    bool end(FaultScene& scene) override {
        // The clock goes on before the first event that waited is looked at.
        if (!scene.element.counts_suspend) {
            for (std::uint32_t const host : scene.hosts) {
                scene.world.clock(host).end(scene.now(), scene.index);
                scene.world.clock_changed(host);
            }
        }
        return Pause::end(scene);
    }
};

class SlowCpu final : public OnHosts {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.slowness(host).cpu.add(scene.index, scene.element.by.nanoseconds());
        }
        return !scene.hosts.empty();
    }
    bool end(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.slowness(host).cpu.remove(scene.index);
        }
        return true;
    }

private:
    [[nodiscard]] std::uint64_t met(const FaultActions& world, std::uint32_t host) const override {
        return world.activity(host).close_events;
    }
};

class LateTimer final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.slowness(host).timers.add(scene.index, scene.element.by.nanoseconds());
            timers_before_.push_back(scene.world.activity(host).timers);
        }
        return !scene.hosts.empty();
    }
    bool end(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.slowness(host).timers.remove(scene.index);
        }
        return true;
    }
    /// The timer of each host that was armed before it began comes in time.
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < timers_before_.size(); ++i) {
            std::uint64_t const served =
                scene.world.activity(scene.hosts[i]).timers - timers_before_[i];
            sum += served > 1 ? served - 1 : 0;
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }

private:
    std::vector<std::uint64_t> timers_before_;  // by host of the scene
};

}  // namespace

std::unique_ptr<ActiveFault> make_pause() {
    return std::make_unique<Pause>();
}
std::unique_ptr<ActiveFault> make_suspend() {
    return std::make_unique<Suspend>();
}
std::unique_ptr<ActiveFault> make_slow_cpu() {
    return std::make_unique<SlowCpu>();
}
std::unique_ptr<ActiveFault> make_late_timer() {
    return std::make_unique<LateTimer>();
}

}  // namespace brokersim
