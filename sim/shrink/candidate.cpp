// One candidate at a time.
#include "sim/shrink/candidate.h"

#include "broker_core/base/hash.h"
#include "scenarios/parser.h"
#include "scenarios/writer.h"

#include <utility>

namespace brokersim {

Candidates::Candidates(std::uint64_t seed, std::string signature, const ShrinkOptions& options,
                       ShrinkResult& result)
    : seed_{seed}, signature_{std::move(signature)}, options_{options}, result_{result} {}

bool Candidates::stopped() {
    stopped_ = stopped_ || (options_.stop && options_.stop());
    return stopped_;
}

ShrinkSize Candidates::size_of(const Scenario& scenario, const RunResult& run) {
    ShrinkSize size;
    size.events = run.events;
    size.faults = scenario.faults.script.size();
    size.messages = static_cast<std::uint64_t>(run.judgement.sums.sends);
    size.virtual_ns = run.virtual_ns;
    RunConfig const config = draw_run(scenario, run.seed);
    size.brokers = config.brokers;
    return size;
}

bool Candidates::begin(const Scenario& original) {
    if (!attempt_same_seed(original)) {
        return false;
    }
    result_.before = result_.after;
    return true;
}

bool Candidates::attempt_same_seed(Scenario candidate, Grow grow) {
    return attempt_with(std::move(candidate), seed_, grow);
}

bool Candidates::attempt(const Scenario& candidate, Grow grow) {
    if (attempt_with(candidate, seed_, grow)) {
        return true;
    }
    constexpr std::uint64_t other_seeds = 6;
    std::uint64_t const from = seed_;
    for (std::uint64_t i = 1; i <= other_seeds; ++i) {
        if (attempt_with(candidate, broker::mix64(from + i), grow)) {
            return true;
        }
    }
    return false;
}

bool Candidates::attempt_with(Scenario candidate, std::uint64_t seed, Grow grow) {
    if (stopped()) {
        return false;
    }
    ++result_.tries;
    candidate.run.seed_list = {seed};
    std::string text = write_scenario(candidate);
    ParseOutcome outcome = parse_scenario_text(options_.path, text);
    if (!outcome.scenario) {
        return false;  // it refers to what is gone, or the format forbids it
    }
    RunResult run = run_once(*outcome.scenario, seed);
    if (run.verdict != RunVerdict::fail) {
        return false;
    }
    if (run.signature != signature_) {
        result_.others.emplace(run.signature, std::pair{std::move(*outcome.scenario), seed});
        return false;
    }
    if (grow == Grow::no && run.events > run_.events) {
        return false;
    }
    best_ = std::move(*outcome.scenario);
    run_ = std::move(run);
    seed_ = seed;
    result_.seed = seed;
    result_.file = std::move(text);
    result_.after = size_of(best_, run_);
    if (options_.progress) {
        options_.progress(result_);
    }
    return true;
}

}  // namespace brokersim
