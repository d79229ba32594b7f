// A new scenario file, as a beginning for its author.
#pragma once

#include "scenarios/scenario.h"

#include <string>

namespace brokersim {

struct NewScenario {
    std::string name;
    std::string schema;  // path of the editor schema, relative to the new file
    std::string base;    // path of the file it extends, relative to the new file
};

/// A file with one fault and an expectation, laid out; it is right, and its fault takes effect in a
/// base with one broker or more. from: the base.
std::string new_scenario(const NewScenario& what, const Scenario& from);

}  // namespace brokersim
