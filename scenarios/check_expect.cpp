// Expectations: properties and probes that exist, and fit the plant and the workload.
#include "broker_core/base/probes.h"
#include "scenarios/meaning.h"
#include "scenarios/properties.h"
#include "scenarios/suggest.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

/// Whether the start of a partition can move.
bool lets_records_go(const Scenario& scenario) {
    const FaultSpec& faults = scenario.faults;
    auto const deletes = [](FaultKind kind) { return kind == FaultKind::delete_records; };
    return faults.swarm || scenario.tuning.swarm ||
           std::any_of(scenario.cluster.topics.begin(), scenario.cluster.topics.end(),
                       [](const TopicSpec& topic) {
                           return topic.retention_bytes.largest() > 0 ||
                                  topic.retention_time.largest() > 0;
                       }) ||
           std::any_of(scenario.tuning.knobs.begin(), scenario.tuning.knobs.end(),
                       [](const auto& knob) {
                           return (knob.name == "partition.retention_bytes" ||
                                   knob.name == "partition.retention_time") &&
                                  knob.value.largest() > 0;
                       }) ||
           std::any_of(faults.script.begin(), faults.script.end(),
                       [&](const Element& element) { return deletes(element.kind); }) ||
           std::any_of(faults.random.begin(), faults.random.end(),
                       [&](const RandomFault& fault) { return deletes(fault.kind); });
}

void check_property(Meaning& m, const std::string& name, const std::string& at, bool anomaly) {
    auto const codes = anomaly_codes();
    if (!ids_of_property(name).empty() ||
        (anomaly && std::find(codes.begin(), codes.end(), name) != codes.end())) {
        return;
    }
    std::vector<Candidate> candidates{{"safety"}, {"liveness"}};
    for (const PropertyRow& row : property_table()) {
        candidates.push_back({row.name});
    }
    for (std::string_view const code : codes) {
        if (anomaly) {
            candidates.push_back({code});
        }
    }
    std::optional<std::string> const near = nearest(name, candidates);
    m.findings.add(
        m.span(at), at,
        {"SCN011", fmt::format("unknown property {}", quote_json(name)),
         near ? fmt::format("did you mean \"{}\"?", *near) : "", near ? quote_json(*near) : ""});
}

/// What the workload of this file could never show to be broken.
void check_shown(Meaning& m, const std::string& name, const std::string& at) {
    const WorkloadSpec& workload = m.scenario.workload;
    if (!m.good({"/workload"})) {
        return;
    }
    bool const never_all = workload.acks.largest() < static_cast<int>(ProducerAcks::all);
    bool const never_idempotent = workload.idempotent.largest() == 0 || never_all;
    if (name == "no_lost_acks" && workload.acks.largest() == 0) {
        m.error(at, "SCN209", "acks can only be 0: nothing is acknowledged, so nothing is lost");
    } else if (name == "no_duplicates" && workload.retry_attempts.largest() > 0 &&
               never_idempotent) {
        m.error(at, "SCN210",
                "a retry of a producer that is not idempotent may be stored twice (T03)",
                R"(write "idempotent": true, or "retry_attempts": 0)");
    } else if (name == "dedup_sound" && never_idempotent) {
        m.error(at, "SCN212", "no producer of this file is idempotent: nothing is deduplicated");
    } else if (name == "retention_sound" && !lets_records_go(m.scenario)) {
        m.error(at, "SCN212", "no topic of this file drops records");
    }
}

void check_probes(Meaning& m, const std::vector<std::string>& names, const std::string& at,
                  bool notes) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto const judged = judge_notes();
        bool const note =
            notes && std::find(judged.begin(), judged.end(), names[i]) != judged.end();
        if (note || broker::probe_named(names[i])) {
            continue;
        }
        std::vector<Candidate> candidates;
        for (std::string_view const probe : broker::probe_names) {
            candidates.push_back({probe});
        }
        for (std::string_view const name : judged) {
            if (notes) {
                candidates.push_back({name});
            }
        }
        std::optional<std::string> const near = nearest(names[i], candidates);
        std::string const pointer = pointer_to(at, i);
        m.findings.add(m.span(pointer), pointer,
                       {"SCN229", fmt::format("unknown probe {}", quote_json(names[i])),
                        near ? fmt::format("did you mean \"{}\"?", *near) : "",
                        near ? quote_json(*near) : ""});
    }
}

}  // namespace

void check_expect(Meaning& m) {
    const ExpectSpec& expect = m.scenario.expect;
    bool const planted = !m.scenario.plant.empty();
    bool const demonstration = contains(m.scenario.tags, "demonstration");
    bool const whole = m.good({"/expect"}) && m.written("", "expect");
    if (whole && expect.kind == ExpectSpec::Kind::holds && planted) {
        m.error("/expect/holds", "SCN211", "a planted bug is there to be found",
                "write \"violates\" instead of \"holds\"");
    }
    if (whole && expect.kind != ExpectSpec::Kind::holds && !planted && !demonstration) {
        m.error("/expect", "SCN211", "only a planted bug or a demonstration is expected to fail",
                "add \"plant\", or the tag \"demonstration\"");
    }
    if (expect.kind != ExpectSpec::Kind::violates && m.written("/expect", "in_seeds")) {
        m.error("/expect/in_seeds", "SCN015", "\"in_seeds\" belongs to \"violates\"");
    } else if (!m.scenario.run.seed_list.empty() && m.written("/expect", "in_seeds")) {
        m.error("/expect/in_seeds", "SCN216", "in_seeds needs run.seeds.count, not a list");
    }
    for (std::size_t i = 0; i < expect.holds.size(); ++i) {
        check_property(m, expect.holds[i], pointer_to("/expect/holds", i), false);
        check_shown(m, expect.holds[i], pointer_to("/expect/holds", i));
    }
    if (expect.kind == ExpectSpec::Kind::violates) {
        check_property(m, expect.violates, "/expect/violates", true);
    }
    check_probes(m, expect.reaches, "/expect/reaches", false);
    check_probes(m, expect.sometimes, "/expect/sometimes", true);
}

}  // namespace brokersim
