// Sorting and printing of diagnostics: text with carets, and one JSON object per line.
#include "scenarios/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace brokersim {
namespace {

constexpr std::size_t shown_at_most = 20;

/// Tabs become one blank, so that the caret below stands under its token.
std::string without_tabs(std::string line) {
    std::replace(line.begin(), line.end(), '\t', ' ');
    return line;
}

std::string render_one(const Diagnostic& d) {
    std::string text =
        fmt::format("{}:{}:{}: {}[{}]: {}\n", d.file, d.line, d.column,
                    d.severity == Severity::error ? "error" : "warning", d.code, d.message);
    std::string const at = d.pointer.empty() ? "" : " at " + d.pointer;
    if (!d.source_line.empty()) {
        std::size_t const width = d.end_column > d.column ? d.end_column - d.column : 1;
        text += fmt::format("{:5} | {}\n", d.line, without_tabs(d.source_line));
        text += fmt::format("      | {}{}{}\n", std::string(d.column - 1, ' '),
                            std::string(width, '^'), at);
    } else if (!at.empty()) {
        text += fmt::format("      |{}\n", at);
    }
    if (!d.help.empty()) {
        text += fmt::format("      = help: {}\n", d.help);
    }
    for (const std::string& note : d.notes) {
        text += fmt::format("      = {}\n", note);
    }
    return text;
}

std::string count_of(std::size_t n, std::string_view noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

}  // namespace

void sort_diagnostics(std::vector<Diagnostic>& diagnostics) {
    std::sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.file, a.line, a.column, a.code, a.message, a.pointer) <
               std::tie(b.file, b.line, b.column, b.code, b.message, b.pointer);
    });
}

std::string render_text(const std::vector<Diagnostic>& diagnostics, std::size_t files) {
    std::string text;
    std::size_t errors = 0;
    for (std::size_t i = 0; i < diagnostics.size(); ++i) {
        errors += diagnostics[i].severity == Severity::error ? 1U : 0U;
        if (i < shown_at_most) {
            text += render_one(diagnostics[i]);
        }
    }
    if (diagnostics.size() > shown_at_most) {
        text += fmt::format("and {} more\n", diagnostics.size() - shown_at_most);
    }
    text += fmt::format("{}, {} in {}.", count_of(errors, "error"),
                        count_of(diagnostics.size() - errors, "warning"), count_of(files, "file"));
    return text + "\n";
}

std::string render_json(const std::vector<Diagnostic>& diagnostics) {
    std::string text;
    for (const Diagnostic& d : diagnostics) {
        text += fmt::format(
            R"({{"v":1,"file":{},"line":{},"column":{},"end_column":{},"pointer":{},"code":{},)"
            R"("severity":"{}","message":{},"help":{},"replacement":{}}})"
            "\n",
            quote_json(d.file), d.line, d.column, d.end_column, quote_json(d.pointer),
            quote_json(d.code), d.severity == Severity::error ? "error" : "warning",
            quote_json(d.message), quote_json(d.help), quote_json(d.replacement));
    }
    return text;
}

std::string quote_json(std::string_view text) {
    std::string quoted = "\"";
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (byte < 0x20U) {
            quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

}  // namespace brokersim
