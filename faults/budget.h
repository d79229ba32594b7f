// The budget: how much of what brokers promised may be damaged at once, so that every run stays one
// that a correct broker survives.
//
// A pure function over what the oracle knows when an element fires; scripts and chance ask the same
// one. The kinds of damage differ in what the damaged broker does afterwards:
//   detectable  it finds out and stays away: it neither votes nor serves. Its copies are missing.
//   silent      it comes back with an older log and does not know: it votes.
//   amnesia     as silent, with an empty disk: it has forgotten its term and vote, too.
// With N voters and quorums of q = N/2 + 1, and for every entry that the broker has promised:
//   detectable  one undamaged copy must remain elsewhere, and fewer than q voters may be damaged:
//               then every quorum of the others meets a copy of every committed entry.
//   silent      q undamaged copies must remain elsewhere: no election may do without all of them,
//               and the damaged voter may be part of any quorum.
//   amnesia     besides, no vote may be open in a term in which it may have voted: every other
//               voter has stored a higher term, or this one with a vote and is no candidate. And
//               no voter may have forgotten before: requests of one that forgot can be answered
//               by the next one, which makes a term have two leaders.
// In a joint configuration the rules hold for both sets. Other damage never lets term and vote go
// back, and nothing lifts the rule about votes: two leaders of one term are never legal.
// Source: the quorum argument of the Raft paper (5.4), with the damaged broker as an adversary;
// protocol-aware recovery (Alagappan et al., FAST'18) for why a copy must not vote unknowingly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

enum class DamageClass : std::uint8_t { detectable, silent, amnesia };

/// What the oracle knows of one partition. Brokers are 0-based.
struct CopiesView {
    std::vector<std::vector<std::uint32_t>> voter_sets;  // one, or two while a change is joint
    std::uint32_t target = 0;                            // whom the damage would strike
    std::vector<bool> damaged;  // by broker: stays away, or is not the voter it was
    std::vector<bool> holds;    // by broker: stores, undamaged, everything the target promised
    /// Of amnesia. By broker: may ask for or give a vote in a term that the target has stored.
    std::vector<bool> vote_open = {};
    bool forgot_before = false;  // some broker forgot its votes already
};

struct BudgetAnswer {
    bool allowed = true;
    std::string why;      // what forbids it
    bool always = false;  // no limit lifts that
};

/// Where the target is no voter, nothing depends on it and nothing is asked.
BudgetAnswer within_budget(DamageClass damage, const CopiesView& view);

}  // namespace brokersim
