// The sections of a merged file, read by the table of keys into a typed and checked Scenario.
#pragma once

#include "scenarios/findings.h"
#include "scenarios/scenario.h"

#include <string>

namespace brokersim {

/// root: the merged tree. path: of the file. suffix: of the child of a matrix, or "". What is wrong
/// is reported to `findings`; the scenario then holds defaults in those places.
Scenario read_sections(Findings& findings, const JsonValue& root, const std::string& path,
                       const std::string& suffix);

}  // namespace brokersim
