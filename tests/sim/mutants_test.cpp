// Tests of the figures of planted bugs: headers, percentiles, gates, differences, pins.
#include "scenarios/parser.h"
#include "sim/mutants/pins.h"
#include "sim/mutants/score.h"
#include "sim/mutants/scoreboard.h"

#include <catch2/catch.hpp>

namespace brokersim {
namespace {

const std::string header =
    "# id: M1\n# title: first\n# title: second\n# story: s\n# source: s\n# needs: five dup\n"
    "# trigger: t\n# detectors: R16 LOST_ACKED\n# tier: smoke\n";
const std::string diff =
    "--- a/broker_core/wal/wal.cpp\n+++ b/broker_core/wal/wal.cpp\n@@ -1,1 +1,2 @@\n a\n+b\n";

CampaignOutcome campaign(std::uint64_t seeds, const std::string& violated) {
    CampaignOutcome outcome;
    outcome.found = !violated.empty();
    outcome.seeds = seeds;
    if (outcome.found) {
        outcome.first.violated = {violated, "LOST_ACKED"};
    }
    return outcome;
}

PatchFile patch_of(Tier tier) {
    PatchFile patch = *parse_patch("x/some-bug.patch", header + diff, Origin::catalogue);
    patch.tier = tier;
    return patch;
}

}  // namespace

TEST_CASE("mutants: a header is read, lines of one key joined", "[mutants]") {
    auto const patch = parse_patch("x/some-bug.patch", header + diff, Origin::catalogue);

    REQUIRE(patch);
    CHECK(patch->name == "some-bug");
    CHECK(patch->title == "first second");
    CHECK(patch->needs == std::vector<std::string>{"five", "dup"});
    CHECK(patch->detectors.front() == "R16");
    CHECK(patch->target == "broker_core/wal/wal.cpp");
    CHECK(patch->seeds_max() == 10);
}

TEST_CASE("mutants: what a header or a diff may not be is said", "[mutants]") {
    auto const error = [](const std::string& text, Origin origin = Origin::catalogue) {
        auto const patch = parse_patch("x.patch", text, origin);
        return patch ? std::string{} : patch.error();
    };
    std::string const two_files = diff + "--- a/broker_core/wal/boot.cpp\n";

    CHECK(error(header + "# colour: red\n" + diff) == "unknown key colour");
    CHECK(error(header + "# tier: smoke\n" + diff) == "tier stands twice");
    CHECK(error("# id: M1\n" + diff) == "title is missing");
    CHECK(error(header + "# budget: 0\n" + diff) == "budget 0 is not a number of seeds");
    CHECK(error(header + two_files).starts_with("it must change exactly one"));
    CHECK(error("# title: t\n" + diff, Origin::outside).empty());
    CHECK_FALSE(
        error("# title: t\n--- a/sim/run.cpp\n+++ b/sim/run.cpp\n", Origin::outside).empty());
}

TEST_CASE("mutants: percentiles are by nearest rank", "[mutants]") {
    CHECK(nearest_rank({}, 50) == 0);
    CHECK(nearest_rank({7}, 95) == 7);
    CHECK(nearest_rank({4, 1, 3, 2}, 50) == 2);
    CHECK(nearest_rank({4, 1, 3, 2}, 95) == 4);
}

TEST_CASE("mutants: a campaign that misses counts as more than its budget", "[mutants]") {
    MutantScore const score =
        score_of(patch_of(Tier::smoke), "s", 10,
                 {campaign(1, "R16"), campaign(3, "R7"), campaign(2, "R16"), campaign(10, "")});

    CHECK(score.figures.found == 3);
    CHECK(score.figures.median == 2);
    CHECK(score.figures.p95 == 11);
    CHECK(score.figures.detector == "R16");
    CHECK(score.figures.history == "LOST_ACKED");
    CHECK_FALSE(score.is_later_than_expected());
    CHECK_FALSE(score.is_found());
}

TEST_CASE("mutants: a campaign that the machine ended is neither found nor missed", "[mutants]") {
    CampaignOutcome ended = campaign(4, "");
    ended.trouble = "out of memory";

    MutantScore const score = score_of(patch_of(Tier::smoke), "s", 10, {campaign(2, "R16"), ended});

    CHECK(score.figures.campaigns == 1);
    CHECK(score.figures.p95 == 2);
    CHECK(score.is_found());
    CHECK(score.troubles.size() == 1);
    CHECK_FALSE(score_of(patch_of(Tier::smoke), "s", 10, {ended}).is_found());
}

TEST_CASE("mutants: a nightly mutant may be missed by one campaign of five", "[mutants]") {
    std::vector<CampaignOutcome> outcomes(5, campaign(9, "R7"));
    outcomes[0] = campaign(10'000, "");

    CHECK(score_of(patch_of(Tier::nightly), "s", 10'000, outcomes).is_found());
    outcomes[1] = campaign(10'000, "");
    CHECK_FALSE(score_of(patch_of(Tier::nightly), "s", 10'000, outcomes).is_found());
}

TEST_CASE("mutants: more than one void run in ten proves nothing", "[mutants]") {
    CampaignOutcome outcome = campaign(10, "R16");
    outcome.voided = 1;
    CHECK_FALSE(score_of(patch_of(Tier::smoke), "s", 10, {outcome}).is_unproven());
    outcome.voided = 2;
    CHECK(score_of(patch_of(Tier::smoke), "s", 10, {outcome}).is_unproven());
}

TEST_CASE("mutants: differences to the accepted figures are said", "[mutants]") {
    MutantScore now = score_of(patch_of(Tier::nightly), "s", 1'000, {campaign(50, "LOST_ACKED")});
    now.figures.minimal = MinimalSize{.brokers = 3, .faults = 2, .messages = 5, .events = 90};
    AcceptedScore accepted = now.figures;
    CHECK(differences(now, accepted).empty());

    accepted.detector = "R16";
    accepted.median = 12;
    accepted.minimal = MinimalSize{.brokers = 3, .faults = 1, .messages = 5, .events = 90};
    std::vector<std::string> const said = differences(now, accepted);

    REQUIRE(said.size() == 3);
    CHECK(said[0].find("lost its eye") != std::string::npos);
    CHECK(said[1].find("50 seeds, accepted were 12") != std::string::npos);
    accepted.scenario = "another";
    CHECK(differences(now, accepted).empty());
}

TEST_CASE("mutants: a scoreboard reads what it wrote", "[mutants]") {
    MutantScore score = score_of(patch_of(Tier::smoke), "s", 10, {campaign(3, "R16")});
    score.figures.minimal = MinimalSize{.brokers = 1, .faults = 2, .messages = 3, .events = 4};

    auto const board = parse_scoreboard(to_json(Scoreboard{{"some-bug", score.figures}}));

    REQUIRE(board);
    const AcceptedScore& read = board->at("some-bug");
    CHECK(read.id == "M1");
    CHECK(read.detector == "R16");
    CHECK(read.median == 3);
    CHECK(read.minimal == score.figures.minimal);
    CHECK_FALSE(parse_scoreboard("{\"v\": 2}"));
}

TEST_CASE("mutants: what is pinned is what a scenario then has", "[mutants]") {
    std::string const folder = std::string{BROKERSIM_LIBRARY_DIR} + "/swarm/";
    auto const swarm = parse_scenario(folder + "nightly-swarm.json");
    REQUIRE(swarm.scenario);
    CHECK_FALSE(meets(*swarm.scenario, "five"));
    CHECK(meets(*swarm.scenario, "dup"));
    for (std::string const tag : {"four", "five", "dup",   "reorder", "async",  "slow_disk", "roll",
                                  "tiny", "snap", "joint", "idem",    "reset",  "acks1",     "stop",
                                  "eio",  "full", "tear",  "stp",     "nested", "tight"}) {
        INFO(tag);
        CHECK(can_pin(tag));
        Overlay const overlay{"planted", "nightly-swarm.json", &*swarm.scenario, {tag}, "", ""};
        ParseOutcome const read =
            parse_scenario_text(folder + "planted.json", overlay_text(overlay));
        REQUIRE(read.scenario);
        CHECK(meets(*read.scenario, tag));
    }
    CHECK_FALSE(is_need("moon"));
    CHECK_FALSE(can_pin("rot"));
}

}  // namespace brokersim
