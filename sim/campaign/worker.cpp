// The worker's loop.
#include "sim/campaign/worker.h"

#include "reports/results.h"
#include "scenarios/parser.h"
#include "sim/campaign/seed_plan.h"
#include "sim/command/mutant.h"
#include "sim/command/scenario_runs.h"
#include "sim/command/source_id.h"
#include "sim/run.h"
#include "sim/run_text.h"

#include <fmt/core.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace brokersim {
namespace {

bool answer(const std::string& line) {
    std::string const text = line + "\n";
    std::size_t done = 0;
    while (done < text.size()) {
        ssize_t const wrote = write(STDOUT_FILENO, text.data() + done, text.size() - done);
        if (wrote < 0) {
            return false;
        }
        done += static_cast<std::size_t>(wrote);
    }
    return true;
}

reports::SeedResult result_of(const Scenario& scenario, std::uint64_t k, const RunResult& run) {
    reports::SeedResult seed;
    seed.scenario = scenario.name;
    seed.scenario_hash = fmt::format("{:016x}", scenario.hash);
    seed.mutant = planted_mutant();
    seed.k = k;
    seed.seed = run.seed;
    seed.verdict = name_of(run.verdict);
    switch (scenario.expect.kind) {
        case ExpectSpec::Kind::holds:
            seed.expected = run.verdict == RunVerdict::pass;
            break;
        case ExpectSpec::Kind::violates:
            seed.expected = is_expected_violation(scenario, RunOptions{}, run);
            break;
        case ExpectSpec::Kind::voids:
            seed.expected = run.verdict == RunVerdict::void_run;
            break;
    }
    seed.violated = run.violated;
    seed.signature = run.signature;
    seed.summary = run.verdict == RunVerdict::fail     ? failure_sentence(run)
                   : !run.void_reasons.empty()         ? run.void_reasons.front()
                   : !run.inconclusive_reasons.empty() ? run.inconclusive_reasons.front()
                                                       : "";
    seed.trace_hash = run.trace_hash;
    seed.events = run.events;
    seed.virtual_ns = run.virtual_ns;
    if (run.verdict == RunVerdict::fail) {
        // What only the end of the run shows is found at its end.
        bool const at_once =
            !run.violations.empty() && run.violations.front().id == run.violated.front();
        seed.found_ns = at_once ? run.violations.front().time.nanoseconds() : run.virtual_ns;
    }
    seed.wall_ns = run.wall_ns;
    seed.acked = run.judgement.sums.acked;
    seed.lost = run.judgement.sums.lost;
    seed.duplicated = run.judgement.sums.extra_illegal;
    for (const FaultCount& count : run.fault_counts) {
        // What could not fire (no target, not reached, no chance) says nothing about the fault.
        seed.faults[std::string{name_of(count.kind)}] = {count.fired, count.effective};
    }
    for (std::size_t i = 0; i < broker::probe_count; ++i) {
        if (run.probe(static_cast<broker::Probe>(i)) > 0) {
            seed.probes.push_back(static_cast<std::uint32_t>(i));
        }
    }
    return seed;
}

std::int64_t clock_ns() {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

void limit_memory(std::uint64_t mib) {
    if (mib > 0) {
        rlimit const limit{mib << 20U, mib << 20U};
        setrlimit(RLIMIT_AS, &limit);
    }
}

}  // namespace

ExitCode worker_command(const WorkerCommand& command) {
    // The driver decides when to stop; a Ctrl-C at the terminal reaches us too. If it is killed,
    // nobody is left to tell us.
    std::signal(SIGINT, SIG_IGN);
    std::signal(SIGTERM, SIG_IGN);
    std::signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit_memory(command.memory_mib);
    std::map<std::string, Scenario> loaded;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words{line};
        std::string verb;
        std::uint64_t campaign_seed = 0;
        std::uint64_t first = 0;
        std::uint64_t count = 0;
        std::string path;
        words >> verb;
        if (verb == "source") {
            if (!answer(source_id().source)) {
                return ExitCode::environment;
            }
            continue;
        }
        words >> campaign_seed >> first >> count;
        std::getline(words >> std::ws, path);
        bool const measures = verb == "measure";
        if ((verb != "run" && !measures) || path.empty()) {
            return ExitCode::usage;
        }
        auto scenario = loaded.find(path);
        if (scenario == loaded.end()) {
            ParseOutcome outcome = parse_scenario(path);
            if (!outcome.scenario) {
                std::fputs(render_text(outcome.diagnostics, 1).c_str(), stderr);
                return ExitCode::scenario;
            }
            scenario = loaded.emplace(path, std::move(*outcome.scenario)).first;
        }
        if (measures) {
            scenario->second.plant = planted_mutant();
        } else if (mutant_name(scenario->second.plant) != planted_mutant()) {
            return ExitCode::unsupported;
        }
        for (std::uint64_t k = first; k < first + count; ++k) {
            if (!answer(fmt::format("@ {}", k))) {
                return ExitCode::environment;
            }
            std::int64_t const began = clock_ns();
            RunOptions options;
            options.diagnose = !measures;
            RunResult run =
                run_once(scenario->second, SeedPlan::seed_of(campaign_seed, k), options);
            run.wall_ns = clock_ns() - began;
            if (!answer(reports::to_json(result_of(scenario->second, k, run)))) {
                return ExitCode::environment;
            }
        }
        if (!answer("done")) {
            return ExitCode::environment;
        }
    }
    return ExitCode::ok;
}

}  // namespace brokersim
