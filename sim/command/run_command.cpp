// `run`: scenarios over seeds, and the bundle of what is found.
#include "sim/command/run_command.h"

#include "scenarios/library.h"
#include "sim/command/bundle.h"
#include "sim/command/scenario_files.h"
#include "sim/command/scenario_runs.h"
#include "sim/run_text.h"

#include <fmt/core.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

namespace brokersim {
namespace {

std::string summary_line(const Scenario& scenario, const ScenarioOutcome& outcome) {
    std::string text =
        fmt::format("{:<44} {:>6} runs  {:>6} pass", scenario.name, outcome.runs, outcome.passed);
    if (outcome.failed > 0) {
        text += fmt::format("  {} fail", outcome.failed);
    }
    if (outcome.voided > 0) {
        text += fmt::format("  {} void", outcome.voided);
    }
    if (outcome.inconclusive > 0) {
        text += fmt::format("  {} inconclusive", outcome.inconclusive);
    }
    if (scenario.expect.kind != ExpectSpec::Kind::holds) {
        text += fmt::format("  found as expected in {}", outcome.found);
    }
    for (const std::string& name : outcome.missed) {
        text += fmt::format("  never reached: {}", name);
    }
    std::int64_t const ms = outcome.wall_ns / 1'000'000;
    text += fmt::format("  {} acked  {} ms", outcome.acked, ms);
    return text + (outcome.code == ExitCode::ok ? "  ok\n" : "  NOT AS EXPECTED\n");
}

/// Writes the bundle of a finding; says so, and returns nothing, if that is not possible.
std::string bundle_of(const RunCommand& command, const Scenario& scenario, const std::string& path,
                      const RunResult& result) {
    if (result.verdict != RunVerdict::fail || command.net != Net::both) {
        return "";
    }
    tl::expected<std::string, std::string> folder =
        write_bundle(command.out, BundleOf{scenario, path, result.seed});
    if (!folder) {
        say(fmt::format("brokersim: no bundle was written: {}\n", folder.error()));
        return "";
    }
    return *folder;
}

ExitCode run_one(const RunCommand& command, const std::string& path,
                 const std::vector<std::string>& arguments) {
    std::optional<Scenario> const scenario = load_scenario(path, command.json);
    if (!scenario) {
        return ExitCode::scenario;
    }
    if (std::optional<ExitCode> const handed = hand_over(*scenario, arguments)) {
        return *handed;
    }
    std::vector<std::uint64_t> const seeds = seeds_of(*scenario, command.seed, command.seeds);
    std::string history;
    RunOptions options;
    if (!command.history_path.empty()) {
        options.history_json = &history;
    }
    options.full_report = command.verbose || seeds.size() == 1;
    options.checks.invariants = command.net != Net::history;
    options.judge = command.net != Net::invariants;
    bool const expects_violation = scenario->expect.kind == ExpectSpec::Kind::violates;
    std::map<std::string, std::uint64_t> other_violations;  // first ones, of runs that failed
    std::string first_unexpected;
    std::string first_found;
    ScenarioOutcome const outcome =
        run_seeds(*scenario, seeds, options, [&](const RunResult& result) {
            if (command.json) {
                print_line(seed_line(result, scenario->hash));
            }
            if (command.verbose || (seeds.size() == 1 && !command.json)) {
                say(report_text(result));
            }
            bool const expected = expects_violation
                                      ? is_expected_violation(*scenario, options, result)
                                      : result.verdict == RunVerdict::pass;
            if (expects_violation && !expected && !result.violated.empty()) {
                ++other_violations[result.violated.front()];
            }
            if (expects_violation && expected && first_found.empty()) {
                std::string const bundle =
                    seeds.size() == 1 ? bundle_of(command, *scenario, path, result) : "";
                first_found = closing_block(result, path, bundle);
            }
            if (!expected && first_unexpected.empty()) {
                first_unexpected =
                    closing_block(result, path, bundle_of(command, *scenario, path, result));
            }
            return true;
        });
    say(summary_line(*scenario, outcome));
    if (!command.history_path.empty()) {
        std::ofstream file{command.history_path, std::ios::binary};
        file << history;
        if (!file) {
            say(fmt::format("brokersim: cannot write {}\n", command.history_path));
            return ExitCode::environment;
        }
    }
    if (outcome.code == ExitCode::ok && !first_found.empty() && !command.json) {
        say("found, as this scenario expects:\n" + first_found);
    }
    if (outcome.code != ExitCode::ok && expects_violation) {
        say(
            fmt::format("expected to find {} ({}); found in {} of {} runs; the file asks for {} "
                        "seeds\n",
                        scenario->plant, scenario->expect.violates, outcome.found, outcome.runs,
                        scenario->run.seed_count));
        for (const auto& [id, runs] : other_violations) {
            say(
                fmt::format("{} of them violated {} first; `brokersim scenario doc {}` names its "
                            "properties\n",
                            runs, id, id));
        }
    } else if (outcome.code != ExitCode::ok && !first_unexpected.empty()) {
        say(first_unexpected);
    }
    return outcome.code;
}

}  // namespace

std::optional<std::uint64_t> parse_seed(const std::string& text) {
    constexpr std::size_t commit_digits = 40;
    std::uint64_t value = 0;
    const char* begin = text.data();
    const char* end = begin + text.size();
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        begin += 2;
        base = 16;
    } else if (text.size() == commit_digits) {
        end = begin + 16;
        base = 16;
    }
    auto const [at, error] = std::from_chars(begin, end, value, base);
    if (error != std::errc{} || at != end || begin == end) {
        return std::nullopt;
    }
    return value;
}

