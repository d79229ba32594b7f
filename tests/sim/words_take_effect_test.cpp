// Tests that the words of the scenario language do what they say in a run.
#include "scenarios/parser.h"
#include "sim/run.h"
#include "tests/support/written_scenario.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace brokersim {
namespace {

/// A scenario that extends the file `base` of the library's base/ by `more`.
Scenario scenario_with(std::string const& base, std::string const& more) {
    std::string const text = R"({"format": 1, "name": "small", "why": "A test.", "extends": ")" +
                             base + "\"" + more + "}";
    return test::written_scenario("small", text);
}

/// In how many of the first seeds the judge found a copy that was legal.
int seeds_with_legal_copies(Scenario const& scenario, std::uint64_t seeds) {
    int count = 0;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
        RunResult const result = run_once(scenario, seed);
        INFO("seed " << seed);
        CHECK(result.verdict == RunVerdict::pass);
        count += static_cast<int>(std::count(result.notes_hit.begin(), result.notes_hit.end(),
                                             "judge.duplicate_allowed"));
    }
    return count;
}

/// A fault with the id "it" that waits for a word or aims by one, and what brings that about.
struct Word {
    const char* name;
    const char* it;
    const char* before = "";  // elements, each with a comma behind it
    const char* more = "";    // other keys of the file, each with a comma before it
    int brokers = 3;
};

Scenario scenario_of(const Word& word) {
    std::string const brokers = std::to_string(word.brokers);
    return scenario_with(
        "base-three-brokers.json",
        R"(, "run": {"virtual_time": "8s"}, "cluster": {"brokers": )" + brokers +
            R"(, "topics": [{"name": "orders", "partitions": 1, "replication_factor": 3}]})" +
            word.more + R"(, "faults": {"script": [)" + word.before + R"({"id": "it", )" + word.it +
            "}]}");
}

/// What became of "it", in whichever run.
const FaultLine& line_of_it(const RunResult& run) {
    auto const it = std::find_if(run.faults.begin(), run.faults.end(),
                                 [](const FaultLine& line) { return line.id == "it"; });
    REQUIRE(it != run.faults.end());
    return *it;
}

constexpr const char* fall = R"j({"id": "fall", "at": "1s", "do": "crash", "target": "n1",
    "for": "500ms", "args": {"kind": "process"}},)j";
constexpr const char* reset = R"j({"id": "reset", "at": "1s", "do": "reset", "target": "clients",
    "args": {"point": "after"}, "may_miss": true},)j";
constexpr const char* no_quorum = R"j({"id": "cut", "at": "1s", "do": "partition", "for": "3s",
    "topology": [["n1"], ["n2"], ["n3"]]},)j";

