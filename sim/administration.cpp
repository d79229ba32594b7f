// What an administrator asks for: composed when the element fires, from what the leader knows then.
#include "sim/fault_engine.h"

#include <algorithm>

namespace brokersim {
namespace {

using broker::Member;
using Members = std::vector<Member>;

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
           target.kind == TargetKind::followers || target.kind == TargetKind::voters;
}

}  // namespace

/// Whom of `from` the target means; one of them is drawn if it does not say.
std::vector<std::uint32_t> FaultEngine::pick_broker(const ElementState& state,
                                                    std::uint32_t partition,
                                                    const std::vector<std::uint32_t>& from) {
    Target target = state.element.target;
    if (from.empty()) {
        return {};
    }
    bool const open = target.kind == TargetKind::one || target.kind == TargetKind::all;
    if (open) {
        std::uint64_t const at = random_.below(from.size());
        return {from[at]};
    }
    if (has_partition(target)) {
        target.partition = partition;
    }
    std::vector<std::uint32_t> meant = resolve(target);
    std::erase_if(meant, [&](std::uint32_t host) {
        return std::find(from.begin(), from.end(), host) == from.end();
    });
    if (meant.size() > 1) {
        std::uint64_t const at = random_.below(meant.size());
        return {meant[at]};
    }
    return meant;
}

std::optional<broker::AdminRequested> FaultEngine::compose(ElementState& state,
                                                           std::uint32_t partition) {
    auto const view = actions_.partition_view(partition);
    if (!view) {
        return std::nullopt;
    }
    std::vector<std::uint32_t> voters;
    std::vector<std::uint32_t> learners;
    std::vector<std::uint32_t> outside;
    std::vector<std::uint32_t> able;
    for (std::uint32_t host = 0; host < actions_.brokers(); ++host) {
        if (!actions_.may_hold(host, partition)) {
            continue;
        }
        able.push_back(host);
        if (holds(view->members.voters, host)) {
            voters.push_back(host);
        } else if (holds(view->members.learners, host)) {
            learners.push_back(host);
        } else {
            outside.push_back(host);
        }
    }
    broker::AdminRequested request;
    request.partition = broker::PartitionId{partition};
    broker::ChangeMembers change{view->members.voters, view->members.learners};
    std::vector<std::uint32_t> chosen;
    switch (state.element.kind) {
        case FaultKind::transfer_leader: {
            std::vector<std::uint32_t> others = voters;
            std::erase(others, view->leader);
            chosen = pick_broker(state, partition, others);
            if (!chosen.empty()) {
                request.what = broker::TransferLeadership{broker::BrokerId{chosen[0] + 1}};
            }
            break;
        }
        case FaultKind::add_voter:
        case FaultKind::add_learner: {
            chosen = pick_broker(state, partition, outside);
            if (!chosen.empty()) {
                bool const votes = state.element.kind == FaultKind::add_voter;
                join(votes ? change.voters : change.learners, actions_.member(chosen[0]));
                request.what = change;
            }
            break;
        }
        case FaultKind::promote:
            chosen = pick_broker(state, partition, learners);
            if (!chosen.empty()) {
                leave(change.learners, chosen[0]);
                join(change.voters, actions_.member(chosen[0]));
                request.what = change;
            }
            break;
        case FaultKind::remove_voter:
            chosen = voters.size() > 1 ? pick_broker(state, partition, voters) : chosen;
            if (!chosen.empty()) {
                leave(change.voters, chosen[0]);
                request.what = change;
            }
            break;
        case FaultKind::replace_voter: {
            chosen = pick_broker(state, partition, voters);
            std::vector<std::uint32_t> replacements = outside;
            replacements.insert(replacements.end(), learners.begin(), learners.end());
            if (chosen.empty() || replacements.empty()) {
                return std::nullopt;
            }
            std::uint64_t const at = random_.below(replacements.size());
            leave(change.voters, chosen[0]);
            leave(change.learners, replacements[at]);
            join(change.voters, actions_.member(replacements[at]));
            request.what = change;
            break;
        }
        case FaultKind::joint_change: {
            std::size_t const size = std::min(able.size(), std::max<std::size_t>(voters.size(), 1));
            change.voters.clear();
            while (chosen.size() < size) {
                std::uint64_t const at = random_.below(able.size());
                chosen.push_back(able[at]);
                leave(change.learners, able[at]);
                join(change.voters, actions_.member(able[at]));
                able.erase(able.begin() + static_cast<std::ptrdiff_t>(at));
            }
            std::sort(chosen.begin(), chosen.end());
            if (change.voters == view->members.voters) {
                return std::nullopt;
            }
            request.what = change;
            break;
        }
        case FaultKind::delete_records: {
            std::int64_t const records = view->high_watermark.value() - view->log_start.value();
            std::int64_t const gone = records * state.element.percent / 100;
            if (gone == 0) {
                return std::nullopt;
            }
            chosen = {view->leader};
            request.what = broker::DeleteRecords{view->log_start + gone};
            break;
        }
        case FaultKind::crash:
        case FaultKind::shutdown:
        case FaultKind::restart:
        case FaultKind::pause:
        case FaultKind::partition:
        case FaultKind::drop:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::delay:
        case FaultKind::reset:
        case FaultKind::disk_stall:
        case FaultKind::slow_disk:
        case FaultKind::heal:
            break;
    }
    state.hosts = chosen;
    return chosen.empty() ? std::nullopt : std::optional{std::move(request)};
}

bool FaultEngine::administrate(std::uint32_t index, ElementState& state) {
    std::uint32_t partition = state.element.target.partition;
    if (state.element.partition) {
        partition = *state.element.partition;
    } else if (!has_partition(state.element.target)) {
        partition = static_cast<std::uint32_t>(random_.below(actions_.partitions()));
    }
    std::optional<broker::AdminRequested> request = compose(state, partition);
    if (!request) {
        return false;
    }
    request->number = index;
    if (!actions_.administrate(*request)) {
        return false;
    }
    if (state.element.kind == FaultKind::transfer_leader) {
        state.acted_on = partition;  // takes effect when the successor leads
    } else {
        mark_effective(index);
    }
    return true;
}

void FaultEngine::on_leader(std::uint32_t host, std::uint32_t partition) {
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
        ElementState& state = states_[i];
        bool const handed_over = state.element.kind == FaultKind::transfer_leader &&
                                 state.acted_on == partition && !state.hosts.empty() &&
                                 state.hosts.front() == host;
        if (handed_over) {
            state.acted_on.reset();
            mark_effective(i);
        }
    }
}

}  // namespace brokersim
