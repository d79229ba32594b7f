// A run in words and as a JSON line.
#pragma once

#include "sim/run.h"

#include <string>

namespace brokersim {

/// The `seed` line: one JSON object, seed and hashes as strings, counts as integers.
std::string seed_line(const RunResult& result, std::uint64_t scenario_hash);

/// The report of one run for people: verdict, counts, what was violated, the faults and whether
/// they took effect, and every probe of every node, those that stayed 0 included.
std::string report_text(const RunResult& result);

/// The last lines of a failure: what, which message, and the commands that show it again.
/// path: of the scenario file, as a reader can type it.
std::string closing_block(const RunResult& result, const std::string& path);

/// "0x" and the hexadecimal digits.
std::string seed_text(std::uint64_t seed);

}  // namespace brokersim
