// Merging results: any order, any repetition, any cut; and what CI is shown of hostile names.
#include "reports/escape.h"
#include "reports/merge.h"
#include "reports/summary.h"

#include <catch2/catch.hpp>
#include <fmt/core.h>
#include <rapidcheck.h>
#include <rapidcheck/catch.h>

#include <algorithm>

namespace brokersim::reports {
namespace {

SeedResult failed_seed(std::uint64_t k, const std::string& signature) {
    SeedResult seed;
    seed.scenario = "s";
    seed.scenario_hash = "h";
    seed.k = k;
    seed.seed = k * 7 + 1;
    seed.verdict = "fail";
    seed.violated = {"R16"};
    seed.signature = signature;
    seed.trace_hash = k + 1;
    seed.events = 1000 - k;
    return seed;
}

/// The lines of one chunk with one failed seed.
std::string chunk_lines(std::uint64_t chunk) {
    SeedResult const failed = failed_seed(chunk * seeds_per_chunk, "R16/x/none");
    ChunkResult result;
    result.scenario = "s";
    result.scenario_hash = "h";
    result.chunk = chunk;
    result.add(failed);
    SeedResult passed = failed;
    passed.verdict = "pass";
    passed.expected = true;
    passed.faults["crash"] = {2, 1};
    passed.probes = {3, 1};
    result.add(passed);
    return to_json(failed) + "\n" + to_json(result) + "\n";
}

/// A campaign of so many seeds that drew a class; of them with an effect, and of them void.
Summary campaign_of(std::uint64_t seeds, std::uint64_t effective, std::uint64_t voided) {
    std::string lines;
    for (std::uint64_t first = 0; first < seeds; first += seeds_per_chunk) {
        ChunkResult chunk;
        chunk.scenario = "s";
        chunk.scenario_hash = "h";
        chunk.chunk = first / seeds_per_chunk;
        for (std::uint64_t k = first; k < std::min(seeds, first + seeds_per_chunk); ++k) {
            SeedResult seed = failed_seed(k, "");
            seed.violated.clear();
            seed.verdict = k < voided ? "void" : "pass";
            seed.expected = k >= voided;
            seed.faults["wipe"] = {2, k < effective ? 1U : 0U};
            seed.faults["crash"] = {1, 1};
            chunk.add(seed);
        }
        lines += to_json(chunk) + "\n";
    }
    Merge merge;
    merge.add_file("a", lines);
    Manifest manifest;
    manifest.scenarios.push_back(CampaignScenario{"s", "s.json", "h", "", "holds", 1, 1, true});
    return summarise(merge, manifest, {}, "2026-01-01", {});
}

Manifest manifest_of(std::uint64_t scenarios = 1) {
    Manifest manifest;
    for (std::uint64_t i = 0; i < scenarios; ++i) {
        manifest.scenarios.push_back(CampaignScenario{"s", "s.json", "h", "", "holds", 1, 1, true});
    }
    return manifest;
}

}  // namespace

TEST_CASE("merge: a line that is written is read back as it was", "[merge]") {
    std::string const text = chunk_lines(4);
    std::size_t const end = text.find('\n');

    ResultLine const seed = parse_result_line(text.substr(0, end));
    ResultLine const chunk = parse_result_line(text.substr(end + 1, text.size() - end - 2));

    REQUIRE(seed.type == "seed");
    CHECK(to_json(seed.seed) + "\n" == text.substr(0, end + 1));
    REQUIRE(chunk.type == "chunk");
    CHECK(to_json(chunk.chunk) + "\n" == text.substr(end + 1));
    CHECK(chunk.chunk.seeds == 2);
    CHECK(chunk.chunk.probes == std::vector<std::uint32_t>{1, 3});
}

TEST_CASE("merge: order and repetition of files change nothing", "[merge]") {
    rc::prop("any order, any repetition", [](const std::vector<std::uint8_t>& numbers) {
        std::vector<std::string> files;
        for (std::uint8_t const number : numbers) {
            files.push_back(chunk_lines(number % 8U));
        }
        Merge forward;
        for (const std::string& file : files) {
            forward.add_file("a", file);
        }
        std::reverse(files.begin(), files.end());
        Merge backward;
        for (const std::string& file : files) {
            backward.add_file("b", file);
            backward.add_file("b", file);
        }
        RC_ASSERT(forward.lines() == backward.lines());
        RC_ASSERT(forward.conflicts().empty() && backward.conflicts().empty());
    });
}

TEST_CASE("merge: a file cut at any byte gives a part of the whole", "[merge]") {
    std::string const text = chunk_lines(0) + chunk_lines(1);
    Merge whole;
    whole.add_file("f", text);

    for (std::size_t at = 0; at < text.size(); ++at) {
        Merge cut;
        cut.add_file("f", text.substr(0, at));
        for (const auto& [chunk, result] : cut.chunks()) {
            REQUIRE(to_json(result) == to_json(whole.chunks().at(chunk)));
        }
        REQUIRE(cut.seeds().size() <= cut.chunks().size());
        REQUIRE(cut.torn() <= 1);
    }
}

TEST_CASE("merge: a chunk that ran twice and differs is told, not averaged", "[merge]") {
    std::string other = chunk_lines(2);
    std::size_t const fold = other.find("\"fold\":\"") + 8;
    other[fold] = other[fold] == '0' ? '1' : '0';
    Merge merge;

    merge.add_file("a", chunk_lines(2));
    merge.add_file("b", other);

    CHECK(merge.conflicts().size() == 1);
    CHECK(merge.duplicates() == 1);
    Summary const summary = summarise(merge, manifest_of(), {}, "2026-01-01", {});
    CHECK(summary.differences.size() == 1);
}

TEST_CASE("summary: known is shown, past its date is red, known and absent looks fixed",
          "[summary]") {
    Merge merge;
    merge.add_file("a", chunk_lines(0));
    std::vector<KnownFinding> const known = {{"R16/x/none", "12", "2026-05-01", "slow"},
                                             {"gone/a/b", "9", "2026-05-01", ""}};

    Summary const before = summarise(merge, manifest_of(), known, "2026-05-01", {});
    Summary const after = summarise(merge, manifest_of(), known, "2026-05-02", {});

    CHECK(before.red() == 0);
    CHECK(after.red() == 1);
    CHECK(before.looks_fixed == std::vector<std::string>{"gone/a/b (9)"});
    CHECK(summarise(merge, manifest_of(), {}, "2026-05-01", {}).red() == 1);
}

TEST_CASE("summary: a class that had no effect in half of its seeds proves too little",
          "[summary]") {
    Summary const half = campaign_of(200, 100, 0);
    Summary const fewer = campaign_of(200, 99, 0);
    Summary const few_seeds = campaign_of(49, 0, 0);

    CHECK_FALSE(half.proves_too_little());
    CHECK(fewer.proves_too_little());
    CHECK(fewer.weak_faults == std::vector<std::string>{"wipe took effect in 99 of 200 seeds"});
    CHECK_FALSE(few_seeds.proves_too_little());  // that may be chance
}

TEST_CASE("summary: more than one void seed in a hundred proves too little", "[summary]") {
    CHECK_FALSE(campaign_of(200, 200, 2).proves_too_little());
    CHECK(campaign_of(200, 200, 3).proves_too_little());
}

TEST_CASE("summary: 5,000 findings fit into what CI systems accept", "[summary]") {
    Merge merge;
    std::string text;
    ChunkResult chunk;
    chunk.scenario_hash = "h";
    for (std::uint64_t c = 0; c < 80; ++c) {
        chunk.chunk = c;
        text += to_json(chunk) + "\n";
    }
    for (std::uint64_t k = 0; k < 5000; ++k) {
        SeedResult seed = failed_seed(k, fmt::format("R16/cause{}/none", k));
        seed.summary = std::string(300, 'x');
        text += to_json(seed) + "\n";
    }
    merge.add_file("a", text);
    Summary const summary = summarise(merge, manifest_of(), {}, "2026-01-01", {});

    std::string const markdown = summary_markdown(summary);
    std::string const lines = annotations(summary);

    CHECK(summary.findings.size() == 5000);
    CHECK(markdown.size() <= 900'000);
    CHECK(markdown.find("more signatures are in summary.json") != std::string::npos);
    CHECK(std::count(lines.begin(), lines.end(), '\n') == 11);
    CHECK(lines.find("4990 more in the summary") != std::string::npos);
}

TEST_CASE("escapes: hostile texts stay texts", "[summary]") {
    std::string const hostile = "a<b>&\"'\x01\x1b]]>\n::error::%|`*\xff";

    std::string const xml = escape_xml(hostile);
    CHECK(xml.find('<') == std::string::npos);
    CHECK(xml.find('\x01') == std::string::npos);
    CHECK(xml.find("&lt;b&gt;&amp;&quot;&apos;") != std::string::npos);
    std::string const annotation = escape_annotation(hostile, true);
    CHECK(annotation.find('\n') == std::string::npos);
    CHECK(annotation.find("::") == std::string::npos);
    CHECK(annotation.find("%25") != std::string::npos);
    std::string const markdown = escape_markdown(hostile);
    CHECK(markdown.find('\n') == std::string::npos);
    CHECK(markdown.find("<b") == std::string::npos);
    CHECK(markdown.find("\\|\\`\\*") != std::string::npos);
    CHECK(shell_quoted("it's $(x)") == "'it'\\''s $(x)'");
    CHECK(shell_quoted("a/b.json") == "a/b.json");
}

TEST_CASE("known findings: a file that is no such list is an error", "[summary]") {
    CHECK(parse_known("[]").has_value());
    for (const char* const text :
         {"", "{}", "[1]", R"([{"signature":"a"}])", R"([{"signature":"a","until":"soon"}])",
          R"([{"signature":"a","until":"2026-01-01","x":"y"}])"}) {
        CHECK_FALSE(parse_known(text).has_value());
    }
    CHECK(parse_known(R"([{"signature":"a","until":"2026-01-01","issue":"1","note":"n"}])"));
}

}  // namespace brokersim::reports
