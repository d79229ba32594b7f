// `scenario preview`: what a scenario does over some seeds, before anybody trusts it.
#pragma once

#include "scenarios/scenario.h"
#include "sim/run.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

/// One scripted fault, or all random ones of a kind.
struct FaultPreview {
    std::string name;  // its id, or its kind
    bool scripted = true;
    bool may_miss = false;
    std::uint64_t seeds = 0;            // that planned it
    std::uint64_t scheduled = 0;        // elements
    std::uint64_t fired = 0;            // of them
    std::uint64_t effective = 0;        // of them
    std::uint64_t effective_seeds = 0;  // seeds with one that took effect
    std::uint64_t no_target = 0;
    std::uint64_t not_reached = 0;
};

struct ProbePreview {
    std::string name;
    bool every = false;       // of `reaches`
    std::uint64_t seeds = 0;  // that hit it
};

struct PreviewWarning {
    std::string code;  // SCN102-106, 108
    std::string text;
};

struct Preview {
    std::uint64_t runs = 0;
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    std::uint64_t voided = 0;
    std::uint64_t inconclusive = 0;
    std::uint64_t cut_off = 0;      // reached the event limit
    std::uint64_t quorum_lost = 0;  // seeds in which a leader lost its quorum
    std::uint64_t acked = 0;
    std::int64_t virtual_ns = 0;
    std::vector<FaultPreview> faults;
    std::vector<ProbePreview> probes;
    std::vector<PreviewWarning> warnings;
};

/// Runs `seeds` and counts.
Preview preview_scenario(const Scenario& scenario, const std::vector<std::uint64_t>& seeds);

std::string preview_text(const Scenario& scenario, const Preview& preview);
/// One JSON object.
std::string preview_json(const Scenario& scenario, const Preview& preview);

}  // namespace brokersim
