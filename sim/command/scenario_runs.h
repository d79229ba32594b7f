// Running a scenario over its seeds and holding the results against what the file expects.
#pragma once

#include "sim/command/exit_code.h"
#include "sim/run.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// Seeds of one scenario: given, listed in the file, or counted from its own sequence. Without a
/// seed and a count the pinned seeds of its regressions come first.
std::vector<std::uint64_t> seeds_of(const Scenario& scenario, std::optional<std::uint64_t> seed,
                                    std::optional<std::uint64_t> count);

/// Totals over the seeds of one scenario.
struct ScenarioOutcome {
    std::uint64_t runs = 0;
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    std::uint64_t voided = 0;
    std::uint64_t inconclusive = 0;
    std::uint64_t found = 0;  // runs that violated what was expected to be violated
    std::uint64_t events = 0;
    std::int64_t virtual_ns = 0;
    std::int64_t wall_ns = 0;
    std::uint64_t acked = 0;
    std::vector<std::string> missed;  // `sometimes` that no seed hit, once enough seeds ran
    ExitCode code = ExitCode::ok;
};

/// Whether a run found what the scenario says must be found.
bool is_expected_violation(const Scenario& scenario, const RunOptions& options,
                           const RunResult& result);

/// Runs every seed. on_result: told each result, in order; returns false to stop.
ScenarioOutcome run_seeds(const Scenario& scenario, const std::vector<std::uint64_t>& seeds,
                          const RunOptions& options,
                          const std::function<bool(const RunResult&)>& on_result);

}  // namespace brokersim
