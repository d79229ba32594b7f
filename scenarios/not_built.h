// What the format reserves and this build cannot honour: refused by name, never ignored.
#pragma once

#include "scenarios/scalar.h"

#include <string_view>

namespace brokersim {

/// Whether `word` is reserved at `place`. place: of the table of keys, for keys of an object;
/// "PLACE.KEY" for words of a value ("faults.limits.budget"); "target" and "topology" for theirs.
/// What the tables of keys, kinds and words know is asked there first, so a row that has come true
/// does no harm.
bool is_not_built(std::string_view place, std::string_view word);

/// SCN030, which says so. what: "key", "fault", "word".
ValueError not_built_error(std::string_view what, std::string_view word);

}  // namespace brokersim
