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
/// path: of the scenario file, as a reader can type it. bundle: of the finding; empty: none.
std::string closing_block(const RunResult& result, const std::string& path,
                          const std::string& bundle = {});

/// The first thing that was violated, as one line.
std::string failure_sentence(const RunResult& result);

/// "effective", "no target" and so on.
std::string fate_text(ElementFate fate);

/// The commands that show, explain, shrink and repeat a failure, each alone on its line. bundle:
/// empty if none was written.
std::string command_block(const std::string& bundle, const std::string& path, std::uint64_t seed);

/// "0x" and the hexadecimal digits.
std::string seed_text(std::uint64_t seed);

}  // namespace brokersim
