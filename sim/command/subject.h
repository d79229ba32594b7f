// What a command is about: one run, named by a bundle or by a scenario and a seed.
#pragma once

#include "reports/bundle.h"
#include "scenarios/scenario.h"
#include "sim/command/exit_code.h"

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <vector>

namespace brokersim {

struct Subject {
    Scenario scenario;
    std::uint64_t seed = 0;
    /// As a reader types it: the bundle, or the scenario's path.
    std::string name;
    std::optional<reports::Repro> repro;       // of a bundle
    std::string folder;                        // of a bundle; empty: none
    std::optional<std::vector<Element>> plan;  // as recorded, if drawing gives another one now
    [[nodiscard]] const std::vector<Element>* recorded_plan() const {
        return plan ? &*plan : nullptr;
    }
};

/// name: a bundle (its folder or its repro.json), or a scenario, which then needs a seed. Says what
/// is wrong. Errors: usage, scenario, cannot_judge (a bundle that this build cannot read).
tl::expected<Subject, ExitCode> find_subject(const std::string& name,
                                             std::optional<std::uint64_t> seed, bool json);

/// Whether `name` is a bundle.
bool is_bundle(const std::string& name);

/// The plan of a run as elements of a script that fire as the drawn ones did.
std::vector<Element> as_script(const std::vector<Element>& plan);

}  // namespace brokersim
