// Checks of meaning: what is well-formed but cannot be meant (SCN201-230).
#pragma once

#include "scenarios/object_reader.h"
#include "scenarios/scenario.h"

namespace brokersim {

/// Reports what contradicts itself, over every value that a distribution can draw. Values that
/// were reported already are left alone. root: the merged tree, for positions.
void check_meaning(Findings& findings, const JsonValue& root, const Scenario& scenario);

}  // namespace brokersim
