// What an administrator asks for: composed when the element fires, from what the leader knows then.
#include "sim/faults/active_fault.h"

#include <algorithm>

namespace brokersim {
namespace {

using broker::Member;
using Members = std::vector<Member>;
using View = FaultActions::PartitionView;
using Hosts = std::vector<std::uint32_t>;

constexpr Duration look_every{3'000'000};  // while no leader is free to do it
constexpr std::int64_t patience = 20;      // of what chance drew, in election timeouts

bool holds(const Members& members, std::uint32_t host) {
    return std::any_of(members.begin(), members.end(),
                       [host](const Member& member) { return member.id.value() == host + 1; });
}

void leave(Members& members, std::uint32_t host) {
    std::erase_if(members, [host](const Member& member) { return member.id.value() == host + 1; });
}

void join(Members& members, const Member& member) {
    members.insert(std::upper_bound(members.begin(), members.end(), member), member);
}

/// A role names its partition.
bool has_partition(const Target& target) {
    return target.kind == TargetKind::leader || target.kind == TargetKind::follower ||
           target.kind == TargetKind::followers || target.kind == TargetKind::voters ||
           target.kind == TargetKind::candidate || target.kind == TargetKind::learner ||
           target.kind == TargetKind::lagging || target.kind == TargetKind::tiebreaker;
}

/// Brokers by what they are to a partition.
struct Standing {
    Standing(const FaultScene& scene, const View& view, std::uint32_t partition) {
        for (std::uint32_t host = 0; host < scene.world.brokers(); ++host) {
            if (!scene.world.may_hold(host, partition)) {
                continue;
            }
            able.push_back(host);
            if (holds(view.members.voters, host)) {
                voters.push_back(host);
            } else if (holds(view.members.learners, host)) {
                learners.push_back(host);
            } else {
                outside.push_back(host);
            }
        }
    }

