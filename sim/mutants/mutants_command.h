// `brokersim mutants list` and `mutants run`: plant each known bug and measure seeds to detection.
//
// A mutant runs in the scenario that its patch names, else in the nightly swarm with what it needs
// pinned, else in the one scenario that was asked for. The file that plays this is written below
// `out` and extends the library's; nothing of the library is copied or changed.
#pragma once

#include "sim/command/exit_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

struct MutantsCommand {
    std::vector<std::string> wanted;   // ids or names; empty: the tier
    std::string tier;                  // "smoke", "nightly", "directed", "all"; empty: by `wanted`
    std::string scenario;              // instead of the mutants' own
    std::vector<std::string> patches;  // files or folders of bugs from outside the catalogue
    std::optional<std::uint64_t> campaigns;
    std::optional<std::uint64_t> seeds;  // of one campaign, at most
    std::uint64_t seed = 0;              // from which campaigns get theirs; 0: the fixed ones
    std::uint32_t jobs = 0;              // 0: one per core
    bool shrink = false;
    bool update = false;  // accept the figures into faults/mutants/scoreboard.json
    bool json = false;
    std::string out = "runs/mutants";
};

ExitCode list_mutants(const MutantsCommand& command);

/// Exit codes: 0 the gate is met; 1 a survivor, a false alarm or a stale patch; 3 a patch or a
/// scenario is wrong; 5 nothing was selected; 6 unproven; 75 the machine failed; 77 not built, or
/// built from other sources; 130, 143 stopped.
ExitCode run_mutants(const MutantsCommand& command);

}  // namespace brokersim
