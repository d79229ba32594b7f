// The editor schema against the parser: over the library, over every bad document, and over
// documents made by chance.
//
// What the schema rejects the parser rejects. What the parser rejects for its form (SCN0xx) the
// schema rejects, but for what a schema cannot say; those cases are listed in `beyond_schema`.
#include "scenarios/schema.h"

#include "scenarios/library.h"
#include "tests/scenarios/document.h"
#include "tests/scenarios/generator.h"
#include "tests/scenarios/json_schema.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace brokersim;
using namespace brokersim::test;

namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream{path, std::ios::binary}.rdbuf();
    return text.str();
}

const JsonValue& schema() {
    static const JsonValue root = *read_json({"schema", editor_schema()}, 0, false).root;
    return root;
}

std::string schema_says(const std::string& text) {
    JsonDocument const document = read_json({"case.json", text}, 0, false);
    return document.root ? mismatch(schema(), schema(), *document.root) : "/: not JSON";
}

/// A form error that a schema cannot see: ranges and fractions of texts with units, decimals,
/// lengths of weights, integers written with a point, and what depends on other places.
bool beyond_schema(const Diagnostic& d) {
    static const std::set<std::string> never = {"SCN001", "SCN002", "SCN004", "SCN014",
                                                "SCN017", "SCN018", "SCN020", "SCN012"};
    bool const of_matrix = d.source_line.find("\"matrix\"") != std::string::npos;
    if (d.code.substr(0, 4) != "SCN0" || of_matrix) {
        return true;
    }
    if (d.code == "SCN014") {
        bool const of_text = d.message.find('"') != std::string::npos;
        return of_text || d.message.find("log_uniform") != std::string::npos;
    }
    if (d.code == "SCN012") {
        return d.message.find("point and exponent") != std::string::npos;
    }
    if (d.code == "SCN017") {
        return d.message.find("whole number") != std::string::npos;
    }
    if (d.code == "SCN018") {
        return d.message.find("decimal") != std::string::npos;
    }
    if (d.code == "SCN020") {
        return d.message.find("weights are") != std::string::npos;
    }
    if (d.code == "SCN021") {
        return d.message.find("64 bits") != std::string::npos;
    }
    if (d.code == "SCN011" || d.code == "SCN030") {
        return d.pointer.find("/regressions") == 0;
    }
    return never.contains(d.code);
}

/// "" or what one of them says and the other does not.
std::string disagreement(const std::string& text) {
    ParseOutcome const outcome = parse_case(text);
    std::string const wrong = schema_says(text);
    bool const missed =
        wrong.empty() && std::any_of(outcome.diagnostics.begin(), outcome.diagnostics.end(),
                                     [](const Diagnostic& d) { return !beyond_schema(d); });
    bool const invented = !wrong.empty() && !has_errors(outcome);
    return missed || invented ? text + "\nschema: " + wrong + "\nparser:\n" + summary(outcome) : "";
}

}  // namespace

TEST_CASE("schema: the committed file is what the table makes", "[scenarios]") {
    INFO("brokersim scenario doc --schema > scenarios/scenario.v1.schema.json");
    CHECK((text_of(BROKERSIM_LIBRARY_DIR "/../scenario.v1.schema.json") == editor_schema()));
}

TEST_CASE("schema: accepts every file of the library", "[scenarios]") {
    for (const std::string& path : list_scenarios({BROKERSIM_LIBRARY_DIR})) {
        INFO(path);
        CHECK(schema_says(text_of(path)).empty());
    }
}

TEST_CASE("schema: agrees with the parser on every document of the tables", "[scenarios]") {
    std::size_t documents = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator{BROKERSIM_DATADRIVEN_DIR "/scenarios"}) {
        std::ifstream input{entry.path()};
        std::string document;
        bool answer = false;
        for (std::string line; std::getline(input, line);) {
            if (line == "----") {
                CHECK(disagreement(document.rfind('{', 0) == 0
                                       ? document
                                       : wrapped(document.substr(0, document.size() - 1))) == "");
                document.clear();
                answer = true;
                ++documents;
            } else if (line.empty()) {
                answer = false;
            } else if (!answer && line.rfind('#', 0) != 0) {
                document += line + '\n';
            }
        }
    }
    CHECK(documents > 150);
}

TEST_CASE("schema: agrees with the parser on documents made by chance", "[scenarios]") {
    std::size_t accepted = 0;
    std::size_t rejected = 0;
    bool const held = rc::check("schema and parser agree", [&] {
        std::string const text = *document_text();
        bool const taken = schema_says(text).empty();
        (taken ? accepted : rejected) += 1;
        RC_ASSERT(disagreement(text) == "");
    });
    CHECK(held);
    CHECK(accepted > 5);
    CHECK(rejected > 5);
}
