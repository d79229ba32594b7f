// The resolved form: a Scenario as a file again, with every default filled in.
#pragma once

#include "scenarios/scenario.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// A complete scenario file without extends; reading it gives an equal Scenario. Elements that
/// were drawn (of a plan) are written as script elements that may miss.
std::string write_scenario(const Scenario& scenario);

/// 64-bit hash of the resolved form without name, why, covers, tags, seeds and wall limit: what
/// does not change a run does not change the hash.
std::uint64_t hash_scenario(const Scenario& scenario);

/// One element of `faults.script`, as JSON on one line. drawn: fields that are distributions.
std::string write_element(const Element& element, const std::vector<DrawnField>& drawn = {});

/// The word of a file for work in flight, such as "group_window".
std::string_view name_of(ArmOn on);

}  // namespace brokersim
