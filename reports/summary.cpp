// Deciding what the results mean.
#include "reports/summary.h"

#include "broker_core/base/probes.h"
#include "reports/diagnosis.h"
#include "reports/escape.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace brokersim::reports {
namespace {

/// A class of faults is judged once this many seeds fired it.
constexpr std::uint64_t enough_seeds = 50;

SummaryFinding judged(SignatureRow row, const std::vector<KnownFinding>& known,
                      std::string_view today) {
    SummaryFinding finding;
    auto const at = std::find_if(known.begin(), known.end(), [&](const KnownFinding& one) {
        return one.signature == row.signature;
    });
    if (at != known.end()) {
        finding.state =
            at->until < today ? SummaryFinding::State::expired : SummaryFinding::State::known;
        finding.note = fmt::format("{} until {} {}", at->issue, at->until, at->note);
    }
    finding.row = std::move(row);
    return finding;
}

void add_chunks(const Merge& merge, Summary& summary) {
    std::map<std::string, Canary> canaries;
    std::set<std::uint32_t> probes;
    std::map<std::string, std::string> expects;
    for (const CampaignScenario& one : summary.manifest.scenarios) {
        expects[one.hash] = one.expects;
    }
    for (const auto& [number, chunk] : merge.chunks()) {
        summary.seeds += chunk.seeds;
        summary.events += chunk.events;
        summary.virtual_ns += chunk.virtual_ns;
        summary.wall_ns += chunk.wall_ns;
        summary.acked += chunk.acked;
        ++summary.chunks;
        if (!chunk.mutant.empty()) {
            Canary& canary = canaries[chunk.scenario_hash];
            canary.scenario = chunk.scenario;
            canary.mutant = chunk.mutant;
            canary.seeds += chunk.seeds;
            canary.found += chunk.expected;
            continue;
        }
        summary.passed += chunk.passed;
        summary.failed += chunk.failed;
        std::string const& expected = expects[chunk.scenario_hash];
        summary.voided += expected == "voids" ? chunk.voided - chunk.expected : chunk.voided;
        summary.inconclusive += chunk.inconclusive;
        for (const auto& [kind, sums] : chunk.faults) {
            FaultSums& all = summary.faults[kind];
            all.scheduled += sums.scheduled;
            all.effective += sums.effective;
            all.seeds += sums.seeds;
            all.seeds_effective += sums.seeds_effective;
        }
        probes.insert(chunk.probes.begin(), chunk.probes.end());
    }
    for (auto& [hash, canary] : canaries) {
        summary.canaries.push_back(std::move(canary));
    }
    for (std::size_t probe = 0; probe < broker::probe_count; ++probe) {
        if (!probes.contains(static_cast<std::uint32_t>(probe))) {
            summary.probes_missed.emplace_back(broker::probe_names[probe]);
        }
    }
}

}  // namespace

std::uint64_t Summary::red() const {
    return static_cast<std::uint64_t>(
        std::count_if(findings.begin(), findings.end(), [](const SummaryFinding& finding) {
            return finding.state != SummaryFinding::State::known;
        }));
}

bool Summary::canaries_found() const {
    return std::all_of(canaries.begin(), canaries.end(),
                       [](const Canary& canary) { return canary.found > 0; });
}

bool Summary::proves_too_little() const {
    return (voided + inconclusive) * 100 > seeds || !weak_faults.empty();
}

Summary summarise(const Merge& merge, const Manifest& manifest,
                  const std::vector<KnownFinding>& known, std::string_view today,
                  std::vector<Hole> holes) {
    Summary summary;
    summary.manifest = manifest;
    add_chunks(merge, summary);
    for (SignatureRow& row : merge.signatures()) {
        if (row.planted) {
            for (Canary& canary : summary.canaries) {
                if (canary.mutant == row.shortest.front().mutant) {
                    canary.signatures.push_back(row.signature);
                }
            }
            summary.planted.push_back(std::move(row));
        } else {
            summary.findings.push_back(judged(std::move(row), known, today));
        }
    }
    std::stable_sort(summary.findings.begin(), summary.findings.end(),
                     [](const SummaryFinding& a, const SummaryFinding& b) {
                         bool const a_known = a.state == SummaryFinding::State::known;
                         bool const b_known = b.state == SummaryFinding::State::known;
                         return !a_known && b_known;
                     });
    for (const KnownFinding& one : known) {
        bool const seen = std::any_of(
            summary.findings.begin(), summary.findings.end(),
            [&](const SummaryFinding& finding) { return finding.row.signature == one.signature; });
        if (!seen) {
            summary.looks_fixed.push_back(one.signature + " (" + one.issue + ")");
        }
    }
    for (const auto& [kind, sums] : summary.faults) {
        if (sums.seeds >= enough_seeds && sums.seeds_effective * 2 < sums.seeds) {
            summary.weak_faults.push_back(fmt::format("{} took effect in {} of {} seeds", kind,
                                                      sums.seeds_effective, sums.seeds));
        }
    }
    for (const auto& [number, recheck] : merge.rechecks()) {
        ++summary.rechecked;
        if (!recheck.equal) {
            summary.differences.push_back(recheck.detail);
        }
    }
    summary.differences.insert(summary.differences.end(), merge.conflicts().begin(),
                               merge.conflicts().end());
    summary.holes = std::move(holes);
    summary.troubles = merge.troubles();
    summary.refused = merge.refused();
    summary.torn = merge.torn();
    summary.duplicates = merge.duplicates();
    return summary;
}

std::string repro_command(const Manifest& manifest, const SeedResult& seed) {
    std::string path = seed.scenario;
    for (const CampaignScenario& one : manifest.scenarios) {
        if (one.hash == seed.scenario_hash && one.name == seed.scenario) {
            path = one.path;
        }
    }
    return fmt::format("./dev run replay {} --seed {:#x}", shell_quoted(path), seed.seed);
}

std::string bundle_path(const SeedResult& seed) {
    return fmt::format("findings/{}/{:016x}", signature_folder(seed.signature), seed.seed);
}

}  // namespace brokersim::reports
