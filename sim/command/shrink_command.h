// `brokersim shrink`: the smallest scenario with the same failure, written as a file.
#pragma once

#include "sim/command/exit_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

struct ShrinkCommand {
    std::string subject;                // a bundle, or a scenario
    std::optional<std::uint64_t> seed;  // of a scenario
    std::string out;                    // the file; empty: shrunk.json in the bundle
    std::int64_t budget_seconds = 60;
    bool json = false;
};
/// Exit 0: a file was written, and fails as the original does; 130: the same, after Ctrl-C.
ExitCode shrink_command(const ShrinkCommand& command, const std::vector<std::string>& arguments);

}  // namespace brokersim
