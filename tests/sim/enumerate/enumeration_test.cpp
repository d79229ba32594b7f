// The enumeration of whole logs: clean ones, disks that lie, states that are played alone.
#include "sim/enumerate/enumeration.h"

#include "scenarios/parser.h"
#include "scenarios/run_config.h"

#include <catch2/catch.hpp>

using namespace brokersim;
using namespace brokersim::enumeration;

namespace {

LogRecording recorded(const std::string& name, std::uint64_t seed,
                      broker::Durability durability = broker::Durability::fsync) {
    ParseOutcome const outcome =
        parse_scenario(std::string{BROKERSIM_LIBRARY_DIR} + "/enumerate/" + name + ".json");
    REQUIRE(outcome.scenario);
    RunConfig config = draw_run(*outcome.scenario, seed);
    config.tuning.wal.durability = durability;
    tl::expected<LogRecording, std::string> recording = record_log(config);
    INFO((recording ? std::string{} : recording.error()));
    REQUIRE(recording);
    return std::move(*recording);
}

std::uint64_t states_of(const EnumerationReport& report, Finding finding) {
    return report.findings[static_cast<std::size_t>(finding)].states;
}

}  // namespace

TEST_CASE("enumerate: small logs survive every crash at every crash point", "[enumerate]") {
    for (const char* const name : {"small-log-cut-and-rolled", "small-log-behind-a-base"}) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            LogRecording recording = recorded(name, seed);

            EnumerationReport const report = Enumeration{recording, {}}.run();

            INFO(name << " seed " << seed);
            CHECK(report.clean());
            CHECK(report.crash_points == recording.trace.events().size() + 1);
            CHECK(report.visited > 50'000);
            CHECK(report.distinct > 5'000);
            CHECK(report.nested > report.visited / 2);
        }
    }
}

TEST_CASE("enumerate: what is acknowledged unsynced survives the process, and may go with power",
          "[enumerate]") {
    for (broker::Durability const durability :
         {broker::Durability::write_cache, broker::Durability::none}) {
        LogRecording recording = recorded("small-log-cut-and-rolled", 1, durability);
        bool differ = false;
        for (std::size_t i = 0; i < recording.after_power.size(); ++i) {
            differ = differ || recording.after_power[i] != recording.after_process[i];
        }

        EnumerationReport const report = Enumeration{recording, {}}.run();

        CHECK(differ);
        CHECK(report.clean());
        // The stricter promise does not hold for the looser mode.
        recording.after_power = recording.after_process;
        EnumerationReport const stricter = Enumeration{recording, {}}.run();
        CHECK(states_of(stricter, Finding::lost_acked) > 0);
    }
}

TEST_CASE("enumerate: the same seed visits the same images", "[enumerate]") {
    LogRecording first = recorded("small-log-cut-and-rolled", 5);
    LogRecording second = recorded("small-log-cut-and-rolled", 5);

    EnumerationReport const a = Enumeration{first, {}}.run();
    EnumerationReport const b = Enumeration{second, {}}.run();

    CHECK(a.hash == b.hash);
    CHECK(a.visited == b.visited);
    CHECK(a.distinct == b.distinct);
}

