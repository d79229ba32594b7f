// Layout: a JSON tree as text that people read, always the same for the same tree.
#pragma once

#include "scenarios/json_reader.h"

#include <string>

namespace brokersim {

inline constexpr std::size_t layout_columns = 120;

/// Writes `value`. What fits on a line stays on it; else a list has one item per line and the
/// members of an object share lines as far as they fit. Members of the outermost object begin a
/// line each. Ends in a newline.
std::string lay_out(const JsonValue& value);

/// `value` without a line break.
std::string one_line(const JsonValue& value);

/// The members of a scenario in the order of the table of keys, at every depth.
void sort_keys(JsonValue& scenario);

/// The text of a scenario file laid out: what `scenario fmt` writes. Doing it twice changes
/// nothing more. Returns "" if the text is not JSON or holds comments, which would be lost.
std::string format_scenario(const SourceFile& source);
/// Why format_scenario returned "" for this text: "LINE: reason".
std::string why_not_formatted(const SourceFile& source);

}  // namespace brokersim
