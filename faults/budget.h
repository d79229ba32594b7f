// The budget: how much of what brokers promised may be damaged at once, so that every run stays one
// that a correct broker survives.
//
// A pure function over what the oracle knows when an element fires; scripts and chance ask the same
// one. Two kinds of damage differ in what the damaged broker does afterwards:
//   detectable  it finds out and stays away: it neither votes nor serves. Its copies are missing.
//   silent      it comes back with an older log and does not know: it votes.
// With N voters and quorums of q = N/2 + 1, and for every entry that the broker has promised:
//   detectable  one undamaged copy must remain elsewhere, and fewer than q voters may be damaged:
//               then every quorum of the others meets a copy of every committed entry.
//   silent      q undamaged copies must remain elsewhere: no election may do without all of them,
//               and the damaged voter may be part of any quorum.
// In a joint configuration the rules hold for both sets. Term and vote never go back: no budget.
// Source: the quorum argument of the Raft paper (5.4), with the damaged broker as an adversary;
// protocol-aware recovery (Alagappan et al., FAST'18) for why a copy must not vote unknowingly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

enum class DamageClass : std::uint8_t { detectable, silent };

/// What the oracle knows of one partition. Brokers are 0-based.
struct CopiesView {
    std::vector<std::vector<std::uint32_t>> voter_sets;  // one, or two while a change is joint
    std::uint32_t target = 0;                            // whom the damage would strike
    std::vector<bool> damaged;  // by broker: stays away, or is not the voter it was
    std::vector<bool> holds;    // by broker: stores, undamaged, everything the target promised
};

struct BudgetAnswer {
    bool allowed = true;
    std::string why;  // what forbids it
};

/// Where the target is no voter, nothing depends on it and nothing is asked.
BudgetAnswer within_budget(DamageClass damage, const CopiesView& view);

}  // namespace brokersim
