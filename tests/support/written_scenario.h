// Scenarios that a test writes itself, as a file beside the library's bases would read.
#pragma once

#include "scenarios/parser.h"

#include <catch2/catch.hpp>

#include <string>

namespace brokersim::test {

/// name: of the scenario, as in `text`, which is the whole document; what it extends is named as in
/// scenarios/library/base/. Fails the test, with everything that is wrong, if it is no scenario.
inline Scenario written_scenario(std::string const& name, std::string const& text) {
    ParseOutcome const outcome =
        parse_scenario_text(std::string{BROKERSIM_LIBRARY_DIR} + "/base/" + name + ".json", text);
    for (Diagnostic const& diagnostic : outcome.diagnostics) {
        UNSCOPED_INFO(diagnostic.message);
    }
    REQUIRE(outcome.scenario.has_value());
    return *outcome.scenario;
}

}  // namespace brokersim::test
