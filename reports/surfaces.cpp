// What CI systems read: Markdown, JSON, JUnit, annotations, and the last lines for people.
#include "reports/escape.h"
#include "reports/summary.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace brokersim::reports {
namespace {

// GitHub refuses a step summary above 1024 KiB as a whole, and shows at most 10 annotations of a
// kind per step.
constexpr std::size_t markdown_max = 900'000;
constexpr std::size_t annotations_max = 10;
constexpr std::size_t blocks_max = 10;

constexpr std::string_view not_simulated =
    "disk errors and damage, full disks, clock jumps, transactions";

std::string_view name_of(SummaryFinding::State state) {
    switch (state) {
        case SummaryFinding::State::fresh:
            return "new";
        case SummaryFinding::State::known:
            return "known";
        case SummaryFinding::State::expired:
            return "past its date";
    }
    return "";
}

std::string seeds_per_second(const Summary& summary) {
    if (summary.wall_ns <= 0) {
        return "-";
    }
    return fmt::format(
        "{:.0f}", static_cast<double>(summary.seeds) * 1e9 / static_cast<double>(summary.wall_ns));
}

std::string hole_text(const Manifest& manifest, const Hole& hole) {
    return fmt::format("chunks {}..{} of shard {}/{}", hole.first, hole.last, hole.shard + 1,
                       manifest.shards);
}

}  // namespace

std::string summary_markdown(const Summary& summary) {
    std::vector<std::string> sections;
    std::string head = "# brokersim campaign\n\n";
    auto out = std::back_inserter(head);
    fmt::format_to(out,
                   "{} seeds, {} passed, {} failed, {} void, {} inconclusive; {} new or "
                   "overdue signatures\n\n",
                   summary.seeds, summary.passed, summary.failed, summary.voided,
                   summary.inconclusive, summary.red());
    fmt::format_to(out, "{} seeds/s per worker; {:.1f} virtual hours; {} messages acknowledged\n\n",
                   seeds_per_second(summary), static_cast<double>(summary.virtual_ns) / 3.6e12,
                   summary.acked);
    if (summary.failed == 0 && summary.seeds > 0) {
        fmt::format_to(out, "Nothing failed: at 95 % the chance per seed is below {:.2g}.\n\n",
                       3.0 / static_cast<double>(summary.seeds));
    }
    // Good and Turing: the share of what has not been seen is about that of what was seen once.
    auto const once = std::count_if(summary.findings.begin(), summary.findings.end(),
                                    [](const SummaryFinding& one) { return one.row.seeds == 1; });
    if (summary.seeds > 0 && !summary.findings.empty()) {
        fmt::format_to(out,
                       "Signatures seen once: {}; estimated share of seeds that would show an "
                       "unseen one: {:.2g}\n\n",
                       once, static_cast<double>(once) / static_cast<double>(summary.seeds));
    }
    fmt::format_to(out, "campaign seed `{:#x}`, source `{}`, commit `{}`{}\n\n",
                   summary.manifest.campaign_seed, summary.manifest.source, summary.manifest.commit,
                   summary.manifest.dirty ? " with local changes" : "");
    sections.push_back(std::move(head));
    for (const SummaryFinding& finding : summary.findings) {
        const SeedResult& shortest = finding.row.shortest.front();
        sections.push_back(fmt::format(
            "## {}\n\n{}{}; {} seeds; scenario {}; {} events\n\n{}\n\n"
            "```sh\n{}\n```\n\n",
            escape_markdown(finding.row.signature), name_of(finding.state),
            finding.note.empty() ? "" : ": " + escape_markdown(finding.note), finding.row.seeds,
            escape_markdown(shortest.scenario), shortest.events, escape_markdown(shortest.summary),
            clean_utf8(repro_command(summary.manifest, shortest))));
    }
    std::string tail = "## Canaries\n\n";
    if (summary.canaries.empty()) {
        tail += "none ran: green is unproven\n\n";
    }
    for (const Canary& canary : summary.canaries) {
        fmt::format_to(std::back_inserter(tail), "- {} ({}): found in {} of {} seeds{}\n",
                       escape_markdown(canary.scenario), escape_markdown(canary.mutant),
                       canary.found, canary.seeds, canary.found == 0 ? " - **NOT FOUND**" : "");
    }
    tail +=
        "\n## Faults\n\n| kind | fired | effective | seeds | seeds effective |\n"
        "|---|--:|--:|--:|--:|\n";
    for (const auto& [kind, sums] : summary.faults) {
        fmt::format_to(std::back_inserter(tail), "| {} | {} | {} | {} | {} |\n",
                       escape_markdown(kind), sums.scheduled, sums.effective, sums.seeds,
                       sums.seeds_effective);
    }
    fmt::format_to(std::back_inserter(tail),
                   "\nchecked twice: {} chunks, {} differences; not simulated: {}\n",
                   summary.rechecked, summary.differences.size(), not_simulated);
    for (const std::string& fixed : summary.looks_fixed) {
        tail += "\nlooks fixed, please close: " + escape_markdown(fixed) + "\n";
    }
    for (const Hole& hole : summary.holes) {
        tail += "\nmissing: " + hole_text(summary.manifest, hole) + "\n";
    }
    std::string text;
    std::size_t left_out = 0;
    for (const std::string& section : sections) {
        if (left_out > 0 || text.size() + section.size() + tail.size() + 200 > markdown_max) {
            ++left_out;
        } else {
            text += section;
        }
    }
    if (left_out > 0) {
        fmt::format_to(std::back_inserter(text), "{} more signatures are in summary.json\n\n",
                       left_out);
    }
    return text + (text.size() + tail.size() > markdown_max ? "" : tail);
}

