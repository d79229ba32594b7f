// The two rules, for each set of voters.
#include "faults/budget.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

BudgetAnswer within_budget(DamageClass damage, const CopiesView& view) {
    for (const std::vector<std::uint32_t>& voters : view.voter_sets) {
        if (std::find(voters.begin(), voters.end(), view.target) == voters.end()) {
            continue;
        }
        if (damage == DamageClass::amnesia && view.forgot_before) {
            return {false, "a voter forgot its votes before", true};
        }
        for (std::uint32_t const voter : voters) {
            if (damage == DamageClass::amnesia && voter != view.target && view.vote_open[voter]) {
                return {false, "a vote is open in a term in which it may have voted", true};
            }
        }
        std::size_t const quorum = voters.size() / 2 + 1;
        std::size_t bad = 1;
        std::size_t copies = 0;
        for (std::uint32_t const voter : voters) {
            if (voter != view.target) {
                bad += view.damaged[voter] ? 1U : 0U;
                copies += view.holds[voter] && !view.damaged[voter] ? 1U : 0U;
            }
        }
        if (bad >= quorum) {
            return {false, fmt::format("{} of {} voters would be damaged", bad, voters.size())};
        }
        std::size_t const needed = damage == DamageClass::detectable ? 1 : quorum;
        if (copies < needed) {
            return {false,
                    fmt::format("{} other copies of what it promised, {} needed", copies, needed)};
        }
    }
    return {};
}

}  // namespace brokersim
