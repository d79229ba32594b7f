// What a mutant needs of a scenario: tags, whether a scenario has them, and how the swarm gets
// them.
#pragma once

#include "scenarios/scenario.h"
#include "sim/mutants/patch_file.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// Whether the tag is one of those that patches may use.
bool is_need(std::string_view tag);
/// Whether this build can play it: false for faults and workloads that do not exist yet.
bool can_pin(std::string_view tag);
/// Whether some seed of the scenario has what the tag stands for.
bool meets(const Scenario& scenario, std::string_view tag);

struct Overlay {
    std::string name;                 // of the scenario that results
    std::string base;                 // the file that it lays itself over, seen from beside it
    const Scenario* under = nullptr;  // the same, read
    std::vector<std::string> needs;   // pinned; empty: the base is taken as it is
    std::string plant;                // empty: none
    std::string violates;             // what the planted bug breaks
};
/// A scenario file that extends its base by the pins of the needs and by the planted bug, so that
/// `run` and `replay` play what was measured. Needs that cannot be pinned are left out.
std::string overlay_text(const Overlay& overlay);

}  // namespace brokersim