ExitCode run_command(const RunCommand& command, const std::vector<std::string>& arguments) {
    std::vector<std::string> paths;
    std::vector<std::string> wanted = command.scenarios;
    if (wanted.empty()) {
        wanted.emplace_back("scenarios/library");
    }
    for (const std::string& name : wanted) {
        FoundScenarios const found = find_scenario(name, library_roots());
        if (found.paths.empty()) {
            say(fmt::format("brokersim: {}\n",
                            found.error.empty() ? name + ": no scenario there" : found.error));
            bool const exists = std::filesystem::exists(name);
            return exists && std::filesystem::is_directory(name) ? ExitCode::nothing_ran
                                                                 : ExitCode::scenario;
        }
        for (const std::string& path : found.paths) {
            std::vector<std::string> const children = with_children(path);
            paths.insert(paths.end(), children.begin(), children.end());
        }
    }
    if (command.seeds == std::uint64_t{0}) {
        say("brokersim: zero seeds: nothing to run\n");
        return ExitCode::nothing_ran;
    }
    ExitCode code = ExitCode::ok;
    std::vector<std::string> unexpected;
    std::size_t skipped = 0;
    for (const std::string& path : paths) {
        std::vector<std::string> own = arguments;
        if (paths.size() > 1) {
            // Another executable gets this one scenario, not the whole list.
            own = {"run", path};
            if (command.seed) {
                own.insert(own.end(), {"--seed", seed_text(*command.seed)});
            }
            if (command.seeds) {
                own.insert(own.end(), {"--seeds", std::to_string(*command.seeds)});
            }
            if (command.json) {
                own.emplace_back("--json");
            }
            if (command.net != Net::both) {
                own.insert(own.end(),
                           {"--net", command.net == Net::history ? "history" : "invariants"});
            }
        }
        ExitCode const one = run_one(command, path, own);
        if (one == ExitCode::scenario) {
            return one;
        }
        if (one == ExitCode::unsupported && paths.size() > 1) {
            ++skipped;
            continue;
        }
        if (one != ExitCode::ok) {
            unexpected.push_back(path);
        }
        code = worse(code, one);
    }
    if (paths.size() > 1) {
        say(fmt::format("{} scenarios, {} not as expected\n", paths.size() - skipped,
                        unexpected.size()));
        for (const std::string& path : unexpected) {
            say("  " + path + "\n");
        }
    }
    if (skipped > 0) {
        say(fmt::format("{} scenarios skipped: their planted bugs are not built here\n", skipped));
    }
    if (skipped == paths.size()) {
        return ExitCode::unsupported;
    }
    return code;
}

}  // namespace brokersim
