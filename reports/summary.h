// Summary: what a campaign found, decided from merged results and from nothing else.
#pragma once

#include "reports/known.h"
#include "reports/merge.h"
#include "reports/results.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim::reports {

struct SummaryFinding {
    enum class State : std::uint8_t { fresh, known, expired };
    SignatureRow row;
    State state = State::fresh;
    std::string note;  // of the known finding: issue and note
};

/// A scenario that plants a bug: it must be found, or green means nothing.
struct Canary {
    std::string scenario;
    std::string mutant;
    std::uint64_t seeds = 0;
    std::uint64_t found = 0;
    std::vector<std::string> signatures;
};

/// Chunks that nobody did, as a stretch within one shard.
struct Hole {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint32_t shard = 0;  // from 0
};

struct Summary {
    Manifest manifest;
    std::uint64_t seeds = 0;
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;  // in scenarios that must hold
    std::uint64_t voided = 0;
    std::uint64_t inconclusive = 0;
    std::uint64_t chunks = 0;
    std::uint64_t events = 0;
    std::int64_t virtual_ns = 0;
    std::int64_t wall_ns = 0;  // of workers, together
    std::int64_t acked = 0;
    std::vector<SummaryFinding> findings;  // of the product, new ones first
    std::vector<SignatureRow> planted;     // of scenarios with a planted bug
    std::vector<Canary> canaries;
    std::vector<std::string> looks_fixed;  // known, and not seen
    std::map<std::string, FaultSums> faults;
    std::vector<std::string> weak_faults;  // kinds that rarely took effect
    std::vector<std::string> probes_missed;
    std::uint64_t rechecked = 0;
    std::vector<std::string> differences;  // of chunks that ran twice
    std::vector<Hole> holes;
    std::vector<Trouble> troubles;
    std::vector<std::string> refused;
    std::uint64_t torn = 0;
    std::uint64_t duplicates = 0;

    [[nodiscard]] std::uint64_t red() const;  // findings that are new or past their date
    [[nodiscard]] bool canaries_found() const;
    /// More than 1 % of the seeds proved nothing, or a class of faults hardly ever mattered.
    [[nodiscard]] bool proves_too_little() const;
};

/// today: "2026-03-31". holes: computed by whoever knows the plan of chunks.
Summary summarise(const Merge& merge, const Manifest& manifest,
                  const std::vector<KnownFinding>& known, std::string_view today,
                  std::vector<Hole> holes);

/// For a summary on a CI page: Markdown, at most 900 KB, cut by whole sections with a count of what
/// is missing. Names are text, whatever they contain.
std::string summary_markdown(const Summary& summary);
/// One JSON object with everything.
std::string summary_json(const Summary& summary);
/// JUnit: a suite per scenario, a case per failing seed and one for all that held. The first line
/// of a failure is the command that reproduces it.
std::string junit_xml(const Summary& summary, const Merge& merge);
/// GitHub workflow commands: at most ten errors, then one line that counts the rest.
std::string annotations(const Summary& summary);
/// The last lines for people: verdict, one block per new signature with commands that work.
std::string closing_text(const Summary& summary, std::string_view folder);

/// The command that reproduces a seed.
std::string repro_command(const Manifest& manifest, const SeedResult& seed);
/// Where its bundle is, below the campaign's folder.
std::string bundle_path(const SeedResult& seed);

}  // namespace brokersim::reports
