// Draws: the same everywhere, and unmoved by keys that have nothing to do with them.
#include "broker_core/base/hash.h"
#include "scenarios/knobs.h"
#include "scenarios/run_config.h"
#include "scenarios/writer.h"
#include "tests/scenarios/document.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace brokersim;
using namespace brokersim::test;

namespace {

/// Everything of a run that was drawn, as text.
std::string print(const RunConfig& run) {
    std::string text = fmt::format("{} {} {}\n", run.brokers, run.warm_up.nanoseconds(),
                                   run.virtual_time.nanoseconds());
    for (const auto& topic : run.topics) {
        text += fmt::format("{} {} {}\n", topic.name, topic.partitions, topic.replication_factor);
    }
    for (const NodeClock& clock : run.clocks) {
        text += fmt::format("{} {}\n", clock.offset.nanoseconds(), clock.drift_ppm);
    }
    for (const NodeStart& start : run.starts) {
        text += fmt::format("{} {}\n", start.broker, start.at.nanoseconds());
    }
    for (const ProducerConfig& producer : run.producers) {
        text += fmt::format("{} {} {}\n", static_cast<int>(producer.acks), producer.idempotent,
                            producer.batch_records);
    }
    for (const StepConfig& step : run.steps) {
        text += fmt::format("{} {} {}\n", step.id, step.messages, step.interval.nanoseconds());
    }
    for (const std::string& line : run.drawn_values) {
        text += line + '\n';
    }
    for (const Element& element : run.plan) {
        text += write_element(element) + '\n';
    }
    return text;
}

std::map<std::string, std::string> values(const RunConfig& run) {
    std::map<std::string, std::string> found;
    for (const std::string& line : run.drawn_values) {
        std::size_t const equals = line.find(" = ");
        found[line.substr(0, equals)] = line.substr(equals + 3);
    }
    return found;
}

Scenario quick_swarm() {
    return *parse_scenario(BROKERSIM_LIBRARY_DIR "/swarm/quick-swarm.json").scenario;
}

const std::string varied = R"("cluster": {"brokers": {"choice": [3, 5]}},
  "workload": {"producers": {"uniform": [1, 8]}, "messages": {"log_uniform": [10, 5000]}},
  "faults": {"random": {"crash": {"every": {"exponential": {"mean": "1s"}}, "target": ["one", "n1"],
    "for": {"uniform": ["10ms", "1s"]}}}})";

}  // namespace

TEST_CASE("draw: the same seed gives the same run, another seed another", "[scenarios]") {
    Scenario const scenario = quick_swarm();

    CHECK(print(draw_run(scenario, 7)) == print(draw_run(scenario, 7)));
    CHECK(print(draw_run(scenario, 7)) != print(draw_run(scenario, 8)));
}

TEST_CASE("draw: a fixed set of seeds gives a fixed hash, for every compiler", "[scenarios]") {
    Scenario const scenario = good(varied + R"(, "tuning": {"swarm": true})");
    Scenario swarm = scenario;
    swarm.faults.swarm = true;
    std::uint64_t hash = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        hash = broker::fold64(hash, broker::hash_text(print(draw_run(scenario, seed))));
        hash = broker::fold64(hash, broker::hash_text(print(draw_run(swarm, seed))));
    }

    CHECK(fmt::format("{:016x}", hash) == "c2d235bb8747b550");
}

TEST_CASE("draw: a comment or an unrelated key moves no other draw", "[scenarios]") {
    RunConfig const before = draw_run(good(varied), 3);
    std::string more = varied;
    more.insert(more.find("\"producers\""), R"("payload": {"uniform": ["1B", "1KiB"]}, )");
    more.insert(more.find("\"target\""), R"("enabled": 0.9999, "comment": ["a", "b"], )");
    more += R"(, "tuning": {"raft.heartbeat": {"uniform": ["20ms", "60ms"]}}, "comment": "c")";

    RunConfig const after = draw_run(good(more), 3);

    for (const auto& [pointer, value] : values(before)) {
        INFO(pointer);
        CHECK(values(after)[pointer] == value);
    }
    REQUIRE(before.plan.size() == after.plan.size());
    for (std::size_t i = 0; i < before.plan.size(); ++i) {
        CHECK(write_element(before.plan[i]) == write_element(after.plan[i]));
    }
}

