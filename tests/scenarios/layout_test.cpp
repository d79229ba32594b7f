// Layout and key order of scenario files.
#include "scenarios/layout.h"

#include "scenarios/library.h"
#include "tests/scenarios/document.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace brokersim;
using namespace brokersim::test;

namespace {

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

}  // namespace

TEST_CASE("fmt: twice is once, and changes no scenario", "[scenarios]") {
    for (const std::string& path : list_scenarios({BROKERSIM_LIBRARY_DIR})) {
        std::string const once = format_scenario({path, text_of(path)});

        INFO(path << "\n" << once);
        CHECK(format_scenario({path, once}) == once);
        ParseOutcome const before = parse_scenario(path);
        ParseOutcome const after = parse_scenario_text(path, once);
        REQUIRE(after.scenario);
        CHECK(after.scenario->hash == before.scenario->hash);
    }
}

TEST_CASE("fmt: keys stand in the order of the table, unknown ones last", "[scenarios]") {
    CHECK(format_scenario({"x.json", R"({"zzz": 1, "expect": {}, "name": "x", "format": 1,
        "faults": {"limits": {}, "script": [{"for": "1s", "do": "x", "id": "a"}]}})"}) ==
          R"({
  "format": 1,
  "name": "x",
  "faults": {"script": [{"id": "a", "do": "x", "for": "1s"}], "limits": {}},
  "expect": {},
  "zzz": 1
}
)");
}

TEST_CASE("fmt: what does not fit is broken, lists by item, scalars shared", "[scenarios]") {
    std::string const word(50, 'w');

    CHECK(format_scenario({"x.json", R"({"tags": [")" + word + R"(", ")" + word + R"(", ")" + word +
                                         R"("], "format": 1})"}) ==
          "{\n  \"format\": 1,\n  \"tags\": [\n    \"" + word + "\",\n    \"" + word +
              "\",\n    \"" + word + "\"\n  ]\n}\n");
}

TEST_CASE("fmt: comments as keys stay, comments of other kinds are refused", "[scenarios]") {
    CHECK(format_scenario({"x.json", R"({"comment": ["a", "b"], "name": "x"})"}) ==
          "{\n  \"name\": \"x\",\n  \"comment\": [\"a\", \"b\"]\n}\n");
    CHECK(format_scenario({"x.json", "// a\n{}"}).empty());
    CHECK(format_scenario({"x.json", "{"}).empty());
    CHECK(format_scenario({"x.json", R"({"a": 1, "a": 2})"}).empty());
    CHECK(why_not_formatted({"x.json", "{\n// a\n}"}) ==
          R"(2: this comment would be lost; write it as "comment": "...")");
    CHECK(why_not_formatted({"x.json", "{"}).substr(3) == "not JSON");
}
