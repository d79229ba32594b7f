// Documents for tests: a few keys wrapped into a file that is otherwise right.
#pragma once

#include "scenarios/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace brokersim::test {

/// A file whose line 1 holds what every file needs, unless `members` says it itself; `members`
/// begins on line 2.
inline std::string wrapped(const std::string& members) {
    std::string text = R"({"format": 1, "name": "case", "why": "A test.")";
    if (members.find("\"expect\"") == std::string::npos) {
        text += R"(, "expect": {"holds": ["safety"]})";
    }
    return text + (members.empty() ? "" : ",\n") + members + "\n}\n";
}

inline ParseOutcome parse_case(const std::string& text) {
    return parse_scenario_text("case.json", text);
}

/// Warnings leave a scenario; errors do not.
inline bool has_errors(const ParseOutcome& outcome) {
    return std::any_of(outcome.diagnostics.begin(), outcome.diagnostics.end(),
                       [](const Diagnostic& d) { return d.severity == Severity::error; });
}

/// The scenario of a wrapped text that must be right.
inline Scenario good(const std::string& members) {
    ParseOutcome outcome = parse_case(wrapped(members));
    if (!outcome.scenario) {
        throw std::runtime_error{render_text(outcome.diagnostics, 1)};
    }
    return std::move(*outcome.scenario);
}

/// One line per diagnostic: code, position, pointer, message, help.
inline std::string summary(const ParseOutcome& outcome) {
    std::string text;
    for (const Diagnostic& d : outcome.diagnostics) {
        text += fmt::format("{} {}:{}-{} {}: {}{}\n", d.code, d.line, d.column, d.end_column,
                            d.pointer.empty() ? "/" : d.pointer, d.message,
                            d.help.empty() ? "" : " | " + d.help);
    }
    return text.empty() ? "ok\n" : text;
}

}  // namespace brokersim::test
