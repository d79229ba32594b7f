// From a finished world to a verdict, assumptions first.
#include "sim/run.h"

#include "faults/mutant_table.h"
#include "reports/history_json.h"
#include "reports/judge.h"
#include "scenarios/properties.h"
#include "sim/story.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {
namespace {

using reports::Code;

/// The rule behind an anomaly of the judge (its last column in the reference).
std::vector<std::string_view> ids_of(Code code) {
    switch (code) {
        case Code::lost_acked:
        case Code::read_then_lost:
            return {"B2"};
        case Code::duplicate:
            return {"B3", "B4"};
        case Code::aborted_read:
            return {"B4", "B14"};
        case Code::phantom:
        case Code::wrong_partition:
        case Code::read_before_send:
            return {"B4"};
        case Code::corrupt_record:
        case Code::torn_batch:
            return {"B12"};
        case Code::inconsistent_offset:
        case Code::ack_offset_mismatch:
            return {"B5"};
        case Code::realtime_reorder:
            return {"B5", "B8"};
        case Code::producer_reorder:
            return {"B8"};
        case Code::poll_nonmonotonic:
        case Code::poll_skip:
        case Code::offset_gap:
            return {"B7"};
        case Code::read_above_hw:
        case Code::hw_regression:
            return {"B6"};
        case Code::hw_ahead:
            return {"B6", "R7"};
        case Code::ack_before_durable:
            return {"R16", "B1"};
        case Code::replica_divergence:
            return {"R6"};
        case Code::committed_truncated:
            return {"R13"};
        case Code::duplicate_allowed:
        case Code::recovered:
        case Code::lost_excused:
        case Code::unseen:
        case Code::vacuous:
            return {};
    }
    return {};
}

void add_once(std::vector<std::string>& list, std::string_view item) {
    if (std::find(list.begin(), list.end(), item) == list.end()) {
        list.emplace_back(item);
    }
}

void add_void(RunResult& result, VoidReason kind, std::string text) {
    result.void_kinds.push_back(kind);
    result.void_reasons.push_back(std::move(text));
}

void collect_faults(const World& world, RunResult& result) {
    for (const ElementState& state : world.faults().elements()) {
        const Element& element = state.element;
        FaultLine line{element.id, element.kind, "", state.fate, element.scripted, state.fired_at};
        for (std::uint32_t const host : state.hosts) {
            line.target += fmt::format("{}n{}", line.target.empty() ? "" : ",", host + 1);
        }
        result.faults.push_back(std::move(line));
        auto at = std::find_if(result.fault_counts.begin(), result.fault_counts.end(),
                               [&](const FaultCount& c) { return c.kind == element.kind; });
        if (at == result.fault_counts.end()) {
            result.fault_counts.push_back(FaultCount{element.kind});
            at = std::prev(result.fault_counts.end());
        }
        ++at->scheduled;
        bool const effective = state.fate == ElementFate::effective;
        if (effective || (state.fate == ElementFate::fired && state.had_chance)) {
            ++at->fired;
        }
        if (effective) {
            ++at->effective;
        }
        if (element.scripted && !element.may_miss && !effective) {
            bool const beyond = !state.refusal.empty();
            add_void(result, beyond ? VoidReason::fault_refused : VoidReason::fault_without_effect,
                     beyond ? fmt::format("fault {} ({}) is beyond the budget: {}", element.id,
                                          name_of(element.kind), state.refusal)
                            : fmt::format("fault {} ({}) never took effect", element.id,
                                          name_of(element.kind)));
        }
    }
    for (const FaultCount& count : result.fault_counts) {
        if (count.fired > 0 && count.effective == 0) {
            add_void(result, VoidReason::fault_without_effect,
                     fmt::format("{} of kind {} fired and none took effect", count.fired,
                                 name_of(count.kind)));
        }
    }
}

void collect_violated(RunResult& result) {
    for (const Violation& violation : result.violations) {
        add_once(result.violated, violation.id);
    }
    for (const reports::Finding& finding : result.judgement.anomalies) {
        add_once(result.violated, reports::code_name(finding.code));
        for (std::string_view const id : ids_of(finding.code)) {
            add_once(result.violated, id);
        }
    }
    if (result.stuck) {
        add_once(result.violated, result.stuck->id);
    }
}

void collect_probes(World& world, const Scenario& scenario, bool commit_before_own_sync,
                    RunResult& result) {
    result.lives = world.lives();
    for (const std::string& name : scenario.expect.reaches) {
        std::optional<broker::Probe> const probe = broker::probe_named(name);
        if (probe && result.probe(*probe) == 0) {
            add_void(result, VoidReason::probe_not_reached,
                     fmt::format("probe {} was never reached", name));
        }
    }
    // An incarnation that acknowledged without a single completed append is a finding by itself,
    // whatever else was seen: the log line that proves a write may be another process's. Where a
    // leader may commit before its own sync (Raft thesis 10.2.1) its followers' appends back it,
    // and the rule holds for the cluster; R16 looks at the quorum's disks. Retries of batches that
    // had committed before are answered from what was recovered, and need no append of this life.
    bool const any_append = result.probe(broker::Probe::wal_append_done) > 0;
    for (const NodeLife& life : result.lives) {
        bool const own_append = life.probes.count(broker::Probe::wal_append_done) > 0;
        bool const backed = own_append || (commit_before_own_sync && any_append);
        std::uint64_t const retries = life.probes.count(broker::Probe::duplicate_answered);
        if (life.probes.count(broker::Probe::ack_sent) > retries && !backed) {
            add_once(result.violated, "I-02");
        }
    }
    for (Code const code : {Code::duplicate_allowed, Code::recovered, Code::lost_excused,
                            Code::unseen, Code::vacuous}) {
        if (result.judgement.count(code) > 0) {
            std::string name{"judge."};
            for (char const c : reports::code_name(code)) {
                name += c == '_' ? c : static_cast<char>(c - 'A' + 'a');
            }
            result.notes_hit.push_back(name);
        }
    }
}

void decide(RunResult& result, bool drained, bool hung, bool broken_accounting) {
    if (hung) {
        add_once(result.violated, "L5");
    }
    if (broken_accounting) {
        result.verdict = RunVerdict::void_run;
    } else if (!result.violated.empty()) {
        result.verdict = RunVerdict::fail;
    } else if (!result.void_reasons.empty()) {
        result.verdict = RunVerdict::void_run;
    } else if (!drained || (result.judgement.verdict == reports::Verdict::inconclusive &&
                            result.excuses.empty())) {
        result.verdict = RunVerdict::inconclusive;
        result.inconclusive_reasons.emplace_back(
            drained ? "the judge could not say" : "not every partition was read to its end");
    } else {
        result.verdict = RunVerdict::pass;
    }
}

/// The name of the planted bug; empty for the broker as it is.
std::string mutant_named(const std::string& plant) {
    const MutantRow* const row = find_mutant(plant);
    return row == nullptr ? plant : std::string{row->name};
}

reports::Failure failure_of(const Scenario& scenario, const RunResult& result) {
    reports::Failure failure;
    failure.mutant = mutant_named(scenario.plant);
    failure.violated = result.violated.front();
    if (!result.violations.empty() && result.violations.front().id == failure.violated) {
        const Violation& first = result.violations.front();
        failure.event = first.event;
        failure.time_ns = first.time.nanoseconds();
        failure.node = first.node;
        failure.place = first.place;
    } else if (result.stuck && result.stuck->id == failure.violated) {
        failure.stuck_phase = "settle";
    } else if (failure.violated == "L5") {
        failure.stuck_phase = "events";
    }
    return failure;
}

/// Whether a fault mattered is known only when the run is over.
void mark_effective(const World& world, reports::Timeline& timeline) {
    for (reports::Fault& fault : timeline.faults) {
        for (const ElementState& state : world.faults().elements()) {
            if (state.element.id == fault.id) {
                fault.effective = state.fate == ElementFate::effective;
            }
        }
    }
}

/// The diagnosis of an observed run. The fault in it is tested by running without it: one that the
/// failure does not need is no part of the bug's name.
void explain_failure(const Scenario& scenario, std::uint64_t seed, const RunOptions& options,
                     const std::vector<Element>& plan, RunResult& result) {
    reports::Failure const failure = failure_of(scenario, result);
    result.diagnosis = reports::diagnose(*options.timeline, failure, result.judgement);
    if (result.diagnosis.fault.empty()) {
        return;
    }
    std::vector<Element> rest = plan;
    std::erase_if(rest,
                  [&](const Element& element) { return element.id == result.diagnosis.fault; });
    RunOptions without;
    without.checks = options.checks;
    without.judge = options.judge;
    without.diagnose = false;
    without.plan = &rest;
    without.power_cut = options.power_cut;
    RunResult const other = run_once(scenario, seed, without);
    if (other.verdict == RunVerdict::fail && other.violated.front() == failure.violated) {
        reports::leave_out_fault(result.diagnosis, failure);
    }
}

/// The second look at a failed run: the same run, observed, and what its story says.
void tell_why(const Scenario& scenario, std::uint64_t seed, const RunOptions& options,
              const std::vector<Element>& plan, RunResult& result) {
    reports::Timeline timeline;
    RunOptions observed;
    observed.checks = options.checks;
    observed.judge = options.judge;
    observed.plan = &plan;
    observed.power_cut = options.power_cut;
    observed.timeline = &timeline;
    RunResult const again = run_once(scenario, seed, observed);
    result.diagnosis = again.diagnosis;
    result.signature = again.signature;
}

}  // namespace

