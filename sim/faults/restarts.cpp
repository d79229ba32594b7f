// Restarts of several nodes, or of one again and again: all_down, start_order, rolling_restart,
// crash_loop.
#include "sim/faults/active_fault.h"

#include <algorithm>

namespace brokersim {
namespace {

constexpr Duration look_every{10'000'000};

CrashKind drawn_kind(FaultScene& scene) {
    CrashKind& kind = scene.element.crash;
    if (kind == CrashKind::mixed) {
        kind = scene.random.below(2) == 0 ? CrashKind::process : CrashKind::power;
    }
    return kind == CrashKind::serve_then_power ? CrashKind::power : kind;
}

/// Everybody goes down at once and comes back in a drawn order, with gaps up to `by`.
class AllDown final : public ActiveFault {
public:
    explicit AllDown(FaultKind kind) : kind_{kind} {}

    bool begin(FaultScene& scene) override {
        bool const ordered = kind_ == FaultKind::start_order;
        if (ordered && scene.world.brokers() < 2) {
            return false;
        }
        CrashKind const kind = drawn_kind(scene);
        bool acted = false;
        for (std::uint32_t const host : scene.hosts) {
            acted = scene.world.crash(host, kind) || acted;
        }
        bool all = true;
        for (std::uint32_t const host : scene.hosts) {
            all = all && !scene.world.is_running(host);
        }
        scene.effective = acted && all && !ordered;
        return acted;
    }
    bool end(FaultScene& scene) override {
        if (!scene.running) {
            return true;
        }
        if (order_.empty()) {
            order_ = scene.targets.draw_order();
        }
        std::uint32_t const host = order_[next_];
        bool const last = next_ + 1 == order_.size();
        std::uint32_t const life = scene.world.incarnation(host);
        bool const started = scene.world.start(host);
        bool const runs = scene.world.incarnation(host) != life && scene.world.is_running(host);
        lonely_starts_ += !last && runs && !scene.world.is_running(order_[next_ + 1]) ? 1U : 0U;
        ++next_;
        if (next_ == order_.size()) {
            return true;
        }
        // It starts while a peer that it will call does not listen yet.
        bool const alone = started && !scene.world.is_running(order_[next_]);
        scene.effective = kind_ == FaultKind::start_order && alone;
        std::int64_t const timeout = scene.world.largest_election_timeout().nanoseconds();
        std::int64_t const usual = kind_ == FaultKind::start_order ? 5 * timeout : timeout;
        std::int64_t const most =
            scene.element.by > Duration{} ? scene.element.by.nanoseconds() : usual;
        Duration const gap{scene.random.between(std::int64_t{0}, most)};
        scene.end_in(gap);
        return false;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        (void)scene;
        return lonely_starts_;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        return element.kind == FaultKind::all_down || chances > 0;
    }

private:
    FaultKind kind_;
    std::vector<std::uint32_t> order_;
    std::size_t next_ = 0;
    std::uint64_t lonely_starts_ = 0;  // of a node, when the next one was down
};

/// One node after another goes down for `by` and comes back.
class RollingRestart final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        take(scene);
        return true;
    }
    void on_stage(FaultScene& scene) override {
        if (next_ >= scene.hosts.size()) {
            return;
        }
        std::uint32_t const host = scene.hosts[next_];
        if (!started_) {
            if (scene.world.is_running(host) && !scene.world.is_up(host)) {
                scene.stage_in(look_every);  // still stopping
                return;
            }
            bool const down = !scene.world.is_running(host);
            scene.effective = scene.world.start(host) && taken_;
            turns_ += taken_ && down && scene.world.is_running(host) ? 1U : 0U;
            started_ = true;
        }
        bool const comes =
            scene.world.is_running(host) && !scene.world.is_serving(host) && scene.element.waits;
        if (comes) {
            scene.stage_in(look_every);
            return;
        }
        ++next_;
        if (next_ < scene.hosts.size()) {
            take(scene);
            return;
        }
        scene.end_in(Duration{});
    }
    /// Nodes that were taken down and live again.
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        (void)scene;
        return turns_;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }

