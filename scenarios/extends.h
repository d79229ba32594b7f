// Loading a scenario file with the files it extends, merged into one tree.
#pragma once

#include "scenarios/json_reader.h"
#include "scenarios/object_reader.h"

#include <optional>
#include <string>

namespace brokersim {

/// Reads `path` and what it extends, left to right, then itself. Objects merge deeply; lists,
/// scalars and distributions replace as a whole; null deletes an inherited key. Names, texts and
/// tags are not inherited. Every value keeps the span of the file it was written in.
/// text: used instead of reading `path`, if given.
/// Returns nullopt if a file is missing or not JSON (reported; SCN001-004, SCN213, SCN214).
std::optional<JsonValue> load_tree(Findings& findings, const std::string& path,
                                   const std::optional<std::string>& text);

/// `written` (a path in the file `from`) seen from the working directory.
std::string path_beside(const std::string& from, const std::string& written);

bool is_file(const std::string& path);

/// The name of a file without its folder and its ending.
std::string stem_of(const std::string& path);

}  // namespace brokersim
