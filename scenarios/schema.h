// The editor schema: what the parser accepts of the form of a file, as JSON Schema draft-07.
#pragma once

#include <string>

namespace brokersim {

/// Made from the table of keys that the parser reads, laid out. What it rejects the parser rejects.
/// It cannot say everything: ranges of durations and sizes, the number of decimals, lengths of
/// weights, and all that depends on two places of a file (codes SCN2xx) are the parser's alone.
std::string editor_schema();

}  // namespace brokersim
