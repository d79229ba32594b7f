// Exit codes: what a shell, CI or git bisect learns from a command.
#pragma once

namespace brokersim {

enum class ExitCode : int {
    ok = 0,              // every expectation met, a canary that was found included
    finding = 1,         // a property violated, or an expected violation not found
    usage = 2,           // the command line is wrong
    scenario = 3,        // a scenario file is wrong
    nondeterminism = 4,  // a replay disagrees with itself
    nothing_ran = 5,     // no scenario selected, zero seeds
    inconclusive = 6,    // inconclusive or void: never green
    incomplete = 7,      // a campaign with shards or seeds missing
    internal = 70,       // the harness is at fault
    environment = 75,    // disk full, out of memory
    unsupported = 77,    // not supported here
    cannot_judge = 125,  // nothing to judge here; git bisect skips
    interrupted = 130,   // stopped by SIGINT, after saving
    terminated = 143,    // stopped by SIGTERM, after saving
};

/// The worse of two by urgency: 130, 143, 70, 4, 1, 75, 7, 77, 6, 5, 0.
ExitCode worse(ExitCode a, ExitCode b);

}  // namespace brokersim