TEST_CASE("enumerate: every image with its nested crashes, small log", "[enumerate]") {
    LogRecording recording = recorded("small-log-cut-and-rolled", 2);
    EnumerationOptions options;
    options.nested = Nested::all;

    EnumerationReport const report = Enumeration{recording, options}.run();

    CHECK(report.clean());
    CHECK(report.nested_crash_points > 1'000);
}

TEST_CASE("enumerate: a disk that lies about syncs loses what was acknowledged", "[enumerate]") {
    LogRecording recording = recorded("small-log-cut-and-rolled", 1);
    EnumerationOptions options;
    options.syncs_lie = true;
    options.nested = Nested::none;

    EnumerationReport const report = Enumeration{recording, options}.run();

    CHECK(states_of(report, Finding::lost_acked) > 100);
}

TEST_CASE("enumerate: the states of a log are what the model says", "[enumerate]") {
    LogRecording recording = recorded("small-log-cut-and-rolled", 1);
    const LogModel& model = recording.model;
    Claims const end = recording.after_power.back();
    // What the log holds in the end, as a recovery would find it.
    Found whole;
    whole.hard_state = broker::HardState{broker::Term{2}, broker::BrokerId{}};
    broker::wal::Booted booted;
    booted.hard_state = whole.hard_state;
    std::vector<ItemId> cut;
    for (ItemId id = 0; id < model.items().size(); ++id) {
        const Item& item = model.items()[id];
        bool const stands =
            item.index <= model.last_index() && model.term_at(item.index) == item.term;
        if (!stands) {
            cut.push_back(id);
            continue;
        }
        booted.entries.push_back(
            broker::wal::RecoveredEntry{item.index, item.term, item.control, item.payload});
    }
    REQUIRE(cut.size() >= 1);
    REQUIRE_FALSE(model.judge(model.describe(booted, {}), end));
    auto const finding_of = [&](const broker::wal::Booted& changed) {
        std::optional<Judgement> const judgement = model.judge(model.describe(changed, {}), end);
        REQUIRE(judgement);
        return judgement->finding;
    };

    SECTION("an entry less is lost") {
        booted.entries.pop_back();
        CHECK(finding_of(booted) == Finding::lost_acked);
    }
    SECTION("an entry that nobody appended is a phantom") {
        broker::wal::RecoveredEntry entry = booted.entries.back();
        entry.index = entry.index.next();
        entry.term = broker::Term{2};
        booted.entries.push_back(entry);
        CHECK(finding_of(booted) == Finding::phantom);
    }
    SECTION("an entry in the middle that is missing is a gap") {
        booted.entries.erase(booted.entries.begin() + 2);
        CHECK(finding_of(booted) == Finding::offset_gap);
    }
    SECTION("a payload that is not whole is a torn batch") {
        booted.entries[1].payload.back() ^= std::byte{1};
        CHECK(finding_of(booted) == Finding::torn_batch);
    }
    SECTION("a former term is a second vote") {
        booted.hard_state = broker::HardState{broker::Term{1}, broker::BrokerId{1}};
        CHECK(finding_of(booted) == Finding::double_vote);
    }
    SECTION("no term at all is a second vote") {
        booted.hard_state = {};
        CHECK(finding_of(booted) == Finding::double_vote);
    }
    SECTION("entries that were cut are back") {
        // The log as it was before the cut, when some of it was promised already.
        Claims before = end;
        const Item& first_cut = model.items()[cut.front()];
        booted.entries.resize(first_cut.index.value() - 1);
        booted.entries.push_back(broker::wal::RecoveredEntry{first_cut.index, first_cut.term,
                                                             first_cut.control, first_cut.payload});
        before.state_least = end.state_most;
        std::optional<Judgement> const judgement = model.judge(model.describe(booted, {}), before);
        REQUIRE(judgement);
        CHECK(judgement->finding == Finding::lost_acked);  // what took its place is missing too
        CHECK_FALSE(model.judge(model.describe(booted, {}),
                                Claims{0, end.state_most, 0, end.vote_most, {}, {}}));
    }
    SECTION("a refused image is a crash loop") {
        Found found = model.describe(booted, {});
        found.refusal = "wal: damaged";
        CHECK(model.judge(found, end)->finding == Finding::crashloop);
    }
}

TEST_CASE("enumerate: what comes back in a second recovery was resurrected", "[enumerate]") {
    LogModel model;
    Item const first{broker::LogIndex{1}, broker::Term{1}, false, Bytes(8, std::byte{1})};
    Item const second{broker::LogIndex{2}, broker::Term{1}, false, Bytes(8, std::byte{2})};
    model.append(first);
    model.append(second);
    Item const extra{broker::LogIndex{2}, broker::Term{1}, false, Bytes(8, std::byte{3})};
    Found expected;
    expected.items = {0};
    expected.hard_state = broker::HardState{broker::Term{1}, broker::BrokerId{1}};
    Found found = expected;
    ItemId const appended = 2;

    found.items = {0, appended};
    CHECK_FALSE(model.judge_again(found, expected, appended, true, true));
    found.items = {0, 1};
    CHECK(model.judge_again(found, expected, appended, true, false)->finding ==
          Finding::resurrected);
    found.items = {0, appended, 1};
    CHECK(model.judge_again(found, expected, appended, true, true)->finding ==
          Finding::resurrected);
    found.items = {0};
    CHECK_FALSE(model.judge_again(found, expected, appended, true, false));
    CHECK(model.judge_again(found, expected, appended, true, true)->finding == Finding::lost_acked);
    found.items = {};
    CHECK(model.judge_again(found, expected, appended, true, false)->finding ==
          Finding::lost_acked);
    found = expected;
    found.hard_state.vote = broker::BrokerId{2};
    CHECK(model.judge_again(found, expected, appended, true, false)->finding ==
          Finding::double_vote);
}

TEST_CASE("enumerate: a cut that is durable keeps what it cut away", "[enumerate]") {
    LogModel model;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        model.append(Item{broker::LogIndex{i}, broker::Term{1}, false,
                          Bytes(8, std::byte{static_cast<std::uint8_t>(i)})});
    }
    model.promise(broker::LogIndex{3});
    model.truncate(broker::LogIndex{3});
    broker::wal::Booted booted;
    for (const Item& item : model.items()) {
        booted.entries.push_back(
            broker::wal::RecoveredEntry{item.index, item.term, item.control, item.payload});
    }
    model.store(broker::HardState{broker::Term{1}, broker::BrokerId{1}});
    booted.hard_state = broker::HardState{broker::Term{1}, broker::BrokerId{1}};

    CHECK_FALSE(model.judge(model.describe(booted, {}), model.claims()));
    model.promise_all();
    std::optional<Judgement> const judgement =
        model.judge(model.describe(booted, {}), model.claims());

    REQUIRE(judgement);
    CHECK(judgement->finding == Finding::resurrected);
}

