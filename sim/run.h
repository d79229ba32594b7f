// run: one scenario and one seed in, one verdict out.
#pragma once

#include "broker_core/base/probes.h"
#include "reports/diagnosis.h"
#include "reports/finding.h"
#include "reports/timeline.h"
#include "reports/trust.h"
#include "scenarios/run_config.h"
#include "sim/invariants/violation.h"
#include "sim/trace.h"
#include "sim/world.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

enum class RunVerdict : std::uint8_t { pass, fail, inconclusive, void_run };
/// "pass", "fail", "inconclusive", "void".
std::string_view name_of(RunVerdict verdict);

/// What a report says of one element of the plan.
struct FaultLine {
    std::string id;
    FaultKind kind = FaultKind::crash;
    std::string target;
    ElementFate fate = ElementFate::scheduled;
    bool scripted = true;
    Time fired_at;
};

struct FaultCount {
    FaultKind kind = FaultKind::crash;
    std::uint64_t scheduled = 0;
    std::uint64_t fired = 0;
    std::uint64_t effective = 0;
};

struct RunResult {
    std::string scenario;
    std::uint64_t seed = 0;
    RunVerdict verdict = RunVerdict::pass;
    /// Ids of rules and codes of anomalies that were violated, in the order in which they fired.
    std::vector<std::string> violated;
    std::string signature;  // empty unless the run failed
    /// Of a failed run: which message it is about, and why. Made by running it again, observed.
    reports::Diagnosis diagnosis;
    std::vector<std::string> void_reasons;
    std::vector<VoidReason> void_kinds;  // of the reasons, in their order
    std::vector<std::string> inconclusive_reasons;

    std::uint64_t trace_hash = 0;
    std::vector<std::uint64_t> checkpoints;
    std::vector<std::uint64_t> states;  // of the trace after every event, if asked for
    std::uint64_t events = 0;
    std::int64_t virtual_ns = 0;
    std::int64_t wall_ns = 0;  // of the caller's clock; not part of anything compared

    std::vector<Violation> violations;
    std::optional<Stuck> stuck;
    std::vector<std::string> excuses;  // partitions that could not go on, by no fault of theirs
    reports::Judgement judgement;
    reports::Trust trust;
    bool judged = false;  // else the judge's own sums did not balance, and void_reasons says so
    std::uint64_t never_sent = 0;
    std::uint64_t retries = 0;
    std::uint64_t progress_windows = 0;  // in which L6 had something to say
    std::uint64_t comparisons = 0;       // made by the invariants; 0 proves nothing

    std::vector<NodeLife> lives;  // by node, then by incarnation
    MetricsSummary metrics;
    std::vector<Recovery> recoveries;  // in the order of the starts
    std::vector<std::string> failed_starts;
    std::vector<FaultLine> faults;
    std::vector<Element> plan;                     // as run
    std::vector<std::vector<AfterCut>> after_cut;  // by broker, then partition
    std::vector<FaultCount> fault_counts;          // kinds that were scheduled
    std::vector<std::string> drawn;
    std::vector<std::string> notes_hit;  // judge.lost_excused and the like

    [[nodiscard]] bool violates(std::string_view property) const;
    [[nodiscard]] std::uint64_t probe(broker::Probe which) const;
};

struct RunOptions {
    Checks checks;
    bool judge = true;
    bool full_report = false;  // also what only a report for people needs
    TraceSink* sink = nullptr;
    RunObserver* observer = nullptr;  // sees this run; a failed run is then not run once more
    bool diagnose = true;             // a failed run is run once more for its signature
    bool keep_states = false;         // RunResult::states
    /// The plan to run instead of the one that would be drawn; nullptr: draw it.
    const std::vector<Element>* plan = nullptr;
    const PowerCut* power_cut = nullptr;  // besides: all brokers lose power at one instant
    std::vector<std::uint64_t>* disk_events = nullptr;  // receives the instants to choose from
    reports::Timeline* timeline = nullptr;  // receives the story of the run, whatever its verdict
    /// Receives the history before it is thrown away; may be empty.
    std::string* history_json = nullptr;
};

/// Runs and judges. Depends on nothing but its arguments.
RunResult run_once(const Scenario& scenario, std::uint64_t seed, const RunOptions& options = {});

}  // namespace brokersim
