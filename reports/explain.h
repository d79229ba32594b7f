// Explain: the life story of a message, in words for somebody who did not see the run.
#pragma once

#include "reports/diagnosis.h"
#include "reports/finding.h"
#include "reports/timeline.h"

#include <cstdint>
#include <string>

namespace brokersim::reports {

/// The ladder of one message: a line per station with event, time, place and what it means; a
/// station that was never passed is a line too, with "never". Of a message that stands in the log
/// more than once, the story of each copy and the first station at which they part.
std::string ladder_text(const Timeline& timeline, std::uint32_t message);

/// The whole explanation of a failure: what was promised and broken, the ladders of at most three
/// messages, what happened around them, and the sums.
std::string explain_text(const Timeline& timeline, const Diagnosis& diagnosis,
                         const Judgement& judgement);

/// One sentence: which station is missing and what took the message away.
std::string cause_sentence(const Timeline& timeline, const Diagnosis& diagnosis);

}  // namespace brokersim::reports
