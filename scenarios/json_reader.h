// JSON as a tree in which every key and value knows its line, column and length.
//
// The reader is strict: duplicate keys, more than 1 MiB, nesting deeper than 32, bad UTF-8 and
// numbers out of range are errors with a position. It never throws, and its work is linear in
// the size of the text, so that hostile input costs no more than honest input.
#pragma once

#include "scenarios/diagnostic.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

inline constexpr std::size_t max_document_bytes = 1 << 20;
inline constexpr std::size_t max_document_depth = 32;

struct JsonMember;

struct JsonValue {
    enum class Kind : std::uint8_t {
        null,
        boolean,
        number,
        string,
        list,
        object
    } kind = Kind::null;
    Span span;  // list and object: the opening bracket
    bool boolean = false;
    std::string text;                 // string: decoded; number: as written
    std::vector<JsonValue> items;     // list
    std::vector<JsonMember> members;  // object, in the order of the file

    /// The member called `key`, or nullptr.
    [[nodiscard]] const JsonMember* find(std::string_view key) const;
    [[nodiscard]] bool is(Kind other) const { return kind == other; }
};

struct JsonMember {
    std::string key;
    Span key_span;
    JsonValue value;
};

/// "an object", "a string", ..: for messages.
std::string_view describe(JsonValue::Kind kind);

/// A file in memory.
struct SourceFile {
    std::string path;
    std::string text;

    /// Line `number`, from 1, without its end; "" beyond the last.
    [[nodiscard]] std::string line(std::uint32_t number) const;
};

struct JsonError {
    Span span;
    std::string code;  // SCN001, SCN002, SCN004
    std::string message;
    std::string help;
};

struct JsonDocument {
    std::optional<JsonValue> root;  // none if the text is not JSON
    std::vector<JsonError> errors;  // duplicates leave a root (the first one counts)
};

/// Reads `source`; spans carry `file`. comments: `//` and `/* */` are skipped (.jsonc), else an
/// error.
JsonDocument read_json(const SourceFile& source, std::uint32_t file, bool comments);

}  // namespace brokersim
