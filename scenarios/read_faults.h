// Reading triggers and faults of a scenario file into the fault vocabulary.
#pragma once

#include "scenarios/object_reader.h"
#include "scenarios/scenario.h"

namespace brokersim {

/// Reads `at`, `when` and (if `arm` is allowed) `arm` of an object that has a trigger. Exactly one
/// of at and when or arm (at beside arm: from then on). nullopt: reported.
std::optional<Trigger> read_trigger(ObjectReader& object, bool arm,
                                    std::vector<TopicSpec> const& topics);

FaultSpec read_faults(ObjectReader& scenario, std::vector<TopicSpec> const& topics);

}  // namespace brokersim
