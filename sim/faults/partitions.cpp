// Cuts between members of the network: partition, flap, client_partition.
#include "sim/faults/cut.h"

#include <algorithm>

namespace brokersim {
namespace {

using Group = std::vector<std::uint32_t>;

std::vector<std::uint32_t> others(const FaultScene& scene, const Group& side) {
    Group rest;
    for (std::uint32_t host = 0; host < scene.world.brokers(); ++host) {
        if (std::find(side.begin(), side.end(), host) == side.end()) {
            rest.push_back(host);
        }
    }
    return rest;
}

/// The groups as listed; none if one of them has nobody now.
std::vector<Group> listed_groups(FaultScene& scene) {
    std::vector<Group> groups;
    std::vector<bool> named(scene.world.brokers() + scene.world.clients(), false);
    std::optional<std::size_t> rest_at;
    for (const std::vector<Target>& targets : scene.element.groups) {
        Group group;
        for (const Target& target : targets) {
            if (target.kind == TargetKind::rest) {
                rest_at = groups.size();
                continue;
            }
            Group const members = scene.targets.members(target);
            if (members.empty()) {
                return {};
            }
            for (std::uint32_t const member : members) {
                if (!named[member]) {
                    named[member] = true;
                    group.push_back(member);
                }
            }
        }
        groups.push_back(std::move(group));
    }
    if (rest_at) {
        for (std::uint32_t host = 0; host < scene.world.brokers(); ++host) {
            if (!named[host]) {
                groups[*rest_at].push_back(host);
            }
        }
    }
    return groups;
}

/// One side of a shape of two sides; empty if nobody fits.
Group side_of(FaultScene& scene) {
    std::uint32_t const brokers = scene.world.brokers();
    switch (scene.element.shape) {
        case Shape::one:
            return scene.targets.draw_some(1);
        case Shape::minority:
            return scene.targets.draw_some(std::max<std::uint32_t>(1, (brokers - 1) / 2));
        case Shape::minority_third:
            return scene.targets.draw_some(std::max<std::uint32_t>(1, brokers / 3));
        case Shape::majority:
            return scene.targets.draw_some(brokers / 2 + 1);
        case Shape::halves:
            return scene.targets.draw_some(brokers / 2);
        case Shape::leader:
        case Shape::leader_with_clients:
            if (std::optional<std::uint32_t> const leader =
                    scene.world.leader_of(scene.element.target.partition)) {
                return {*leader};
            }
            break;
        case Shape::bridge:
        case Shape::majorities_ring:
        case Shape::groups:
            break;
    }
    return {};
}

std::vector<Group> groups_of(FaultScene& scene) {
    const Element& element = scene.element;
    std::uint32_t const brokers = scene.world.brokers();
    std::vector<Group> groups;
    if (element.shape == Shape::groups) {
        return listed_groups(scene);
    }
    if (brokers < 2) {
        return groups;
    }
    if (element.shape == Shape::bridge) {
        // The first one drawn stands between the two sides and is cut from neither.
        Group const order = scene.targets.draw_order();
        auto const middle = order.begin() + 1 + (brokers - 1) / 2;
        groups.emplace_back(order.begin() + 1, middle);
        groups.emplace_back(middle, order.end());
        return groups;
    }
    if (element.shape == Shape::majorities_ring) {
        for (std::uint32_t const host : scene.targets.draw_order()) {
            groups.push_back({host});
        }
        return groups;
    }
    Group side = side_of(scene);
    if (side.empty()) {
        return groups;
    }
    Group rest = others(scene, side);
    if (element.shape == Shape::leader_with_clients) {
        for (std::uint32_t client = 0; client < scene.world.clients(); ++client) {
            side.push_back(brokers + client);
        }
    }
    groups.push_back(std::move(side));
    groups.push_back(std::move(rest));
    return groups;
}

/// What the kinds of this file have in common: they matter where a message met the cut.
class OnLinks : public ActiveFault {
public:
    bool end(FaultScene& scene) override {
        cut_.mend(scene);
        return true;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        return cut_.chances(scene);
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        // How many of those messages were about what it strikes, nobody counts.
        return chances > 0 && element.only == 0;
    }

protected:
    Cut cut_;
};

class Partition final : public OnLinks {
public:
    bool begin(FaultScene& scene) override { return cut_.plan(scene) && cut_.make(scene); }
};

/// The same cut again and again: each state lasts half to one and a half times `by`.
class Flap final : public OnLinks {
public:
    bool begin(FaultScene& scene) override {
        if (!cut_.plan(scene) || !cut_.make(scene)) {
            return false;
        }
        turn_in(scene);
        return true;
    }
    void on_stage(FaultScene& scene) override {
        if (cut_.made()) {
            cut_.mend(scene);
        } else {
            cut_.make(scene);
        }
        turn_in(scene);
    }

private:
    static void turn_in(FaultScene& scene) {
        std::int64_t const mean = scene.element.by.nanoseconds();
        Duration const wait{scene.random.between(mean / 2, mean + mean / 2)};
        scene.stage_in(wait);
    }
};

class ClientPartition final : public OnLinks {
public:
    bool begin(FaultScene& scene) override {
        std::vector<std::uint32_t> clients;
        for (std::uint32_t client = 0; client < scene.world.clients(); ++client) {
            clients.push_back(scene.world.brokers() + client);
        }
        cut_.between(scene, clients, scene.hosts);
        return cut_.make(scene);
    }
};

}  // namespace

bool Cut::plan(FaultScene& scene) {
    std::vector<Group> const groups = groups_of(scene);
    if (groups.size() < 2) {
        return false;
    }
    for (std::uint32_t const member : groups.front()) {
        if (member < scene.world.brokers()) {
            scene.hosts.push_back(member);
        }
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
        for (std::size_t j = i + 1; j < groups.size(); ++j) {
            // In a ring each reaches so many neighbours on both sides that all have a majority.
            std::size_t const apart = std::min(j - i, groups.size() - (j - i));
            std::size_t const reach = (groups.size() / 2 + 1) / 2;
            if (scene.element.shape == Shape::majorities_ring && apart <= reach) {
                continue;
            }
            between(scene, groups[i], groups[j]);
        }
    }
    return !pairs_.empty();
}

void Cut::between(const FaultScene& scene, const Group& a, const Group& b) {
    bool const out = scene.element.direction != Direction::in;
    bool const in = scene.element.direction != Direction::out;
    for (std::uint32_t const from : a) {
        for (std::uint32_t const to : b) {
            if (from >= scene.world.brokers() && to >= scene.world.brokers()) {
                continue;  // clients do not speak to each other
            }
            if (out) {
                pairs_.emplace_back(from, to);
            }
            if (in) {
                pairs_.emplace_back(to, from);
            }
        }
    }
}

bool Cut::make(FaultScene& scene) {
    for (const auto& [from, to] : pairs_) {
        scene.world.network().block(from, to, scene.index, scene.element.only);
    }
    made_ = true;
    wanted_before_ = wanted(scene);
    return !pairs_.empty();
}

void Cut::mend(FaultScene& scene) {
    if (!made_) {
        return;
    }
    for (const auto& [from, to] : pairs_) {
        scene.world.network().unblock(from, to, scene.index);
    }
    made_ = false;
    met_ += wanted(scene) - wanted_before_;
}

std::uint64_t Cut::chances(const FaultScene& scene) const {
    return met_ + (made_ ? wanted(scene) - wanted_before_ : 0);
}

std::uint64_t Cut::wanted(const FaultScene& scene) const {
    std::uint64_t sum = 0;
    for (const auto& [from, to] : pairs_) {
        sum += scene.world.network().wanted(from, to);
    }
    return sum;
}

std::unique_ptr<ActiveFault> make_flap() {
    return std::make_unique<Flap>();
}
std::unique_ptr<ActiveFault> make_client_partition() {
    return std::make_unique<ClientPartition>();
}
std::unique_ptr<ActiveFault> make_partition() {
    return std::make_unique<Partition>();
}

}  // namespace brokersim
