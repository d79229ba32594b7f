// What both forms of `enumerate` print: findings, rates, and one state that is played again.
#pragma once

#include "scenarios/scenario.h"
#include "sim/command/enumerate_command.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

/// A finding as it is told: shrunk, with words and the command that plays it.
struct ToldFinding {
    std::string code;
    std::uint64_t states = 0;  // that show it
    std::string state;         // the smallest of them
    std::string text;
    std::string command;
};

/// Processor time of this process, in nanoseconds.
[[nodiscard]] std::int64_t cpu_ns();
/// Per second, of one processor.
[[nodiscard]] std::uint64_t rate(std::uint64_t count, std::int64_t took_ns);

[[nodiscard]] nlohmann::ordered_json findings_json(const std::vector<ToldFinding>& findings);
/// states: what is counted, such as "states".
void say_findings(const std::vector<ToldFinding>& findings, std::string_view states);

/// One state that was asked for. finding: empty if nothing is wrong with it.
struct PlayedState {
    std::string finding;
    std::string text;
    std::vector<std::string> story;
};
/// Prints it, as JSON of that type or in words.
ExitCode tell_state(const EnumerateCommand& command, std::string_view type,
                    const PlayedState& played);

/// Whether the outcome is the one that the scenario stands for: a finding if it plants a bug. If
/// none was found then, says so.
ExitCode judge_enumeration(const Scenario& scenario, bool clean);

}  // namespace brokersim
