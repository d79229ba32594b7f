// Nodes that go down and come back: crash, shutdown, restart.
#include "sim/faults/active_fault.h"

#include <algorithm>

namespace brokersim {
namespace {

constexpr Duration wait_for_stop{10'000'000};  // of a restart, for a node still stopping

class Crash final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        CrashKind& kind = scene.element.crash;
        if (kind == CrashKind::mixed) {
            std::uint64_t const drawn = scene.random.below(10);
            kind = drawn < 4   ? CrashKind::process
                   : drawn < 8 ? CrashKind::power
                               : CrashKind::serve_then_power;
        }
        return crash(scene, kind == CrashKind::serve_then_power ? CrashKind::process : kind);
    }
    /// Power fails after the restarted nodes read their caches and acted on them.
    void on_stage(FaultScene& scene) override {
        if (scene.allowed) {
            crash(scene, CrashKind::power);
        }
        if (scene.element.lasts) {
            scene.end_in(*scene.element.lasts);
        }
    }
    bool end(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.spare(host, scene.index);  // if it took no further step
        }
        // What they do from here on is no chance any more.
        steps_passed_ = chances(scene);
        lives_.clear();
        if (!scene.running) {
            return true;
        }
        for (std::uint32_t const host : scene.hosts) {
            scene.world.start(host);
        }
        if (scene.element.crash != CrashKind::serve_then_power || served_) {
            return true;
        }
        served_ = true;
        std::int64_t const limit = 2 * scene.world.largest_election_timeout().nanoseconds();
        Duration const after{scene.random.between(std::int64_t{0}, limit)};
        scene.stage_in(after);
        return false;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = steps_passed_;
        for (const Life& life : lives_) {
            bool const same = scene.world.incarnation(life.host) == life.incarnation;
            sum += same ? scene.world.activity(life.host).steps_with_effects - life.steps : 0;
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        return !element.retract || chances > 0;
    }

private:
    bool crash(FaultScene& scene, CrashKind kind) {
        bool acted = false;
        for (std::uint32_t const host : scene.hosts) {
            if (scene.element.retract) {
                lives_.push_back(Life{host, scene.world.incarnation(host),
                                      scene.world.activity(host).steps_with_effects});
                acted = scene.world.crash_in_step(host, kind, scene.index) || acted;
            } else {
                acted = scene.world.crash(host, kind) || acted;
            }
        }
        scene.effective = scene.effective || (acted && !scene.element.retract);
        return acted;
    }

    /// A host that is to crash inside a step, as it was when that was decided.
    struct Life {
        std::uint32_t host;
        std::uint32_t incarnation;
        std::uint64_t steps;
    };
    std::vector<Life> lives_;
    std::uint64_t steps_passed_ = 0;  // with effects, of lives that were spared
    bool served_ = false;
};

class Shutdown final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            lives_.push_back(scene.world.incarnation(host));
            scene.effective = scene.world.stop(host) || scene.effective;
        }
        if (scene.effective && scene.element.grace >= Duration{}) {
            scene.stage_in(scene.element.grace);
        }
        return scene.effective;
    }
    /// Its grace is over: kills those that are still the process that was told to stop.
    void on_stage(FaultScene& scene) override {
        for (std::size_t i = 0; i < scene.hosts.size(); ++i) {
            if (scene.world.incarnation(scene.hosts[i]) == lives_[i]) {
                scene.world.crash(scene.hosts[i], CrashKind::process);
            }
        }
    }
    bool end(FaultScene& scene) override {
        if (!scene.running) {
            return true;
        }
        bool stopping = false;
        for (std::uint32_t const host : scene.hosts) {
            bool const still = scene.world.is_running(host) && !scene.world.is_up(host);
            stopping = stopping || still;
            if (!still) {
                scene.world.start(host);
            }
        }
        if (stopping) {
            scene.end_in(wait_for_stop);
        }
        return !stopping;
    }

private:
    std::vector<std::uint32_t> lives_;  // by host of the scene: the incarnation that was stopped
};

class Restart final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.effective = scene.world.start(host) || scene.effective;
        }
        return scene.effective;
    }
    [[nodiscard]] bool lasting() const override { return false; }
};

}  // namespace

std::unique_ptr<ActiveFault> make_crash() {
    return std::make_unique<Crash>();
}
std::unique_ptr<ActiveFault> make_shutdown() {
    return std::make_unique<Shutdown>();
}
std::unique_ptr<ActiveFault> make_restart() {
    return std::make_unique<Restart>();
}

}  // namespace brokersim
