// `brokersim run`: scenarios over seeds.
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
    std::string history_path;       // where the history of the last run goes; empty: nowhere
    std::string out = "runs/last";  // where the bundle of the first finding of a scenario goes
};
ExitCode run_command(const RunCommand& command, const std::vector<std::string>& arguments);

/// A seed as people write it: decimal, 0x hexadecimal, or a 40-digit git commit (its first 16 hex
/// digits). Nothing if it is none of these.
std::optional<std::uint64_t> parse_seed(const std::string& text);
/// The same for an option --seed; throws CLI::ValidationError.
std::uint64_t seed_or_throw(const std::string& text);

}  // namespace brokersim
