// Publishing: from result files to everything that people and CI systems read.
#pragma once

#include "reports/merge.h"
#include "reports/results.h"
#include "reports/summary.h"
#include "sim/command/exit_code.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim {

struct PublishOptions {
    std::string known_path;  // of known-findings.json; empty: the project's, if there is one
    bool bundles = true;     // write the bundles of the shortest seeds
    bool whole = true;       // all shards are expected; else only the one of the manifest
    std::string ci;          // "github" prints annotations on stdout
};

/// Adds every result file of a folder. False: it cannot be read.
bool add_results(const std::string& folder, reports::Merge& merge);

/// Chunks that a manifest promises and the results do not have.
std::vector<reports::Hole> holes_of(const reports::Merge& merge, const reports::Manifest& manifest,
                                    bool whole);

/// Writes merged.jsonl, merged.sqlite, summary.md, summary.json, junit.xml and the bundles into
/// `folder`, prints the closing text, and returns what the results mean for CI.
ExitCode publish(const std::string& folder, const reports::Merge& merge,
                 const reports::Manifest& manifest, const PublishOptions& options);

/// A manifest read from `folder`/manifest.json; says what is wrong with it.
tl::expected<reports::Manifest, ExitCode> read_manifest(const std::string& folder);

}  // namespace brokersim