constexpr Word words[] = {
    {"wal_sync_failed",
     R"j("when": {"event": "wal_sync_failed"}, "do": "reset", "target": "clients")j",
     R"j({"id": "bad", "at": "1s", "do": "sync_error", "target": "leader(orders/0)",
        "for": "1s"},)j"},
    {"first_reply_after_restart",
     R"j("when": {"event": "first_reply_after_restart"}, "do": "pause",
        "target": "all", "for": "300ms")j",
     R"j({"id": "night", "at": "1s", "do": "all_down", "for": "500ms",
         "args": {"kind": "process"}},)j"},
    {"node_recovered",
     R"j("when": {"event": "node_recovered", "target": "n1", "not_before": "1s"}, "do": "pause",
        "target": "n1", "for": "300ms")j",
     fall},
    {"response_lost",
     R"j("when": {"event": "response_lost"}, "do": "pause", "target": "leader(orders/0)",
        "for": "300ms")j",
     R"j({"id": "deaf", "at": "1s", "do": "client_partition", "target": "leader(orders/0)",
         "for": "500ms"},)j"},
    {"producer_retry",
     R"j("when": {"event": "producer_retry"}, "do": "pause", "target": "leader(orders/0)",
        "for": "300ms")j",
     reset, R"j(, "workload": {"rate": "2000/s", "messages": 5000})j"},
    {"producer_expired",
     R"j("when": {"event": "producer_expired"}, "do": "pause", "target": "n2", "for": "300ms")j",
     no_quorum, R"j(, "workload": {"delivery_timeout": "1s"})j"},
    {"step_done",
     R"j("when": {"event": "step_done", "id": "second"}, "do": "pause", "target": "n2",
        "for": "300ms")j",
     "",
     R"j(, "workload": {"steps": [{"id": "first", "at": "100ms", "messages": 20},
        {"id": "second", "when": {"event": "step_done", "id": "first", "after": "500ms"},
         "messages": 20}]})j"},
    {"minority_third",
     R"j("at": "2s", "do": "pause", "target": "minority_third", "for": "300ms")j"},
    {"candidate",
     R"j("when": {"event": "election_started", "not_before": "1s"}, "do": "pause",
        "target": "candidate(orders/0)", "for": "300ms")j",
     R"j({"id": "stop", "at": "1s", "do": "pause", "target": "leader(orders/0)", "for": "2s"},)j"},
    {"learner", R"j("at": "2s", "do": "pause", "target": "learner(orders/0)", "for": "300ms")j",
     R"j({"id": "join", "at": "1s", "do": "add_learner", "target": "n4",
         "args": {"partition": "orders/0"}},)j",
     "", 4},
    {"lagging", R"j("at": "2s", "do": "pause", "target": "lagging(orders/0)", "for": "300ms")j"},
    {"tiebreaker",
     R"j("at": "2s", "do": "pause", "target": "tiebreaker(orders/0)", "for": "300ms")j"},
    {"topology minority_third",
     R"j("at": "2s", "do": "partition", "topology": "minority_third", "for": "300ms")j"},
    {"unsent_ack",
     R"j("arm": {"on": "unsent_ack"}, "do": "pause", "target": "leader(orders/0)",
        "for": "300ms")j"},
    {"replication",
     R"j("arm": {"on": "replication"}, "do": "pause", "target": "leader(orders/0)",
        "for": "300ms")j"},
    {"snapshot",
     R"j("arm": {"on": "snapshot"}, "do": "pause", "target": "leader(orders/0)", "for": "300ms")j",
     R"j({"id": "away", "at": "1s", "do": "crash", "target": "follower(orders/0)", "for": "2s"},)j",
     R"j(, "tuning": {"wal.segment_bytes": "4KiB", "raft.snapshot_threshold": 10,
        "raft.trailing": 0, "partition.retention_bytes": "4KiB"})j"},
    {"only votes", R"j("at": "1s", "do": "drop", "for": "2s", "only": ["votes"])j",
     R"j({"id": "fall", "at": "1s", "do": "crash", "target": "leader(orders/0)", "for": "4s"},)j"},
    {"only appends",
     R"j("at": "1s", "do": "drop", "for": "2s", "only": ["appends", "append_replies"],
        "args": {"probability": 0.3})j"},
    {"only heartbeats", R"j("at": "1s", "do": "partition", "topology": "leader", "for": "2s",
        "only": ["heartbeats"])j"},
    {"only produce", R"j("at": "1s", "do": "delay", "for": "2s", "only": ["produce"],
        "args": {"by": "20ms"})j"},
    {"shutdown",
     R"j("arm": {"on": "shutdown"}, "do": "crash", "target": "n1", "for": "500ms",
        "args": {"kind": "process"})j",
     R"j({"id": "stop", "at": "1s", "do": "shutdown", "target": "n1", "for": "500ms"},)j"},
};

}  // namespace

TEST_CASE("words: events, roles and work in flight are found, and faults strike there", "[sim]") {
    for (const Word& word : words) {
        Scenario const scenario = scenario_of(word);
        for (std::uint64_t const seed : {1U, 2U, 3U}) {
            RunResult const run = run_once(scenario, seed);

            INFO(word.name << ", seed " << seed << ": struck " << line_of_it(run).target);
            CHECK(run.verdict == RunVerdict::pass);
            CHECK(line_of_it(run).fate == ElementFate::effective);
        }
    }
}

TEST_CASE("words: naive_bump stores batches of unknown fate again, default does not", "[sim]") {
    std::string const lost_responses = R"(, "faults": {"random": {"reset": {
        "every": "300ms", "target": "clients", "args": {"point": "after"}}}})";
    std::string const naive = R"(, "workload": {"flavour": "naive_bump"})" + lost_responses;

    CHECK(seeds_with_legal_copies(scenario_with("base-three-brokers.json", naive), 10) > 5);
    CHECK(seeds_with_legal_copies(scenario_with("base-three-brokers.json", lost_responses), 10) ==
          0);
}

TEST_CASE("words: only leaves all other messages alone", "[sim]") {
    Word const snapshots{"only snapshots",
                         R"j("at": "1s", "do": "drop", "for": "4s", "only": ["snapshot_chunks"])j"};

    RunResult const run = run_once(scenario_of(snapshots), 1);  // of which there are none

    CHECK(run.verdict == RunVerdict::void_run);
    CHECK(line_of_it(run).fate == ElementFate::fired);
}

TEST_CASE("words: a queue of so many loses one of too many, until the faults are over", "[sim]") {
    std::string const busy = R"(, "workload": {"rate": "2000/s", "messages": 3000})";
    auto const run_with = [&](const std::string& capacity) {
        Scenario const scenario = scenario_with(
            "base-three-brokers.json",
            busy + R"(, "cluster": {"network": {"queue_capacity": )" + capacity + "}}");
        return run_once(scenario, 1);
    };

    RunResult const unlimited = run_with("0");
    RunResult const wide = run_with("1000");
    RunResult const narrow = run_with("2");

    CHECK(narrow.verdict == RunVerdict::pass);
    CHECK(wide.events == unlimited.events);  // it never was that full
    CHECK(narrow.events != unlimited.events);
}

}  // namespace brokersim
