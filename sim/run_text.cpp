// Rendering of run results.
#include "sim/run_text.h"

#include "reports/check.h"
#include "reports/escape.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

std::string quoted_list(const std::vector<std::string>& items) {
    std::string text = "[";
    for (const std::string& item : items) {
        text += text.size() > 1 ? "," : "";
        text += reports::json_quoted(item);
    }
    return text + "]";
}

/// Every probe of every incarnation, those that stayed 0 included: absence is never evidence.
void append_probes(std::string& text, const std::vector<NodeLife>& lives) {
    constexpr std::size_t columns_max = 10;
    auto out = std::back_inserter(text);
    for (std::size_t first = 0; first < lives.size(); first += columns_max) {
        const std::size_t last = std::min(first + columns_max, lives.size());
        fmt::format_to(out, "{:<28}", "probes of node/incarnation");
        for (std::size_t i = first; i < last; ++i) {
            fmt::format_to(out, " {:>7}",
                           fmt::format("n{}/{}", lives[i].node, lives[i].incarnation));
        }
        text += "\n";
        for (std::size_t probe = 0; probe < broker::probe_count; ++probe) {
            fmt::format_to(out, "  {:<26}", broker::probe_names[probe]);
            for (std::size_t i = first; i < last; ++i) {
                fmt::format_to(out, " {:>7}",
                               lives[i].probes.count(static_cast<broker::Probe>(probe)));
            }
            text += "\n";
        }
    }
}

std::string seconds(std::int64_t nanoseconds) {
    return fmt::format("{}.{:03} s", nanoseconds / 1'000'000'000, nanoseconds / 1'000'000 % 1'000);
}

}  // namespace

std::string fate_text(ElementFate fate) {
    switch (fate) {
        case ElementFate::scheduled:
            return "scheduled";
        case ElementFate::fired:
            return "fired, no effect seen";
        case ElementFate::effective:
            return "effective";
        case ElementFate::no_target:
            return "no target";
        case ElementFate::refused:
            return "refused by the budget";
        case ElementFate::not_reached:
            return "not reached";
    }
    return "";
}

std::string seed_text(std::uint64_t seed) {
    return fmt::format("{:#x}", seed);
}

std::string seed_line(const RunResult& result, std::uint64_t scenario_hash) {
    const reports::Sums& sums = result.judgement.sums;
    std::string faults;
    for (const FaultCount& count : result.fault_counts) {
        faults += fmt::format("{}\"{}\":[{},{}]", faults.empty() ? "" : ",", name_of(count.kind),
                              count.scheduled, count.effective);
    }
    std::string probes;
    for (std::size_t i = 0; i < broker::probe_count; ++i) {
        if (result.probe(static_cast<broker::Probe>(i)) > 0) {
            probes += fmt::format("{}{}", probes.empty() ? "" : ",", i);
        }
    }
    return fmt::format(
        "{{\"v\":1,\"type\":\"seed\",\"scenario\":{},\"scenario_hash\":\"{:016x}\",\"seed\":\"{}\","
        "\"verdict\":\"{}\",\"violated\":{},\"signature\":{},\"trace_hash\":\"{:016x}\","
        "\"events\":{},\"virtual_ns\":{},\"wall_ns\":{},\"attempts\":{},\"acked\":{},"
        "\"failed\":{},\"unknown\":{},\"unique\":{},\"lost\":{},\"duplicated\":{},\"phantom\":{},"
        "\"faults\":{{{}}},\"probes\":[{}],\"metrics\":{}}}",
        reports::json_quoted(result.scenario), scenario_hash, seed_text(result.seed),
        name_of(result.verdict), quoted_list(result.violated),
        reports::json_quoted(result.signature), result.trace_hash, result.events, result.virtual_ns,
        result.wall_ns, sums.attempts, sums.acked, sums.failed, sums.indeterminate + sums.handed,
        sums.unique, sums.lost, sums.extra_illegal, sums.phantom, faults, probes,
        metrics_json(result.metrics));
}

