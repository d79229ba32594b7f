// Percentiles, the most frequent answers, and one line of text.
#include "sim/mutants/score.h"

#include "scenarios/properties.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace brokersim {
namespace {

/// The value that stands most often; of several the one that comes first.
std::string most_frequent(const std::vector<std::string>& values) {
    std::string best;
    std::ptrdiff_t often = 0;
    for (const std::string& value : values) {
        std::ptrdiff_t const count = std::count(values.begin(), values.end(), value);
        if (count > often) {
            often = count;
            best = value;
        }
    }
    return best;
}

/// The name of the check that fired first. A run that was cut off hung.
std::string detector_of(const reports::SeedResult& result) {
    if (result.violated.empty()) {
        return "";
    }
    return result.violated.front() == "L5" ? "HANG" : result.violated.front();
}

/// What the clients' history alone shows; empty: nothing.
std::string history_of(const reports::SeedResult& result) {
    auto const codes = anomaly_codes();
    for (const std::string& id : result.violated) {
        if (std::find(codes.begin(), codes.end(), id) != codes.end()) {
            return id;
        }
    }
    return "";
}

std::string text_of(const MinimalSize& size) {
    return fmt::format("{} brokers, {} faults, {} messages, {} events", size.brokers, size.faults,
                       size.messages, size.events);
}

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : text;
}

bool is_larger(const MinimalSize& now, const MinimalSize& before) {
    return now.brokers > before.brokers || now.faults > before.faults ||
           now.messages > before.messages || now.events > before.events;
}

std::string seeds_text(std::uint64_t seeds, std::uint64_t budget) {
    return seeds > budget ? fmt::format(">{}", budget) : std::to_string(seeds);
}

}  // namespace

bool MutantScore::is_later_than_expected() const {
    return !figures.detector.empty() && !patch.detectors.empty() &&
           patch.detectors.front() != figures.detector;
}

bool MutantScore::is_found() const {
    constexpr std::uint64_t of_five = 4;
    std::uint64_t const needed =
        patch.tier == Tier::nightly ? (figures.campaigns * of_five + 4) / 5 : figures.campaigns;
    return figures.campaigns > 0 && figures.found >= std::max<std::uint64_t>(needed, 1);
}

std::uint64_t nearest_rank(std::vector<std::uint64_t> values, std::uint64_t percent) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    std::uint64_t const rank = (values.size() * percent + 99) / 100;
    return values[std::max<std::uint64_t>(rank, 1) - 1];
}

MutantScore score_of(const PatchFile& patch, const std::string& scenario, std::uint64_t budget,
                     const std::vector<CampaignOutcome>& outcomes) {
    MutantScore score;
    score.patch = patch;
    score.figures.id = patch.id;
    score.figures.name = patch.name;
    score.figures.tier = name_of(patch.tier);
    score.figures.scenario = scenario;
    score.figures.budget = budget;
    std::vector<std::string> detectors;
    std::vector<std::string> histories;
    std::vector<std::uint64_t> times;
    for (const CampaignOutcome& outcome : outcomes) {
        score.runs += outcome.seeds;
        score.voided += outcome.voided;
        score.wall_ns += outcome.wall_ns;
        score.false_alarms.insert(score.false_alarms.end(), outcome.false_alarms.begin(),
                                  outcome.false_alarms.end());
        if (!outcome.trouble.empty()) {
            score.troubles.push_back(outcome.trouble);
            continue;  // it did not happen: neither found nor missed
        }
        ++score.figures.campaigns;
        score.seeds.push_back(outcome.found ? outcome.seeds : budget + 1);
        if (outcome.found) {
            ++score.figures.found;
            detectors.push_back(detector_of(outcome.first));
            histories.push_back(history_of(outcome.first));
            times.push_back(static_cast<std::uint64_t>(outcome.first.found_ns));
        }
    }
    score.figures.median = nearest_rank(score.seeds, 50);
    score.figures.p95 = nearest_rank(score.seeds, 95);
    score.slowest = nearest_rank(score.seeds, 100);
    score.figures.detector = most_frequent(detectors);
    score.figures.history = most_frequent(histories);
    score.virtual_ns = static_cast<std::int64_t>(nearest_rank(times, 50));
    return score;
}

std::vector<std::string> differences(const MutantScore& now, const AcceptedScore& accepted) {
    constexpr std::uint64_t slower = 4;
    constexpr std::uint64_t few = 10;
    std::vector<std::string> all;
    const AcceptedScore& figures = now.figures;
    if (figures.scenario != accepted.scenario) {
        return all;
    }
    if (figures.detector != accepted.detector) {
        const std::vector<std::string>& order = now.patch.detectors;
        auto const place = [&](const std::string& id) {
            return std::find(order.begin(), order.end(), id);
        };
        bool const later = place(figures.detector) > place(accepted.detector);
        all.push_back(fmt::format("{}: the first detector is {}, it was {}{}", figures.name,
                                  or_dash(figures.detector), or_dash(accepted.detector),
                                  later ? ": a check has lost its eye" : ""));
    }
    if (figures.median > slower * accepted.median && figures.median > few) {
        all.push_back(fmt::format("{}: half of the campaigns take {} seeds, accepted were {}",
                                  figures.name, seeds_text(figures.median, figures.budget),
                                  accepted.median));
    }
    if (figures.minimal && accepted.minimal && is_larger(*figures.minimal, *accepted.minimal)) {
        all.push_back(fmt::format("{}: the smallest failure has {}, it had {}", figures.name,
                                  text_of(*figures.minimal), text_of(*accepted.minimal)));
    }
    return all;
}

std::string score_head() {
    return fmt::format("{:<6}{:<32}{:<9}{:>7}  {:>13}  {:<18}{:<22}{:>8}  {}\n", "id", "name",
                       "tier", "found", "seeds p50/p95", "first detector", "history", "virtual",
                       "minimal");
}

std::string score_line(const MutantScore& score, const AcceptedScore* accepted) {
    constexpr std::int64_t ms = 1'000'000;
    const AcceptedScore& figures = score.figures;
    std::string detector = or_dash(figures.detector);
    if (accepted != nullptr && accepted->scenario == figures.scenario &&
        accepted->detector != figures.detector) {
        detector += fmt::format(" (was {})", or_dash(accepted->detector));
    }
    std::string const seeds = fmt::format("{} / {}", seeds_text(figures.median, figures.budget),
                                          seeds_text(figures.p95, figures.budget));
    std::string const time = figures.found == 0
                                 ? "-"
                                 : fmt::format("{}.{:02} s", score.virtual_ns / ms / 1000,
                                               score.virtual_ns / ms % 1000 / 10);
    return fmt::format(
        "{:<6}{:<32}{:<9}{:>7}  {:>13}  {:<18}{:<22}{:>8}  {}\n", or_dash(figures.id), figures.name,
        figures.tier, fmt::format("{}/{}", figures.found, figures.campaigns), seeds, detector,
        or_dash(figures.history), time, figures.minimal ? text_of(*figures.minimal) : "-");
}

}  // namespace brokersim
