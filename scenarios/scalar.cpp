// Reading and writing single values, in integers from the first digit to the last.
#include "scenarios/scalar.h"

#include "scenarios/not_built.h"
#include "scenarios/suggest.h"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace brokersim {
namespace {

__extension__ using Wide = __int128;
using Outcome = tl::expected<std::int64_t, ValueError>;

tl::unexpected<ValueError> wrong(std::string code, std::string message, std::string help = "",
                                 std::string replacement = "") {
    return tl::unexpected<ValueError>{
        {std::move(code), std::move(message), std::move(help), std::move(replacement)}};
}

struct Unit {
    std::string_view name;
    std::int64_t factor;
};
constexpr std::array time_units = {Unit{"ns", 1},
                                   Unit{"us", 1'000},
                                   Unit{"ms", 1'000'000},
                                   Unit{"s", 1'000'000'000},
                                   Unit{"m", 60'000'000'000},
                                   Unit{"h", 3'600'000'000'000}};
constexpr std::array size_units = {Unit{"B", 1}, Unit{"KiB", 1'024}, Unit{"MiB", 1'048'576},
                                   Unit{"GiB", 1'073'741'824}};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// -?digits[.digits] and what follows it.
struct Decimal {
    bool negative = false;
    std::string digits;      // without the point
    std::size_t places = 0;  // after the point
    std::string_view rest;
};

std::optional<Decimal> split_decimal(std::string_view text) {
    Decimal made;
    if (!text.empty() && text.front() == '-') {
        made.negative = true;
        text.remove_prefix(1);
    }
    bool point = false;
    std::size_t at = 0;
    for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
        if (text[at] == '.') {
            point = true;
        } else {
            made.digits += text[at];
            made.places += point ? 1U : 0U;
        }
    }
    bool const bare_point = point && (made.places == 0 || made.places == made.digits.size());
    if (made.digits.empty() || bare_point) {
        return std::nullopt;
    }
    made.rest = text.substr(at);
    return made;
}

/// digits x factor / 10^places if that is whole and fits.
std::optional<std::int64_t> whole(const Decimal& decimal, std::int64_t factor) {
    constexpr std::size_t digits_at_most = 25;
    if (decimal.digits.size() > digits_at_most) {
        return std::nullopt;
    }
    Wide value = 0;
    for (char const c : decimal.digits) {
        value = value * 10 + (c - '0');
    }
    Wide scale = 1;
    for (std::size_t i = 0; i < decimal.places; ++i) {
        scale *= 10;
    }
    // At most 10^25 x 3.6 x 10^12, which 128 bits hold.
    Wide const result = value * factor / scale;
    if ((value * factor) % scale != 0 || result > INT64_MAX) {
        return std::nullopt;
    }
    auto const narrow = static_cast<std::int64_t>(result);
    return decimal.negative ? -narrow : narrow;
}

bool is_plain_integer(std::string_view text) {
    if (!text.empty() && text.front() == '-') {
        text.remove_prefix(1);
    }
    for (char const c : text) {
        if (!is_digit(c)) {
            return false;
        }
    }
    return !text.empty();
}

Outcome in_range(const KeyRow& row, std::int64_t value) {
    if (value >= row.low && value <= row.high) {
        return value;
    }
    return wrong("SCN014", fmt::format("{} is out of range: {} to {}", write_scalar(row, value),
                                       write_scalar(row, row.low), write_scalar(row, row.high)));
}

Outcome wrong_type(const KeyRow& row, const JsonValue& value, std::string help = "",
                   std::string replacement = "") {
    return wrong(
        "SCN012",
        fmt::format("\"{}\" takes {}, not {}", row.key, describe(row.type), describe(value.kind)),
        std::move(help), std::move(replacement));
}

Outcome read_duration(const KeyRow& row, const JsonValue& value) {
    if (value.is(JsonValue::Kind::number)) {
        std::optional<Decimal> const number = split_decimal(value.text);
        std::string fixed;
        if (number && number->rest.empty()) {
            fixed = quote_json(value.text + "s");
        }
        return wrong("SCN017", "a duration needs a unit",
                     fixed.empty() ? "write \"250ms\" or \"2s\"" : "write " + fixed, fixed);
    }
    if (!value.is(JsonValue::Kind::string)) {
        return wrong_type(row, value);
    }
    std::optional<Decimal> const decimal = split_decimal(value.text);
    if (!decimal) {
        return wrong("SCN017", fmt::format("{} is not a duration", quote_json(value.text)),
                     "write \"250ms\" or \"2s\"");
    }
    for (const Unit& unit : time_units) {
        if (decimal->rest != unit.name) {
            continue;
        }
        std::optional<std::int64_t> const nanoseconds = whole(*decimal, unit.factor);
        if (!nanoseconds) {
            return wrong("SCN017",
                         fmt::format("{} is not a whole number of nanoseconds, or too long",
                                     quote_json(value.text)));
        }
        if (decimal->negative && row.low >= 0) {
            return wrong("SCN017", fmt::format("\"{}\" cannot be negative", row.key),
                         "remove the sign", quote_json(value.text.substr(1)));
        }
        return in_range(row, *nanoseconds);
    }
    return wrong("SCN017",
                 decimal->rest.empty()
                     ? "a duration needs a unit"
                     : fmt::format("unknown unit \"{}\"", std::string{decimal->rest}),
                 "units are ns, us, ms, s, m and h");
}

Outcome read_size(const KeyRow& row, const JsonValue& value) {
    if (value.is(JsonValue::Kind::number)) {
        return wrong("SCN019", "a size needs a unit", "write \"" + value.text + "B\"",
                     quote_json(value.text + "B"));
    }
    if (!value.is(JsonValue::Kind::string)) {
        return wrong_type(row, value);
    }
    std::optional<Decimal> const decimal = split_decimal(value.text);
    if (decimal && !decimal->negative) {
        for (const Unit& unit : size_units) {
            if (decimal->rest == unit.name) {
                std::optional<std::int64_t> const bytes = whole(*decimal, unit.factor);
                return bytes ? in_range(row, *bytes)
                             : wrong("SCN014", "a size is a whole number of bytes, below 2^63");
            }
        }
    }
    bool const decimal_unit = decimal && decimal->rest.size() == 2 && decimal->rest[1] == 'B';
    if (decimal_unit) {
        std::string const fixed = fmt::format(
            "\"{}{}iB\"", value.text.substr(0, value.text.size() - 2), decimal->rest[0]);
        return wrong("SCN019", fmt::format("\"{}\" is ambiguous", std::string{decimal->rest}),
                     "write " + fixed, fixed);
    }
    return wrong("SCN019", fmt::format("{} is not a size", quote_json(value.text)),
                 "write \"512B\" or \"64KiB\"; units are B, KiB, MiB and GiB");
}

Outcome read_integer(const KeyRow& row, const JsonValue& value) {
    if (!value.is(JsonValue::Kind::number)) {
        bool const quoted = value.is(JsonValue::Kind::string) && is_plain_integer(value.text);
        return wrong_type(row, value, quoted ? "write " + value.text : "",
                          quoted ? value.text : "");
    }
    if (!is_plain_integer(value.text)) {
        return wrong(
            "SCN012",
            fmt::format("\"{}\" takes a whole number, without point and exponent", row.key));
    }
    std::optional<std::int64_t> const number = whole(*split_decimal(value.text), 1);
    return number ? in_range(row, *number)
                  : wrong("SCN004", "the number is beyond the range of 64 bits");
}

Outcome read_probability(const KeyRow& row, const JsonValue& value) {
    if (!value.is(JsonValue::Kind::number)) {
        return wrong_type(row, value);
    }
    std::optional<Decimal> const decimal = split_decimal(value.text);
    if (!decimal || !decimal->rest.empty()) {
        return wrong("SCN018", "a probability is written as a decimal, such as 0.001");
    }
    if (decimal->negative) {
        return wrong("SCN018", "a probability is from 0 to 1");
    }
    if (decimal->places > 9) {
        return wrong("SCN018", "a probability has at most 9 decimals");
    }
    std::optional<std::int64_t> const parts = whole(*decimal, 1'000'000'000);
    if (!parts || *parts > 1'000'000'000) {
        std::string help;
        if (parts && *parts <= 100'000'000'000) {
            help = fmt::format("did you mean {}?", write_probability(*parts / 100));
        }
        return wrong("SCN018", "a probability is from 0 to 1", std::move(help));
    }
    return *parts;
}

Outcome read_rate(const KeyRow& row, const JsonValue& value) {
    if (value.is(JsonValue::Kind::number)) {
        std::string const fixed = quote_json(value.text + "/s");
        return wrong_type(row, value, "write " + fixed, fixed);
    }
    if (!value.is(JsonValue::Kind::string)) {
        return wrong_type(row, value);
    }
    std::optional<Decimal> const decimal = split_decimal(value.text);
    if (!decimal || decimal->negative || (decimal->rest != "/s" && decimal->rest != "/m")) {
        return wrong("SCN012", fmt::format("{} is not a rate", quote_json(value.text)),
                     "write \"200/s\" or \"30/m\"");
    }
    // Per 1000 s; a rate per minute is cut to the next smaller one.
    std::optional<std::int64_t> const per = whole(*decimal, 1'000'000);
    if (!per) {
        return wrong("SCN014", "the rate is too large or has too many decimals");
    }
    return in_range(row, decimal->rest == "/s" ? *per / 1'000 : *per / 60'000);
}

Outcome read_word(const KeyRow& row, const JsonValue& value) {
    if (!value.is(JsonValue::Kind::string)) {
        bool const bare = value.is(JsonValue::Kind::number);
        std::string const fixed = bare ? quote_json(value.text) : "";
        return wrong_type(row, value, bare ? "write " + fixed : "", fixed);
    }
    std::vector<std::string_view> const words = words_of(row);
    std::vector<Candidate> candidates;
    std::string allowed;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (value.text == words[i]) {
            return static_cast<std::int64_t>(i);
        }
        candidates.push_back({words[i]});
        allowed += (i == 0 ? "" : ", ") + std::string{words[i]};
    }
    if (is_not_built(fmt::format("{}.{}", row.place, row.key), value.text)) {
        return tl::unexpected<ValueError>{not_built_error("word", value.text)};
    }
    std::optional<std::string> const near = nearest(value.text, candidates);
    return wrong("SCN011",
                 fmt::format("unknown word {} for \"{}\"", quote_json(value.text), row.key),
                 near ? fmt::format("did you mean \"{}\"?", *near) : "words are " + allowed,
                 near ? quote_json(*near) : "");
}

/// The largest unit of which `value` is a whole multiple.
template <std::size_t n>
std::string write_with_unit(std::int64_t value, const std::array<Unit, n>& units) {
    const Unit* best = units.data();
    for (const Unit& unit : units) {
        if (value != 0 && value % unit.factor == 0) {
            best = &unit;
        }
    }
    return fmt::format("{}{}", value / best->factor, best->name);
}

}  // namespace

Outcome read_scalar(const KeyRow& row, const JsonValue& value) {
    switch (row.type) {
        case ValueType::boolean:
            return value.is(JsonValue::Kind::boolean) ? Outcome{value.boolean ? 1 : 0}
                                                      : wrong_type(row, value);
        case ValueType::integer:
            return read_integer(row, value);
        case ValueType::duration:
            return read_duration(row, value);
        case ValueType::auto_or_duration:
            return value.is(JsonValue::Kind::string) && value.text == "auto"
                       ? Outcome{-1}
                       : read_duration(row, value);
        case ValueType::size:
            return read_size(row, value);
        case ValueType::probability:
            return read_probability(row, value);
        case ValueType::rate:
            return read_rate(row, value);
        case ValueType::word:
            return read_word(row, value);
        case ValueType::any:
        case ValueType::text:
        case ValueType::texts:
        case ValueType::seed:
        case ValueType::target:
        case ValueType::object:
        case ValueType::list:
            break;
    }
    return wrong_type(row, value);
}

tl::expected<std::uint64_t, ValueError> read_seed(const JsonValue& value) {
    if (!value.is(JsonValue::Kind::string)) {
        bool const bare = value.is(JsonValue::Kind::number) && is_plain_integer(value.text);
        return wrong("SCN021", "a seed is a string, because 64 bits do not survive JSON tools",
                     bare ? "write " + quote_json(value.text) : "write \"0x9e37\" or \"42\"",
                     bare ? quote_json(value.text) : "");
    }
    std::string_view digits = value.text;
    unsigned base = 10;
    if (digits.substr(0, 2) == "0x" || digits.substr(0, 2) == "0X") {
        base = 16;
        digits.remove_prefix(2);
    }
    Wide seed = 0;
    bool good = !digits.empty() && digits.size() <= 20;
    for (char const c : digits) {
        unsigned digit = 99;
        if (is_digit(c)) {
            digit = static_cast<unsigned>(c - '0');
        } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
            digit = static_cast<unsigned>((c | 0x20) - 'a') + 10;
        }
        good = good && digit < base;
        seed = good ? seed * base + digit : 0;
    }
    if (!good || seed > UINT64_MAX) {
        return wrong("SCN021", fmt::format("{} is not a seed of 64 bits", quote_json(value.text)),
                     "write \"0x9e37\" or \"42\"");
    }
    return static_cast<std::uint64_t>(seed);
}

std::string write_duration(std::int64_t nanoseconds) {
    return nanoseconds == 0 ? "0s" : write_with_unit(nanoseconds, time_units);
}

std::string write_size(std::int64_t bytes) {
    return write_with_unit(bytes, size_units);
}

std::string write_probability(std::int64_t parts_per_billion) {
    std::string text = fmt::format("{}.{:09}", parts_per_billion / 1'000'000'000,
                                   parts_per_billion % 1'000'000'000);
    while (text.back() == '0') {
        text.pop_back();
    }
    if (text.back() == '.') {
        text.pop_back();
    }
    return text;
}

std::string write_scalar(const KeyRow& row, std::int64_t value) {
    switch (row.type) {
        case ValueType::boolean:
            return value != 0 ? "true" : "false";
        case ValueType::duration:
            return quote_json(write_duration(value));
        case ValueType::auto_or_duration:
            return value < 0 ? "\"auto\"" : quote_json(write_duration(value));
        case ValueType::size:
            return quote_json(write_size(value));
        case ValueType::probability:
            return write_probability(value);
        case ValueType::rate:
            return value % 1'000 == 0 ? fmt::format("\"{}/s\"", value / 1'000)
                                      : fmt::format("\"{}.{:03}/s\"", value / 1'000, value % 1'000);
        case ValueType::word: {
            std::vector<std::string_view> const words = words_of(row);
            return quote_json(words[static_cast<std::size_t>(value)]);
        }
        case ValueType::any:
        case ValueType::text:
        case ValueType::texts:
        case ValueType::integer:
        case ValueType::seed:
        case ValueType::target:
        case ValueType::object:
        case ValueType::list:
            break;
    }
    return fmt::format("{}", value);
}

}  // namespace brokersim
