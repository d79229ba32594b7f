// Expectations over many seeds.
#include "sim/command/scenario_runs.h"

#include "broker_core/base/hash.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace brokersim {
namespace {

constexpr std::uint64_t sometimes_after = 50;  // seeds, if the file asks for more

std::int64_t wall_clock_ns() {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

ExitCode code_of(const Scenario& scenario, const ScenarioOutcome& outcome) {
    if (outcome.runs == 0) {
        return ExitCode::nothing_ran;
    }
    switch (scenario.expect.kind) {
        case ExpectSpec::Kind::holds:
            if (outcome.failed > 0) {
                return ExitCode::finding;
            }
            return outcome.voided + outcome.inconclusive > 0 || !outcome.missed.empty()
                       ? ExitCode::inconclusive
                       : ExitCode::ok;
        case ExpectSpec::Kind::violates: {
            // Green means: found often enough. parts per billion x runs, without overflow.
            std::uint64_t const needed =
                (scenario.expect.in_seeds_at_least_ppb * outcome.runs + 999'999'999) /
                1'000'000'000;
            return outcome.found >= std::max<std::uint64_t>(needed, 1) ? ExitCode::ok
                                                                       : ExitCode::finding;
        }
        case ExpectSpec::Kind::voids:
            return outcome.found == outcome.runs ? ExitCode::ok : ExitCode::finding;
    }
    return ExitCode::internal;
}

}  // namespace

std::vector<std::uint64_t> seeds_of(const Scenario& scenario, std::optional<std::uint64_t> seed,
                                    std::optional<std::uint64_t> count) {
    if (seed && !count) {
        return {*seed};
    }
    std::vector<std::uint64_t> seeds;
    if (!seed && !count) {
        for (const Regression& regression : scenario.regressions) {
            seeds.push_back(regression.seed);
        }
        if (!scenario.run.seed_list.empty()) {
            seeds.insert(seeds.end(), scenario.run.seed_list.begin(), scenario.run.seed_list.end());
            return seeds;
        }
    }
    std::uint64_t const runs = count.value_or(scenario.run.seed_count);
    for (std::uint64_t k = 0; k < runs; ++k) {
        seeds.push_back(broker::mix64(seed.value_or(0) + k));
    }
    return seeds;
}

bool is_expected_violation(const Scenario& scenario, const RunOptions& options,
                           const RunResult& result) {
    if (scenario.expect.kind != ExpectSpec::Kind::violates || result.verdict != RunVerdict::fail) {
        return false;
    }
    // With one of the two judges switched off the other one names the bug in its own words.
    bool const half = !options.judge || !options.checks.invariants;
    return half || result.violates(scenario.expect.violates);
}

ScenarioOutcome run_seeds(const Scenario& scenario, const std::vector<std::uint64_t>& seeds,
                          const RunOptions& options,
                          const std::function<bool(const RunResult&)>& on_result) {
    ScenarioOutcome outcome;
    std::set<std::string> hit;
    for (std::uint64_t const seed : seeds) {
        std::int64_t const began = wall_clock_ns();
        RunResult result = run_once(scenario, seed, options);
        result.wall_ns = wall_clock_ns() - began;
        if (result.wall_ns > scenario.run.wall_limit.nanoseconds() &&
            result.verdict == RunVerdict::pass) {
            // A run this slow is a hang for whoever waits for it. The limit is the host's, so it
            // is applied here and not inside the run, which knows no clock.
            result.verdict = RunVerdict::fail;
            result.violated.emplace_back("L5");
            result.signature = "L5/wall_limit/none";
        }
        ++outcome.runs;
        outcome.events += result.events;
        outcome.virtual_ns += result.virtual_ns;
        outcome.wall_ns += result.wall_ns;
        outcome.acked += static_cast<std::uint64_t>(result.judgement.sums.acked);
        switch (result.verdict) {
            case RunVerdict::pass:
                ++outcome.passed;
                break;
            case RunVerdict::fail:
                ++outcome.failed;
                break;
            case RunVerdict::void_run:
                ++outcome.voided;
                break;
            case RunVerdict::inconclusive:
                ++outcome.inconclusive;
                break;
        }
        bool const violated = is_expected_violation(scenario, options, result);
        bool const voided = scenario.expect.kind == ExpectSpec::Kind::voids &&
                            result.verdict == RunVerdict::void_run &&
                            std::find(result.void_kinds.begin(), result.void_kinds.end(),
                                      scenario.expect.voids) != result.void_kinds.end();
        if (violated || voided) {
            ++outcome.found;
        }
        for (const std::string& name : scenario.expect.sometimes) {
            std::optional<broker::Probe> const probe = broker::probe_named(name);
            bool const noted = std::find(result.notes_hit.begin(), result.notes_hit.end(), name) !=
                               result.notes_hit.end();
            if (noted || (probe && result.probe(*probe) > 0)) {
                hit.insert(name);
            }
        }
        if (!on_result(result)) {
            break;
        }
    }
    if (outcome.runs >= std::min(scenario.run.seed_count, sometimes_after)) {
        for (const std::string& name : scenario.expect.sometimes) {
            if (!hit.contains(name)) {
                outcome.missed.push_back(name);
            }
        }
    }
    outcome.code = code_of(scenario, outcome);
    return outcome;
}

}  // namespace brokersim
