// Whether a loss figure can be believed, and what comparing bare numbers would have said.
//
// A reader that stops early, or a log that holds another run's records, makes "acked minus read" a
// figure about the reader, not about the broker. The incident behind this: 71 of 100 read, 62
// missing, which needs 33 ids that the run never sent.
#pragma once

#include "reports/finding.h"
#include "reports/history.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim::reports {

/// Records of one other run that were read here (kind foreign_run).
struct ForeignRun {
    std::string run;
    std::int64_t records = 0;
};

/// What the incident's script would have printed, which compared bare numbers as sets.
struct BareIds {
    std::int64_t sent = 0;        // distinct acked
    std::int64_t received = 0;    // distinct read
    std::int64_t missing = 0;     // sent minus received, as sets
    std::int64_t duplicates = 0;  // records read minus distinct
};

/// Counts of what was read, and the reasons not to believe a loss figure.
/// A history whose keys were all drained, and which met no other run, has no reasons.
struct Trust {
    std::vector<std::string> reasons;      // in words, for "not trustworthy: ..."
    std::vector<ForeignRun> foreign_runs;  // most records first, then by name
    std::int64_t read = 0;                 // distinct (offset, value) by polls or the drain
    std::int64_t sampled = absent;         // records up to the sampled ends; absent: not sampled
    std::int64_t own = 0;                  // distinct messages of this history's sends
    std::int64_t extra_copies = 0;
    std::int64_t foreign = 0;  // records of other runs
    std::int64_t unknown = 0;  // other records that nobody sent here
    std::int64_t corrupt = 0;
    BareIds bare;

    [[nodiscard]] bool trustworthy() const { return reasons.empty(); }
};

/// Looks at the history and at its judgement; a value belongs to another run if it has the form
/// RUN/CLIENT/SEQUENCE and no message of RUN was sent here.
[[nodiscard]] Trust assess_trust(const History& history, const Judgement& judgement);

}  // namespace brokersim::reports
