// `brokersim explain`: the life story of the messages that a failure is about.
#pragma once

#include "sim/command/exit_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

struct ExplainCommand {
    std::string subject;                // a bundle, or a scenario
    std::optional<std::uint64_t> seed;  // of a scenario
    std::string message;                // "PRODUCER/NUMBER"; empty: those concerned
};
/// Story on stdout. Exit 0 once it is told, whatever it tells.
ExitCode explain_command(const ExplainCommand& command, const std::vector<std::string>& arguments);

}  // namespace brokersim
