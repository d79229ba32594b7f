// Findings: everything that is wrong with one scenario, and where.
//
// A value that was reported is `broken`; checks of meaning leave it alone, so that one mistake
// gives one error.
#pragma once

#include "scenarios/diagnostic.h"
#include "scenarios/json_reader.h"
#include "scenarios/scalar.h"

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// What was found wrong in one scenario, and the files it came from.
class Findings {
public:
    std::vector<SourceFile> files;
    std::vector<Diagnostic> diagnostics;

    void add(Span span, std::string pointer, ValueError error, std::vector<std::string> notes = {});
    void error(Span span, std::string pointer, std::string code, std::string message,
               std::string help = "", std::string replacement = "");
    void warn(Span span, std::string pointer, std::string code, std::string message,
              std::string help = "");
    /// Whether there are so many that no more are kept: a bound on work and memory.
    [[nodiscard]] bool full() const { return diagnostics.size() >= 500; }
    /// Whether the value at `pointer`, or one inside it, was reported.
    [[nodiscard]] bool broken(std::string_view pointer) const;
    /// "note: WHAT is at file:line:column"
    [[nodiscard]] std::string place(std::string_view what, const Span& span) const;

private:
    std::set<std::string, std::less<>> broken_;
};

/// Appends a key or index to a JSON pointer (RFC 6901).
std::string pointer_to(std::string_view parent, std::string_view key);
std::string pointer_to(std::string_view parent, std::size_t index);

}  // namespace brokersim
