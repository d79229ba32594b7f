// A file, or each child of its matrix, read and all mistakes told once.
#include "scenarios/parser.h"

#include "scenarios/extends.h"
#include "scenarios/findings.h"
#include "scenarios/matrix.h"
#include "scenarios/sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace brokersim {
namespace {

/// A mistake that several children of a matrix share is one mistake.
void drop_repeated(std::vector<Diagnostic>& sorted) {
    sorted.erase(std::unique(sorted.begin(), sorted.end(),
                             [](const Diagnostic& a, const Diagnostic& b) {
                                 return a.file == b.file && a.line == b.line &&
                                        a.column == b.column && a.code == b.code &&
                                        a.pointer == b.pointer;
                             }),
                 sorted.end());
}

std::string known_children(const std::vector<std::string>& children) {
    return fmt::format("its children are {}", fmt::join(children, ", "));
}

/// Reads every child of a matrix, so that a mistake in any of them is found; keeps `suffix`'s, or
/// the first.
std::optional<Scenario> read_children(Findings& findings, const JsonValue& root,
                                      const std::vector<MatrixChild>& matrix, const ChildPath& at,
                                      std::vector<std::string>& names) {
    std::optional<Scenario> chosen;
    for (const MatrixChild& child : matrix) {
        names.push_back(child.suffix);
        Scenario scenario =
            read_sections(findings, apply_matrix(root, child), at.path, child.suffix);
        if (!chosen && (at.suffix.empty() || at.suffix == child.suffix)) {
            chosen = std::move(scenario);
        }
    }
    if (!chosen) {
        findings.error(root.find("matrix")->key_span, "/matrix", "SCN226",
                       fmt::format("there is no child {}", quote_json(at.suffix)),
                       known_children(names));
    }
    return chosen;
}

ParseOutcome parse(const ChildPath& at, const std::optional<std::string>& text) {
    Findings findings;
    ParseOutcome outcome;
    std::optional<JsonValue> const root = load_tree(findings, at.path, text);
    if (root) {
        std::vector<MatrixChild> const matrix = read_matrix(findings, *root);
        if (!matrix.empty()) {
            outcome.scenario = read_children(findings, *root, matrix, at, outcome.children);
        } else {
            outcome.scenario = read_sections(findings, *root, at.path, "");
            if (!at.suffix.empty()) {
                findings.error(root->span, "", "SCN226", "this file has no matrix, so no children");
            }
        }
    }
    outcome.diagnostics = std::move(findings.diagnostics);
    sort_diagnostics(outcome.diagnostics);
    drop_repeated(outcome.diagnostics);
    bool const errors =
        std::any_of(outcome.diagnostics.begin(), outcome.diagnostics.end(),
                    [](const Diagnostic& d) { return d.severity == Severity::error; });
    if (errors) {
        outcome.scenario.reset();
    }
    return outcome;
}

}  // namespace

ChildPath split_child(const std::string& path) {
    std::size_t const at = path.rfind('@');
    std::error_code ignored;
    if (at == std::string::npos || std::filesystem::is_regular_file(path, ignored)) {
        return {path, ""};
    }
    return {path.substr(0, at), path.substr(at + 1)};
}

ParseOutcome parse_scenario(const std::string& path) {
    return parse(split_child(path), std::nullopt);
}

ParseOutcome parse_scenario_text(const std::string& path, const std::string& text) {
    return parse({path, ""}, text);
}

SourceTree load_source(const std::string& path) {
    Findings findings;
    SourceTree tree;
    tree.root = load_tree(findings, split_child(path).path, std::nullopt);
    tree.files = std::move(findings.files);
    return tree;
}

}  // namespace brokersim
