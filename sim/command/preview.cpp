// Counting over seeds, and what the counts say against the scenario.
#include "sim/command/preview.h"

#include "faults/kinds.h"
#include "scenarios/diagnostic.h"
#include "scenarios/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace brokersim {
namespace {

FaultPreview& row_of(Preview& preview, const Scenario& scenario, const FaultLine& line) {
    std::string const name = line.scripted ? line.id : std::string{name_of(line.kind)};
    for (FaultPreview& row : preview.faults) {
        if (row.name == name && row.scripted == line.scripted) {
            return row;
        }
    }
    FaultPreview row;
    row.name = name;
    row.scripted = line.scripted;
    for (const ScriptElement& element : scenario.faults.script) {
        row.may_miss = row.may_miss || (line.scripted && element.id == name && element.may_miss);
    }
    preview.faults.push_back(std::move(row));
    return preview.faults.back();
}

void count_fate(FaultPreview& row, ElementFate fate) {
    ++row.scheduled;
    switch (fate) {
        case ElementFate::effective:
            ++row.effective;
            ++row.fired;
            break;
        case ElementFate::fired:
            ++row.fired;
            break;
        case ElementFate::no_target:
        case ElementFate::refused:
            ++row.no_target;
            break;
        case ElementFate::scheduled:
        case ElementFate::not_reached:
            ++row.not_reached;
            break;
    }
}

void count_faults(Preview& preview, const Scenario& scenario, const RunResult& result) {
    std::set<std::string> planned;
    std::set<std::string> mattered;
    for (const FaultLine& line : result.faults) {
        FaultPreview& row = row_of(preview, scenario, line);
        std::uint64_t const before = row.effective;
        count_fate(row, line.fate);
        if (planned.insert(row.name).second) {
            ++row.seeds;
        }
        if (row.effective > before && mattered.insert(row.name).second) {
            ++row.effective_seeds;
        }
    }
}

bool is_hit(const RunResult& result, const std::string& name) {
    std::optional<broker::Probe> const probe = broker::probe_named(name);
    return (probe && result.probe(*probe) > 0) ||
           std::find(result.notes_hit.begin(), result.notes_hit.end(), name) !=
               result.notes_hit.end();
}

void count_verdict(Preview& preview, RunVerdict verdict) {
    switch (verdict) {
        case RunVerdict::pass:
            ++preview.passed;
            break;
        case RunVerdict::fail:
            ++preview.failed;
            break;
        case RunVerdict::void_run:
            ++preview.voided;
            break;
        case RunVerdict::inconclusive:
            ++preview.inconclusive;
            break;
    }
}

/// Why a fault did not matter, from its counts.
std::string why_idle(const FaultPreview& row) {
    if (row.fired > 0) {
        return fmt::format("it fired {} times and changed nothing", row.fired);
    }
    if (row.no_target > 0) {
        return "there was nobody to act on, or the limits refused it";
    }
    return "its trigger never came";
}

void warn_of_faults(Preview& preview) {
    for (const FaultPreview& row : preview.faults) {
        if (row.effective == 0) {
            preview.warnings.push_back(
                {"SCN102", fmt::format("{} never took effect: {}", row.name, why_idle(row))});
        } else if (row.scripted && !row.may_miss && row.effective_seeds < preview.runs) {
            preview.warnings.push_back(
                {"SCN102",
                 fmt::format("{} took no effect in {} of {} seeds, which makes those "
                             "runs void",
                             row.name, preview.runs - row.effective_seeds, preview.runs)});
        }
    }
}

void warn_of_expectations(Preview& preview, const Scenario& scenario,
                          const std::set<FaultKind>& effective) {
    if (scenario.expect.kind != ExpectSpec::Kind::holds) {
        return;
    }
    for (const PropertyRow& row : property_table()) {
        bool const named = std::find(scenario.expect.holds.begin(), scenario.expect.holds.end(),
                                     row.name) != scenario.expect.holds.end();
        bool const threatened =
            std::any_of(effective.begin(), effective.end(), [&](FaultKind kind) {
                return kind != FaultKind::heal && kind != FaultKind::restart &&
                       (row.threats.empty() || has_word(row.threats, name_of(kind)));
            });
        if (named && !threatened && scenario.cluster.image.empty()) {
            preview.warnings.push_back(
                {"SCN108",
                 fmt::format("{} is vacuous: no fault that took effect could break it", row.name)});
        }
    }
}

void warn(Preview& preview, const Scenario& scenario, const std::set<FaultKind>& effective,
          std::size_t hashes) {
    warn_of_faults(preview);
    warn_of_expectations(preview, scenario, effective);
    if (preview.acked == 0) {
        preview.warnings.push_back({"SCN103", "nothing was acknowledged in any seed"});
    }
    for (const ProbePreview& probe : preview.probes) {
        if (probe.seeds == 0) {
            preview.warnings.push_back(
                {"SCN104", fmt::format("{} was never hit in {} seeds", probe.name, preview.runs)});
        } else if (probe.every && probe.seeds < preview.runs) {
            preview.warnings.push_back(
                {"SCN104", fmt::format("{} was missed in {} of {} seeds, which makes those runs "
                                       "void",
                                       probe.name, preview.runs - probe.seeds, preview.runs)});
        }
    }
    if (preview.cut_off * 100 > preview.runs) {
        preview.warnings.push_back(
            {"SCN105", fmt::format("the limit of events cut off {} of {} seeds", preview.cut_off,
                                   preview.runs)});
    }
    if (preview.runs > 1 && hashes == 1) {
        preview.warnings.push_back({"SCN106", "every seed has the same trace hash"});
    }
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    return fmt::format("{} %", whole == 0 ? 0 : part * 100 / whole);
}

}  // namespace