std::string_view name_of(RunVerdict verdict) {
    switch (verdict) {
        case RunVerdict::pass:
            return "pass";
        case RunVerdict::fail:
            return "fail";
        case RunVerdict::inconclusive:
            return "inconclusive";
        case RunVerdict::void_run:
            return "void";
    }
    return "";
}

bool RunResult::violates(std::string_view property) const {
    auto const has = [this](std::string_view id) {
        return std::find(violated.begin(), violated.end(), id) != violated.end();
    };
    if (has(property)) {
        return true;
    }
    std::vector<std::string_view> const ids = ids_of_property(property);
    return std::any_of(ids.begin(), ids.end(), has);
}

std::uint64_t RunResult::probe(broker::Probe which) const {
    std::uint64_t sum = 0;
    for (const NodeLife& life : lives) {
        sum += life.probes.count(which);
    }
    return sum;
}

RunResult run_once(const Scenario& scenario, std::uint64_t seed, const RunOptions& options) {
    RunConfig config = draw_run(scenario, seed);
    if (options.plan != nullptr) {
        config.plan = *options.plan;
    }
    Story story;
    RunObserver* const observer = options.timeline != nullptr ? &story : options.observer;
    Trace trace{options.sink, observer};
    if (options.keep_states) {
        trace.keep_states();
    }
    World world{config, options.checks, trace};
    world.plan_power_cut(options.power_cut);
    world.note_disk_events(options.disk_events);
    world.run();

    RunResult result;
    result.scenario = scenario.name;
    result.seed = seed;
    result.drawn = config.drawn_values;
    result.trace_hash = world.trace_hash();
    result.checkpoints = trace.checkpoints();
    result.states = trace.states();
    result.plan = config.plan;
    result.after_cut = world.after_cut();
    result.events = world.events();
    result.virtual_ns = world.now().nanoseconds();
    if (options.checks.invariants) {
        result.violations = world.violations().list();
    }
    result.stuck = world.stuck();
    result.excuses = world.excuses();
    result.never_sent = world.never_sent();
    result.retries = world.retries();
    result.comparisons = world.comparisons();
    result.progress_windows = world.progress().windows();
    result.metrics = world.metrics();
    if (options.full_report) {
        result.recoveries = world.recoveries();
        result.failed_starts = world.failed_starts();
    }

    reports::History& history = world.recorder().history();
    history.header.scenario = scenario.name;
    history.header.seed = fmt::format("{:#x}", seed);
    history.header.recorder = "brokersim";
    history.config.acks = reports::Acks::all;
    history.config.idempotent = false;  // every send says its own
    history.config.max_in_flight = 5;
    history.config.durability = static_cast<reports::DurabilityMode>(config.tuning.wal.durability);
    if (config.reader_stops_at) {
        history.config.reader_stops_at = static_cast<std::int64_t>(*config.reader_stops_at);
    }
    bool broken = false;
    if (options.judge) {
        tl::expected<reports::Judgement, reports::JudgeError> judgement = reports::judge(history);
        if (judgement) {
            result.judgement = std::move(*judgement);
            // Only what is printed of a run needs it.
            if (result.judgement.verdict != reports::Verdict::pass || options.full_report) {
                result.trust = reports::assess_trust(history, result.judgement);
            }
            result.judged = true;
        } else {
            broken = true;
            add_void(result, VoidReason::broken_accounting,
                     "broken accounting: " + judgement.error().text);
        }
    }
    if (options.history_json != nullptr) {
        *options.history_json = reports::history_text(history);
    }
    collect_faults(world, result);
    collect_violated(result);
    collect_probes(world, scenario, config.tuning.raft.commit_before_own_sync, result);
    decide(result, world.drained(), world.hung(), broken);
    if (options.timeline != nullptr) {
        *options.timeline = story.take();
        mark_effective(world, *options.timeline);
        if (result.verdict == RunVerdict::fail) {
            explain_failure(scenario, seed, options, config.plan, result);
            result.signature = result.diagnosis.signature;
        }
    } else if (result.verdict == RunVerdict::fail && options.diagnose) {
        tell_why(scenario, seed, options, config.plan, result);
    }
    return result;
}

}  // namespace brokersim
