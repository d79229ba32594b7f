// The judge against a second implementation and against legal runs; HISTORIES=N in the environment
// asks for more of them than the suite has time for.
#include "history_generator.h"
#include "reference_judge.h"
#include "reports/history_json.h"
#include "reports/judge.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include <cstdlib>
#include <sstream>

namespace brokersim::tests {

namespace {

std::string judge_text(const std::string& text) {
    std::istringstream in{text};
    auto const history = reports::read_history(in, "generated");
    if (!history) {
        return history.error().text.find("sent twice") != std::string::npos ? "malformed"
                                                                            : history.error().text;
    }
    auto const judgement = reports::judge(*history);
    return judgement ? reports::to_json(*judgement) : judgement.error().text;
}

/// Runs `compare(seed)` for n seeds; the base seed comes from rapidcheck, and so from RC_PARAMS.
void for_seeds(std::uint64_t usual, std::function<void(std::uint64_t)> const& compare) {
    const char* wish = std::getenv("HISTORIES");
    std::uint64_t const count = wish == nullptr ? usual : std::strtoull(wish, nullptr, 10);
    REQUIRE(rc::check([&](std::uint32_t base) {
        for (std::uint64_t i = 0; i < count / 100; ++i) {
            compare((std::uint64_t{base} << 32U) + i);
        }
    }));
}

void agree(const std::string& history) {
    std::string const expected = reference_judge(history);
    std::string const found = judge_text(history);
    if (expected != found) {
        RC_LOG() << history << "reference " << expected << "\njudge     " << found << "\n";
        RC_FAIL("the judges differ");
    }
}

}  // namespace

TEST_CASE("judge: agrees with the reference on wild histories", "[judge][property]") {
    for_seeds(4000, [](std::uint64_t seed) { agree(wild_history(seed)); });
}

TEST_CASE("judge: agrees with the reference on mutated legal histories", "[judge][property]") {
    for_seeds(3000, [](std::uint64_t seed) {
        agree(mutated(legal_history(seed), seed, 1 + static_cast<int>(seed % 4)));
    });
}

TEST_CASE("judge: finds nothing wrong with legal histories", "[judge][property]") {
    for_seeds(10000, [](std::uint64_t seed) {
        std::string const history = legal_history(seed);
        std::string const found = judge_text(history);
        if (found.find(R"("anomalies":[],)") == std::string::npos) {
            RC_LOG() << history << found << "\n";
            RC_FAIL("an anomaly in a legal history");
        }
    });
}

TEST_CASE("history: what is written reads back and is written the same", "[history][property]") {
    for_seeds(1000, [](std::uint64_t seed) {
        std::istringstream in{wild_history(seed)};
        auto const history = reports::read_history(in, "wild");
        if (!history) {
            return;
        }
        std::string const once = reports::history_text(*history);
        std::istringstream again{once};
        auto const second = reports::read_history(again, "once");
        RC_ASSERT(second.has_value());
        RC_ASSERT(reports::history_text(*second) == once);
        RC_ASSERT(reports::to_json(*reports::judge(*history)) ==
                  reports::to_json(*reports::judge(*second)));
    });
}

TEST_CASE("judge: ids do not matter", "[judge][property]") {
    for_seeds(1000, [](std::uint64_t seed) {
        std::string const text = wild_history(seed);
        std::istringstream in{text};
        auto const history = reports::read_history(in, "wild");
        if (!history) {
            return;
        }
        // The same lines behind a line that interns the names in another order.
        auto const newline = text.find('\n');
        std::string shuffled = text.substr(0, newline + 1);
        shuffled += R"({"process":9,"type":"invoke","f":"assign","keys":["b","a"]})";
        shuffled += "\n" + text.substr(newline + 1);
        std::istringstream other{shuffled};
        auto const permuted = reports::read_history(other, "permuted");
        RC_ASSERT(permuted.has_value());
        auto const left = reports::judge(*history);
        auto const right = reports::judge(*permuted);
        RC_ASSERT(left->anomalies == right->anomalies);
        RC_ASSERT(left->notes == right->notes);
    });
}

TEST_CASE("history: bytes of any kind never crash the reader", "[history][property]") {
    REQUIRE(rc::check([](const std::string& noise, std::uint64_t seed, std::uint16_t place) {
        std::istringstream first{noise};
        (void)reports::read_history(first, "noise");

        std::string text = legal_history(seed);
        text.replace(place % text.size(), noise.size(), noise);
        std::istringstream second{text};
        auto const history = reports::read_history(second, "noise");
        if (history) {
            (void)reports::judge(*history);
        }
    }));
}

}  // namespace brokersim::tests
