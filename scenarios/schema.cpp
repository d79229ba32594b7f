// Rows of the table of keys, as JSON Schema.
//
// Objects stay flat (no allOf over properties), because additionalProperties does not see through
// it. A file that extends another may say a part of what is needed, so what must be there is asked
// only of files that extend nothing, and of the elements of lists, which replace as a whole.
#include "scenarios/schema.h"

#include "broker_core/base/probes.h"
#include "faults/kinds.h"
#include "scenarios/diagnostic.h"
#include "scenarios/keys.h"
#include "scenarios/layout.h"
#include "scenarios/properties.h"
#include "scenarios/scalar.h"
#include "scenarios/targets.h"
#include "scenarios/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace brokersim {
namespace {

enum class Inherits : bool { no, yes };  // whether null may delete what a base says

std::string joined(const std::vector<std::string>& items) {
    return fmt::format("{}", fmt::join(items, ", "));
}

std::string enumeration(const std::vector<std::string_view>& words) {
    std::vector<std::string> quoted;
    for (std::string_view const word : words) {
        quoted.push_back(quote_json(word));
    }
    return fmt::format(R"({{"enum": [{}]}})", joined(quoted));
}

std::string reference(std::string_view name) {
    return fmt::format(R"({{"$ref": "#/definitions/{}"}})", name);
}

std::string list_of(std::string_view items, std::string_view more = R"("minItems": 1, )") {
    return fmt::format(R"({{"type": "array", {}"items": {}}})", more, items);
}

std::vector<std::string_view> property_words(bool anomalies) {
    std::vector<std::string_view> words = {"safety", "liveness"};
    std::vector<std::string_view> ids;
    for (const PropertyRow& row : property_table()) {
        words.push_back(row.name);
        ids.insert(ids.end(), row.ids.begin(), row.ids.end());
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    words.insert(words.end(), ids.begin(), ids.end());
    if (anomalies) {
        auto const codes = anomaly_codes();
        words.insert(words.end(), codes.begin(), codes.end());
    }
    return words;
}

std::vector<std::string_view> arm_words() {
    std::vector<std::string_view> words;
    for (auto on = static_cast<std::uint8_t>(ArmOn::io_submit);
         on <= static_cast<std::uint8_t>(ArmOn::shutdown); ++on) {
        words.push_back(name_of(static_cast<ArmOn>(on)));
    }
    return words;
}

std::vector<std::string_view> shape_words() {
    std::vector<std::string_view> words;
    for (auto shape = static_cast<std::uint8_t>(Shape::one);
         shape <= static_cast<std::uint8_t>(Shape::majorities_ring); ++shape) {
        words.push_back(name_of(static_cast<Shape>(shape)));
    }
    return words;
}

/// Values of keys whose words stand in other tables.
std::string special_value(const KeyRow& row) {
    std::string_view const place = row.place;
    std::string_view const key = row.key;
    if (place.empty() && key == "name") {
        return R"({"type": "string", "pattern": "^[a-z0-9-]{3,64}$"})";
    }
    if (place.empty() && key == "why") {
        return R"({"type": "string", "maxLength": 200})";
    }
    if (place.empty() && key == "extends") {
        return R"({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})";
    }
    if (place.empty() && key == "plant") {
        return list_of(R"({"type": "string"})", R"("minItems": 1, "maxItems": 1, )");
    }
    if (place.empty() && key == "matrix") {
        std::string const values = list_of(R"({"type": ["string", "number", "boolean"]})");
        return fmt::format(R"({{"type": "object", "minProperties": 1, "properties": )"
                           R"({{"comment": {{}}}}, "additionalProperties": {}}})",
                           values);
    }
    if (place == "cluster.topics[]" && key == "name") {
        return R"({"type": "string", "minLength": 1, "maxLength": 249, "pattern": "^[^/()]*$"})";
    }
    if (place == "faults.script[]" && key == "do") {
        return enumeration({fault_kind_names.begin(), fault_kind_names.end()});
    }
    if (place == "when" && key == "event") {
        auto const events = world_events();
        return fmt::format(R"({{"anyOf": [{}, {}]}})", enumeration({events.begin(), events.end()}),
                           reference("probe"));
    }
    if (place == "arm" && key == "on") {
        return enumeration(arm_words());
    }
    if (place == "expect" && key == "holds") {
        return list_of(enumeration(property_words(false)));
    }
    if (place == "expect" && key == "violates") {
        return enumeration(property_words(true));
    }
    if (place == "expect" && (key == "reaches" || key == "sometimes")) {
        std::string const probe = reference("probe");
        auto const notes = judge_notes();
        return list_of(key == "reaches" ? probe
                                        : fmt::format(R"({{"anyOf": [{}, {}]}})", probe,
                                                      enumeration({notes.begin(), notes.end()})));
    }
    if (place == "faults.script[]" && key == "topology") {
        std::string const group = list_of(reference("target"));
        return fmt::format(R"({{"anyOf": [{}, {}]}})", enumeration(shape_words()),
                           list_of(group, R"("minItems": 2, )"));
    }
    if (place == "faults.random.KIND" && key == "topology") {
        std::string const shape = enumeration(shape_words());
        return fmt::format(R"({{"anyOf": [{}, {}]}})", shape, list_of(shape));
    }
    if (place == "faults.random.KIND" && key == "target") {
        return fmt::format(R"({{"anyOf": [{}, {}]}})", reference("target"),
                           list_of(reference("target")));
    }
    if (place == "run.seeds" && key == "list") {
        return list_of(reference("seed"));
    }
    return "";
}

std::string number_range(const KeyRow& row) {
    return fmt::format(R"({{"type": "integer", "minimum": {}, "maximum": {}}})", row.low, row.high);
}

/// One value of the row, not drawn.
std::string single_value(const KeyRow& row) {
    switch (row.type) {
        case ValueType::any:
        case ValueType::object:
        case ValueType::list:
            return "{}";
        case ValueType::text:
            return R"({"type": "string"})";
        case ValueType::texts:
            return list_of(row.words.empty() ? R"({"type": "string"})"
                                             : enumeration(words_of(row)));
        case ValueType::word:
            return enumeration(words_of(row));
        case ValueType::boolean:
            return R"({"type": "boolean"})";
        case ValueType::integer:
            return number_range(row);
        case ValueType::duration:
            return reference(row.low < 0 ? "signed_duration" : "duration");
        case ValueType::auto_or_duration:
            return fmt::format(R"({{"anyOf": [{{"const": "auto"}}, {}]}})", reference("duration"));
        case ValueType::size:
            return reference("size");
        case ValueType::probability:
            return R"({"type": "number", "minimum": 0, "maximum": 1})";
        case ValueType::rate:
            return reference("rate");
        case ValueType::seed:
            return reference("seed");
        case ValueType::target:
            return reference("target");
    }
    return "{}";
}

std::string one_key_object(std::string_view key, const std::string& value,
                           const std::string& more = "") {
    return fmt::format(R"({{"type": "object", "required": ["{0}"], "additionalProperties": false, )"
                       R"("properties": {{"{0}": {1}, {2}"comment": {{}}}}}})",
                       key, value, more);
}

/// What may be drawn of several keys is defined once: the name of that definition, or "".
std::string shared_drawn(const KeyRow& row) {
    std::string_view const tail = row.low > 0 ? "_drawn_above_0" : "_drawn";
    if (row.type == ValueType::duration && row.low >= 0) {
        return fmt::format("duration{}", tail);
    }
    return row.type == ValueType::size ? fmt::format("size{}", tail) : "";
}

/// The value or any distribution of it.
std::string drawn_value(const KeyRow& row) {
    std::string const value = single_value(row);
    std::vector<std::string> forms = {value};
    bool const only_choice = row.type == ValueType::word || row.type == ValueType::boolean;
    if (!only_choice) {
        std::string const bounds = list_of(value, R"("minItems": 2, "maxItems": 2, )");
        forms.push_back(one_key_object("uniform", bounds));
        forms.push_back(one_key_object("log_uniform", bounds));
        if (row.low <= 0) {  // an exponential can draw 0
            std::string const body =
                one_key_object("mean", value, fmt::format(R"("max": {}, )", value));
            forms.push_back(one_key_object("exponential", body));
        }
    }
    forms.push_back(one_key_object(
        "choice", list_of(value),
        R"("weights": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": )"
        R"(1000000}}, )"));
    return fmt::format(R"({{"anyOf": [{}]}})", joined(forms));
}

std::string object_of(const std::string& place, Inherits inherits);

std::string whole_value(const KeyRow& row, Inherits inherits) {
    std::string special = special_value(row);
    if (!special.empty()) {
        return special;
    }
    std::string const below =
        fmt::format("{}{}{}", row.place, row.place.empty() ? "" : ".", row.key);
    if (row.type == ValueType::list) {
        return list_of(object_of(below + "[]", Inherits::no));
    }
    if (row.type == ValueType::object) {
        // Objects of several places are written once.
        if (row.key == "when" || row.key == "arm") {
            return reference(row.key);
        }
        if (row.key == "args") {
            return reference(inherits == Inherits::yes ? "args_of_random" : "args");
        }
        return row.place == "faults.random" ? reference("random_kind") : object_of(below, inherits);
    }
    if (!row.distribution) {
        return single_value(row);
    }
    std::string const defined = shared_drawn(row);
    return defined.empty() ? drawn_value(row) : reference(defined);
}

bool is_identity(const KeyRow& row) {
    constexpr std::array<std::string_view, 8> own = {"$schema", "format",  "name",   "why",
                                                     "extends", "comment", "matrix", "regressions"};
    return row.place.empty() && std::find(own.begin(), own.end(), row.key) != own.end();
}

std::string property_of(const KeyRow& row, Inherits inherits) {
    std::string value = whole_value(row, inherits);
    if (row.type == ValueType::any && value == "{}") {
        return fmt::format(R"({}: {{"description": {}}})", quote_json(row.key),
                           quote_json(row.text));
    }
    bool const null = inherits == Inherits::yes && !is_identity(row);
    std::string const forms = null ? value + R"(, {"type": "null"})" : value;
    std::string const fallback =
        row.fallback.empty() ? "" : fmt::format(" Default: {}.", row.fallback);
    return fmt::format(R"({}: {{"description": {}, "anyOf": [{}]}})", quote_json(row.key),
                       quote_json(std::string{row.text} + "." + fallback), forms);
}

/// What must be there, and what excludes what, in an object that is whole.
std::string rules_of_whole(std::string_view place) {
    auto const alone = [](std::string_view key, std::string_view others) {
        return fmt::format(R"({{"required": ["{}"], "not": {{"anyOf": [{}]}}}})", key, others);
    };
    auto const has = [](std::string_view key) {
        return fmt::format(R"({{"required": ["{}"]}})", key);
    };
    if (place == "faults.script[]") {
        return fmt::format(R"(, "oneOf": [{}, {}, {}])",
                           alone("at", has("when") + ", " + has("arm")),
                           alone("when", has("at") + ", " + has("arm")), alone("arm", has("when")));
    }
    if (place == "workload.steps[]") {
        return fmt::format(R"(, "oneOf": [{}, {}])", has("at"), has("when"));
    }
    if (place == "expect") {
        return fmt::format(R"(, "oneOf": [{}, {}, {}])", alone("holds", has("in_seeds")),
                           has("violates"), alone("voids", has("in_seeds")));
    }
    if (place == "run.seeds") {
        return fmt::format(R"(, "oneOf": [{}, {}])", has("count"), has("list"));
    }
    return "";
}

/// What each kind needs: a target, a topology, an argument.
std::string kind_needs() {
    std::vector<std::string_view> aimed;
    std::vector<std::string_view> shaped;
    for (const KindRules& rules : kind_rules()) {
        if (rules.target == TargetUse::brokers) {
            aimed.push_back(name_of(rules.kind));
        }
        if (rules.topology) {
            shaped.push_back(name_of(rules.kind));
        }
    }
    auto const when = [](const std::vector<std::string_view>& kinds, std::string_view then) {
        return fmt::format(R"({{"if": {{"required": ["do"], "properties": {{"do": {}}}}}, )"
                           R"("then": {}}})",
                           enumeration(kinds), then);
    };
    return fmt::format(
        R"(, "allOf": [{}, {}, {}])", when(aimed, R"({"required": ["target"]})"),
        when(shaped, R"({"required": ["topology"]})"),
        when({"delay"}, R"({"required": ["args"], "properties": {"args": {"required": ["by"]}}})"));
}

std::string required_of(std::string_view place) {
    std::vector<std::string> required;
    for (const KeyRow* row : keys_of(place)) {
        if (row->required) {
            required.push_back(quote_json(row->key));
        }
    }
    return required.empty() ? "" : fmt::format(R"("required": [{}], )", joined(required));
}

std::string object_of(const std::string& place, Inherits inherits) {
    std::vector<std::string> properties;
    std::vector<std::string_view> done;  // a knob that is also a row would be there twice
    for (const KeyRow* row : keys_of(place)) {
        if (std::find(done.begin(), done.end(), row->key) == done.end()) {
            properties.push_back(property_of(*row, inherits));
            done.push_back(row->key);
        }
    }
    bool const whole = inherits == Inherits::no;
    return fmt::format(
        R"({{"type": "object", {}"additionalProperties": false, "properties": {{{}}}{}{}}})",
        whole ? required_of(place) : "", joined(properties), whole ? rules_of_whole(place) : "",
        place == "faults.script[]" ? kind_needs() : "");
}

/// What a file that extends nothing must say in the objects that files merge.
std::string whole_file() {
    std::vector<std::string> kinds;
    for (const KindRules& rules : kind_rules()) {
        if (rules.placement != Placement::never) {
            kinds.push_back(fmt::format(
                R"("{}": {{"not": {{"required": ["every", "probability"]}}, "anyOf": )"
                R"([{{"required": ["{}"]}}, {{"required": ["enabled"], )"
                R"("properties": {{"enabled": {{"const": 0}}}}}}]{}}})",
                name_of(rules.kind),
                rules.placement == Placement::per_message ? "probability" : "every",
                rules.kind == FaultKind::delay
                    ? R"(, "required": ["args"], "properties": {"args": {"required": ["by"]}})"
                    : ""));
        }
    }
    return fmt::format(
        R"({{"required": ["expect"], "properties": {{"expect": {{"type": "object"{}, )"
        R"("properties": {{"in_seeds": {{"required": ["at_least"]}}}}}}, )"
        R"("run": {{"properties": {{"seeds": {{"type": "object"{}}}}}}}, )"
        R"("faults": {{"properties": {{"random": {{"properties": {{{}}}}}}}}}}}}})",
        rules_of_whole("expect"), rules_of_whole("run.seeds"), joined(kinds));
}

std::string pattern(std::string_view name, std::string_view text, std::string_view expression) {
    return fmt::format(R"("{}": {{"type": "string", "description": {}, "pattern": {}}})", name,
                       quote_json(text), quote_json(expression));
}

std::string definitions() {
    constexpr std::string_view number = "([0-9]+|[0-9]+\\.[0-9]+)";
    std::string const time = fmt::format("{}(ns|us|ms|s|m|h)$", number);
    auto const shared = [](std::string_view name, const std::string& place, Inherits inherits) {
        return fmt::format("{}: {}", quote_json(name), object_of(place, inherits));
    };
    auto const drawn = [](ValueType type, std::int64_t low) {
        KeyRow const row{.type = type, .low = low};
        return fmt::format("{}: {}", quote_json(shared_drawn(row)), drawn_value(row));
    };
    return joined(
        {drawn(ValueType::duration, 0), drawn(ValueType::duration, 1), drawn(ValueType::size, 0),
         drawn(ValueType::size, 1),
         fmt::format(R"("probe": {})",
                     enumeration({broker::probe_names.begin(), broker::probe_names.end()})),
         shared("when", "when", Inherits::no), shared("arm", "arm", Inherits::no),
         shared("args", "args", Inherits::no), shared("args_of_random", "args", Inherits::yes),
         shared("random_kind", "faults.random.KIND", Inherits::yes),
         pattern("duration", "such as 250ms", "^" + time),
         pattern("signed_duration", "such as -5ms", "^-?" + time),
         pattern("size", "such as 64KiB", fmt::format("^{}(B|KiB|MiB|GiB)$", number)),
         pattern("rate", "such as 200/s", fmt::format("^{}/(s|m)$", number)),
         pattern("seed", "such as 0x2a", "^(0[xX][0-9a-fA-F]{1,20}|[0-9]{1,20})$"),
         pattern("target", "whom: n1, one, leader(orders/0), ..",
                 "^(one|minority|minority_third|majority|all|clients|rest|n[1-9][0-9]{0,5}"
                 "|(leader|follower|followers|voters|candidate|learner|lagging|tiebreaker)\\(["
                 "\\s\\S]*/(0|[1-9][0-9]{0,5})\\)"
                 "|client\\([pc][1-9][0-9]{0,5}\\)|same\\([\\s\\S]+\\))$")});
}

}  // namespace

std::string editor_schema() {
    std::string body = object_of("", Inherits::yes);
    std::string const text =
        fmt::format(R"({{"$schema": "http://json-schema.org/draft-07/schema#", "title": )"
                    R"("A scenario of brokersim, format 1", "definitions": {{{}}}, )"
                    R"("required": ["format", "name", "why"], "if": {{"required": ["extends"]}}, )"
                    R"("then": {{}}, )"
                    R"("else": {}, {})",
                    definitions(), whole_file(), body.substr(1));
    JsonDocument document = read_json({"", text}, 0, false);
    return document.root ? lay_out(*document.root) : "";
}

}  // namespace brokersim
