// Writing the bundle of a finding.
#pragma once

#include "reports/bundle.h"
#include "scenarios/scenario.h"
#include "sim/run.h"

#include <tl/expected.hpp>

#include <string>

namespace brokersim {

/// A run that is to be written down: it is made again, observed.
struct BundleOf {
    const Scenario& scenario;
    std::string path;  // of the scenario, as a reader can type it
    std::uint64_t seed = 0;
    const std::vector<Element>* plan = nullptr;  // recorded; nullptr: drawn
};

/// What stands in repro.json, made from a run.
reports::Repro make_repro(const BundleOf& of, const RunResult& result,
                          const reports::Timeline& timeline);

/// Writes `root`/SIGNATURE/SEED with all its files and returns that folder. The folder appears
/// whole or not at all. Errors: a text; the disk is full, or the folder cannot be written.
tl::expected<std::string, std::string> write_bundle(const std::string& root, const BundleOf& of);

/// Writes one file whole: beside it first, then under its name. False: it could not be written.
bool write_file(const std::string& path, const std::string& text);

}  // namespace brokersim
