// The words of "only": which messages a fault on messages strikes.
#pragma once

#include "faults/kinds.h"
#include "scenarios/object_reader.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

/// Element::only of the object of a fault; 0 without the key. Reports words that are none (SCN011),
/// and messages or keys that the kind has no use for (SCN224).
std::uint32_t read_only_words(ObjectReader& object, const KindRules& rules);

/// The words of Element::only, as a file lists them.
std::vector<std::string> only_words(std::uint32_t only);

}  // namespace brokersim