TEST_CASE("enumerate: states are written and read alike", "[enumerate]") {
    CrashState state;
    state.event = 41;
    state.choice =
        Choice{{Fate::lost, Fate::kept, Fate::cut, Fate::cut_by_8, Fate::zeros, Fate::garbage},
               false,
               {0, 1}};
    CHECK(text_of(state) == "e41.power.u01cbzg.s0.n01");
    CHECK(parse_crash_state(text_of(state)) == state);
    state.nested = NestedCrash{9, Choice{{}, true, {}}};
    CHECK(text_of(state) == "e41.power.u01cbzg.s0.n01+e9.power.u.s1.n");
    CHECK(parse_crash_state(text_of(state)) == state);
    CrashState death;
    death.event = 3;
    death.kind = Loss::process;
    death.fates = {0, 1, 12};
    CHECK(text_of(death) == "e3.process.f0-1-12");
    CHECK(parse_crash_state(text_of(death)) == death);

    for (const char* const bad :
         {"", "e", "e1", "e1.power", "e1.power.u0.s2.n", "e1.power.u9.s1.n", "x1.power.u.s1.n",
          "e1.power.u.s1.n+e1.process.f", "e1.power.u.s1.n+e1.power.u.s1.n+e1.power.u.s1.n",
          "e1.process.f-", "e1.process.f1-", "e1.process.f99999999999",
          "e99999999999999999999.power.u.s1.n"}) {
        INFO(bad);
        CHECK_FALSE(parse_crash_state(bad));
    }
}

TEST_CASE("enumerate: a finding is shrunk to what it needs, and plays again", "[enumerate]") {
    // Acknowledged unsynced, but held to the promise that power takes nothing.
    LogRecording recording = recorded("small-log-cut-and-rolled", 1, broker::Durability::none);
    recording.after_power = recording.after_process;
    EnumerationReport const report = Enumeration{recording, {}}.run();
    std::optional<CrashState> const first =
        report.findings[static_cast<std::size_t>(Finding::lost_acked)].first;
    REQUIRE(first);
    StatePlayer player{recording};
    REQUIRE(player.fits(*first));
    REQUIRE(player.play(*first));

    // What survived besides does not matter for what is lost.
    CrashState large = *first;
    for (Fate& fate : large.choice.units) {
        fate = Fate::garbage;
    }
    REQUIRE(player.play(large)->finding == Finding::lost_acked);
    CrashState const small = player.shrink(large, Finding::lost_acked);

    CHECK(player.play(small)->finding == Finding::lost_acked);
    CHECK_FALSE(small.choice.units.empty());
    for (Fate const fate : small.choice.units) {
        CHECK(fate == Fate::lost);
    }
    CHECK(player.story(small).back().find("LOST_ACKED") == 0);
}

TEST_CASE("enumerate: a state is played alone, and a sound one has a story with a good end",
          "[enumerate]") {
    LogRecording recording = recorded("small-log-cut-and-rolled", 1);
    StatePlayer player{recording};
    std::size_t const last = recording.trace.events().size();
    CrashState state;
    state.event = last;

    CHECK(player.fits(state));
    CHECK_FALSE(player.play(state));
    std::vector<std::string> const story = player.story(state);
    REQUIRE(story.size() > last);
    CHECK(story.back() == "nothing is wrong with it");
    state.choice.units = {Fate::kept};
    CHECK_FALSE(player.fits(state));  // everything is synced at the end
    state.event = last + 1;
    state.choice.units.clear();
    CHECK_FALSE(player.fits(state));
}
