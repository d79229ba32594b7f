// Which executable runs a scenario: the clean broker's, or the one with its planted bug.
#pragma once

#include <string>

namespace brokersim {

/// Name of the bug planted in this executable; empty in the clean one.
std::string_view planted_mutant();

/// Name of the mutant that `plant` (an id such as M59a, or a name) means; empty if unknown.
std::string mutant_name(const std::string& plant);

/// Where the executable with that mutant is, if it was built; else empty.
std::string mutant_executable(const std::string& name);

}  // namespace brokersim
