// Finding, loading and handing over.
#include "sim/command/scenario_files.h"

#include "scenarios/parser.h"
#include "sim/command/mutant.h"

#include <fmt/core.h>

#include <cstdio>

namespace brokersim {

const std::vector<std::string>& library_roots() {
    static const std::vector<std::string> roots = {"scenarios/library", "scenarios/regressions"};
    return roots;
}

void say(const std::string& text) {
    std::fputs(text.c_str(), stderr);
}

void print_line(const std::string& line) {
    std::string const text = line + "\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

std::optional<Scenario> load_scenario(const std::string& path, bool json) {
    ParseOutcome outcome = parse_scenario(path);
    if (!outcome.diagnostics.empty()) {
        if (json) {
            std::fputs(render_json(outcome.diagnostics).c_str(), stdout);
        } else {
            say(render_text(outcome.diagnostics, 1));
        }
    }
    return std::move(outcome.scenario);
}

std::optional<ExitCode> hand_over(const Scenario& scenario,
                                  const std::vector<std::string>& arguments) {
    std::string const wanted = scenario.plant.empty() ? "" : mutant_name(scenario.plant);
    if (wanted == planted_mutant()) {
        return std::nullopt;
    }
    if (wanted.empty()) {
        say(
            fmt::format("brokersim: this executable has {} planted and runs only scenarios that "
                        "plant it; {} does not\n",
                        planted_mutant(), scenario.name));
        return ExitCode::unsupported;
    }
    std::string const executable = mutant_executable(wanted);
    if (executable.empty()) {
        say(
            fmt::format("brokersim: {} plants {} ({}), which is not built here\n"
                        "to build it:\n    cmake --build --preset release --target mutants\n",
                        scenario.name, scenario.plant, wanted));
        return ExitCode::unsupported;
    }
    return static_cast<ExitCode>(run_executable(executable, arguments));
}

std::vector<std::string> with_children(const std::string& path) {
    if (path.find('@') != std::string::npos) {
        return {path};
    }
    std::vector<std::string> paths;
    for (const std::string& child : parse_scenario(path).children) {
        paths.push_back(path + "@" + child);
    }
    return paths.empty() ? std::vector{path} : paths;
}

}  // namespace brokersim
