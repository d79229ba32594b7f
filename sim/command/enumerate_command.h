// `brokersim enumerate`: every crash point of one small log, every legal disk, the real recovery;
// or every simultaneous power loss of a small cluster.
#pragma once

#include "sim/command/exit_code.h"
#include "sim/enumerate/enumeration.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

struct EnumerateCommand {
    std::string scenario;  // a file or a library name
    std::uint64_t seed = 1;
    std::string state;  // empty: all of them
    enumeration::Nested nested = enumeration::Nested::shaped;
    bool cluster = false;  // all brokers at once
    bool json = false;
};

/// A scenario that plants a bug must find one: then findings are what it expects, and none is a
/// finding of the command. Exit codes: ok, finding, usage (a state that is none), scenario (not
/// understood, or too large), inconclusive (of a cluster: more than 1 % of the runs could not say),
/// unsupported (the planted bug is not built).
ExitCode enumerate_command(const EnumerateCommand& command,
                           const std::vector<std::string>& arguments);

}  // namespace brokersim
