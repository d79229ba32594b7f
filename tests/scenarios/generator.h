// Documents by chance: for each key of the table now a right value, now a wrong one.
#pragma once

#include <rapidcheck.h>

#include <string>

namespace brokersim::test {

/// The text of a whole file with a few sections, each with a few keys of the table. One half
/// is wild: one value in twelve is of any type, keys are misspelt, triggers are doubled. The other
/// half has nothing wrong but what single right values may do to each other.
rc::Gen<std::string> document_text();

}  // namespace brokersim::test
