// What kinds of damage share: places that can be damaged, the budget, and the restart that meets
// it.
#pragma once

#include "sim/faults/active_fault.h"

#include <memory>
#include <optional>
#include <vector>

namespace brokersim {

/// Bytes of a file that are to be damaged.
struct Spot {
    std::uint32_t inode = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// What is durable there.
ByteSpan bytes_at(const FaultScene& scene, std::uint32_t host, const Spot& spot);

/// Places of a kind on one disk, over all of its partitions, or nothing.
std::vector<Spot> spots_of(const FaultScene& scene, std::uint32_t host, DamageAt where);

/// Asks the budget again for a while: copies come and go with every append. What chance drew also
/// waits for something to strike, and looks at another broker each time if any one will do.
class Budgeted : public ActiveFault {
public:
    [[nodiscard]] std::optional<Duration> look_again(const FaultScene& scene) override {
        constexpr std::uint32_t tries_of_a_script = 40;
        constexpr std::uint32_t tries_of_chance = 80;
        bool const drawn = is_by_chance(scene.element);
        bool const waits = drawn || !scene.refusal.empty();
        if (!waits || ++tried_ >= (drawn ? tries_of_chance : tries_of_a_script)) {
            return std::nullopt;
        }
        if (drawn && scene.element.target.kind == TargetKind::one) {
            scene.hosts = scene.targets.hosts(scene.element.target);
        }
        return Duration{scene.random.between(1'000'000, 50'000'000)};
    }

protected:
    static bool allowed(FaultScene& scene, std::uint32_t host, DamageClass damage) {
        BudgetAnswer const answer = scene.world.ask_budget(host, damage);
        if (!answer.allowed) {
            scene.refusal = answer.why;
        }
        return answer.allowed;
    }

private:
    std::uint32_t tried_ = 0;
};

/// Strikes hosts that go down for it, and starts them a while later.
class Striking : public Budgeted {
public:
    void on_stage(FaultScene& scene) override {
        for (std::uint32_t const host : struck_) {
            scene.world.start(host);
        }
    }

protected:
    /// From one stage to the next, a restart among them.
    static void next_stage(const FaultScene& scene) {
        scene.stage_in(Duration{scene.random.between(1'000'000, 200'000'000)});
    }
    /// The hosts that were struck are down. Returns whether there are any.
    bool stage_start(FaultScene& scene) const {
        if (struck_.empty()) {
            return false;
        }
        next_stage(scene);
        return true;
    }

    std::vector<std::uint32_t> struck_;
};

/// Places something on the disk of each host, and restarts its broker so that it reads it; at once,
/// or (while_up) later, if by then it has not come upon it while it served.
class WithRestart : public Striking {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            if (strike(scene, host)) {
                struck_.push_back(host);
                if (!scene.element.while_up) {
                    scene.world.crash(host, CrashKind::process);
                }
            }
        }
        if (scene.element.while_up && !struck_.empty()) {
            constexpr std::int64_t longest_ns = 2'000'000'000;
            scene.stage_in(Duration{scene.random.between(1'000'000, longest_ns)});
            return true;
        }
        return stage_start(scene);
    }
    void on_stage(FaultScene& scene) override {
        bool restarts = false;
        for (std::uint32_t const host : struck_) {
            bool const unmet = scene.world.disk(host).damage().chances(scene.index) == 0;
            if (scene.element.while_up && unmet && scene.world.crash(host, CrashKind::process)) {
                restarts = true;
            }
        }
        if (restarts) {
            next_stage(scene);
            return;
        }
        Striking::on_stage(scene);
    }
    /// With a time: whoever looks after the machine has put things right.
    bool end(FaultScene& scene) override {
        if (scene.element.lasts) {
            for (std::uint32_t const host : struck_) {
                scene.world.disk(host).damage().lift(scene.index);
                scene.world.mend(host);
            }
        }
        return true;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::uint32_t const host : struck_) {
            sum += scene.world.disk(host).damage().chances(scene.index);
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }

private:
    /// Returns whether anything was there to strike.
    virtual bool strike(FaultScene& scene, std::uint32_t host) = 0;
};

// Both in old_bytes.cpp.
std::unique_ptr<ActiveFault> make_lost_write();
std::unique_ptr<ActiveFault> make_stale_read();

}  // namespace brokersim