private:
    void take(FaultScene& scene) {
        std::uint32_t const host = scene.hosts[next_];
        started_ = false;
        if (scene.element.graceful) {
            taken_ = scene.world.stop(host);
        } else {
            taken_ = scene.world.crash(host, drawn_kind(scene));
        }
        scene.stage_in(scene.element.by);
    }

    std::size_t next_ = 0;
    std::uint64_t turns_ = 0;
    bool taken_ = false;    // the current one was up
    bool started_ = false;  // and is on its way back
};

/// Crashes that each come before the recovery from the one before is over.
class CrashLoop final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        CrashKind const kind = drawn_kind(scene);
        for (std::uint32_t const host : scene.hosts) {
            if (scene.world.crash(host, kind)) {
                victims_.push_back(Victim{host, scene.element.times});
            }
        }
        if (!victims_.empty()) {
            scene.stage_in(start_after);
        }
        return !victims_.empty();
    }
    void on_stage(FaultScene& scene) override {
        bool more = false;
        for (Victim& victim : victims_) {
            if (!scene.world.is_running(victim.host)) {
                victim.steps = 0;
                victim.disk_before = scene.world.disk_activity(victim.host);
                scene.world.start(victim.host);
                victim.crash_at = scene.random.below(crash_within_steps);
            }
            more = more || victim.left > 0;
        }
        if (!more) {
            scene.end_in(Duration{});
        }
    }
    [[nodiscard]] bool watches_steps() const override { return true; }
    void on_step(FaultScene& scene, std::uint32_t host) override {
        auto const at = std::find_if(victims_.begin(), victims_.end(),
                                     [host](const Victim& one) { return one.host == host; });
        if (at == victims_.end() || at->left == 0 || !scene.world.is_running(host)) {
            return;
        }
        bool const recovers = !scene.world.is_serving(host);
        ++at->steps;
        if ((recovers && at->steps <= at->crash_at) || !scene.allowed) {
            return;
        }
        CrashKind const kind = drawn_kind(scene);
        if (!scene.world.crash(host, kind)) {
            return;
        }
        --at->left;
        at->crashes += scene.world.disk_activity(host) > at->disk_before ? 1U : 0U;
        ended_in_recovery_ += recovers ? 1U : 0U;
        scene.effective = ended_in_recovery_ >= 2;
        scene.stage_in(start_after);
    }
    /// Crashes of the one that had most.
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        (void)scene;
        std::uint64_t most = 0;
        for (const Victim& victim : victims_) {
            most = std::max(most, victim.crashes);
        }
        return most;
    }
    /// One of them may come late: after the recovery that it was meant for.
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances >= 3;
    }
    bool end(FaultScene& scene) override {
        for (const Victim& victim : victims_) {
            if (scene.running && !scene.world.is_running(victim.host)) {
                scene.world.start(victim.host);
            }
        }
        return true;
    }

private:
    static constexpr Duration start_after{1'000'000};
    static constexpr std::uint64_t crash_within_steps = 6;

    struct Victim {
        std::uint32_t host = 0;
        std::uint32_t left = 0;      // crashes to come
        std::uint64_t steps = 0;     // of this life
        std::uint64_t crash_at = 0;  // after so many of them
        std::uint64_t disk_before = 0;
        std::uint64_t crashes = 0;  // of lives that had anything to recover
    };
    std::vector<Victim> victims_;
    std::uint32_t ended_in_recovery_ = 0;
};

}  // namespace

std::unique_ptr<ActiveFault> make_all_down(FaultKind kind) {
    return std::make_unique<AllDown>(kind);
}
std::unique_ptr<ActiveFault> make_rolling_restart() {
    return std::make_unique<RollingRestart>();
}
std::unique_ptr<ActiveFault> make_crash_loop() {
    return std::make_unique<CrashLoop>();
}

}  // namespace brokersim
