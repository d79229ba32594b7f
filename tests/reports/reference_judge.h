// A slow second judge, written from the prose of the rules alone, for comparison.
#pragma once

#include <string>

namespace brokersim::tests {

/// The line of `check --json` for a history of well-formed lines, or "malformed" if two ops send
/// one message. Quadratic and worse; shares no code with the judge.
std::string reference_judge(const std::string& history);

}  // namespace brokersim::tests
