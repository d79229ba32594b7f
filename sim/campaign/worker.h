// A worker of a campaign: a process that runs seeds as it is told, on a pipe.
//
// It reads "run CAMPAIGN_SEED FIRST_K COUNT PATH" lines and answers, per seed, "@ K" before it
// begins and one seed line (results.h) when it is done; "done" after the last. "measure" is the
// same for the bug of this executable (or none) in place of the one that the file plants, and
// without signatures. "source" is answered by the identity of the sources. It holds nothing that
// would be missed: whatever kills it costs the seed under way and names it.
#pragma once

#include "sim/command/exit_code.h"

#include <cstdint>

namespace brokersim {

struct WorkerCommand {
    std::uint64_t memory_mib = 2048;  // of address space; 0: no limit
};
/// Ends when its input does. Out of memory: exit code 75.
ExitCode worker_command(const WorkerCommand& command);

}  // namespace brokersim
