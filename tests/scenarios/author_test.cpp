// What authors are told: origins, docs, templates, children of a matrix, warnings.
#include "scenarios/catalogue.h"
#include "scenarios/codes.h"
#include "scenarios/doc.h"
#include "scenarios/keys.h"
#include "scenarios/knobs.h"
#include "scenarios/layout.h"
#include "scenarios/origin.h"
#include "scenarios/properties.h"
#include "scenarios/template.h"
#include "scenarios/writer.h"
#include "tests/scenarios/document.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace brokersim;
using namespace brokersim::test;

namespace {

/// A folder of files that goes away with the test; no other process has it.
class Folder {
public:
    Folder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "brokersim_author_XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    std::string write(const std::string& name, const std::string& text) {
        std::string const path = (path_ / name).string();
        std::ofstream{path} << text;
        return path;
    }

private:
    std::filesystem::path path_;
};

std::string head(const std::string& name) {
    return fmt::format(R"({{"format": 1, "name": "{}", "why": "A test.")", name);
}

std::string origin_of(const std::vector<OriginRow>& rows, std::string_view pointer) {
    for (const OriginRow& row : rows) {
        if (row.pointer == pointer) {
            return row.value + " " + row.origin.substr(row.origin.rfind('/') + 1);
        }
    }
    return "";
}

}  // namespace

TEST_CASE("origin: own, inherited, from the matrix, or a default", "[scenarios]") {
    Folder folder;
    folder.write("base.json", head("base") + R"(,
  "cluster": {"brokers": 5},
  "workload": {"messages": 7, "acks": "all"},
  "expect": {"holds": ["safety"]}})");
    std::string const path = folder.write("own.json", head("own") + R"(, "extends": "base.json",
  "workload": {"messages": 9},
  "matrix": {"workload.producers": [1, 2]}})");

    Scenario const scenario = *parse_scenario(path + "@producers=2").scenario;
    std::vector<OriginRow> const rows = origins_of(path + "@producers=2", scenario);

    CHECK(origin_of(rows, "/cluster/brokers") == "5 base.json:2");
    CHECK(origin_of(rows, "/workload/messages") == "9 own.json:2");
    CHECK(origin_of(rows, "/workload/acks") == "\"all\" base.json:3");
    CHECK(origin_of(rows, "/workload/producers") == "2 own.json:3 (matrix)");
    CHECK(origin_of(rows, "/run/warm_up") == "\"2s\" default");
}

TEST_CASE("matrix: the last path varies fastest, and each child has its own hash", "[scenarios]") {
    Folder folder;
    std::string const path = folder.write("own.json", head("own") + R"(,
  "matrix": {"workload.acks": ["1", "all"], "cluster.brokers": [3, 5]},
  "expect": {"holds": ["safety"]}})");

    ParseOutcome const all = parse_scenario(path);

    REQUIRE(all.scenario);
    CHECK(all.children == std::vector<std::string>{"acks=1,brokers=3", "acks=1,brokers=5",
                                                   "acks=all,brokers=3", "acks=all,brokers=5"});
    CHECK(all.scenario->name == "own@acks=1,brokers=3");
    std::set<std::uint64_t> hashes;
    for (const std::string& child : all.children) {
        ParseOutcome const one = parse_scenario(path + "@" + child);
        REQUIRE(one.scenario);
        CHECK(one.scenario->name == "own@" + child);
        hashes.insert(one.scenario->hash);
    }
    CHECK(hashes.size() == 4);
    CHECK(parse_scenario(path + "@acks=all,brokers=5").scenario->cluster.brokers.smallest() == 5);
    CHECK(summary(parse_scenario(path + "@acks=2")).find("SCN226") == 0);
}

