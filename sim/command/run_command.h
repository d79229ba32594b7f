// `brokersim run` and `brokersim replay`.
#pragma once

#include "sim/command/exit_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// Which of the two judges looks at a run: the invariants, which see every disk and message, or the
/// judge of the clients' history alone, as for a real broker. Both, except to show that each of
/// them finds a planted bug by itself.
enum class Net : std::uint8_t { both, history, invariants };

struct RunCommand {
    std::vector<std::string> scenarios;  // files, folders or library names; empty: the library
    std::optional<std::uint64_t> seed;
    std::optional<std::uint64_t> seeds;
    bool json = false;
    bool verbose = false;
    Net net = Net::both;
    std::string history_path;  // where the history of the last run goes; empty: nowhere
};
ExitCode run_command(const RunCommand& command, const std::vector<std::string>& arguments);

struct ReplayCommand {
    std::string scenario;
    std::uint64_t seed = 0;
    bool json = false;
    bool log = false;
    std::optional<std::uint64_t> from_event;
    std::optional<std::uint64_t> to_event;
};
ExitCode replay_command(const ReplayCommand& command, const std::vector<std::string>& arguments);

/// A seed as people write it: decimal, 0x hexadecimal, or a 40-digit git commit (its first 16 hex
/// digits). Nothing if it is none of these.
std::optional<std::uint64_t> parse_seed(const std::string& text);

}  // namespace brokersim
