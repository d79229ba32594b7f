// From a scenario file to a checked Scenario, or to everything that is wrong with it.
#pragma once

#include "scenarios/diagnostic.h"
#include "scenarios/json_reader.h"
#include "scenarios/scenario.h"

#include <optional>
#include <string>
#include <vector>

namespace brokersim {

/// scenario: present if there is no error; of a file with a matrix the first child. diagnostics:
/// all errors and warnings, sorted by file and position. children: of a matrix, by their suffix
/// ("acks=1,brokers=3"), in order.
struct ParseOutcome {
    std::optional<Scenario> scenario;
    std::vector<Diagnostic> diagnostics;
    std::vector<std::string> children;
};

/// Reads the file at `path` and what it extends. "PATH@SUFFIX" is one child of a matrix. Never
/// throws for the sake of the file's content; work is bounded by 1 MiB per file, 64 files, 64
/// children and 500 diagnostics.
ParseOutcome parse_scenario(const std::string& path);

/// The same for a text that would stand at `path`; what it extends is read from files.
ParseOutcome parse_scenario_text(const std::string& path, const std::string& text);

/// A file as written, merged with what it extends: for saying where a value came from.
struct SourceTree {
    std::optional<JsonValue> root;
    std::vector<SourceFile> files;
};
SourceTree load_source(const std::string& path);

/// "PATH@SUFFIX" in its two parts; the suffix is empty if the whole is a file.
struct ChildPath {
    std::string path;
    std::string suffix;
};
ChildPath split_child(const std::string& path);

}  // namespace brokersim
