// `brokersim regress`: the pinned failures, replayed.
#pragma once

#include "sim/command/exit_code.h"

#include <string>

namespace brokersim {

struct RegressCommand {
    std::string pin;  // a bundle to be added; empty: replay what is there
    std::string folder = "scenarios/regressions";
};
/// Replays every *.repro.json below the folder. A pin of the broker as it is must be gone, with its
/// faults in effect (else it is stale: 6); one with a planted bug must still fail in its way.
/// Exit 0, 1 (it is back), 5 (no pin), 6.
ExitCode regress_command(const RegressCommand& command);

}  // namespace brokersim
