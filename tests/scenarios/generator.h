// Documents by chance: for each key of the table now a right value, now a wrong one.
#pragma once

#include <rapidcheck.h>

#include <string>

namespace brokersim::test {

/// The text of a whole file with a few sections, each with a few keys of the table. Most values are
/// of the right type; about one document in three has something wrong with it.
rc::Gen<std::string> document_text();

}  // namespace brokersim::test
