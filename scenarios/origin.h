// Origin: every value of a scenario after all defaults, and where it was written.
#pragma once

#include "scenarios/parser.h"

#include <string>
#include <vector>

namespace brokersim {

struct OriginRow {
    std::string pointer;  // "/cluster/brokers"
    std::string value;    // as a file would say it; lists and distributions are one value
    std::string origin;   // "FILE:LINE", "FILE:LINE (matrix)", or "default"
};

/// One row per value of the resolved form of the scenario at `path` ("PATH@SUFFIX" for a child), in
/// the order of the table of keys. The scenario must be right.
std::vector<OriginRow> origins_of(const std::string& path, const Scenario& scenario);

/// The resolved form as people read it.
std::string resolved_text(const Scenario& scenario);

}  // namespace brokersim