std::string summary_json(const Summary& summary) {
    using Json = nlohmann::ordered_json;
    auto const row_json = [&](const SignatureRow& row) {
        Json shortest = Json::array();
        for (const SeedResult& seed : row.shortest) {
            shortest.push_back({{"scenario", seed.scenario},
                                {"seed", fmt::format("{:#x}", seed.seed)},
                                {"events", seed.events},
                                {"summary", seed.summary},
                                {"bundle", bundle_path(seed)},
                                {"repro", repro_command(summary.manifest, seed)}});
        }
        return Json{{"signature", row.signature}, {"seeds", row.seeds}, {"shortest", shortest}};
    };
    Json findings = Json::array();
    for (const SummaryFinding& finding : summary.findings) {
        Json one = row_json(finding.row);
        one["state"] = std::string{name_of(finding.state)};
        one["note"] = finding.note;
        findings.push_back(std::move(one));
    }
    Json planted = Json::array();
    for (const SignatureRow& row : summary.planted) {
        planted.push_back(row_json(row));
    }
    Json canaries = Json::array();
    for (const Canary& canary : summary.canaries) {
        canaries.push_back({{"scenario", canary.scenario},
                            {"mutant", canary.mutant},
                            {"seeds", canary.seeds},
                            {"found", canary.found},
                            {"signatures", canary.signatures}});
    }
    Json holes = Json::array();
    for (const Hole& hole : summary.holes) {
        holes.push_back({{"first", hole.first}, {"last", hole.last}, {"shard", hole.shard + 1}});
    }
    Json troubles = Json::array();
    for (const Trouble& trouble : summary.troubles) {
        troubles.push_back({{"scenario", trouble.scenario},
                            {"seed", fmt::format("{:#x}", trouble.seed)},
                            {"what", trouble.what}});
    }
    Json faults = Json::object();
    for (const auto& [kind, sums] : summary.faults) {
        faults[kind] = {sums.scheduled, sums.effective, sums.seeds, sums.seeds_effective};
    }
    Json const object = {{"v", 1},
                         {"campaign_seed", fmt::format("{:#x}", summary.manifest.campaign_seed)},
                         {"source", summary.manifest.source},
                         {"commit", summary.manifest.commit},
                         {"dirty", summary.manifest.dirty},
                         {"seeds", summary.seeds},
                         {"passed", summary.passed},
                         {"failed", summary.failed},
                         {"void", summary.voided},
                         {"inconclusive", summary.inconclusive},
                         {"chunks", summary.chunks},
                         {"events", summary.events},
                         {"virtual_ns", summary.virtual_ns},
                         {"wall_ns", summary.wall_ns},
                         {"acked", summary.acked},
                         {"findings", findings},
                         {"planted", planted},
                         {"canaries", canaries},
                         {"looks_fixed", summary.looks_fixed},
                         {"faults", faults},
                         {"weak_faults", summary.weak_faults},
                         {"probes_missed", summary.probes_missed},
                         {"rechecked", summary.rechecked},
                         {"differences", summary.differences},
                         {"holes", holes},
                         {"troubles", troubles},
                         {"refused", summary.refused},
                         {"torn", summary.torn},
                         {"duplicates", summary.duplicates}};
    return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string junit_xml(const Summary& summary, const Merge& merge) {
    struct Suite {
        std::uint64_t held = 0;
        std::vector<SeedResult> failed;
    };
    std::map<std::string, Suite> suites;
    for (const auto& [number, chunk] : merge.chunks()) {
        suites[chunk.scenario].held += chunk.expected;
    }
    for (SeedResult& seed : merge.seeds()) {
        if (!seed.expected) {
            suites[seed.scenario].failed.push_back(std::move(seed));
        }
    }
    std::string xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"brokersim\">\n";
    auto out = std::back_inserter(xml);
    for (const auto& [name, suite] : suites) {
        fmt::format_to(out, " <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
                       escape_xml(name), suite.failed.size() + 1, suite.failed.size());
        fmt::format_to(out, "  <testcase classname=\"{}\" name=\"{} seeds held\"/>\n",
                       escape_xml(name), suite.held);
        for (const SeedResult& seed : suite.failed) {
            fmt::format_to(
                out,
                "  <testcase classname=\"{}\" name=\"seed {:#x}\">\n"
                "   <properties><property name=\"seed\" value=\"{:#x}\"/>"
                "<property name=\"source\" value=\"{}\"/>"
                "<property name=\"trace_hash\" value=\"{:016x}\"/>"
                "<property name=\"signature\" value=\"{}\"/></properties>\n"
                "   <failure message=\"{}\">{}\n{}</failure>\n  </testcase>\n",
                escape_xml(name), seed.seed, seed.seed, escape_xml(summary.manifest.source),
                seed.trace_hash, escape_xml(seed.signature),
                escape_xml(seed.signature.empty() ? seed.verdict : seed.signature),
                escape_xml(repro_command(summary.manifest, seed)), escape_xml(seed.summary));
        }
        xml += " </testsuite>\n";
    }
    return xml + "</testsuites>\n";
}

std::string annotations(const Summary& summary) {
    std::string text;
    std::size_t shown = 0;
    for (const SummaryFinding& finding : summary.findings) {
        if (finding.state == SummaryFinding::State::known) {
            continue;
        }
        if (shown == annotations_max) {
            break;
        }
        ++shown;
        const SeedResult& seed = finding.row.shortest.front();
        std::string path;
        for (const CampaignScenario& one : summary.manifest.scenarios) {
            path = one.hash == seed.scenario_hash ? one.path : path;
        }
        text += fmt::format(
            "::error file={},line=1,col=1,title={}::{}\n", escape_annotation(path, true),
            escape_annotation(finding.row.signature, true),
            escape_annotation(fmt::format("{} seeds. {}\n{}", finding.row.seeds, seed.summary,
                                          repro_command(summary.manifest, seed)),
                              false));
    }
    if (summary.red() > shown) {
        text += fmt::format("{} more in the summary\n", summary.red() - shown);
    }
    return text;
}

std::string closing_text(const Summary& summary, std::string_view folder) {
    std::string text = fmt::format(
        "{} seeds in {} chunks: {} pass, {} fail, {} void, {} inconclusive; {} chunks ran twice, "
        "{} differences\n",
        summary.seeds, summary.chunks, summary.passed, summary.failed, summary.voided,
        summary.inconclusive, summary.rechecked, summary.differences.size());
    auto out = std::back_inserter(text);
    for (const std::string& difference : summary.differences) {
        text += "NOT DETERMINISTIC  " + difference + "\n";
    }
    for (const Canary& canary : summary.canaries) {
        fmt::format_to(out, "canary {:<36} {} in {} of {} seeds\n", canary.scenario,
                       canary.found > 0 ? "found" : "NOT FOUND", canary.found, canary.seeds);
        for (const std::string& signature : canary.signatures) {
            text += "  " + signature + "\n";
        }
    }
    if (summary.canaries.empty()) {
        text += "no canary ran: green is unproven\n";
    }
    std::size_t shown = 0;
    for (const SummaryFinding& finding : summary.findings) {
        if (finding.state == SummaryFinding::State::known) {
            fmt::format_to(out, "known  {}  {} seeds  {}\n", finding.row.signature,
                           finding.row.seeds, finding.note);
            continue;
        }
        if (++shown > blocks_max) {
            continue;
        }
        const SeedResult& seed = finding.row.shortest.front();
        std::string const bundle = shell_quoted(fmt::format("{}/{}", folder, bundle_path(seed)));
        fmt::format_to(out,
                       "\nFAIL  {}  seed {:#x}   {}   ({} events)\n  {}\n  signature {}  ({}, {} "
                       "seeds share it)\n",
                       seed.scenario, seed.seed, seed.violated.empty() ? "" : seed.violated.front(),
                       seed.events, seed.summary, finding.row.signature, name_of(finding.state),
                       finding.row.seeds);
        fmt::format_to(out,
                       "to explain it:\n    ./dev run explain {}\nto shrink it:\n    ./dev run "
                       "shrink {}\nto reproduce it:\n    {}\n",
                       bundle, bundle, repro_command(summary.manifest, seed));
    }
    if (shown > blocks_max) {
        fmt::format_to(out, "\n{} more signatures are in summary.md\n", shown - blocks_max);
    }
    for (const std::string& fixed : summary.looks_fixed) {
        text += "looks fixed, please close: " + fixed + "\n";
    }
    for (const std::string& weak : summary.weak_faults) {
        text += "proves little: " + weak + "\n";
    }
    for (const Hole& hole : summary.holes) {
        fmt::format_to(out, "missing: {}\n", hole_text(summary.manifest, hole));
    }
    for (const Trouble& trouble : summary.troubles) {
        fmt::format_to(out, "trouble of the machine: {} at seed {:#x} of {}\n", trouble.what,
                       trouble.seed, trouble.scenario);
    }
    for (const std::string& refused : summary.refused) {
        text += "refused: " + refused + "\n";
    }
    if (summary.torn > 0) {
        fmt::format_to(out, "{} torn lines were ignored\n", summary.torn);
    }
    return text;
}

}  // namespace brokersim::reports
