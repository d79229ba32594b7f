// The table of kinds: one row per enumerator, in its order.
#include "faults/kinds.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace brokersim {
namespace {

using enum TargetUse;
using K = FaultKind;
using P = Placement;

// kind, target, placement, for, topology, args, armed
constexpr KindRules rules[] = {
    {K::crash, brokers, P::every, true, false, "kind", true},
    {K::shutdown, brokers, P::every, true, false, "grace", true},
    {K::restart, brokers, P::never, false, false, "", false},
    {K::pause, brokers, P::every, true, false, "", false},
    {K::partition, none, P::every, true, true, "", false},
    {K::drop, links, P::per_message, true, false, "probability", false},
    {K::duplicate, links, P::per_message, true, false, "probability", false},
    {K::reorder, links, P::per_message, true, false, "probability by", false},
    {K::delay, links, P::every, true, false, "by", false},
    {K::reset, clients, P::every, false, false, "point", false},
    {K::disk_stall, brokers, P::every, true, false, "", false},
    {K::slow_disk, brokers, P::every, true, false, "factor", false},
    {K::transfer_leader, brokers, P::every, false, false, "partition", false},
    {K::add_voter, brokers, P::every, false, false, "partition", false},
    {K::remove_voter, brokers, P::every, false, false, "partition", false},
    {K::add_learner, brokers, P::every, false, false, "partition", false},
    {K::promote, none, P::every, false, false, "partition", false},
    {K::replace_voter, brokers, P::every, false, false, "partition", false},
    {K::joint_change, none, P::every, false, false, "partition", false},
    {K::delete_records, none, P::every, false, false, "partition percent", false},
    {K::heal, none, P::never, false, false, "fault", false},
};
static_assert(std::size(rules) == fault_kind_count);

}  // namespace

std::span<const KindRules> kind_rules() {
    return rules;
}

const KindRules& rules_of(FaultKind kind) {
    const KindRules& found = rules[static_cast<std::size_t>(kind)];
    CHECK(found.kind == kind);
    return found;
}

bool is_administration(FaultKind kind) {
    return kind >= FaultKind::transfer_leader && kind <= FaultKind::delete_records;
}

bool may_move_replicas(FaultKind kind) {
    switch (kind) {
        case FaultKind::add_voter:
        case FaultKind::add_learner:
        case FaultKind::replace_voter:
        case FaultKind::joint_change:
            return true;
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
        case FaultKind::transfer_leader:
        case FaultKind::remove_voter:
        case FaultKind::promote:
        case FaultKind::delete_records:
        case FaultKind::heal:
            break;
    }
    return false;
}

std::optional<FaultKind> fault_kind_named(std::string_view name) {
    auto const found = std::find(fault_kind_names.begin(), fault_kind_names.end(), name);
    if (found == fault_kind_names.end()) {
        return std::nullopt;
    }
    return static_cast<FaultKind>(found - fault_kind_names.begin());
}

bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        std::size_t const end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == word) {
            return true;
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

}  // namespace brokersim
