// Walking the table of keys and writing a value for some of them.
#include "tests/scenarios/generator.h"

#include "scenarios/diagnostic.h"
#include "scenarios/keys.h"
#include "scenarios/scalar.h"

#include <fmt/format.h>

#include <vector>

namespace brokersim::test {
namespace {

int below(int bound) {
    return *rc::gen::inRange(0, bound);
}

std::string pick(const std::vector<std::string>& words) {
    return words[static_cast<std::size_t>(below(static_cast<int>(words.size())))];
}

/// Something of any type, right or wrong.
std::string anything() {
    return pick({"null",
                 "true",
                 "3",
                 "-1",
                 "1e3",
                 "2.5",
                 "\"\"",
                 "\"x\"",
                 "\"5s\"",
                 "\"-5s\"",
                 "\"64KiB\"",
                 "\"4KB\"",
                 "\"7/s\"",
                 "\"n1\"",
                 "\"leader(orders/0)\"",
                 "\"client(p0)\"",
                 "[]",
                 "[3]",
                 "[\"x\"]",
                 "{}",
                 R"({"uniform": ["1s", "2s"]})",
                 R"({"uniform": [1]})",
                 R"({"choice": []})",
                 R"({"choice": ["all", "1"]})",
                 R"({"exponential": {"mean": 1}})",
                 R"({"log_uniform": [1, 9], "weights": [1]})"});
}

std::string right_scalar(const KeyRow& row) {
    switch (row.type) {
        case ValueType::boolean:
            return pick({"true", "false"});
        case ValueType::word: {
            std::vector<std::string_view> const words = words_of(row);
            return quote_json(
                words[static_cast<std::size_t>(below(static_cast<int>(words.size())))]);
        }
        case ValueType::integer:
        case ValueType::duration:
        case ValueType::size:
        case ValueType::rate:
            return write_scalar(row, pick({"low", "high"}) == "low" ? row.low : row.high);
        case ValueType::auto_or_duration:
            return pick({"\"auto\"", "\"3s\""});
        case ValueType::probability:
            return pick({"0", "0.5", "1"});
        case ValueType::seed:
            return pick({"\"7\"", "\"0xff\""});
        case ValueType::target:
            return pick({"\"n1\"", "\"one\"", "\"leader(orders/0)\"", "\"clients\""});
        case ValueType::any:
        case ValueType::text:
        case ValueType::texts:
        case ValueType::object:
        case ValueType::list:
            break;
    }
    return anything();
}

std::string value_of(const KeyRow& row, bool wild) {
    if (wild && below(12) == 0) {
        return anything();
    }
    if (row.distribution && below(3) == 0) {
        std::string const a = right_scalar(row);
        return fmt::format(R"({{"choice": [{}, {}]}})", a, right_scalar(row));
    }
    return right_scalar(row);
}

/// An object of a place, with some of its keys.
std::string object_of(const std::string& place, bool wild) {
    std::string text;
    for (const KeyRow* row : keys_of(place)) {
        bool const nested = row->type == ValueType::object || row->type == ValueType::list;
        if (nested || row->key == "comment" || below(4) != 0) {
            continue;
        }
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", quote_json(row->key),
                            value_of(*row, wild));
    }
    if (wild && below(25) == 0) {
        text += (text.empty() ? "" : ", ") + std::string{R"("nonsense": 1)"};
    }
    return "{" + text + "}";
}

std::string tame_script() {
    std::string const kind = pick({"pause", "reset", "slow_cpu"});
    return fmt::format(R"({{"id": "a", "do": "{}", {}, "target": "n1", "for": "1s"}})", kind,
                       pick({R"("at": "1s")", R"("when": {"event": "node_up"})"}));
}

std::string wild_script() {
    std::string const kind = pick(
        {"crash", "pause", "drop", "delay", "reset", "slow_disk", "restart", "heal", "nothing"});
    std::string text = fmt::format(R"({{"id": "a", "do": "{}")", kind);
    text += pick({R"(, "at": "1s")", R"(, "when": {"event": "node_up"})",
                  R"(, "arm": {"on": "sync"})", R"(, "at": "1s", "arm": {"on": "write"})",
                  R"(, "at": "1s", "when": {"event": "node_up"})", ""});
    text += pick({R"(, "target": "n1")", R"(, "target": "one")", "", R"(, "target": 3)"});
    text += pick({R"(, "for": "1s")", "", "", R"(, "for": {"uniform": ["1s", "2s"]})"});
    text += pick({"", "", R"(, "args": {"by": "5ms"})", R"(, "args": {"kind": "power"})",
                  R"(, "args": {})"});
    return text + "}";
}

}  // namespace

rc::Gen<std::string> document_text() {
    return rc::gen::exec([] {
        bool const wild = below(2) == 0;
        std::string text = R"({"format": 1, "name": "case", "why": "By chance.")";
        auto const section = [&text](std::string_view key, const std::string& json) {
            text += fmt::format(", {}: {}", quote_json(key), json);
        };
        for (const std::string key : {"cluster", "workload", "tuning", "run"}) {
            if (below(3) == 0) {
                section(key, object_of(key, wild));
            }
        }
        if (below(3) == 0) {
            section("faults", fmt::format(R"({{"script": [{}], "limits": {}}})",
                                          wild ? wild_script() : tame_script(),
                                          object_of("faults.limits", wild)));
        } else if (below(3) == 0) {
            section("faults", fmt::format(R"({{"random": {{"{}": {}}}}})",
                                          pick({"crash", "drop", "delay", "reset"}),
                                          object_of("faults.random.KIND", wild)));
        }
        section("expect", wild ? pick({R"({"holds": ["safety"]})", R"({"holds": ["liveness"]})",
                                       R"({"holds": []})", R"({"holds": ["x"], "violates": "y"})",
                                       R"({"holds": ["recovers"]})", "{}"})
                               : pick({R"({"holds": ["safety"]})", R"({"holds": ["liveness"]})"}));
        return text + "}";
    });
}

}  // namespace brokersim::test