TEST_CASE("draw: names, comments and seeds change no hash, values do", "[scenarios]") {
    std::uint64_t const hash = good(varied).hash;

    CHECK(
        good(varied + R"(, "comment": "x", "tags": ["a"], "run": {"seeds": {"count": 9}})").hash ==
        hash);
    CHECK(good(varied + R"(, "run": {"virtual_time": "11s"})").hash != hash);
    CHECK(good(varied + R"(, "run": {"virtual_time": "10000ms"})").hash == hash);
}

TEST_CASE("draw: faults of a swarm begin inside the run phase, modes have their shares",
          "[scenarios]") {
    Scenario const scenario = quick_swarm();
    int control = 0;
    int one_class = 0;
    int all = 0;
    for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
        RunConfig const run = draw_run(scenario, seed);
        std::string const mode = values(run)["/faults/swarm/mode"];
        control += mode == "control" ? 1 : 0;
        one_class += mode == "one class" ? 1 : 0;
        all += mode == "all classes" ? 1 : 0;
        bool const inside = std::all_of(run.plan.begin(), run.plan.end(), [&](const Element& e) {
            return e.trigger.at >= Duration{} &&
                   e.trigger.at < run.virtual_time - run.limits.stop_before_end && !e.scripted;
        });
        CHECK(inside);
        CHECK((mode != "control" || run.plan.empty()));
    }

    CHECK(control > 60);
    CHECK(control < 140);
    CHECK(one_class > 140);
    CHECK(one_class < 260);
    CHECK(all > 140);
    CHECK(all < 260);
}

TEST_CASE("draw: disks are of one kind, or each of its own where they are mixed", "[scenarios]") {
    auto const kinds = [](const std::string& mixed) {
        Scenario const scenario =
            good(R"("cluster": {"disk": {"profile": {"choice": ["xfs", "slow", "btrfs"]}, )" +
                 mixed + "}}");
        std::set<std::size_t> found;
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            RunConfig const run = draw_run(scenario, seed);
            std::set<DiskProfile> profiles;
            for (const DiskOfBroker& disk : run.disks) {
                profiles.insert(disk.profile);
            }
            CHECK(run.disks.size() == run.brokers);
            found.insert(profiles.size());
        }
        return found;
    };

    CHECK(kinds(R"("mixed": false)") == std::set<std::size_t>{1});
    CHECK(kinds(R"("mixed": true)") == std::set<std::size_t>{1, 2, 3});
}

TEST_CASE("draw: a slow disk among others is slow by itself", "[scenarios]") {
    auto const longest = [](const RunConfig& run, std::size_t broker) {
        return run.disk_write.largest() * run.disks[broker].slowness;
    };
    std::string const disk = R"("cluster": {"disk": {"write": "1ms", "profile": )";
    RunConfig const all = draw_run(good(disk + R"("slow"}})"), 1);
    CHECK(longest(all, 0) == 10'000'000);
    CHECK(longest(all, 2) == 10'000'000);

    Scenario const mixed = good(disk + R"({"choice": ["slow", "strict"]}, "mixed": true}})");
    bool both = false;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        RunConfig const run = draw_run(mixed, seed);
        for (std::size_t broker = 0; broker < run.disks.size(); ++broker) {
            bool const slow = run.disks[broker].profile == DiskProfile::slow;
            CHECK(longest(run, broker) == (slow ? 10'000'000 : 1'000'000));
            both = both || run.disks[broker].slowness != run.disks[0].slowness;
        }
    }
    CHECK(both);
}

