// Did-you-mean: distances, ties, and the share of one-edit typos that are understood.
#include "scenarios/suggest.h"

#include "scenarios/keys.h"
#include "tests/scenarios/document.h"

#include <catch2/catch.hpp>

#include <set>

using namespace brokersim;

namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_";

/// Every word that is one deletion, insertion, replacement or swap of neighbours away.
std::set<std::string> typos_of(std::string_view word) {
    std::set<std::string> typos;
    for (std::size_t i = 0; i <= word.size(); ++i) {
        std::string const front{word.substr(0, i)};
        std::string const back{word.substr(i)};
        for (char const c : letters) {
            typos.insert(front + c + back);
            if (!back.empty()) {
                typos.insert(front + c + back.substr(1));
            }
        }
        if (!back.empty()) {
            typos.insert(front + back.substr(1));
        }
        if (back.size() > 1) {
            typos.insert(front + back[1] + back[0] + back.substr(2));
        }
    }
    return typos;
}

}  // namespace

TEST_CASE("suggest: distance counts edits, swaps included, without case and hyphens",
          "[scenarios]") {
    CHECK(edit_distance("abc", "abc") == 0);
    CHECK(edit_distance("abc", "acb") == 1);
    CHECK(edit_distance("abc", "bc") == 1);
    CHECK(edit_distance("virtual-time", "Virtual_Time") == 0);
    CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("suggest: ties go to what is required and missing", "[scenarios]") {
    CHECK(nearest("ab", {{"ax"}, {"bb", true}}) == "bb");
    CHECK(nearest("ab", {{"xb"}, {"ax"}}) == "ax");
    CHECK_FALSE(nearest("something", {{"else"}}));
}

TEST_CASE("suggest: the first suggestion is right for 99 % of one-edit typos of all keys",
          "[scenarios]") {
    std::size_t asked = 0;
    std::size_t right = 0;
    std::set<std::string_view> places;
    for (const KeyRow& row : key_table()) {
        places.insert(row.place);
    }
    for (std::string_view const place : places) {
        std::vector<KeyRow const*> const rows = keys_of(place);
        for (const KeyRow* meant : rows) {
            // As the parser asks: the key that is mistyped is missing, the other required ones are
            // there.
            std::vector<Candidate> candidates;
            for (const KeyRow* row : rows) {
                candidates.push_back({row->key, row == meant && row->required});
            }
            for (const std::string& typo : typos_of(meant->key)) {
                if (find_key(place, typo) != nullptr) {
                    continue;
                }
                ++asked;
                right += nearest(typo, candidates) == std::string{meant->key} ? 1U : 0U;
            }
        }
    }

    CAPTURE(asked, right);
    CHECK(asked > 50'000);
    CHECK(right * 100 >= asked * 99);
}

TEST_CASE("suggest: keys of other places and words of other tools are recognised", "[scenarios]") {
    using test::parse_case;
    using test::wrapped;
    auto const help = [](const std::string& members) {
        return parse_case(wrapped(members)).diagnostics.at(0).help;
    };

    CHECK(help(R"("cluster": {"acks": "1"})") == "\"acks\" belongs in /workload");
    CHECK(help(R"("cluster": {"nodes": 3})") == "did you mean \"brokers\"?");
    CHECK(help(R"("quiesce": "3s")") == "did you mean \"settle\"?");
}