Preview preview_scenario(const Scenario& scenario, const std::vector<std::uint64_t>& seeds) {
    Preview preview;
    for (const std::string& name : scenario.expect.reaches) {
        preview.probes.push_back({name, true});
    }
    for (const std::string& name : scenario.expect.sometimes) {
        preview.probes.push_back({name, false});
    }
    std::set<std::uint64_t> hashes;
    std::set<FaultKind> effective;
    for (std::uint64_t const seed : seeds) {
        RunResult const result = run_once(scenario, seed);
        ++preview.runs;
        count_verdict(preview, result.verdict);
        count_faults(preview, scenario, result);
        for (ProbePreview& probe : preview.probes) {
            probe.seeds += is_hit(result, probe.name) ? 1U : 0U;
        }
        for (const FaultCount& count : result.fault_counts) {
            if (count.effective > 0) {
                effective.insert(count.kind);
            }
        }
        preview.cut_off += result.events >= scenario.run.max_events ? 1U : 0U;
        preview.quorum_lost += result.probe(broker::Probe::quorum_lost) > 0 ? 1U : 0U;
        preview.acked += static_cast<std::uint64_t>(result.judgement.sums.acked);
        preview.virtual_ns += result.virtual_ns;
        hashes.insert(result.trace_hash);
    }
    warn(preview, scenario, effective, hashes.size());
    return preview;
}

std::string preview_text(const Scenario& scenario, const Preview& preview) {
    std::string text = fmt::format("{}: {} seeds: {} pass, {} fail, {} void, {} inconclusive\n",
                                   scenario.name, preview.runs, preview.passed, preview.failed,
                                   preview.voided, preview.inconclusive);
    if (!preview.faults.empty()) {
        text += fmt::format("{:<24} {:>7} {:>9} {:>7} {:>9}  {}\n", "fault", "seeds", "planned",
                            "fired", "effective", "effective in");
    }
    for (const FaultPreview& row : preview.faults) {
        text += fmt::format("{:<24} {:>7} {:>9} {:>7} {:>9}  {} of seeds\n",
                            row.name + (row.scripted ? "" : " (drawn)"), row.seeds, row.scheduled,
                            row.fired, row.effective, percent(row.effective_seeds, preview.runs));
    }
    for (const ProbePreview& row : preview.probes) {
        text += fmt::format("probe {:<32} hit in {} of seeds\n", row.name,
                            percent(row.seeds, preview.runs));
    }
    std::int64_t const seconds = std::max<std::int64_t>(1, preview.virtual_ns / 1'000'000'000);
    text += fmt::format(
        "a leader lost its quorum in {} of seeds; {} messages acknowledged, {} "
        "per virtual second\n",
        percent(preview.quorum_lost, preview.runs), preview.acked,
        preview.acked / static_cast<std::uint64_t>(seconds));
    for (const PreviewWarning& warning : preview.warnings) {
        text += fmt::format("warning[{}]: {}\n", warning.code, warning.text);
    }
    return text;
}

std::string preview_json(const Scenario& scenario, const Preview& preview) {
    std::string faults;
    for (const FaultPreview& row : preview.faults) {
        faults += fmt::format(
            R"({}{{"name":{},"scripted":{},"seeds":{},"scheduled":{},"fired":{},"effective":{},)"
            R"("effective_seeds":{}}})",
            faults.empty() ? "" : ",", quote_json(row.name), row.scripted, row.seeds, row.scheduled,
            row.fired, row.effective, row.effective_seeds);
    }
    std::string probes;
    for (const ProbePreview& row : preview.probes) {
        probes += fmt::format(R"({}{{"name":{},"seeds":{}}})", probes.empty() ? "" : ",",
                              quote_json(row.name), row.seeds);
    }
    std::string warnings;
    for (const PreviewWarning& row : preview.warnings) {
        warnings += fmt::format(R"({}{{"code":"{}","text":{}}})", warnings.empty() ? "" : ",",
                                row.code, quote_json(row.text));
    }
    return fmt::format(
        R"({{"v":1,"type":"preview","scenario":{},"runs":{},"pass":{},"fail":{},"void":{},)"
        R"("inconclusive":{},"cut_off":{},"quorum_lost":{},"acked":{},"virtual_ns":{},)"
        R"("faults":[{}],"probes":[{}],"warnings":[{}]}})",
        quote_json(scenario.name), preview.runs, preview.passed, preview.failed, preview.voided,
        preview.inconclusive, preview.cut_off, preview.quorum_lost, preview.acked,
        preview.virtual_ns, faults, probes, warnings);
}

}  // namespace brokersim
