// Which executable runs a scenario: the clean broker's, or the one with its planted bug.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// Name of the bug planted in this executable; empty in the clean one.
std::string_view planted_mutant();

/// Name of the mutant that `plant` (its id or its name) means; `plant` itself if it is
/// not in the catalogue.
std::string mutant_name(const std::string& plant);

/// Where the executable with that mutant is, beside this one; empty if it was not built.
std::string mutant_executable(const std::string& name);

/// Runs another executable with these arguments, as this process's child; returns its exit code.
int run_executable(const std::string& path, const std::vector<std::string>& arguments);

/// Of a command that ran to its end: 127 if it could not be started, 128 + N if signal N ended it.
struct Captured {
    int code = 0;
    std::string output;  // of both streams, or of standard output alone
};
enum class Streams : std::uint8_t { both, output_only };
/// Runs a command found by its path or in PATH, and keeps what it prints.
Captured run_captured(const std::vector<std::string>& command, Streams streams = Streams::both);

}  // namespace brokersim
