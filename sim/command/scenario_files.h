// What the commands share: where scenarios are, reading them, and who may run them.
#pragma once

#include "scenarios/scenario.h"
#include "sim/command/exit_code.h"

#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// Folders in which a scenario is found by its name.
const std::vector<std::string>& library_roots();

/// To people: standard error.
void say(const std::string& text);
/// To programs: one line on standard output.
void print_line(const std::string& line);

/// Loads a scenario; its complaints go to stderr (or as JSON to stdout).
std::optional<Scenario> load_scenario(const std::string& path, bool json);

/// Whether this executable may run the scenario. If another one must, it is run with the same
/// arguments and its exit code is returned.
std::optional<ExitCode> hand_over(const Scenario& scenario,
                                  const std::vector<std::string>& arguments);

/// The paths of the children of a file with a matrix; else the path itself.
std::vector<std::string> with_children(const std::string& path);

}  // namespace brokersim
