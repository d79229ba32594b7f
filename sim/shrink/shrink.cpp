// The order of reductions, coarse to fine.
#include "sim/shrink/shrink.h"

#include "faults/kinds.h"
#include "scenarios/run_config.h"
#include "sim/shrink/candidate.h"

#include <algorithm>

namespace brokersim {
namespace {

using Grow = Candidates::Grow;
constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t second = 1'000 * millisecond;

/// ddmin over a list: drops parts as long as `holds` says that what is left still fails. The result
/// is 1-minimal unless it was stopped.
template <class T, class Holds>
std::vector<T> minimised(std::vector<T> list, Candidates& candidates, Holds holds) {
    std::size_t parts = 1;
    while (!list.empty() && !candidates.stopped()) {
        std::size_t const size = (list.size() + parts - 1) / parts;
        bool reduced = false;
        for (std::size_t first = 0; first < list.size(); first += size) {
            std::vector<T> rest = list;
            std::size_t const last = std::min(first + size, rest.size());
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(first),
                       rest.begin() + static_cast<std::ptrdiff_t>(last));
            if (holds(rest)) {
                list = std::move(rest);
                reduced = true;
                break;
            }
        }
        if (reduced) {
            parts = std::max<std::size_t>(parts - 1, 1);
            parts = std::min(parts, std::max<std::size_t>(list.size(), 1));
        } else if (parts >= list.size()) {
            break;
        } else {
            parts = std::min(parts * 2, list.size());
        }
    }
    return list;
}

/// The smallest number between `low` and `high` for which `holds`, if it holds for all above; in
/// any case one for which it was seen to hold, or `high`.
template <class Holds>
std::int64_t lowest(std::int64_t low, std::int64_t high, Candidates& candidates, Holds holds) {
    if (low < high && holds(low)) {
        return low;
    }
    while (low + 1 < high && !candidates.stopped()) {
        std::int64_t const middle = low + (high - low) / 2;
        if (holds(middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

void reduce_plan(Candidates& candidates) {
    minimised(candidates.best().faults.script, candidates,
              [&](const std::vector<ScriptElement>& script) {
                  Scenario candidate = candidates.best();
                  candidate.faults.script = script;
                  return candidates.attempt(candidate, Grow::yes);
              });
}

/// Sets one fixed number of a scenario to the lowest that still fails.
template <class Set>
void reduce_number(Candidates& candidates, std::int64_t low, std::int64_t now, Set set) {
    lowest(low, now, candidates, [&](std::int64_t value) {
        Scenario candidate = candidates.best();
        set(candidate, value);
        return candidates.attempt(candidate);
    });
}

void reduce_workload(Candidates& candidates) {
    if (candidates.best().workload.steps.size() > 1) {
        minimised(candidates.best().workload.steps, candidates,
                  [&](const std::vector<StepSpec>& steps) {
                      Scenario candidate = candidates.best();
                      candidate.workload.steps = steps;
                      return !steps.empty() && candidates.attempt(candidate);
                  });
    }
    RunConfig const config = draw_run(candidates.best(), candidates.seed());
    for (std::size_t step = 0; step < candidates.best().workload.steps.size(); ++step) {
        reduce_number(candidates, 1, config.steps[step].messages,
                      [step](Scenario& scenario, std::int64_t value) {
                          scenario.workload.steps[step].messages = Distribution::fixed(value);
                      });
    }
    if (candidates.best().workload.steps.empty()) {
        reduce_number(candidates, 1, config.steps.front().messages,
                      [](Scenario& scenario, std::int64_t value) {
                          scenario.workload.messages = Distribution::fixed(value);
                      });
    }
    reduce_number(candidates, 1, static_cast<std::int64_t>(config.producers.size()),
                  [](Scenario& scenario, std::int64_t value) {
                      scenario.workload.producers = Distribution::fixed(value);
                  });
    reduce_number(candidates, 0, config.consumers, [](Scenario& scenario, std::int64_t value) {
        scenario.workload.consumers = Distribution::fixed(value);
    });
}

void reduce_cluster(Candidates& candidates) {
    if (candidates.best().cluster.topics.size() > 1) {
        minimised(candidates.best().cluster.topics, candidates,
                  [&](const std::vector<TopicSpec>& topics) {
                      Scenario candidate = candidates.best();
                      candidate.cluster.topics = topics;
                      return !topics.empty() && candidates.attempt(candidate);
                  });
    }
    RunConfig const config = draw_run(candidates.best(), candidates.seed());
    for (std::size_t topic = 0; topic < candidates.best().cluster.topics.size(); ++topic) {
        reduce_number(candidates, 1, config.topics[topic].partitions,
                      [topic](Scenario& scenario, std::int64_t value) {
                          scenario.cluster.topics[topic].partitions = Distribution::fixed(value);
                      });
    }
    reduce_number(candidates, 1, config.brokers, [](Scenario& scenario, std::int64_t value) {
        scenario.cluster.brokers = Distribution::fixed(value);
        for (TopicSpec& topic : scenario.cluster.topics) {
            bool const wide =
                topic.replication_factor && topic.replication_factor->largest() > value;
            if (wide) {
                topic.replication_factor = Distribution::fixed(value);
            }
            if (topic.min_insync_replicas.largest() > value) {
                topic.min_insync_replicas = Distribution::fixed(0);
            }
        }
    });
}

void reduce_time(Candidates& candidates) {
    RunConfig const config = draw_run(candidates.best(), candidates.seed());
    std::int64_t const unit = 100 * millisecond;
    reduce_number(
        candidates, 1, config.virtual_time.nanoseconds() / unit,
        [](Scenario& scenario, std::int64_t value) {
            scenario.run.virtual_time = Distribution::fixed(value * 100 * millisecond);
            if (scenario.faults.limits.stop_before_end.nanoseconds() >= value * 100 * millisecond) {
                scenario.faults.limits.stop_before_end = Duration{};
            }
        });
    reduce_number(candidates, 1, config.warm_up.nanoseconds() / unit,
                  [](Scenario& scenario, std::int64_t value) {
                      scenario.run.warm_up = Distribution::fixed(value * 100 * millisecond);
                  });
    // A cluster that the bug has wrecked waits out the whole settle phase. The rest needs a few
    // election timeouts; this leaves more than ten of the longest.
    Duration const timeout =
        config.tuning.raft.election_timeout + config.tuning.raft.election_jitter;
    Scenario candidate = candidates.best();
    candidate.run.settle = std::max(Duration{10 * second}, timeout * 12);
    if (!candidates.best().run.settle) {
        candidates.attempt(candidate);
    }
}

/// Everything that has a default, back to it, if the failure does not need it.
void reduce_noise(Candidates& candidates) {
    if (candidates.best().tuning.swarm) {
        Scenario candidate = candidates.best();
        candidate.tuning.swarm = false;
        candidates.attempt(candidate, Grow::yes);
    }
    minimised(candidates.best().tuning.knobs, candidates,
              [&](const std::vector<TuningSpec::Knob>& knobs) {
                  Scenario candidate = candidates.best();
                  candidate.tuning.knobs = knobs;
                  return candidates.attempt(candidate, Grow::yes);
              });
    ClusterSpec const plain_cluster;
    WorkloadSpec const plain_workload;
    Scenario candidate = candidates.best();
    candidate.cluster.latency = plain_cluster.latency;
    candidate.cluster.client_latency = plain_cluster.client_latency;
    candidate.cluster.disk_write = plain_cluster.disk_write;
    candidate.cluster.disk_sync = plain_cluster.disk_sync;
    candidates.attempt(candidate, Grow::yes);
    for (Distribution WorkloadSpec::* const field :
         {&WorkloadSpec::payload, &WorkloadSpec::payload_content, &WorkloadSpec::batch_records,
          &WorkloadSpec::linger, &WorkloadSpec::max_in_flight, &WorkloadSpec::first_sequence,
          &WorkloadSpec::retry_backoff, &WorkloadSpec::request_timeout,
          &WorkloadSpec::delivery_timeout, &WorkloadSpec::reread_after, &WorkloadSpec::acks,
          &WorkloadSpec::idempotent}) {
        if (!(candidates.best().workload.*field == plain_workload.*field)) {
            Scenario plainer = candidates.best();
            plainer.workload.*field = plain_workload.*field;
            candidates.attempt(plainer);
        }
    }
}

/// Times of the plan, rounded as far as the failure allows: a reader sees which digits matter.
template <class Get, class Set>
void round_time(Candidates& candidates, std::size_t element, Get get, Set set) {
    for (std::int64_t const unit : {second, 100 * millisecond, 10 * millisecond, millisecond}) {
        Scenario candidate = candidates.best();
        ScriptElement& one = candidate.faults.script[element];
        std::int64_t const now = get(one);
        std::int64_t const rounded = (now + unit / 2) / unit * unit;
        if (now % unit == 0) {
            return;
        }
        set(one, rounded);
        if (candidates.attempt_same_seed(std::move(candidate))) {
            return;
        }
    }
}

void round_values(Candidates& candidates) {
    for (std::size_t i = 0; i < candidates.best().faults.script.size(); ++i) {
        round_time(
            candidates, i,
            [](const ScriptElement& element) { return element.trigger.at.nanoseconds(); },
            [](ScriptElement& element, std::int64_t value) {
                element.trigger.at = Duration{value};
            });
        round_time(
            candidates, i,
            [](const ScriptElement& element) {
                return element.lasts ? element.lasts->nanoseconds() : 0;
            },
            [](ScriptElement& element, std::int64_t value) {
                element.lasts = Duration{std::max(value, millisecond)};
            });
    }
}

/// Triggers and roles become the times and brokers they came to, where the failure allows it.
void place_faults(Candidates& candidates) {
    for (std::size_t i = 0; i < candidates.best().faults.script.size(); ++i) {
        std::int64_t const began =
            draw_run(candidates.best(), candidates.seed()).warm_up.nanoseconds();
        std::string const id = candidates.best().faults.script[i].id;
        const std::vector<FaultLine>& lines = candidates.run().faults;
        auto const line = std::find_if(lines.begin(), lines.end(),
                                       [&](const FaultLine& one) { return one.id == id; });
        if (line == lines.end() || line->fired_at.nanoseconds() < began) {
            continue;
        }
        Scenario timed = candidates.best();
        ScriptElement& element = timed.faults.script[i];
        bool const single = line->target.size() == 2 && element.target.kind != TargetKind::node &&
                            rules_of(element.kind).target == TargetUse::brokers;
        std::string const target = line->target;
        if (element.trigger.kind != Trigger::Kind::at) {
            element.trigger = Trigger{.at = Duration{line->fired_at.nanoseconds() - began}};
            candidates.attempt_same_seed(std::move(timed));
        }
        if (single) {
            Scenario named = candidates.best();
            Target& whom = named.faults.script[i].target;
            whom = Target{.kind = TargetKind::node,
                          .number = static_cast<std::uint32_t>(target[1] - '0'),
                          .text = target};
            candidates.attempt_same_seed(std::move(named));
        }
    }
}

/// What chance decided per run, written down as numbers, if that changes nothing.
void fix_draws(Candidates& candidates) {
    RunConfig const config = draw_run(candidates.best(), candidates.seed());
    Scenario fixed = candidates.best();
    fixed.cluster.brokers = Distribution::fixed(config.brokers);
    fixed.workload.producers =
        Distribution::fixed(static_cast<std::int64_t>(config.producers.size()));
    fixed.workload.consumers = Distribution::fixed(config.consumers);
    fixed.run.warm_up = Distribution::fixed(config.warm_up.nanoseconds());
    fixed.run.virtual_time = Distribution::fixed(config.virtual_time.nanoseconds());
    if (fixed.workload.steps.empty()) {
        fixed.workload.messages = Distribution::fixed(config.steps.front().messages);
    }
    candidates.attempt_same_seed(std::move(fixed));
}

Scenario as_starting_point(const Scenario& scenario, const std::vector<Element>& plan,
                           std::uint64_t seed, const std::string& signature) {
    Scenario first = scenario;
    first.name = "shrunk";
    first.why = "Shrunk: fails with " + signature;
    first.why.resize(std::min<std::size_t>(first.why.size(), 200));
    first.tags.clear();
    first.covers.clear();
    first.regressions.clear();
    first.faults.random.clear();
    first.faults.swarm = false;
    first.faults.script.clear();
    for (const Element& element : plan) {
        first.faults.script.emplace_back(element);
        first.faults.script.back().may_miss = true;
    }
    // The plan names partitions and brokers that were drawn; a script may name only what is there.
    RunConfig const drawn = draw_run(scenario, seed);
    first.cluster.brokers = Distribution::fixed(drawn.brokers);
    for (std::size_t topic = 0; topic < first.cluster.topics.size(); ++topic) {
        first.cluster.topics[topic].partitions =
            Distribution::fixed(drawn.topics[topic].partitions);
    }
    first.run.seed_list = {seed};
    first.run.seed_count = 1;
    // What the original had to reach says nothing about the failure, and would void a small run.
    first.expect.reaches.clear();
    first.expect.sometimes.clear();
    first.expect.in_seeds_at_least_ppb = 1'000'000'000;
    first.expect.in_seeds_of = 0;
    return first;
}

}  // namespace

ShrinkResult shrink(const Scenario& scenario, const std::vector<Element>& plan, std::uint64_t seed,
                    const std::string& signature, const ShrinkOptions& options) {
    ShrinkResult result;
    Candidates candidates{seed, signature, options, result};
    result.started = candidates.begin(as_starting_point(scenario, plan, seed, signature));
    if (!result.started) {
        return result;
    }
    fix_draws(candidates);  // or another seed would change what is not being reduced
    // A later reduction may make an earlier one possible: until nothing changes, or three rounds.
    constexpr int rounds_max = 3;
    for (int round = 0; round < rounds_max && !candidates.stopped(); ++round) {
        std::uint64_t const before = candidates.run().events;
        std::size_t const faults = candidates.best().faults.script.size();
        reduce_plan(candidates);
        place_faults(candidates);
        reduce_workload(candidates);
        reduce_cluster(candidates);
        reduce_time(candidates);
        reduce_noise(candidates);
        if (candidates.run().events == before && candidates.best().faults.script.size() == faults) {
            break;
        }
    }
    round_values(candidates);
    result.finished = !candidates.stopped();
    for (const Element& element : plan) {
        const std::vector<ScriptElement>& kept = candidates.best().faults.script;
        bool const needed = std::any_of(kept.begin(), kept.end(), [&](const ScriptElement& one) {
            return one.id == element.id;
        });
        result.faults.emplace_back(element.id, needed);
    }
    return result;
}

}  // namespace brokersim
