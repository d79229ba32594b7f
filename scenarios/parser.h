// From a scenario file to a checked Scenario, or to everything that is wrong with it.
#pragma once

#include "scenarios/diagnostic.h"
#include "scenarios/scenario.h"

#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// scenario: present if there is no error. diagnostics: all errors and warnings, sorted by file
/// and position.
struct ParseOutcome {
    std::optional<Scenario> scenario;
    std::vector<Diagnostic> diagnostics;
};

/// Reads the file at `path` and what it extends. Never throws for the sake of the file's content;
/// work is bounded by 1 MiB per file, 64 files and 500 diagnostics.
ParseOutcome parse_scenario(const std::string& path);

/// The same for a text that would stand at `path`; what it extends is read from files.
ParseOutcome parse_scenario_text(const std::string& path, const std::string& text);

}  // namespace brokersim
