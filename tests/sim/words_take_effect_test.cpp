// Tests that the words of the scenario language do what they say in a run.
#include "scenarios/parser.h"
#include "sim/run.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace brokersim {
namespace {

/// A scenario that extends the file `base` of the library's base/ by `more`.
Scenario scenario_with(std::string const& base, std::string const& more) {
    std::string const text = R"({"format": 1, "name": "small", "why": "A test.", "extends": ")" +
                             base + "\"" + more + "}";
    ParseOutcome const outcome =
        parse_scenario_text(std::string{BROKERSIM_LIBRARY_DIR} + "/base/small.json", text);
    for (Diagnostic const& diagnostic : outcome.diagnostics) {
        UNSCOPED_INFO(diagnostic.message);
    }
    REQUIRE(outcome.scenario.has_value());
    return *outcome.scenario;
}

/// In how many of the first seeds the judge found a copy that was legal.
int seeds_with_legal_copies(Scenario const& scenario, std::uint64_t seeds) {
    int count = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        RunResult const result = run_once(scenario, seed);
        INFO("seed " << seed);
        CHECK(result.verdict == RunVerdict::pass);
        count += static_cast<int>(std::count(result.notes_hit.begin(), result.notes_hit.end(),
                                             "judge.duplicate_allowed"));
    }
    return count;
}

}  // namespace

TEST_CASE("words: naive_bump stores batches of unknown fate again, default does not", "[sim]") {
    std::string const lost_responses = R"(, "faults": {"random": {"reset": {
        "every": "300ms", "target": "clients", "args": {"point": "after"}}}})";
    std::string const naive = R"(, "workload": {"flavour": "naive_bump"})" + lost_responses;

    CHECK(seeds_with_legal_copies(scenario_with("base-three-brokers.json", naive), 10) > 5);
    CHECK(seeds_with_legal_copies(scenario_with("base-three-brokers.json", lost_responses), 10) ==
          0);
}

}  // namespace brokersim
