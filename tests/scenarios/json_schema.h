// As much of JSON Schema draft-07 as the editor schema uses, for comparing it with the parser.
#pragma once

#include "scenarios/json_reader.h"

#include <string>

namespace brokersim::test {

/// The first reason why `value` does not match `schema`, as "POINTER: KEYWORD"; "" if it matches.
/// root: the document that references are resolved in. An unknown keyword throws, so that no rule
/// of the schema is passed over in silence.
std::string mismatch(const JsonValue& root, const JsonValue& schema, const JsonValue& value,
                     const std::string& at = "");

}  // namespace brokersim::test
