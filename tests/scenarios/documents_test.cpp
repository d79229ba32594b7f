// Bad documents, each with the code, line, column and help it must get; and how they are shown.
//
// A block of the files is a document (or only the keys that differ, which then begin on line 2), a
// line ----, and one line per diagnostic. REWRITE=1 writes the answers, for review like code.
#include "tests/scenarios/document.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

using namespace brokersim;
using namespace brokersim::test;

namespace {

struct Counted {
    std::size_t documents = 0;
    std::set<std::string> codes;
};

Counted run_file(const std::filesystem::path& path) {
    Counted counted;
    std::ifstream input{path};
    std::string rewritten;
    std::string document;
    std::string expected;
    bool answer = false;
    auto const finish = [&] {
        bool const whole = document.rfind('{', 0) == 0;
        std::string const text =
            whole ? document : wrapped(document.substr(0, document.size() - 1));
        ParseOutcome const outcome = parse_case(text);
        std::string const actual = summary(outcome);
        if (std::getenv("REWRITE") == nullptr) {
            INFO(path.filename().string() << ":\n" << document);
            CHECK(actual == expected);
        }
        rewritten += document + "----\n" + actual + "\n";
        ++counted.documents;
        for (const Diagnostic& d : outcome.diagnostics) {
            counted.codes.insert(d.code);
        }
        document.clear();
        expected.clear();
        answer = false;
    };
    for (std::string line; std::getline(input, line);) {
        if (line == "----") {
            answer = true;
        } else if (line.empty() && answer) {
            finish();
        } else if (line.rfind('#', 0) == 0) {
            rewritten += line + '\n';
        } else if (answer) {
            expected += line + '\n';
        } else if (!line.empty()) {
            document += line + '\n';
        }
    }
    if (answer) {
        finish();
    }
    CHECK(document.empty());
    if (std::getenv("REWRITE") != nullptr) {
        std::ofstream{path} << rewritten.substr(0, rewritten.size() - 1);
    }
    return counted;
}

}  // namespace

TEST_CASE("scenarios: every bad document gets its code, line and column", "[scenarios]") {
    std::filesystem::path const folder{BROKERSIM_DATADRIVEN_DIR "/scenarios"};
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        if (entry.path().extension() == ".txt") {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());

    Counted all;
    for (const auto& path : paths) {
        Counted const one = run_file(path);
        all.documents += one.documents;
        all.codes.insert(one.codes.begin(), one.codes.end());
    }

    CHECK(all.documents >= 60);
    for (std::string_view const code :
         {"SCN001", "SCN002", "SCN003", "SCN004", "SCN010", "SCN011", "SCN012", "SCN013", "SCN014",
          "SCN015", "SCN016", "SCN017", "SCN018", "SCN019", "SCN020", "SCN021", "SCN201", "SCN202",
          "SCN203", "SCN204", "SCN205", "SCN206", "SCN207", "SCN208", "SCN209", "SCN210", "SCN211",
          "SCN212", "SCN213", "SCN214", "SCN215", "SCN216", "SCN218", "SCN219", "SCN220", "SCN221",
          "SCN222", "SCN223", "SCN224", "SCN226", "SCN227", "SCN228", "SCN229", "SCN230", "SCN231",
          "SCN232", "SCN217", "SCN030", "SCN101"}) {
        INFO(code);
        CHECK(all.codes.count(std::string{code}) == 1);
    }
}

TEST_CASE("scenarios: twenty mistakes in one file are twenty errors", "[scenarios]") {
    std::string const text = R"({
  "format": 1,
  "name": "other",
  "why": 7,
  "tagz": ["pr"],
  "cluster": {"brokers": 12, "topics": [{"name": "orders", "partitions": "2"}],
    "network": {"latency": 5}, "disk": {"write": "20 us"}, "start": {"order": "random"}},
  "workload": {"producers": 0, "acks": 1, "idempotent": "yes", "payload": "4KB"},
  "tuning": {"wal.segment_byte": "4KiB", "raft.heartbeat": {"uniform": ["90ms", "20ms"]}},
  "faults": {"script": [{"id": "a", "do": "krash", "at": "1s", "target": "n1"},
    {"id": "b", "do": "crash", "target": "n1"}],
    "random": {"drop": {"probability": 5}}},
  "run": {"virtual_time": "10", "seeds": {"list": [7]}},
  "expect": {"holds": ["no_lost_ack"]}
}
)";

    ParseOutcome const outcome = parse_case(text);

    INFO(summary(outcome));
    CHECK_FALSE(outcome.scenario);
    CHECK(outcome.diagnostics.size() == 20);
}

TEST_CASE("scenarios: a diagnostic is shown with its line and a caret", "[scenarios]") {
    ParseOutcome const outcome =
        parse_case(wrapped(R"(  "faults": {"random": {"drop": {"probabilty": 0.02}}})"));

    CHECK(render_text(outcome.diagnostics, 1) ==
          R"(case.json:2:34: error[SCN010]: unknown key "probabilty"
    2 |   "faults": {"random": {"drop": {"probabilty": 0.02}}}
      |                                  ^^^^^^^^^^^^ at /faults/random/drop/probabilty
      = help: did you mean "probability"?
      = keys allowed here: enabled, every, probability, for, target, topology, direction, only, )"
          R"(args, comment
1 error, 0 warnings in 1 file.
)");
    CHECK(render_json(outcome.diagnostics) ==
          R"({"v":1,"file":"case.json","line":2,"column":34,"end_column":46,)"
          R"("pointer":"/faults/random/drop/probabilty","code":"SCN010","severity":"error",)"
          R"("message":"unknown key \"probabilty\"","help":"did you mean \"probability\"?",)"
          R"("replacement":"\"probability\""})"
          "\n");
}

TEST_CASE("scenarios: more than twenty diagnostics are counted, not shown", "[scenarios]") {
    std::string members = R"("comment": "x")";
    for (int i = 0; i < 27; ++i) {
        members += fmt::format(",\n\"zzzzzzzz{}\": 1", i);
    }

    std::string const text = render_text(parse_case(wrapped(members)).diagnostics, 1);

    CHECK(text.find("and 7 more\n27 errors, 0 warnings in 1 file.") != std::string::npos);
}
