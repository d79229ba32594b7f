// Shrink: the smallest scenario that still fails with the same signature.
//
// Delta debugging over data, never over streams of draws: elements of the plan first, then messages
// and clients, then partitions and brokers, then time, then knobs back to their defaults, then
// values rounded. Each candidate is written as a file, read back and run, so whatever is kept is
// known to fail from the file alone. A candidate that fails in another way is not followed.
// Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): ddmin.
#pragma once

#include "scenarios/scenario.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

struct ShrinkSize {
    std::uint64_t events = 0;
    std::size_t faults = 0;
    std::uint64_t brokers = 0;
    std::uint64_t messages = 0;
    std::int64_t virtual_ns = 0;
};

struct ShrinkResult {
    bool started = false;    // false: not even the plan as a script fails in this way
    std::string file;        // the smallest scenario found, as it is to be written
    std::uint64_t seed = 0;  // with which it fails
    ShrinkSize before;
    ShrinkSize after;
    std::uint64_t tries = 0;
    bool finished = false;  // every reduction was tried; else it was stopped
    /// Faults of the original: id, and whether the failure needs it.
    std::vector<std::pair<std::string, bool>> faults;
    /// Other signatures met on the way, with what showed them.
    std::map<std::string, std::pair<Scenario, std::uint64_t>> others;
};

struct ShrinkOptions {
    /// Asked before each try; true: stop, the best so far stays.
    std::function<bool()> stop;
    /// Told after each reduction that held.
    std::function<void(const ShrinkResult&)> progress;
    std::string path;  // where the file would stand: what it refers to is beside it
};

/// scenario: as it failed. plan: what was drawn for it with `seed`, as a script. signature: kept.
ShrinkResult shrink(const Scenario& scenario, const std::vector<Element>& plan, std::uint64_t seed,
                    const std::string& signature, const ShrinkOptions& options);

}  // namespace brokersim
