// What a quorum is, on the oracle's own account: a broker that counts wrongly must not be judged by
// its own counting (Raft paper, section 6: of a joint configuration, a majority of either set).
#pragma once

#include "broker_core/raft/configuration.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace brokersim {

/// Whether more than half of a set of voters are those for whom `holds` is true; never of none.
template <class Holds>
[[nodiscard]] bool has_majority(const std::vector<broker::Member>& voters, Holds holds) {
    auto const count = std::count_if(voters.begin(), voters.end(), holds);
    return 2 * static_cast<std::size_t>(count) > voters.size();
}

template <class Holds>
[[nodiscard]] bool has_quorum(const broker::raft::Configuration& members, Holds holds) {
    return has_majority(members.voters, holds) &&
           (members.outgoing.empty() || has_majority(members.outgoing, holds));
}

/// Whether no quorum can do without those for whom `holds` is true: of a joint configuration, one
/// majority is enough for that.
template <class Holds>
[[nodiscard]] bool meets_every_quorum(const broker::raft::Configuration& members, Holds holds) {
    return has_majority(members.voters, holds) || has_majority(members.outgoing, holds);
}

}  // namespace brokersim
