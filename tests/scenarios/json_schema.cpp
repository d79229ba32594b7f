// One function per group of keywords.
#include "tests/scenarios/json_schema.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

namespace brokersim::test {
namespace {

using Kind = JsonValue::Kind;

bool equal(const JsonValue& a, const JsonValue& b) {
    if (a.kind != b.kind) {
        return false;
    }
    if (a.is(Kind::number)) {
        return std::strtod(a.text.c_str(), nullptr) == std::strtod(b.text.c_str(), nullptr);
    }
    return a.text == b.text && a.boolean == b.boolean;  // enumerations hold scalars only
}

bool is_type(const JsonValue& value, const std::string& type) {
    bool const plain = value.text.find_first_of(".eE") == std::string::npos;
    return (type == "object" && value.is(Kind::object)) ||
           (type == "array" && value.is(Kind::list)) ||
           (type == "string" && value.is(Kind::string)) ||
           (type == "boolean" && value.is(Kind::boolean)) ||
           (type == "null" && value.is(Kind::null)) ||
           (type == "number" && value.is(Kind::number)) ||
           (type == "integer" && value.is(Kind::number) && plain);
}

const std::regex& compiled(const std::string& pattern) {
    static std::map<std::string, std::regex> known;
    auto const found = known.find(pattern);
    return found != known.end() ? found->second
                                : known.emplace(pattern, std::regex{pattern}).first->second;
}

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

class Matcher {
public:
    Matcher(const JsonValue& root, const JsonValue& schema, const JsonValue& value,
            const std::string& at)
        : root_{root}, schema_{schema}, value_{value}, at_{at} {}

    std::string run() {
        for (const JsonMember& member : schema_.members) {
            std::string const wrong = keyword(member.key, member.value);
            if (!wrong.empty()) {
                return wrong;
            }
        }
        return "";
    }

private:
    std::string keyword(const std::string& name, const JsonValue& rule) {
        static const std::set<std::string> ignored = {"$schema",     "title", "description",
                                                      "definitions", "then",  "else"};
        if (ignored.contains(name)) {
            return "";
        }
        if (name == "$ref") {
            return reference(rule.text);
        }
        if (name == "anyOf" || name == "oneOf" || name == "allOf" || name == "not" ||
            name == "if") {
            return combined(name, rule);
        }
        if (name == "type" || name == "enum" || name == "const") {
            return simple(name, rule);
        }
        if (name == "pattern" || name == "minLength" || name == "maxLength") {
            return value_.is(Kind::string) ? text(name, rule) : "";
        }
        if (name == "minimum" || name == "maximum") {
            return value_.is(Kind::number) ? number(name, rule) : "";
        }
        if (name == "items" || name == "minItems" || name == "maxItems") {
            return value_.is(Kind::list) ? list(name, rule) : "";
        }
        if (name == "properties" || name == "required" || name == "additionalProperties" ||
            name == "minProperties") {
            return value_.is(Kind::object) ? object(name, rule) : "";
        }
        throw std::runtime_error{"unknown keyword " + name};
    }

    std::string below(const JsonValue& schema, const JsonValue& value, const std::string& key) {
        return mismatch(root_, schema, value, at_ + "/" + key);
    }
    bool matches(const JsonValue& schema) { return mismatch(root_, schema, value_, at_).empty(); }
    std::string wrong_if(bool wrong, const std::string& name) {
        return wrong ? (at_.empty() ? "/" : at_) + ": " + name : "";
    }

    std::string reference(const std::string& path) {
        const std::string prefix = "#/definitions/";
        const JsonMember* const all = root_.find("definitions");
        const JsonMember* const one = all->value.find(path.substr(prefix.size()));
        if (one == nullptr) {
            throw std::runtime_error{"unknown reference " + path};
        }
        return mismatch(root_, one->value, value_, at_);
    }

    std::string combined(const std::string& name, const JsonValue& rule) {
        if (name == "not") {
            return wrong_if(matches(rule), name);
        }
        if (name == "if") {
            const JsonMember* const then = schema_.find(matches(rule) ? "then" : "else");
            return then == nullptr ? "" : mismatch(root_, then->value, value_, at_);
        }
        std::size_t right = 0;
        for (const JsonValue& item : rule.items) {
            right += matches(item) ? 1U : 0U;
        }
        return wrong_if(name == "anyOf"   ? right == 0
                        : name == "oneOf" ? right != 1
                                          : right != rule.items.size(),
                        name);
    }

    std::string simple(const std::string& name, const JsonValue& rule) {
        if (name == "const") {
            return wrong_if(!equal(rule, value_), name);
        }
        if (name == "enum") {
            return wrong_if(std::none_of(rule.items.begin(), rule.items.end(),
                                         [&](const JsonValue& v) { return equal(v, value_); }),
                            name);
        }
        bool const one = rule.is(Kind::string);
        return wrong_if(
            one ? !is_type(value_, rule.text)
                : std::none_of(rule.items.begin(), rule.items.end(),
                               [&](const JsonValue& v) { return is_type(value_, v.text); }),
            name);
    }

    std::string text(const std::string& name, const JsonValue& rule) {
        if (name == "pattern") {
            return wrong_if(!std::regex_search(value_.text, compiled(rule.text)), name);
        }
        std::size_t const length = characters(value_.text);
        std::size_t const bound = std::stoul(rule.text);
        return wrong_if(name == "minLength" ? length < bound : length > bound, name);
    }

    std::string number(const std::string& name, const JsonValue& rule) {
        double const value = std::strtod(value_.text.c_str(), nullptr);
        double const bound = std::strtod(rule.text.c_str(), nullptr);
        return wrong_if(name == "minimum" ? value < bound : value > bound, name);
    }

    std::string list(const std::string& name, const JsonValue& rule) {
        if (name != "items") {
            std::size_t const bound = std::stoul(rule.text);
            return wrong_if(
                name == "minItems" ? value_.items.size() < bound : value_.items.size() > bound,
                name);
        }
        for (std::size_t i = 0; i < value_.items.size(); ++i) {
            std::string const wrong = below(rule, value_.items[i], std::to_string(i));
            if (!wrong.empty()) {
                return wrong;
            }
        }
        return "";
    }

    std::string object(const std::string& name, const JsonValue& rule) {
        if (name == "minProperties") {
            return wrong_if(value_.members.size() < std::stoul(rule.text), name);
        }
        if (name == "required") {
            return wrong_if(
                std::any_of(rule.items.begin(), rule.items.end(),
                            [&](const JsonValue& key) { return value_.find(key.text) == nullptr; }),
                name);
        }
        const JsonMember* const known = schema_.find("properties");
        for (const JsonMember& member : value_.members) {
            const JsonMember* const own =
                known == nullptr ? nullptr : known->value.find(member.key);
            std::string wrong;
            if (name == "properties" && own != nullptr) {
                wrong = below(own->value, member.value, member.key);
            } else if (name == "additionalProperties" && own == nullptr) {
                wrong = rule.is(Kind::boolean) ? wrong_if(!rule.boolean, name + " " + member.key)
                                               : below(rule, member.value, member.key);
            }
            if (!wrong.empty()) {
                return wrong;
            }
        }
        return "";
    }

    const JsonValue& root_;
    const JsonValue& schema_;
    const JsonValue& value_;
    const std::string& at_;
};

}  // namespace

std::string mismatch(const JsonValue& root, const JsonValue& schema, const JsonValue& value,
                     const std::string& at) {
    return Matcher{root, schema, value, at}.run();
}

}  // namespace brokersim::test
