// The codes of diagnostics: what each says, and how to mend it.
#pragma once

#include <span>
#include <string_view>

namespace brokersim {

/// Codes are stable. SCN0xx: form, SCN2xx: meaning, SCN1xx: warnings.
struct CodeRow {
    std::string_view code;
    std::string_view title;  // what is wrong
    std::string_view text;   // why it is refused, and what to do
    std::string_view bad;    // a line of a file that gets it; may be empty
    std::string_view good;   // the same line mended
};

std::span<const CodeRow> code_table();

/// The row of a code, or nullptr.
const CodeRow* find_code(std::string_view code);

}  // namespace brokersim