TEST_CASE("draw: nine in ten random crashes wait for work in flight", "[scenarios]") {
    Scenario const scenario = good(varied);
    std::size_t armed = 0;
    std::size_t crashes = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        for (const Element& element : draw_run(scenario, seed).plan) {
            ++crashes;
            armed += element.trigger.kind == Trigger::Kind::arm ? 1U : 0U;
        }
    }

    CHECK(armed * 100 > crashes * 85);
    CHECK(armed * 100 < crashes * 95);
}

TEST_CASE("draw: a quarter of the knobs of a swarm leave their default", "[scenarios]") {
    Scenario const scenario = good(R"("tuning": {"swarm": true})");
    std::size_t moved = 0;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        for (const auto& [pointer, value] : values(draw_run(scenario, seed))) {
            moved += pointer.rfind("/tuning/", 0) == 0 ? 1U : 0U;
        }
    }

    auto const table = knob_table();
    auto const knobs = static_cast<std::size_t>(std::count_if(
        table.begin(), table.end(), [](const KnobRow& row) { return !row.rare.empty(); }));
    CHECK(moved > 400 * knobs / 4 * 9 / 10);
    CHECK(moved < 400 * knobs / 4 * 11 / 10);
}

TEST_CASE("draw: no two nodes have clocks of one rate", "[scenarios]") {
    RunConfig const run = draw_run(
        good(R"("cluster": {"brokers": 9, "clocks": {"drift_ppm": 0, "offset": "0s"}})"), 1);

    for (std::size_t i = 0; i < run.clocks.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            CHECK(run.clocks[i].drift_ppm != run.clocks[j].drift_ppm);
        }
    }
}

TEST_CASE("draw: times and arguments of scripted faults and steps are drawn within their bounds",
          "[scenarios]") {
    Scenario const scenario = good(R"("workload": {"steps": [
        {"id": "s", "when": {"event": "node_up", "after": {"uniform": ["1ms", "9ms"]}}}]},
      "faults": {"script": [
        {"id": "a", "at": {"uniform": ["1s", "2s"]}, "do": "crash", "target": "n1",
         "for": {"choice": ["1s", "3s"]}},
        {"id": "b", "when": {"event": "fault_ended", "id": "a",
                            "after": {"uniform": ["1ms", "5ms"]}},
         "do": "delay", "for": "1s", "args": {"by": {"uniform": ["1ms", "9ms"]}}}]})");
    std::set<std::int64_t> starts;

    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        RunConfig const run = draw_run(scenario, seed);

        std::int64_t const at = run.plan[0].trigger.at.nanoseconds();
        starts.insert(at);
        CHECK((at >= 1'000'000'000 && at <= 2'000'000'000));
        std::int64_t const lasts = run.plan[0].lasts->nanoseconds();
        CHECK((lasts == 1'000'000'000 || lasts == 3'000'000'000));
        std::int64_t const after = run.plan[1].trigger.after.nanoseconds();
        CHECK((after >= 1'000'000 && after <= 5'000'000));
        std::int64_t const by = run.plan[1].by.nanoseconds();
        CHECK((by >= 1'000'000 && by <= 9'000'000));
        std::int64_t const step = run.steps[0].trigger.after.nanoseconds();
        CHECK((step >= 1'000'000 && step <= 9'000'000));
    }
    CHECK(starts.size() > 40);
}

TEST_CASE("draw: a drawn time of one fault moves no other draw", "[scenarios]") {
    std::string const other = R"({"id": "b", "at": {"uniform": ["1s", "2s"]}, "do": "crash",
        "target": "n2", "for": "1s"})";
    std::string const first = R"({"id": "a", "at": {"uniform": ["1s", "9s"]}, "do": "crash",
        "target": "n1", "for": "1s"})";
    Scenario const one = good(R"("faults": {"script": [)" + other + "]}");
    Scenario const two = good(R"("faults": {"script": [)" + first + ", " + other + "]}");

    CHECK(draw_run(one, 5).plan[0].trigger.at == draw_run(two, 5).plan[1].trigger.at);
}
