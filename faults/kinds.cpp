// The table of kinds: one row per enumerator, in its order.
#include "faults/kinds.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace brokersim {
namespace {

using enum TargetUse;
using K = FaultKind;
using P = Placement;

using W = Waits;

// kind, target, placement, for, topology, args, waits, downs
constexpr KindRules rules[] = {
    {K::crash, brokers, P::every, true, false, "kind", W::mostly, true},
    {K::shutdown, brokers, P::every, true, false, "grace", W::mostly, true},
    {K::restart, brokers, P::never, false, false, "", W::no, false},
    {K::pause, brokers, P::every, true, false, "", W::always, false},
    {K::partition, none, P::every, true, true, "", W::no, false},
    {K::drop, links, P::per_message, true, false, "probability", W::no, false},
    {K::duplicate, links, P::per_message, true, false, "probability", W::no, false},
    {K::reorder, links, P::per_message, true, false, "probability by", W::no, false},
    {K::delay, links, P::every, true, false, "by", W::no, false},
    {K::reset, clients, P::every, false, false, "point", W::no, false},
    {K::disk_stall, brokers, P::every, true, false, "", W::always, false},
    {K::slow_disk, brokers, P::every, true, false, "factor", W::always, false},
    {K::sync_error, brokers, P::every, true, false, "strikes", W::mostly, true},
    {K::write_error, brokers, P::every, true, false, "strikes", W::mostly, true},
    {K::read_error, brokers, P::every, true, false, "strikes", W::no, true},
    {K::disk_full, brokers, P::every, true, false, "full_at strikes", W::mostly, true},
    {K::heal, none, P::never, false, false, "fault", W::no, false},
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
