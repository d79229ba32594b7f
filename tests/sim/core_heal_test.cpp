// When only a core is healed: it has a quorum, nobody else comes back, and it gets on.
#include "scenarios/parser.h"
#include "sim/run.h"

#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <vector>

namespace brokersim {
namespace {

/// What a run says from the heal on.
class AfterHeal final : public TraceSink {
public:
    void line(std::uint64_t, broker::Time, std::string_view text) override {
        healed_ = healed_ || text.substr(0, 7) == "-- core";
        if (healed_) {
            lines.emplace_back(text);
        }
    }
    [[nodiscard]] bool says(const std::string& part) const {
        return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
            return line.find(part) != std::string::npos;
        });
    }
    std::vector<std::string> lines;

private:
    bool healed_ = false;
};

Scenario lose_two_of_five(const char* heal) {
    std::string const text = fmt::format(
        R"j({{"format":1,"name":"heal-test","why":"A test.","extends":"base-five-brokers.json",
             "workload":{{"messages":100}},"run":{{"virtual_time":"4s"}},
             "faults":{{"heal":"{}","script":[
                 {{"id":"dead","at":"1s","do":"crash","target":"n1","args":{{"kind":"power"}}}},
                 {{"id":"asleep","at":"2s","do":"pause","target":"n2"}}]}}}})j",
        heal);
    ParseOutcome const outcome =
        parse_scenario_text(std::string{BROKERSIM_LIBRARY_DIR} + "/base/heal-test.json", text);
    REQUIRE(outcome.scenario.has_value());
    return *outcome.scenario;
}

}  // namespace

TEST_CASE("heal: whoever is left behind stays so, and the core gets on without", "[sim]") {
    Scenario const scenario = lose_two_of_five("core");
    int without_the_dead = 0;
    int without_the_sleeper = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        AfterHeal sink;
        RunOptions options;
        options.sink = &sink;

        RunResult const run = run_once(scenario, seed, options);

        INFO("seed " << seed);
        CHECK(run.verdict == RunVerdict::pass);
        REQUIRE_FALSE(sink.lines.empty());
        const std::string& core = sink.lines.front();
        bool const has_n1 = core.find(" n1") != std::string::npos;
        bool const has_n2 = core.find(" n2") != std::string::npos;
        CHECK(core.find(" n3 n4 n5") != std::string::npos);
        CHECK(sink.says("n1/2 start") == has_n1);
        without_the_dead += has_n1 ? 0 : 1;
        without_the_sleeper += has_n2 ? 0 : 1;
    }
    CHECK(without_the_dead > 10);
    CHECK(without_the_dead < 40);
    CHECK(without_the_sleeper > 10);
    CHECK(without_the_sleeper < 40);
}

TEST_CASE("heal: all are healed unless a core is asked for", "[sim]") {
    AfterHeal sink;
    RunOptions options;
    options.sink = &sink;

    RunResult const run = run_once(lose_two_of_five("all"), 1, options);

    CHECK(run.verdict == RunVerdict::pass);
    CHECK(sink.lines.empty());
}

}  // namespace brokersim
