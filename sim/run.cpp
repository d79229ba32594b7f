// From a finished world to a verdict, assumptions first.
#include "sim/run.h"

#include "reports/history_json.h"
#include "reports/judge.h"
#include "scenarios/properties.h"

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

/// What kind of mistake the first violation is, for the signature.
std::string_view cause_of(std::string_view id) {
    if (id == "R16" || id == "R7" || id == "ACK_BEFORE_DURABLE") {
        return "acked_unsynced";
    }
    if (id == "B1") {
        return "acked_uncommitted";
    }
    if (id == "B14" || id == "DUPLICATE") {
        return "written_twice";
    }
    if (id == "LOST_ACKED" || id == "READ_THEN_LOST" || id == "R24") {
        return "lost_on_disk";
    }
    if (id == "R13" || id == "COMMITTED_TRUNCATED") {
        return "truncated_after_commit";
    }
    if (id == "B6" || id == "READ_ABOVE_HW") {
        return "read_uncommitted";
    }
    if (id == "PRODUCER_REORDER" || id == "REALTIME_REORDER") {
        return "reordered";
    }
    if (id == "PHANTOM") {
        return "foreign";
    }
    return "other";
}

void add_once(std::vector<std::string>& list, std::string_view item) {
    if (std::find(list.begin(), list.end(), item) == list.end()) {
        list.emplace_back(item);
    }
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
            result.void_reasons.push_back(
                fmt::format("fault {} ({}) never took effect", element.id, name_of(element.kind)));
        }
    }
    for (const FaultCount& count : result.fault_counts) {
        if (count.fired > 0 && count.effective == 0) {
            result.void_reasons.push_back(fmt::format("{} of kind {} fired and none took effect",
                                                      count.fired, name_of(count.kind)));
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
            result.void_reasons.push_back(fmt::format("probe {} was never reached", name));
        }
    }
    // An incarnation that acknowledged without a single completed append is a finding by itself,
    // whatever else was seen: the log line that proves a write may be another process's. Where a
    // leader may commit before its own sync (Raft thesis 10.2.1) its followers' appends back it,
    // and the rule holds for the cluster; R16 looks at the quorum's disks.
    bool const any_append = result.probe(broker::Probe::wal_append_done) > 0;
    for (const NodeLife& life : result.lives) {
        bool const own_append = life.probes.count(broker::Probe::wal_append_done) > 0;
        bool const backed = own_append || (commit_before_own_sync && any_append);
        if (life.probes.count(broker::Probe::ack_sent) > 0 && !backed) {
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
    } else if (!drained || result.judgement.verdict == reports::Verdict::inconclusive) {
        result.verdict = RunVerdict::inconclusive;
        result.inconclusive_reasons.emplace_back(
            drained ? "the judge could not say" : "not every partition was read to its end");
    } else {
        result.verdict = RunVerdict::pass;
    }
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
    RunConfig const config = draw_run(scenario, seed);
    Trace trace{options.sink};
    World world{config, options.checks, trace};
    world.run();

    RunResult result;
    result.scenario = scenario.name;
    result.seed = seed;
    result.drawn = config.drawn_values;
    result.trace_hash = world.trace_hash();
    result.checkpoints = trace.checkpoints();
    result.events = world.events();
    result.virtual_ns = world.now().nanoseconds();
    if (options.checks.invariants) {
        result.violations = world.violations().list();
    }
    result.stuck = world.stuck();
    result.never_sent = world.never_sent();
    result.retries = world.retries();
    result.comparisons = world.comparisons();
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
            result.void_reasons.push_back("broken accounting: " + judgement.error().text);
        }
    }
    if (options.history_json != nullptr) {
        *options.history_json = reports::history_text(history);
    }
    collect_faults(world, result);
    collect_violated(result);
    collect_probes(world, scenario, config.tuning.raft.commit_before_own_sync, result);
    decide(result, world.drained(), world.hung(), broken);
    if (result.verdict == RunVerdict::fail) {
        const std::string& first = result.violated.front();
        std::string_view const cause =
            result.stuck && first == result.stuck->id ? "stuck.settle" : cause_of(first);
        result.signature =
            fmt::format("{}{}{}/{}/{}", scenario.plant, scenario.plant.empty() ? "" : ":", first,
                        cause, world.faults().last_effective());
    }
    return result;
}

}  // namespace brokersim
