// Trying candidates: written, read back, run, and kept if the signature is the same.
#pragma once

#include "sim/run.h"
#include "sim/shrink/shrink.h"

#include <string>
#include <vector>

namespace brokersim {

/// ShrinkResult's file and sizes always belong to `best()`.
class Candidates {
public:
    Candidates(std::uint64_t seed, std::string signature, const ShrinkOptions& options,
               ShrinkResult& result);

    /// Runs `candidate`; keeps it if it fails in the same way. grow: also if it takes more events
    /// than the best one. A smaller run is another run, whose luck may differ: it is tried with a
    /// few other seeds too, and the seed that showed the failure becomes the one to go on with.
    enum class Grow : std::uint8_t { no, yes };
    bool attempt(const Scenario& candidate, Grow grow = Grow::no);
    /// The same, with the seed of the best one only.
    bool attempt_same_seed(Scenario candidate, Grow grow = Grow::yes);
    /// The same, for what is to be measured first.
    bool begin(const Scenario& original);

    [[nodiscard]] const Scenario& best() const { return best_; }
    [[nodiscard]] const RunResult& run() const { return run_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] bool stopped();

private:
    bool attempt_with(Scenario candidate, std::uint64_t seed, Grow grow);
    [[nodiscard]] static ShrinkSize size_of(const Scenario& scenario, const RunResult& run);

    std::uint64_t seed_;
    std::string signature_;
    const ShrinkOptions& options_;
    ShrinkResult& result_;
    Scenario best_;
    RunResult run_;
    bool stopped_ = false;
};

}  // namespace brokersim