std::string report_text(const RunResult& result) {
    std::string text;
    auto out = std::back_inserter(text);
    fmt::format_to(out, "{}  seed {}  {}  hash {:016x}\n", result.scenario, seed_text(result.seed),
                   name_of(result.verdict), result.trace_hash);
    fmt::format_to(out,
                   "  {} events, {} of virtual time, {} comparisons by the invariants, {} windows "
                   "of progress\n",
                   result.events, seconds(result.virtual_ns), result.comparisons,
                   result.progress_windows);
    for (const std::string& reason : result.void_reasons) {
        fmt::format_to(out, "  void: {}\n", reason);
    }
    for (const std::string& reason : result.inconclusive_reasons) {
        fmt::format_to(out, "  inconclusive: {}\n", reason);
    }
    for (const Violation& violation : result.violations) {
        fmt::format_to(out, "  {} at event {}, {}, n{}/{}: {}{}\n", violation.id, violation.event,
                       seconds(violation.time.nanoseconds()), violation.node, violation.incarnation,
                       violation.text,
                       violation.times > 1 ? fmt::format(" ({} times)", violation.times) : "");
    }
    for (const std::string& excuse : result.excuses) {
        fmt::format_to(out, "  unavailable, excused: {}\n", excuse);
    }
    if (result.stuck) {
        fmt::format_to(out, "  STUCK {}: {}\n", result.stuck->id, result.stuck->text);
    }
    if (result.judged) {
        text += reports::report_text(result.judgement, result.trust);
    }
    if (result.never_sent > 0) {
        fmt::format_to(out, "never sent  {} messages ran out of time before their first request\n",
                       result.never_sent);
    }
    if (!result.faults.empty()) {
        text += "faults\n";
    }
    for (const FaultLine& fault : result.faults) {
        bool const fired = fault.fate == ElementFate::fired || fault.fate == ElementFate::effective;
        fmt::format_to(out, "  {:<16} {:<11} {:<12} {}{}\n", fault.id, name_of(fault.kind),
                       fault.target, fate_text(fault.fate),
                       fired ? " at " + seconds(fault.fired_at.nanoseconds()) : "");
    }
    if (!result.recoveries.empty()) {
        text += "recoveries that found anything\n";
    }
    for (const Recovery& recovery : result.recoveries) {
        const broker::wal::RecoveryReport& found = recovery.report;
        if (found.frames_kept + found.frames_copied + found.bytes_cut + found.files_refused > 0) {
            fmt::format_to(out, "  {}\n", recovery_text(recovery));
        }
    }
    for (const std::string& failed : result.failed_starts) {
        fmt::format_to(out, "  {}\n", failed);
    }
    text += metrics_text(result.metrics);
    append_probes(text, result.lives);
    text += "not simulated: transactions\n";
    return text;
}

std::string failure_sentence(const RunResult& result) {
    if (!result.violations.empty()) {
        return fmt::format("{}: {}", result.violations.front().id, result.violations.front().text);
    }
    if (!result.judgement.anomalies.empty()) {
        const reports::Finding& first = result.judgement.anomalies.front();
        return fmt::format("{}: {}", reports::code_name(first.code), reports::in_words(first));
    }
    if (result.stuck) {
        return fmt::format("{}: {}", result.stuck->id, result.stuck->text);
    }
    return result.violated.empty() ? "" : result.violated.front();
}

std::string command_block(const std::string& bundle, const std::string& path, std::uint64_t seed) {
    std::string text;
    auto out = std::back_inserter(text);
    std::string const run = reports::shell_quoted(path) + " --seed " + seed_text(seed);
    std::string const what = bundle.empty() ? run : reports::shell_quoted(bundle);
    fmt::format_to(out, "to see what happened:\n    ./dev run replay {} --log short\n", what);
    fmt::format_to(out, "to explain it:\n    ./dev run explain {}\n", what);
    fmt::format_to(out, "to shrink it:\n    ./dev run shrink {}\n", what);
    fmt::format_to(out, "to reproduce it:\n    ./dev run replay {}\n", run);
    return text;
}

std::string closing_block(const RunResult& result, const std::string& path,
                          const std::string& bundle) {
    std::string text;
    auto out = std::back_inserter(text);
    std::string verdict{name_of(result.verdict)};
    std::transform(verdict.begin(), verdict.end(), verdict.begin(),
                   [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
    fmt::format_to(out, "{}  {}  seed {}   {}   after {} ms (virtual {}, {} events)\n", verdict,
                   result.scenario, seed_text(result.seed),
                   result.violated.empty() ? "" : result.violated.front(),
                   result.wall_ns / 1'000'000, seconds(result.virtual_ns), result.events);
    for (const std::string& reason : result.void_reasons) {
        fmt::format_to(out, "  {}\n", reason);
    }
    for (const std::string& reason : result.inconclusive_reasons) {
        fmt::format_to(out, "  {}\n", reason);
    }
    constexpr std::size_t shown_max = 3;
    for (std::size_t i = 0; i < std::min(result.violations.size(), shown_max); ++i) {
        const Violation& violation = result.violations[i];
        fmt::format_to(out, "  {} at event {}, {}: {}\n", violation.id, violation.event,
                       seconds(violation.time.nanoseconds()), violation.text);
    }
    if (result.stuck) {
        fmt::format_to(out, "  STUCK {}: {}\n", result.stuck->id, result.stuck->text);
    }
    if (!result.judgement.anomalies.empty()) {
        const reports::Finding& first = result.judgement.anomalies.front();
        std::size_t const same = result.judgement.count(first.code);
        fmt::format_to(out, "  {} {}: {}{}\n", reports::code_name(first.code), same,
                       reports::in_words(first),
                       same > 1 ? fmt::format(" (and {} more)", same - 1) : "");
    }
    if (!result.signature.empty()) {
        fmt::format_to(out, "  signature {}\n", result.signature);
    }
    text += command_block(bundle, path, result.seed);
    return text;
}

}  // namespace brokersim
