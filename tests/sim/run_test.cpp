// Tests of whole runs: one seed, one hash; and a run that proved nothing says so.
#include "sim/run.h"

#include "scenarios/parser.h"
#include "tests/support/written_scenario.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace brokersim {
namespace {

Scenario library_scenario(std::string const& path) {
    ParseOutcome const outcome = parse_scenario(std::string{BROKERSIM_LIBRARY_DIR} + "/" + path);
    REQUIRE(outcome.scenario.has_value());
    return *outcome.scenario;
}

/// A scenario that extends base-one-broker by `more`.
Scenario small_scenario(std::string const& more) {
    std::string const text =
        R"({"format": 1, "name": "small", "why": "A test.", "extends": "base-one-broker.json")" +
        more + "}";
    return test::written_scenario("small", text);
}

class CountingSink final : public TraceSink {
public:
    void line(std::uint64_t, broker::Time, std::string_view text) override {
        ++lines;
        bytes += text.size();
    }
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
};

bool any_contains(std::vector<std::string> const& texts, std::string const& part) {
    return std::any_of(texts.begin(), texts.end(), [&](std::string const& text) {
        return text.find(part) != std::string::npos;
    });
}

constexpr const char* scenarios[] = {"base/base-three-brokers.json",
                                     "legality/t07-power-loss-of-the-leader.json",
                                     "incident/chaos-3-leader-kill.json"};

}  // namespace

TEST_CASE("run: the same seed gives the same hash, twice in one process", "[sim]") {
    for (const char* path : scenarios) {
        Scenario const scenario = library_scenario(path);

        RunResult const first = run_once(scenario, 7);
        RunResult const second = run_once(scenario, 7);

        INFO(path);
        CHECK(first.verdict == RunVerdict::pass);
        CHECK(first.trace_hash == second.trace_hash);
        CHECK(first.checkpoints == second.checkpoints);
        CHECK(first.events == second.events);
        CHECK(first.comparisons > 0);
    }
}

TEST_CASE("run: other seeds give other runs", "[sim]") {
    Scenario const scenario = library_scenario(scenarios[0]);
    std::vector<std::uint64_t> hashes;

    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        hashes.push_back(run_once(scenario, seed).trace_hash);
    }

    std::sort(hashes.begin(), hashes.end());
    CHECK(std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end());
}

TEST_CASE("run: a drawn plan that is written down as a script plays the same", "[sim]") {
    Scenario const scenario = library_scenario("swarm/quick-swarm.json");
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        RunResult const drawn = run_once(scenario, seed);
        std::vector<Element> script = drawn.plan;
        for (Element& element : script) {
            element.scripted = true;
            element.may_miss = true;
        }
        RunOptions options;
        options.plan = &script;

        RunResult const scripted = run_once(scenario, seed, options);

        INFO("seed " << seed);
        CHECK(scripted.trace_hash == drawn.trace_hash);
    }
}

TEST_CASE("run: a retry that is answered from what was recovered needs no append", "[sim]") {
    // A leader that had not yet written its no-op confirmed a batch of its former life.
    RunResult const result =
        run_once(library_scenario("swarm/quick-swarm.json"), 0x13ce4c1fb8f53ba0U);

    CHECK(result.verdict == RunVerdict::pass);
}

TEST_CASE("run: a log sink, the judge and the full report change nothing", "[sim]") {
    Scenario const scenario = library_scenario(scenarios[1]);
    CountingSink sink;
    std::string history;
    RunOptions loud;
    loud.sink = &sink;
    loud.full_report = true;
    loud.history_json = &history;
    RunOptions quiet;
    quiet.judge = false;

    RunResult const plain = run_once(scenario, 3);
    RunResult const watched = run_once(scenario, 3, loud);
    RunResult const unjudged = run_once(scenario, 3, quiet);

    CHECK(sink.lines > 100);
    CHECK_FALSE(history.empty());
    CHECK(watched.trace_hash == plain.trace_hash);
    CHECK(unjudged.trace_hash == plain.trace_hash);
}

