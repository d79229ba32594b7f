// Unsafe recovery: a quorum is down, and an operator lets those who are left go on alone.
//
// Whoever is down then is gone for ever: its disk is replaced before it may start again, as any
// manual of such a procedure demands, for an old voter that came back could decide with others of
// its kind. So this always goes beyond the budget. What only the lost ones had may be lost (T16),
// and is told as such; what is served afterwards must be what was sent, as always.
// Sources: KIP-966 (unclean election), CockroachDB and TiKV (recovery from loss of quorum).
#include "sim/faults/active_fault.h"
#include "sim/invariants/quorum.h"

#include <algorithm>

namespace brokersim {
namespace {

using Hosts = std::vector<std::uint32_t>;

constexpr Duration look_every{50'000'000};  // while a quorum is up, or a leader still heard

class ForcedReconfiguration final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        if (!scene.world.may_exceed_budget()) {
            scene.refusal = "a forced reconfiguration loses what only the others hold";
            return false;
        }
        for (std::uint32_t partition = 0; partition < scene.world.partitions(); ++partition) {
            if (scene.element.partition.value_or(partition) == partition) {
                force(scene, partition);
            }
        }
        std::sort(scene.hosts.begin(), scene.hosts.end());
        return !forced_.empty();
    }
    [[nodiscard]] bool lasting() const override { return !waiting_.empty(); }
    void on_stage(FaultScene& scene) override { ask(scene); }
    /// Waits until a quorum is down.
    [[nodiscard]] std::optional<Duration> look_again(const FaultScene& scene) override {
        constexpr std::uint32_t tries = 200;
        ++tried_;
        return scene.refusal.empty() && tried_ < tries ? std::optional{look_every} : std::nullopt;
    }
    /// They did what no quorum of the old voters could do any more.
    void on_leader(FaultScene& scene, std::uint32_t host, std::uint32_t partition) override {
        bool const left =
            std::find(scene.hosts.begin(), scene.hosts.end(), host) != scene.hosts.end();
        bool const forced = std::find(forced_.begin(), forced_.end(), partition) != forced_.end();
        scene.effective = scene.effective || (left && forced);
    }
    /// Those who are left may go down too before they elect anybody.
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        (void)chances;
        return false;
    }

private:
    void force(FaultScene& scene, std::uint32_t partition) {
        std::optional<broker::raft::Configuration> const members =
            scene.world.newest_members(partition);
        if (!members) {
            return;
        }
        broker::ForceMembers left;
        Hosts gone;
        for (const broker::Member& member : members->members()) {
            std::uint32_t const host = member.id.value() - 1;
            bool const same_disk = scene.world.member(host) == member;
            if (same_disk && scene.world.is_serving(host)) {
                if (members->is_voter(member)) {
                    left.voters.push_back(member);
                }
            } else if (same_disk && scene.world.is_up(host)) {
                return;  // on its way: it may have what the others need
            } else if (same_disk) {
                gone.push_back(host);
            }
        }
        auto const is_left = [&](const broker::Member& voter) {
            return std::binary_search(left.voters.begin(), left.voters.end(), voter);
        };
        if (left.voters.empty() || has_quorum(*members, is_left)) {
            return;
        }
        std::vector<Waiting> refused;
        for (const broker::Member& voter : left.voters) {
            std::uint32_t const host = voter.id.value() - 1;
            if (!scene.world.force_members(host, partition, left, scene.index)) {
                refused.push_back({host, partition, left});
            }
        }
        if (refused.size() == left.voters.size()) {
            return;  // they all still hear a leader
        }
        waiting_.insert(waiting_.end(), refused.begin(), refused.end());
        if (!refused.empty()) {
            scene.stage_in(look_every);
        }
        for (std::uint32_t const host : gone) {
            (void)scene.world.ask_budget(host, DamageClass::detectable);
            scene.world.replace_disk(host, {}, true);
        }
        forced_.push_back(partition);
        for (const broker::Member& voter : left.voters) {
            std::uint32_t const host = voter.id.value() - 1;
            if (std::find(scene.hosts.begin(), scene.hosts.end(), host) == scene.hosts.end()) {
                scene.hosts.push_back(host);
            }
        }
    }

    /// Asks those again who refused, until they agree or have it from their leader.
    void ask(FaultScene& scene) {
        std::erase_if(waiting_, [&](const Waiting& one) {
            return scene.world.is_serving(one.host) &&
                   scene.world.force_members(one.host, one.partition, one.left, scene.index);
        });
        if (!waiting_.empty()) {
            scene.stage_in(look_every);
        }
    }

    struct Waiting {
        std::uint32_t host;
        std::uint32_t partition;
        broker::ForceMembers left;
    };
    std::vector<Waiting> waiting_;
    std::vector<std::uint32_t> forced_;  // partitions
    std::uint32_t tried_ = 0;
};

}  // namespace

std::unique_ptr<ActiveFault> make_forced_reconfiguration() {
    return std::make_unique<ForcedReconfiguration>();
}

}  // namespace brokersim
