// Known findings: failures that somebody has seen and given a date.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace brokersim::reports {

struct KnownFinding {
    std::string signature;
    std::string issue;
    std::string until;  // "2026-03-31": from the day after it is red again
    std::string note;
};

/// A JSON array of {"signature","issue","until","note"}; unknown keys are errors.
tl::expected<std::vector<KnownFinding>, std::string> parse_known(std::string_view json);

}  // namespace brokersim::reports