TEST_CASE("matrix: a child reads as if its values had been written", "[scenarios]") {
    Folder folder;
    std::string const path = folder.write("own.json", head("own") + R"(,
  "matrix": {"cluster.disk.write": ["7us"], "tuning.raft.heartbeat": ["20ms"]},
  "expect": {"holds": ["safety"]}})");
    std::string const plain = folder.write("two.json", head("two") + R"(,
  "cluster": {"disk": {"write": "7us"}}, "tuning": {"raft.heartbeat": "20ms"},
  "expect": {"holds": ["safety"]}})");

    CHECK(parse_scenario(path).scenario->hash == parse_scenario(plain).scenario->hash);
}

TEST_CASE("warnings: an override that repeats what it inherits", "[scenarios]") {
    Folder folder;
    folder.write("base.json", head("base") + R"(, "cluster": {"brokers": 3},
  "workload": {"payload": {"uniform": ["1B", "9B"]}}, "expect": {"holds": ["safety"]}})");
    std::string const path = folder.write("own.json", head("own") + R"(, "extends": "base.json",
  "cluster": {"brokers": 3}, "workload": {"payload": {"uniform": ["1B", "9B"]}}})");

    ParseOutcome const outcome = parse_scenario(path);

    CHECK(outcome.scenario);
    REQUIRE(outcome.diagnostics.size() == 2);
    CHECK(outcome.diagnostics[0].code == "SCN107");
    CHECK(outcome.diagnostics[0].severity == Severity::warning);
    CHECK(outcome.diagnostics[0].line == 2);
    CHECK(outcome.diagnostics[1].pointer == "/workload/payload");
}

TEST_CASE("warnings: comments in .json are read, with a warning", "[scenarios]") {
    Folder folder;
    std::string const text =
        head("own") + ",\n  // a note\n  \"expect\": {\"holds\": [\"safety\"]}}";

    ParseOutcome const json = parse_scenario(folder.write("own.json", text));
    CHECK(json.scenario);
    REQUIRE(json.diagnostics.size() == 1);
    CHECK(json.diagnostics[0].code == "SCN101");
    CHECK(json.diagnostics[0].line == 2);
    CHECK(parse_scenario(folder.write("own.jsonc", text)).diagnostics.empty());
    // Broken for another reason: the reason is told.
    CHECK(summary(parse_scenario(folder.write("own.json", "{\"a\": 1 / 2}"))).find("SCN001") == 0);
}

TEST_CASE("extends: what excludes an inherited key says how to take that away", "[scenarios]") {
    Folder folder;
    folder.write("base.json", head("base") + R"(, "expect": {"holds": ["safety"]}})");
    std::string const path = folder.write("own.json", head("own") + R"(, "extends": "base.json",
  "plant": ["M59a"], "expect": {"violates": "no_lost_acks"}})");

    ParseOutcome const outcome = parse_scenario(path);

    REQUIRE(outcome.diagnostics.size() == 1);
    CHECK(outcome.diagnostics[0].code == "SCN015");
    CHECK(outcome.diagnostics[0].line == 2);
    CHECK(outcome.diagnostics[0].help == R"("holds" is inherited: write "holds": null)");
}

TEST_CASE("regressions: are not inherited, and do not count in the hash", "[scenarios]") {
    Folder folder;
    folder.write("base.json", head("base") + R"(, "expect": {"holds": ["safety"]},
  "regressions": [{"seed": "0x2a"}]})");
    std::string const path = folder.write("own.json", head("own") + R"(, "extends": "base.json"})");

    Scenario const own = *parse_scenario(path).scenario;
    std::string const repro = folder.write("pinned.json", "{}");
    Scenario const base = *parse_scenario_text(folder.write("base.json", ""),
                                               head("base") +
                                                   R"(, "expect": {"holds": ["safety"]},
                    "regressions": [{"seed": "7", "repro": "pinned.json"}]})")
                               .scenario;

    CHECK(own.regressions.empty());
    REQUIRE(base.regressions.size() == 1);
    CHECK(base.regressions[0].seed == 7);
    CHECK(base.regressions[0].repro == repro);
    CHECK(base.hash == own.hash);
}

