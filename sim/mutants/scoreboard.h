// JSON of the mutants: the file of accepted figures, and the lines of `--json`.
#pragma once

#include "sim/mutants/score.h"

#include <tl/expected.hpp>

#include <map>
#include <string>
#include <vector>

namespace brokersim {

/// Accepted figures by the mutant's name.
using Scoreboard = std::map<std::string, AcceptedScore, std::less<>>;

/// The board in `text`. Errors: what is wrong with it.
tl::expected<Scoreboard, std::string> parse_scoreboard(const std::string& text);
/// As it stands in the file: one mutant per line, sorted by name.
std::string to_json(const Scoreboard& board);

/// A line of `mutants list --json`. scenario: what it would run in. built: its executable is there.
std::string list_line(const PatchFile& patch, const std::string& scenario, bool built);

/// A line of `mutants run --json`.
std::string score_json(const MutantScore& score, const AcceptedScore* accepted);
/// A line for a mutant that was not measured: "stale", "not_built" or "not_applicable".
std::string unmeasured_json(const PatchFile& patch, std::string_view state, std::string_view why);

struct TierCount {
    std::uint64_t found = 0;
    std::uint64_t of = 0;
};
struct MutantsSummary {
    std::map<std::string, TierCount> tiers;
    std::uint64_t false_alarms = 0;
    std::uint64_t detectors_changed = 0;
    std::uint64_t stale = 0;
    std::uint64_t not_built = 0;
    std::uint64_t not_applicable = 0;
    std::uint64_t unproven = 0;
    std::vector<std::string> differences;
    std::uint64_t seed = 0;
    int exit_code = 0;
};
std::string to_json(const MutantsSummary& summary);

/// Of a line that `shrink --json` printed. Nothing: it is none.
std::optional<MinimalSize> parse_shrunk(const std::string& output);

}  // namespace brokersim
