// Diagnostic: one thing wrong with a scenario file, and how a person or a tool is told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// Where a token stands: from its first character, quotes included.
struct Span {
    std::uint32_t file = 0;    // index into the files that were read for one scenario
    std::uint32_t line = 1;    // from 1
    std::uint32_t column = 1;  // from 1, in characters (code points)
    std::uint32_t length = 1;  // in characters

    friend bool operator==(const Span&, const Span&) = default;
};

enum class Severity : std::uint8_t { error, warning };

/// Codes are stable: SCN0xx form, SCN2xx meaning, SCN1xx warnings.
struct Diagnostic {
    std::string file;
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    std::uint32_t end_column = 2;  // one past the last character
    std::string pointer;           // JSON pointer of the value, "" for the whole document
    std::string code;              // "SCN010"
    Severity severity = Severity::error;
    std::string message;
    std::string help;         // one literal edit, if there is one
    std::string replacement;  // text for the token, if the edit is certain
    std::vector<std::string> notes;
    std::string source_line;  // the line of the file, without its end
};

/// By file, line, column, then code.
void sort_diagnostics(std::vector<Diagnostic>& diagnostics);

/// For people: `file:line:column: error[CODE]: message`, the line, a caret, help and notes; after
/// 20 of them how many more there are; last a line of totals.
std::string render_text(const std::vector<Diagnostic>& diagnostics, std::size_t files);

/// For tools: one JSON object per line.
std::string render_json(const std::vector<Diagnostic>& diagnostics);

/// `text` as a JSON string, quotes included.
std::string quote_json(std::string_view text);

}  // namespace brokersim
