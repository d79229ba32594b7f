// The one table of keys: where each may stand, its type, range, default and meaning.
//
// Parsing, ranges, suggestions and the editor schema all read this table, so that they cannot
// disagree. A place is an object of the format, written like the key path: "cluster.topics[]".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

enum class ValueType : std::uint8_t {
    any,               // accepted and not read: $schema, comment
    text,              // a string
    texts,             // a list of strings
    word,              // one of `words`; its number is the index
    boolean,           // 0 or 1
    integer,           // a number without point and exponent
    duration,          // "250ms": nanoseconds
    auto_or_duration,  // "auto": -1
    size,              // "64KiB": bytes
    probability,       // 0.02: parts per billion
    rate,              // "200/s": per 1000 s
    seed,              // "0x9e37": a string, because 64 bits do not survive JSON tools
    target,            // "leader(orders/0)"
    object,
    list,
};

struct KeyRow {
    std::string_view place;
    std::string_view key;
    ValueType type = ValueType::any;
    std::int64_t low = 0;  // of the number it stands for, included
    std::int64_t high = 0;
    std::string_view words;     // of a word, separated by blanks
    std::string_view fallback;  // the default as a file would say it; empty: none
    bool distribution = false;  // may be drawn
    bool required = false;
    std::string_view text;  // what it means, for people
};

/// All rows, in the order in which keys are written; those of one place stand together.
std::span<const KeyRow> key_table();

/// The row of `key` at `place`, or nullptr. Knobs are rows of the place "tuning".
const KeyRow* find_key(std::string_view place, std::string_view key);

/// The rows of a place, "comment" last.
std::vector<KeyRow const*> keys_of(std::string_view place);

/// The words of a row.
std::vector<std::string_view> words_of(const KeyRow& row);

/// What a value of the row looks like, with an example: `a duration such as "250ms"`.
std::string_view describe(ValueType type);

}  // namespace brokersim
