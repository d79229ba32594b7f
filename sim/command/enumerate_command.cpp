// `enumerate`: recording, enumerating, and words and JSON about what was found.
#include "sim/command/enumerate_command.h"

#include "scenarios/library.h"
#include "sim/check_tripped.h"
#include "sim/command/enumerate_cluster.h"
#include "sim/command/enumeration_words.h"
#include "sim/command/scenario_files.h"
#include "sim/enumerate/log_recording.h"
#include "sim/run_text.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace brokersim {
namespace {

using enumeration::CrashState;
using enumeration::EnumerationReport;
using enumeration::Finding;
using enumeration::Judgement;
using enumeration::LogRecording;

std::string command_of(const std::string& path, std::uint64_t seed, const CrashState& state) {
    return fmt::format("./dev run enumerate {} --seed {} --state {}", path, seed_text(seed),
                       enumeration::text_of(state));
}

std::vector<ToldFinding> tell_findings(LogRecording& recording, const EnumerationReport& report,
                                       const std::string& path) {
    enumeration::StatePlayer player{recording};
    std::vector<ToldFinding> told;
    for (std::size_t i = 0; i < enumeration::finding_count; ++i) {
        const EnumerationReport::Row& row = report.findings[i];
        if (!row.first) {
            continue;
        }
        auto const finding = static_cast<Finding>(i);
        CrashState const smallest = player.shrink(*row.first, finding);
        std::optional<Judgement> const judgement = player.play(smallest);
        told.push_back(ToldFinding{std::string{enumeration::name_of(finding)}, row.states,
                                   enumeration::text_of(smallest),
                                   judgement ? judgement->text : "it does not happen again",
                                   command_of(path, recording.seed, smallest)});
    }
    return told;
}

void print_json(const Scenario& scenario, const LogRecording& recording,
                const EnumerationReport& report, const std::vector<ToldFinding>& findings,
                std::int64_t took_ns) {
    nlohmann::ordered_json line;
    line["v"] = 1;
    line["type"] = "enumerate";
    line["scenario"] = scenario.name;
    line["seed"] = seed_text(recording.seed);
    line["records"] = recording.records;
    line["groups"] = recording.groups;
    line["segments"] = recording.segments;
    line["crash_points"] = report.crash_points;
    line["nested_crash_points"] = report.nested_crash_points;
    line["visited"] = report.visited;
    line["nested"] = report.nested;
    line["distinct"] = report.distinct;
    line["recoveries"] = report.recoveries;
    line["most_units"] = report.most_units;
    line["hash"] = fmt::format("{:016x}", report.hash);
    line["findings"] = findings_json(findings);
    line["cpu_ns"] = took_ns;
    line["states_per_second"] = rate(report.visited, took_ns);
    line["distinct_per_second"] = rate(report.distinct, took_ns);
    print_line(line.dump());
}

void say_report(const Scenario& scenario, const LogRecording& recording,
                const EnumerationReport& report, const std::vector<ToldFinding>& findings,
                std::int64_t took_ns) {
    say(fmt::format("{}, seed {}: {} records in {} groups and {} segments; {} events of its disk\n",
                    scenario.name, seed_text(recording.seed), recording.records, recording.groups,
                    recording.segments, recording.trace.events().size()));
    say(fmt::format("  {} crash points, {} more inside recoveries; up to {} uncovered sectors\n",
                    report.crash_points, report.nested_crash_points, report.most_units));
    say(fmt::format(
        "  {} states visited, {} of them nested; {} distinct disks recovered, {} "
        "recoveries; hash {:016x}\n",
        report.visited, report.nested, report.distinct, report.recoveries, report.hash));
    say(fmt::format("  {} ms: {} states/s, {} distinct disks/s on one core\n", took_ns / 1'000'000,
                    rate(report.visited, took_ns), rate(report.distinct, took_ns)));
    say_findings(findings, "states");
}

ExitCode play_one(const EnumerateCommand& command, LogRecording& recording) {
    std::optional<CrashState> const state = enumeration::parse_crash_state(command.state);
    if (!state) {
        say(fmt::format("brokersim: --state: \"{}\" is no state\n", command.state));
        return ExitCode::usage;
    }
    enumeration::StatePlayer player{recording};
    if (!player.fits(*state)) {
        say(fmt::format("brokersim: --state: this scenario and seed have no state {}\n",
                        command.state));
        return ExitCode::usage;
    }
    std::optional<Judgement> const judgement = player.play(*state);
    return tell_state(command, "enumerate_state",
                      PlayedState{judgement ? std::string{name_of(judgement->finding)} : "",
                                  judgement ? judgement->text : "", player.story(*state)});
}

ExitCode enumerate_recording(const EnumerateCommand& command, const Scenario& scenario,
                             const std::string& path, LogRecording& recording) {
    if (!command.state.empty()) {
        return play_one(command, recording);
    }
    std::int64_t const began = cpu_ns();
    enumeration::EnumerationOptions options;
    options.nested = command.nested;
    EnumerationReport const report = enumeration::Enumeration{recording, options}.run();
    std::int64_t const took = cpu_ns() - began;
    std::vector<ToldFinding> const findings = tell_findings(recording, report, path);
    if (command.json) {
        print_json(scenario, recording, report, findings, took);
    }
    say_report(scenario, recording, report, findings, took);
    return judge_enumeration(scenario, report.clean());
}

}  // namespace

ExitCode enumerate_command(const EnumerateCommand& command,
                           const std::vector<std::string>& arguments) {
    FoundScenarios const found = find_scenario(command.scenario, library_roots());
    if (found.paths.size() != 1) {
        say(fmt::format("brokersim: {}\n", found.error.empty()
                                               ? command.scenario + ": name one scenario"
                                               : found.error));
        return ExitCode::scenario;
    }
    const std::string& path = found.paths.front();
    std::optional<Scenario> const scenario = load_scenario(path, command.json);
    if (!scenario) {
        return ExitCode::scenario;
    }
    if (std::optional<ExitCode> const handed = hand_over(*scenario, arguments)) {
        return *handed;
    }
    if (command.cluster) {
        return enumerate_cluster(command, *scenario, path);
    }
    try {
        tl::expected<LogRecording, std::string> recording =
            enumeration::record_log(draw_run(*scenario, command.seed));
        if (!recording) {
            say(fmt::format("brokersim: {}: too large to enumerate: {}\n", path,
                            recording.error()));
            return ExitCode::scenario;
        }
        return enumerate_recording(command, *scenario, path, *recording);
    } catch (const CheckTripped& tripped) {
        say(fmt::format("{}:{}: CHECK failed in {}: {}; no crash was needed\n",
                        tripped.failure.file, tripped.failure.line, tripped.failure.function,
                        tripped.failure.condition));
        return judge_enumeration(*scenario, false);
    }
}

}  // namespace brokersim
