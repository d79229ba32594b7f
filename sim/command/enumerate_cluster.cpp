// Words and JSON about every simultaneous power loss of a small cluster.
#include "sim/command/enumerate_cluster.h"

#include "sim/command/enumeration_words.h"
#include "sim/command/scenario_files.h"
#include "sim/enumerate/cluster_enumeration.h"
#include "sim/run_text.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace brokersim {
namespace {

using enumeration::ClusterEnumeration;
using enumeration::ClusterReport;
using enumeration::ClusterState;

std::vector<ToldFinding> tell_findings(const ClusterEnumeration& enumeration,
                                       const ClusterReport& report, const EnumerateCommand& command,
                                       const std::string& path) {
    std::vector<ToldFinding> told;
    for (const ClusterReport::Row& row : report.findings) {
        ClusterState const smallest = enumeration.shrink(row.first, row.code);
        std::string const state = enumeration::text_of(smallest);
        told.push_back(ToldFinding{row.code, row.states, state,
                                   failure_sentence(enumeration.play(smallest)),
                                   fmt::format("./dev run enumerate {} --cluster --seed {} "
                                               "--state {}",
                                               path, seed_text(command.seed), state)});
    }
    return told;
}

void print_json(const Scenario& scenario, const EnumerateCommand& command,
                const ClusterReport& report, const std::vector<ToldFinding>& findings,
                std::int64_t took_ns) {
    nlohmann::ordered_json line;
    line["v"] = 1;
    line["type"] = "enumerate_cluster";
    line["scenario"] = scenario.name;
    line["seed"] = seed_text(command.seed);
    line["records"] = report.records;
    line["instants"] = report.instants;
    line["states"] = report.states;
    line["played"] = report.played;
    line["undecided"] = report.undecided;
    line["hash"] = fmt::format("{:016x}", report.hash);
    line["findings"] = findings_json(findings);
    line["cpu_ns"] = took_ns;
    line["states_per_second"] = rate(report.states, took_ns);
    line["played_per_second"] = rate(report.played, took_ns);
    print_line(line.dump());
}

void say_report(const Scenario& scenario, const EnumerateCommand& command,
                const ClusterReport& report, const std::vector<ToldFinding>& findings,
                std::int64_t took_ns) {
    say(fmt::format("{}, seed {}: {} records; {} instants of I/O, {} states\n", scenario.name,
                    seed_text(command.seed), report.records, report.instants, report.states));
    say(fmt::format("  {} of them differ and were played, {} could not say; hash {:016x}\n",
                    report.played, report.undecided, report.hash));
    say(fmt::format("  {} ms: {} states/s, {} runs/s on one core\n", took_ns / 1'000'000,
                    rate(report.states, took_ns), rate(report.played, took_ns)));
    say_findings(findings, "of the states played");
}

ExitCode play_one(const EnumerateCommand& command, const ClusterEnumeration& enumeration) {
    std::optional<ClusterState> const state = enumeration::parse_cluster_state(command.state);
    if (!state) {
        say(fmt::format("brokersim: --state: \"{}\" is no state of a cluster\n", command.state));
        return ExitCode::usage;
    }
    if (!enumeration.fits(*state)) {
        say(fmt::format("brokersim: --state: this scenario and seed have no state {}\n",
                        command.state));
        return ExitCode::usage;
    }
    RunResult const run = enumeration.play(*state);
    std::vector<std::string> story;
    for (std::size_t broker = 0; broker < run.after_cut.size(); ++broker) {
        const AfterCut& held = run.after_cut[broker].front();
        story.push_back(fmt::format(
            "event {}: power fails; n{} holds a log to {}, term {}, vote {}", state->event,
            broker + 1, held.end.value(), held.state.term.value(), held.state.vote.value()));
    }
    for (const Violation& violation : run.violations) {
        story.push_back(
            fmt::format("{} at event {}: {}", violation.id, violation.event, violation.text));
    }
    bool const failed = run.verdict == RunVerdict::fail;
    std::string const sentence = failed ? failure_sentence(run) : "";
    story.push_back(failed ? sentence : "nothing is wrong with it");
    return tell_state(command, "enumerate_cluster_state",
                      PlayedState{failed ? run.violated.front() : "", sentence, std::move(story)});
}

}  // namespace

ExitCode enumerate_cluster(const EnumerateCommand& command, const Scenario& scenario,
                           const std::string& path) {
    ClusterEnumeration enumeration{scenario, command.seed};
    if (!command.state.empty()) {
        return play_one(command, enumeration);
    }
    std::int64_t const began = cpu_ns();
    tl::expected<ClusterReport, std::string> const report = enumeration.run();
    if (!report) {
        say(fmt::format("brokersim: {}: too large to enumerate: {}\n", path, report.error()));
        return ExitCode::scenario;
    }
    std::int64_t const took = cpu_ns() - began;
    std::vector<ToldFinding> const findings = tell_findings(enumeration, *report, command, path);
    if (command.json) {
        print_json(scenario, command, *report, findings, took);
    }
    say_report(scenario, command, *report, findings, took);
    ExitCode const code = judge_enumeration(scenario, report->clean());
    if (code != ExitCode::ok) {
        return code;
    }
    constexpr std::uint64_t percent = 100;
    return report->undecided * percent > report->played ? ExitCode::inconclusive : ExitCode::ok;
}

}  // namespace brokersim
