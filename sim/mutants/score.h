// What the campaigns against one mutant came to, in figures, and whether that is good enough.
#pragma once

#include "sim/mutants/measure.h"
#include "sim/mutants/patch_file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// The first detecting seed, shrunk. virtual_ns: of the whole small run.
struct MinimalSize {
    std::uint64_t brokers = 0;
    std::uint64_t faults = 0;
    std::uint64_t messages = 0;
    std::uint64_t events = 0;
    std::int64_t virtual_ns = 0;

    friend bool operator==(const MinimalSize&, const MinimalSize&) = default;
};

/// The figures of a mutant that were accepted once.
struct AcceptedScore {
    std::string id;
    std::string name;
    std::string tier;
    std::string scenario;
    std::uint64_t campaigns = 0;
    std::uint64_t found = 0;
    std::uint64_t budget = 0;
    std::uint64_t median = 0;  // budget + 1: not found
    std::uint64_t p95 = 0;
    std::string detector;  // empty: none
    std::string history;   // empty: none
    std::optional<MinimalSize> minimal;
};

/// figures: as measured. A campaign that did not find the bug counts as budget + 1 seeds.
struct MutantScore {
    PatchFile patch;
    AcceptedScore figures;
    std::uint64_t slowest = 0;         // seeds to detection, at most
    std::vector<std::uint64_t> seeds;  // by campaign
    std::int64_t virtual_ns = 0;       // of the first finding; median over campaigns
    std::int64_t wall_ns = 0;          // of all campaigns together
    std::uint64_t runs = 0;
    std::uint64_t voided = 0;
    std::vector<FalseAlarm> false_alarms;
    std::vector<std::string> troubles;
    std::string repro;  // a command; empty: not found

    /// The detector is not the one that the patch names first.
    [[nodiscard]] bool is_later_than_expected() const;
    /// Found as often as its tier demands; every campaign, or four of five of a nightly mutant.
    [[nodiscard]] bool is_found() const;
    /// More than one run in ten was void: nothing is proven.
    [[nodiscard]] bool is_unproven() const { return voided * 10 > runs; }
};

/// The n-th percentile of `values`, by nearest rank; 0 if there are none.
std::uint64_t nearest_rank(std::vector<std::uint64_t> values, std::uint64_t percent);

/// Puts outcomes into figures. budget: seeds of a campaign. Campaigns that the machine ended count
/// as `troubles` alone.
MutantScore score_of(const PatchFile& patch, const std::string& scenario, std::uint64_t budget,
                     const std::vector<CampaignOutcome>& outcomes);

/// What differs from the accepted figures, a sentence each: a detector that changed, a median above
/// four times the accepted one and above ten seeds, a larger minimal scenario. Only figures of the
/// same scenario are compared.
std::vector<std::string> differences(const MutantScore& now, const AcceptedScore& accepted);

/// A line of the table, and its head.
std::string score_head();
std::string score_line(const MutantScore& score, const AcceptedScore* accepted);

}  // namespace brokersim