    Hosts voters, learners, outside;
    Hosts able;  // all of these
};

/// Whom of `from` the target means; one of them is drawn if it does not say.
Hosts pick_broker(FaultScene& scene, std::uint32_t partition, const Hosts& from) {
    Target target = scene.element.target;
    if (from.empty()) {
        return {};
    }
    if (target.kind == TargetKind::one || target.kind == TargetKind::all) {
        std::uint64_t const at = scene.random.below(from.size());
        return {from[at]};
    }
    if (has_partition(target)) {
        target.partition = partition;
    }
    Hosts meant = scene.targets.hosts(target);
    std::erase_if(meant, [&](std::uint32_t host) {
        return std::find(from.begin(), from.end(), host) == from.end();
    });
    if (meant.size() > 1) {
        std::uint64_t const at = scene.random.below(meant.size());
        return {meant[at]};
    }
    return meant;
}

/// The members after a change of one broker; nothing if it is nobody. The hosts of the scene become
/// whom it concerns.
std::optional<broker::ChangeMembers> change_of_one(FaultScene& scene, std::uint32_t partition,
                                                   const View& view, const Standing& standing) {
    broker::ChangeMembers change{view.members.voters, view.members.learners};
    FaultKind const kind = scene.element.kind;
    bool const joins = kind == FaultKind::add_voter || kind == FaultKind::add_learner;
    bool const leaves = kind == FaultKind::remove_voter || kind == FaultKind::replace_voter;
    if (kind == FaultKind::remove_voter && standing.voters.size() < 2) {
        return std::nullopt;
    }
    scene.hosts = pick_broker(scene, partition,
                              joins    ? standing.outside
                              : leaves ? standing.voters
                                       : standing.learners);
    if (scene.hosts.empty()) {
        return std::nullopt;
    }
    std::uint32_t const host = scene.hosts.front();
    if (leaves) {
        leave(change.voters, host);
    } else {
        leave(change.learners, host);
        join(kind == FaultKind::add_learner ? change.learners : change.voters,
             scene.world.member(host));
    }
    if (kind == FaultKind::replace_voter) {
        Hosts replacements = standing.outside;
        replacements.insert(replacements.end(), standing.learners.begin(), standing.learners.end());
        if (replacements.empty()) {
            return std::nullopt;
        }
        std::uint64_t const at = scene.random.below(replacements.size());
        leave(change.learners, replacements[at]);
        join(change.voters, scene.world.member(replacements[at]));
    }
    return change;
}

/// Voters drawn among all that can be: as many as there are, or as the partition began with. Where
/// that leaves no other set, one fewer.
std::optional<broker::ChangeMembers> drawn_voters(FaultScene& scene, std::uint32_t partition,
                                                  const View& view, const Standing& standing) {
    broker::ChangeMembers change{{}, view.members.learners};
    Hosts able = standing.able;
    std::size_t const now = std::max<std::size_t>(standing.voters.size(), 1);
    std::size_t const before = scene.world.replicas_of(partition).size();
    std::size_t size = now < before && scene.random.below(2) == 0 ? before : now;
    if (size >= able.size() && size == now) {
        size = able.size() - 1;
    }
    size = std::min(size, able.size());
    if (size == 0) {
        return std::nullopt;
    }
    scene.hosts.clear();
    while (scene.hosts.size() < size) {
        std::uint64_t const at = scene.random.below(able.size());
        scene.hosts.push_back(able[at]);
        leave(change.learners, able[at]);
        join(change.voters, scene.world.member(able[at]));
        able.erase(able.begin() + static_cast<std::ptrdiff_t>(at));
    }
    std::sort(scene.hosts.begin(), scene.hosts.end());
    return change.voters == view.members.voters ? std::nullopt : std::optional{change};
}

std::optional<broker::AdminRequested> compose(FaultScene& scene, std::uint32_t partition) {
    std::optional<View> const view = scene.world.partition_view(partition);
    FaultKind const kind = scene.element.kind;
    // A leader that has committed nothing in its own term has to refuse; who is not told to ask it
    // waits until it has.
    if (!view || (!view->high_watermark && !scene.element.asks_early)) {
        return std::nullopt;
    }
    Standing const standing{scene, *view, partition};
    broker::AdminRequested request;
    request.partition = broker::PartitionId{partition};
    request.number = scene.index;
    if (kind == FaultKind::transfer_leader) {
        Hosts others = standing.voters;
        std::erase(others, view->leader);
        scene.hosts = pick_broker(scene, partition, others);
        if (scene.hosts.empty()) {
            return std::nullopt;
        }
        request.what = broker::TransferLeadership{broker::BrokerId{scene.hosts.front() + 1}};
        return request;
    }
    if (kind == FaultKind::delete_records) {
        std::int64_t const records = view->high_watermark->value() - view->log_start.value();
        std::int64_t const gone = records * scene.element.percent / 100;
        if (gone == 0) {
            return std::nullopt;
        }
        scene.hosts = {view->leader};
        request.what = broker::DeleteRecords{view->log_start + gone};
        return request;
    }
    std::optional<broker::ChangeMembers> const change =
        kind == FaultKind::joint_change ? drawn_voters(scene, partition, *view, standing)
                                        : change_of_one(scene, partition, *view, standing);
    if (!change) {
        return std::nullopt;
    }
    request.what = *change;
    return request;
}

class Administration final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        const Element& element = scene.element;
        std::uint32_t partition = element.target.partition;
        if (element.partition) {
            partition = *element.partition;
        } else if (!has_partition(element.target)) {
            partition = static_cast<std::uint32_t>(scene.random.below(scene.world.partitions()));
        }
        std::optional<broker::AdminRequested> const request = compose(scene, partition);
        if (!request || !scene.world.administrate(*request)) {
            return false;
        }
        if (element.kind == FaultKind::transfer_leader) {
            transfers_ = partition;  // takes effect when the successor leads
        } else {
            scene.effective = true;
        }
        return true;
    }
    [[nodiscard]] bool lasting() const override { return false; }
    /// A script goes on asking; what chance drew gives up after a while.
    [[nodiscard]] std::optional<Duration> look_again(const FaultScene& scene) override {
        Time const now = scene.now();
        if (!asked_since_) {
            asked_since_ = now;
        }
        bool const by_chance = is_by_chance(scene.element);
        bool const goes_on =
            !by_chance || now < *asked_since_ + scene.world.largest_election_timeout() * patience;
        Duration const wait = by_chance ? look_every * 5 : look_every;
        return goes_on ? std::optional{wait} : std::nullopt;
    }
    void on_leader(FaultScene& scene, std::uint32_t host, std::uint32_t partition) override {
        if (transfers_ == partition && !scene.hosts.empty() && scene.hosts.front() == host) {
            transfers_.reset();
            scene.effective = true;
        }
    }
    /// A leader may refuse, or be gone before it is done: its silence proves nothing.
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        (void)chances;
        return false;
    }

private:
    std::optional<Time> asked_since_;         // nobody took it yet
    std::optional<std::uint32_t> transfers_;  // the partition, until the successor leads it
};

}  // namespace

std::unique_ptr<ActiveFault> make_administration() {
    return std::make_unique<Administration>();
}

}  // namespace brokersim