TEST_CASE("new: the template is right, laid out, and says what it extends", "[scenarios]") {
    std::string const base = BROKERSIM_LIBRARY_DIR "/base/base-three-brokers.json";
    std::string const text = new_scenario(
        {"my-first", "../../scenario.v1.schema.json", "../base/base-three-brokers.json"},
        *parse_scenario(base).scenario);

    ParseOutcome const outcome =
        parse_scenario_text(BROKERSIM_LIBRARY_DIR "/own/my-first.json", text);

    INFO(text << summary(outcome));
    CHECK(outcome.scenario);
    CHECK(outcome.diagnostics.empty());
    CHECK(format_scenario({"", text}) == text);
    CHECK(std::count(text.begin(), text.end(), '\n') <= 20);
}

TEST_CASE("doc: every key, knob, kind, property, code and row is explained", "[scenarios]") {
    std::vector<std::string> words;
    for (const KeyRow& row : key_table()) {
        if (row.key != "comment") {
            words.emplace_back(row.key);
            words.push_back(
                fmt::format("{}{}{}", row.place, row.place.empty() ? "" : ".", row.key));
        }
        CHECK_FALSE(row.text.empty());
    }
    for (const KnobRow& knob : knob_table()) {
        words.emplace_back(knob.key.key);
    }
    for (std::string_view const kind : fault_kind_names) {
        words.emplace_back(kind);
    }
    for (const PropertyRow& row : property_table()) {
        words.emplace_back(row.name);
        CHECK_FALSE(row.text.empty());
    }
    for (const CodeRow& row : code_table()) {
        words.emplace_back(row.code);
    }
    for (const LegalityRow& row : legality_table()) {
        words.emplace_back(row.id);
    }
    for (const TrapRow& row : trap_table()) {
        words.push_back(fmt::format("trap:{}", row.name));
    }
    for (const std::string& word : words) {
        INFO(word);
        CHECK(explain_word(word));
    }
    CHECK(explain_word("/workload/acks")->find("default all") != std::string::npos);
    CHECK(explain_word("crash")->find("args.kind") != std::string::npos);
    CHECK_FALSE(explain_word("acsk"));
    CHECK(nearest_topic("acsk") == "acks");
    CHECK(format_guide().find("expect") != std::string::npos);
}

TEST_CASE("doc: examples of codes show what they say", "[scenarios]") {
    // An example that is a whole object, or members of the top level, gets its code.
    std::size_t tried = 0;
    for (const CodeRow& row : code_table()) {
        std::string const bad{row.bad};
        bool const top = bad.find("\"cluster\"") == 0 || bad.find("\"workload\"") == 0 ||
                         bad.find("\"plant\"") == 0 || bad.find("\"matrix\"") == 0 ||
                         bad.find("\"covers\"") == 0 || bad.find("\"tags\"") == 0 ||
                         bad.find("\"expect\"") == 0;
        if (top) {
            INFO(row.code);
            CHECK(summary(parse_case(wrapped(bad))).find(row.code) != std::string::npos);
            if (row.good.find("\"faults\"") != 0) {
                CHECK(summary(parse_case(wrapped(std::string{row.good}))) == "ok\n");
            }
            ++tried;
        }
    }
    CHECK(tried >= 7);
}

TEST_CASE("doc: every code that the sources report is in the table", "[scenarios]") {
    std::size_t codes = 0;
    for (const auto& entry : std::filesystem::directory_iterator{BROKERSIM_LIBRARY_DIR "/.."}) {
        if (entry.path().extension() != ".cpp") {
            continue;
        }
        std::ostringstream text;
        text << std::ifstream{entry.path()}.rdbuf();
        std::string const source = text.str();
        for (std::size_t at = source.find("\"SCN"); at != std::string::npos;
             at = source.find("\"SCN", at + 1)) {
            std::string const code = source.substr(at + 1, 6);
            if (code.find_first_not_of("SCN0123456789") == std::string::npos) {
                INFO(entry.path().filename().string() << " " << code);
                CHECK(find_code(code) != nullptr);
                ++codes;
            }
        }
    }
    CHECK(codes > 100);
}
