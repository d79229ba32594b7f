// Worked examples from tests/datadriven/judge: a history, then what the judge must say of it.
//
// A file holds cases separated by blank lines. A case is a `#` title, the lines of the history,
// `----`, the verdict, and one line per anomaly, note and wanted sum (`sums name=N ...`).
// With REWRITE=1 in the environment the expected parts are written anew (sums are kept as asked).
#include "reference_judge.h"
#include "reports/history_json.h"
#include "reports/judge.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace brokersim::tests {

namespace {

struct Case {
    std::string title;
    std::string history;
    std::string expected;
};

std::vector<Case> read_cases(const std::filesystem::path& path) {
    std::ifstream in{path};
    std::vector<Case> cases;
    bool in_history = true;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("#")) {
            cases.push_back({line, "", ""});
            in_history = true;
        } else if (line == "----") {
            in_history = false;
        } else if (!line.empty()) {
            (in_history ? cases.back().history : cases.back().expected) += line + "\n";
        }
    }
    return cases;
}

std::string sums_line(const reports::Sums& sums, const std::string& wanted) {
    std::istringstream in{wanted};
    std::string word;
    in >> word;
    std::string line = word;
    while (in >> word) {
        std::string const name = word.substr(0, word.find('='));
        auto const found =
            std::find_if(reports::sum_names.begin(), reports::sum_names.end(),
                         [&](const reports::NamedSum& sum) { return sum.name == name; });
        line += " " + name + "=" +
                (found == reports::sum_names.end() ? "?" : std::to_string(sums.*found->member));
    }
    return line + "\n";
}

std::string found_text(const reports::Judgement& judgement, const std::string& expected) {
    std::string text = std::string{reports::verdict_name(judgement.verdict)} + "\n";
    for (const auto& finding : judgement.anomalies) {
        text += "anomaly " + reports::to_json(finding) + "\n";
    }
    for (const auto& finding : judgement.notes) {
        text += "note " + reports::to_json(finding) + "\n";
    }
    std::istringstream in{expected};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("sums ")) {
            text += sums_line(judgement.sums, line);
        }
    }
    return text;
}

}  // namespace

TEST_CASE("judge: every worked example gets the verdict written under it", "[judge]") {
    bool const rewrite = std::getenv("REWRITE") != nullptr;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator{BROKERSIM_JUDGE_CASES}) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    REQUIRE(paths.size() >= 6);

    for (const auto& path : paths) {
        std::string rewritten;
        for (const Case& example : read_cases(path)) {
            std::istringstream in{example.history};
            auto const history = reports::read_history(in, path.filename().string());
            INFO(path.filename().string() << " " << example.title);
            REQUIRE((history ? "" : history.error().text) == "");
            auto const judgement = reports::judge(*history);
            REQUIRE(judgement.has_value());
            std::string const found = found_text(*judgement, example.expected);
            if (rewrite) {
                rewritten += (rewritten.empty() ? "" : "\n") + example.title + "\n" +
                             example.history + "----\n" + found;
            } else {
                CHECK(found == example.expected);
                CHECK(reports::to_json(*judgement) == reference_judge(example.history));
            }
        }
        if (rewrite) {
            std::ofstream{path} << rewritten;
        }
    }
}

}  // namespace brokersim::tests
