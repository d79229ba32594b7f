// Reading triggers and faults of a scenario file into the fault vocabulary.
#pragma once

#include "scenarios/object_reader.h"
#include "scenarios/scenario.h"

namespace brokersim {

/// Reads `at`, `when` and (if `arm` is allowed) `arm` of an object that has a trigger. Exactly one
/// of at and when or arm (at beside arm: from then on). drawn: receives the fields that are not
/// fixed. nullopt: reported.
std::optional<Trigger> read_trigger(ObjectReader& object, bool arm,
                                    const std::vector<TopicSpec>& topics,
                                    std::vector<DrawnField>& drawn);

FaultSpec read_faults(ObjectReader& scenario, const std::vector<TopicSpec>& topics);

}  // namespace brokersim
