// Hostile input: random bytes and broken documents end in errors, quickly.
#include "broker_core/base/random.h"
#include "scenarios/keys.h"
#include "scenarios/layout.h"
#include "tests/scenarios/document.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace brokersim;
using namespace brokersim::test;

namespace {

std::string file_of_library(const std::string& name) {
    std::ifstream input{BROKERSIM_LIBRARY_DIR "/" + name};
    std::ostringstream text;
    text << input.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("scenarios: random bytes never crash the parser", "[scenarios]") {
    broker::Random random{1, "test.hostile"};
    for (int round = 0; round < 2'000; ++round) {
        std::string text;
        std::uint64_t const size = random.below(200);
        for (std::uint64_t i = 0; i < size; ++i) {
            text += static_cast<char>(random.below(256));
        }
        CHECK_FALSE(parse_case(text).scenario);
    }
}

TEST_CASE("scenarios: a library file with bytes changed never crashes the parser", "[scenarios]") {
    broker::Random random{2, "test.hostile"};
    std::string const whole = file_of_library("incident/chaos-5-rolling-restarts.json") +
                              file_of_library("bench/standard.json");
    std::string const marks = "{}[],:\"0-9.e\\ntruefals";
    for (int round = 0; round < 3'000; ++round) {
        std::uint64_t const which = random.below(2);
        std::string text = file_of_library(which == 0 ? "swarm/quick-swarm.json"
                                                      : "incident/chaos-3-leader-kill.json");
        std::uint64_t const edits = 1 + random.below(4);
        for (std::uint64_t i = 0; i < edits; ++i) {
            std::size_t const at = random.below(text.size());
            switch (random.below(3)) {
                case 0:
                    text[at] = marks[random.below(marks.size())];
                    break;
                case 1:
                    text.erase(at, 1 + random.below(20));
                    break;
                default:
                    text.insert(at, whole.substr(random.below(whole.size()), random.below(40)));
                    break;
            }
        }
        ParseOutcome const outcome =
            parse_scenario_text(BROKERSIM_LIBRARY_DIR "/incident/x.json", text);
        CHECK(outcome.scenario.has_value() == !has_errors(outcome));
    }
}

TEST_CASE("scenarios: a value of every type at every key never crashes the parser", "[scenarios]") {
    std::vector<std::string> const values = {"null",
                                             "true",
                                             "0",
                                             "-1",
                                             "1e3",
                                             "18446744073709551616",
                                             "\"\"",
                                             "\"x\"",
                                             "\"-5s\"",
                                             "[]",
                                             "[[]]",
                                             "[{}]",
                                             "{}",
                                             "[1,[\"n1\"]]",
                                             R"({"uniform": [1]})",
                                             R"({"choice": []})",
                                             R"({"exponential": 3})",
                                             R"({"uniform": ["9223372036s", "9223372037s"]})",
                                             R"({"choice": [1], "weights": 3})",
                                             "\"leader(\"",
                                             "\"leader()\"",
                                             "\"client()\"",
                                             "\"same(x)\"",
                                             "\"n99999999999\""};
    for (const KeyRow& row : key_table()) {
        for (const std::string& value : values) {
            std::string member = fmt::format("\"{}\": {}", row.key, value);
            std::string place{row.place};
            for (std::string_view const inner : {"when", "arm", "args"}) {
                place = place == inner ? fmt::format("faults.script[].{}", inner) : place;
            }
            while (!place.empty()) {
                std::size_t const dot = place.rfind('.');
                std::string key = place.substr(dot == std::string::npos ? 0 : dot + 1);
                bool const list = key.size() > 2 && key.substr(key.size() - 2) == "[]";
                key = list ? key.substr(0, key.size() - 2) : key == "KIND" ? "partition" : key;
                member = list ? fmt::format("\"{}\": [{{{}}}]", key, member)
                              : fmt::format("\"{}\": {{{}}}", key, member);
                place = dot == std::string::npos ? "" : place.substr(0, dot);
            }
            ParseOutcome const outcome = parse_case(wrapped(member));
            CHECK(outcome.scenario.has_value() == !has_errors(outcome));
        }
    }
}

TEST_CASE("scenarios: the corpus of the fuzzer ends in a scenario or in errors", "[scenarios]") {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator{BROKERSIM_FUZZ_CORPUS_DIR}) {
        std::ostringstream text;
        text << std::ifstream{entry.path(), std::ios::binary}.rdbuf();

        ParseOutcome const outcome = parse_case(text.str());

        INFO(entry.path().filename().string());
        CHECK(outcome.scenario.has_value() == !has_errors(outcome));
        std::string const laid = format_scenario({"case.json", text.str()});
        CHECK((laid.empty() || format_scenario({"case.json", laid}) == laid));
        ++files;
    }
    CHECK(files >= 15);
}

TEST_CASE("scenarios: a megabyte on one line is read in linear time", "[scenarios]") {
    std::string keys;
    std::string numbers;
    for (int i = 0; keys.size() < 900'000; ++i) {
        keys += fmt::format("\"k{}\":1,", i);
        numbers += "1,";
    }

    CHECK(parse_case("{" + keys + "\"z\":1}").diagnostics.size() == 500);
    CHECK_FALSE(parse_case("{\"tags\":[" + numbers + "1]}").scenario);
}
