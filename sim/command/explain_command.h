// `brokersim explain` and `export`: a run told in words, or in the formats of other tools.
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
struct ExportCommand {
    std::string subject;
    std::optional<std::uint64_t> seed;
    std::string format;   // history, jepsen, perfetto, shiviz
    std::string message;  // shiviz: only this one; empty: those concerned, or all
};
/// The run in another format, on stdout.
ExitCode export_command(const ExportCommand& command, const std::vector<std::string>& arguments);

/// Story on stdout. Exit 0 once it is told, whatever it tells.
ExitCode explain_command(const ExplainCommand& command, const std::vector<std::string>& arguments);

}  // namespace brokersim
