// `brokersim enumerate --cluster`: what it prints and which exit code it is.
#pragma once

#include "scenarios/scenario.h"
#include "sim/command/enumerate_command.h"

#include <string>

namespace brokersim {

/// path: of the scenario, for commands to paste.
ExitCode enumerate_cluster(const EnumerateCommand& command, const Scenario& scenario,
                           const std::string& path);

}  // namespace brokersim
