// The library: every file is right, small, and says the same when written again.
#include "scenarios/library.h"

#include "scenarios/catalogue.h"
#include "scenarios/run_config.h"
#include "scenarios/writer.h"
#include "tests/scenarios/document.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

using namespace brokersim;
using namespace brokersim::test;

namespace {

std::vector<std::string> library() {
    return list_scenarios({BROKERSIM_LIBRARY_DIR});
}

}  // namespace

TEST_CASE("library: every file parses without a word", "[scenarios]") {
    REQUIRE(library().size() >= 75);
    for (const std::string& path : library()) {
        ParseOutcome const outcome = parse_scenario(path);
        INFO(render_text(outcome.diagnostics, 1));
        CHECK(outcome.scenario);
        CHECK(outcome.diagnostics.empty());
    }
}

TEST_CASE("library: names are unique and files have less than 80 lines", "[scenarios]") {
    std::set<std::string> names;
    for (const std::string& path : library()) {
        std::ifstream input{path};
        INFO(path);
        CHECK(std::count(std::istreambuf_iterator<char>{input}, {}, '\n') < 80);
        CHECK(names.insert(std::filesystem::path{path}.stem().string()).second);
    }
}

TEST_CASE("library: every row and trap is covered", "[scenarios]") {
    std::set<std::string> covered;
    for (const std::string& path : library()) {
        Scenario const scenario = *parse_scenario(path).scenario;
        covered.insert(scenario.covers.begin(), scenario.covers.end());
    }
    auto const check = [&](const std::string& id) {
        INFO(id);
        CHECK(covered.contains(id));
    };
    for (const LegalityRow& row : legality_table()) {
        check(std::string{row.id});
    }
    for (const TrapRow& row : trap_table()) {
        check("trap:" + std::string{row.name});
    }
}

TEST_CASE("library: the written form reads back to the same scenario", "[scenarios]") {
    for (const std::string& path : library()) {
        Scenario const scenario = *parse_scenario(path).scenario;
        std::string const written = write_scenario(scenario);

        ParseOutcome const again = parse_scenario_text(path, written);

        INFO(path << "\n" << render_text(again.diagnostics, 1));
        REQUIRE(again.scenario);
        CHECK(again.scenario->hash == scenario.hash);
        CHECK(write_scenario(*again.scenario) == written);
    }
}

TEST_CASE("library: a drawn plan can be written down as a script", "[scenarios]") {
    for (const std::string& path : library()) {
        Scenario scenario = *parse_scenario(path).scenario;
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            RunConfig const run = draw_run(scenario, seed);
            Scenario pinned = scenario;
            pinned.faults.swarm = false;
            pinned.faults.random.clear();
            pinned.faults.script.assign(run.plan.begin(), run.plan.end());
            pinned.cluster.brokers = Distribution::fixed(run.brokers);
            pinned.run.virtual_time = Distribution::fixed(run.virtual_time.nanoseconds());
            for (std::size_t i = 0; i < run.topics.size(); ++i) {
                pinned.cluster.topics[i].partitions = Distribution::fixed(run.topics[i].partitions);
            }

            ParseOutcome const outcome = parse_scenario_text(path, write_scenario(pinned));

            INFO(path << " seed " << seed << "\n" << render_text(outcome.diagnostics, 1));
            REQUIRE(outcome.scenario);
            CHECK(outcome.scenario->faults.script.size() == run.plan.size());
        }
    }
}

TEST_CASE("library: names, paths and folders are found, typos get a suggestion", "[scenarios]") {
    std::vector<std::string> const roots = {BROKERSIM_LIBRARY_DIR};

    CHECK(find_scenario("chaos-3-leader-kill", roots).paths.size() == 1);
    CHECK(find_scenario(find_scenario("quick-swarm", roots).paths[0], {}).paths.size() == 1);
    CHECK(find_scenario(BROKERSIM_LIBRARY_DIR "/base", {}).paths.size() == 3);
    CHECK(find_scenario("chaos-3-leader-kil", roots).error ==
          "no scenario, file or folder is called chaos-3-leader-kil; did you mean "
          "chaos-3-leader-kill?");
}
