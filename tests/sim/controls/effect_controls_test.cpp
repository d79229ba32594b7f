// Positive controls: what must go wrong does go wrong, is seen, and how often.
//
// A green run proves something only if the same harness shows a loss where there must be one. The
// scenarios of scenarios/library/controls ask that one seed shows its effect; here every seed is
// counted, so that an effect that fades is noticed before it is gone. Asked for is about half of
// what was seen when this was written, which stands behind each figure.
#include "scenarios/parser.h"
#include "sim/run.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace brokersim {
namespace {

using reports::Code;

constexpr std::uint64_t seeds = 20;

Scenario control(const std::string& name) {
    ParseOutcome const outcome =
        parse_scenario(std::string{BROKERSIM_LIBRARY_DIR} + "/controls/" + name + ".json");
    REQUIRE(outcome.scenario.has_value());
    return *outcome.scenario;
}

struct Shown {
    std::uint64_t runs = 0;   // that show it
    std::uint64_t times = 0;  // in all of them
};

/// How often seeds 1..20 show a note of the judge. Every run passes and none has an anomaly.
Shown shown(const Scenario& scenario, Code note) {
    Shown result;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        RunResult const run = run_once(scenario, seed);
        CHECK(run.verdict == RunVerdict::pass);
        CHECK(run.judgement.anomalies.empty());
        std::uint64_t const count = run.judgement.count(note);
        result.runs += count > 0 ? 1U : 0U;
        result.times += count;
    }
    return result;
}

bool has_budget_exceeded(const std::string& history) {
    return history.find(R"("f":"budget_exceeded")") != std::string::npos;
}

}  // namespace

TEST_CASE("control: without syncs a power loss takes acknowledged messages", "[control]") {
    Shown const lost = shown(control("unsynced-power-loss-loses"), Code::lost_excused);

    CHECK(lost.runs >= 15);    // 19 of 20
    CHECK(lost.times >= 450);  // 914 messages
}

TEST_CASE("control: a lost response makes a producer without sequences write twice", "[control]") {
    Shown const doubled = shown(control("lost-response-duplicates"), Code::duplicate_allowed);

    CHECK(doubled.runs >= 15);   // 20 of 20
    CHECK(doubled.times >= 50);  // 108 messages
}

TEST_CASE("control: a producer with sequences survives the same lost responses", "[control]") {
    Scenario scenario = control("lost-response-duplicates");
    scenario.workload.idempotent = Distribution::fixed(1);

    Shown const doubled = shown(scenario, Code::duplicate_allowed);

    CHECK(doubled.times == 0);
}

TEST_CASE("control: two lying disks of three lose acknowledged messages", "[control]") {
    Scenario const scenario = control("lying-majority-loses");

    Shown const lost = shown(scenario, Code::lost_excused);
    std::string history;
    RunOptions options;
    options.history_json = &history;
    (void)run_once(scenario, 1, options);

    CHECK(lost.runs >= 4);    // 8 of 20: a lie must also be what power takes
    CHECK(lost.times >= 45);  // 92 messages
    // The loss is the budget's, and the history says so before it shows.
    CHECK(has_budget_exceeded(history));
}

TEST_CASE("control: within the budget two lying disks lose nothing, and prove nothing",
          "[control]") {
    Scenario const scenario = control("lying-majority-refused");

    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        RunResult const run = run_once(scenario, seed);

        CHECK(run.verdict == RunVerdict::void_run);
        CHECK(std::count(run.void_kinds.begin(), run.void_kinds.end(),
                         VoidReason::fault_without_effect) > 0);
        CHECK(run.judgement.anomalies.empty());
        CHECK(run.judgement.count(Code::lost_excused) == 0);
    }
}

}  // namespace brokersim