TEST_CASE("run: without faults and with what it must reach, a run passes", "[sim]") {
    Scenario const scenario = small_scenario(R"(, "expect": {"reaches": ["ack_all_sent"]})");

    RunResult const result = run_once(scenario, 1);

    CHECK(result.verdict == RunVerdict::pass);
    CHECK(result.void_reasons.empty());
    CHECK(result.judged);
}

TEST_CASE("run: a required probe that was never reached makes it void", "[sim]") {
    Scenario const scenario = small_scenario(R"(, "expect": {"reaches": ["log_truncated"]})");

    RunResult const result = run_once(scenario, 1);

    CHECK(result.verdict == RunVerdict::void_run);
    CHECK(any_contains(result.void_reasons, "log_truncated"));
}

TEST_CASE("run: a scripted fault without effect makes it void", "[sim]") {
    Scenario const scenario = small_scenario(R"(, "faults": {"script": [
        {"id": "again", "at": "1s", "do": "restart", "target": "n1"},
        {"id": "kill", "at": "3s", "do": "crash", "target": "n1", "for": "1s"}]})");

    RunResult const result = run_once(scenario, 1);

    CHECK(result.verdict == RunVerdict::void_run);
    CHECK(any_contains(result.void_reasons, "again"));
}

TEST_CASE("run: a fault of links with a target says whose links it struck", "[sim]") {
    ParseOutcome const outcome = parse_scenario_text(
        std::string{BROKERSIM_LIBRARY_DIR} + "/base/small.json",
        R"x({"format": 1, "name": "small", "why": "A test.", "extends": "base-three-brokers.json",
            "run": {"virtual_time": "8s"},
            "faults": {"script": [{"id": "lossy", "at": {"uniform": ["100ms", "300ms"]},
                "do": "drop", "target": "follower(orders/0)", "for": "1s"}]}})x");
    REQUIRE(outcome.scenario.has_value());

    RunResult const result = run_once(*outcome.scenario, 3);

    CHECK(result.verdict == RunVerdict::pass);
    REQUIRE(result.faults.size() == 1);
    CHECK(result.faults[0].fate == ElementFate::effective);
    CHECK(result.faults[0].target.size() == 2);  // one broker
}

TEST_CASE("run: a bridge and a ring of majorities leave a quorum in reach", "[sim]") {
    for (std::string const shape : {"bridge", "majorities_ring"}) {
        ParseOutcome const outcome = parse_scenario_text(
            std::string{BROKERSIM_LIBRARY_DIR} + "/base/small.json",
            R"({"format": 1, "name": "small", "why": "A test.", "extends": "base-five-brokers.json",
                "run": {"virtual_time": "8s"},
                "faults": {"script": [{"id": "cut", "at": "1s", "do": "partition", "topology": ")" +
                shape + R"(", "for": "3s"}]}})");
        REQUIRE(outcome.scenario.has_value());

        RunResult const result = run_once(*outcome.scenario, 3);

        INFO(shape);
        CHECK(result.verdict == RunVerdict::pass);
        CHECK(result.faults[0].fate == ElementFate::effective);
    }
}

TEST_CASE("run: a scripted fault with an effect is told as such", "[sim]") {
    Scenario const scenario = small_scenario(R"(, "faults": {"script": [
        {"id": "kill", "at": "500ms", "do": "crash", "target": "n1", "for": "1s",
         "args": {"kind": "process"}}]})");

    RunResult const result = run_once(scenario, 1);

    CHECK(result.verdict == RunVerdict::pass);
    REQUIRE(result.faults.size() == 1);
    CHECK(result.faults[0].fate == ElementFate::effective);
    CHECK(result.lives.size() == 2);
    CHECK(result.lives.back().incarnation == 2);
}

}  // namespace brokersim
