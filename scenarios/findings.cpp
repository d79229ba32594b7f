// Keeping diagnostics, with the line each of them stands on.
#include "scenarios/findings.h"

#include <fmt/format.h>

namespace brokersim {
namespace {

/// A line that is longer is not repeated below its message.
constexpr std::size_t longest_line_shown = 500;

}  // namespace

void Findings::add(Span span, std::string pointer, ValueError error,
                   std::vector<std::string> notes) {
    broken_.insert(pointer);
    if (full()) {
        return;
    }
    const SourceFile& file = files[span.file];
    std::string line = file.line(span.line);
    if (line.size() > longest_line_shown) {
        line.clear();
    }
    diagnostics.push_back({.file = file.path,
                           .line = span.line,
                           .column = span.column,
                           .end_column = span.column + span.length,
                           .pointer = std::move(pointer),
                           .code = std::move(error.code),
                           .message = std::move(error.message),
                           .help = std::move(error.help),
                           .replacement = std::move(error.replacement),
                           .notes = std::move(notes),
                           .source_line = std::move(line)});
}

void Findings::error(Span span, std::string pointer, std::string code, std::string message,
                     std::string help, std::string replacement) {
    add(span, std::move(pointer),
        {std::move(code), std::move(message), std::move(help), std::move(replacement)});
}

void Findings::warn(Span span, std::string pointer, std::string code, std::string message,
                    std::string help) {
    bool const known = broken_.contains(pointer);
    bool const kept = !full();
    std::string const at = pointer;
    add(span, std::move(pointer), {std::move(code), std::move(message), std::move(help)});
    if (!known) {
        broken_.erase(at);
    }
    if (kept) {
        diagnostics.back().severity = Severity::warning;
    }
}

bool Findings::broken(std::string_view pointer) const {
    auto const at = broken_.lower_bound(pointer);
    if (at == broken_.end() || at->compare(0, pointer.size(), pointer) != 0) {
        return false;
    }
    if (at->size() == pointer.size()) {
        return true;
    }
    auto const inside = broken_.lower_bound(std::string{pointer} + "/");
    return inside != broken_.end() &&
           inside->compare(0, pointer.size() + 1, std::string{pointer} + "/") == 0;
}

std::string Findings::place(std::string_view what, const Span& span) const {
    return fmt::format("note: {} is at {}:{}:{}", what, files[span.file].path, span.line,
                       span.column);
}

std::string pointer_to(std::string_view parent, std::string_view key) {
    std::string made{parent};
    made += '/';
    for (char const c : key) {
        if (c == '~') {
            made += "~0";
        } else if (c == '/') {
            made += "~1";
        } else {
            made += c;
        }
    }
    return made;
}

std::string pointer_to(std::string_view parent, std::size_t index) {
    return fmt::format("{}/{}", parent, index);
}

}  // namespace brokersim
