// Printing what scenarios/ knows, and writing files.
#include "sim/command/scenario_command.h"

#include "faults/mutant_table.h"
#include "scenarios/catalogue.h"
#include "scenarios/doc.h"
#include "scenarios/layout.h"
#include "scenarios/library.h"
#include "scenarios/origin.h"
#include "scenarios/parser.h"
#include "scenarios/schema.h"
#include "scenarios/suggest.h"
#include "scenarios/template.h"
#include "sim/command/preview.h"
#include "sim/command/scenario_files.h"
#include "sim/command/scenario_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

namespace brokersim {
namespace {

namespace fs = std::filesystem;

/// The files that names mean; says why there are none and gives the exit code.
std::optional<std::vector<std::string>> find_all(const std::vector<std::string>& names,
                                                 ExitCode& code) {
    std::vector<std::string> paths;
    for (const std::string& name : names) {
        const FoundScenarios found = find_scenario(name, library_roots());
        if (found.paths.empty()) {
            say(fmt::format("brokersim: {}\n",
                            found.error.empty() ? name + ": no scenario there" : found.error));
            std::error_code ignored;
            code = fs::is_directory(name, ignored) ? ExitCode::nothing_ran : ExitCode::scenario;
            return std::nullopt;
        }
        paths.insert(paths.end(), found.paths.begin(), found.paths.end());
    }
    return paths;
}

/// One file; more than one or none is an error.
std::optional<std::string> find_one(const std::string& name) {
    ExitCode ignored = ExitCode::ok;
    std::optional<std::vector<std::string>> const paths = find_all({name}, ignored);
    if (paths && paths->size() != 1) {
        say(fmt::format("brokersim: {}: name one scenario\n", name));
    }
    return paths && paths->size() == 1 ? std::optional{paths->front()} : std::nullopt;
}

std::optional<std::string> read_text(const std::string& path) {
    std::ifstream input{path, std::ios::binary};
    std::ostringstream text;
    text << input.rdbuf();
    return input ? std::optional{text.str()} : std::nullopt;
}

bool write_text(const std::string& path, const std::string& text) {
    std::ofstream output{path, std::ios::binary};
    output << text;
    output.close();
    return !output.fail();
}

void out(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

/// A workflow command of GitHub's runners, which shows it beside the line.
std::string github_line(const Diagnostic& d) {
    return fmt::format("::{} file={},line={},col={},endColumn={}::{}: {}{}\n",
                       d.severity == Severity::error ? "error" : "warning", d.file, d.line,
                       d.column, d.end_column, d.code, d.message,
                       d.help.empty() ? "" : " (" + d.help + ")");
}

}  // namespace

ExitCode check_scenarios(const std::vector<std::string>& names, CheckOutput output) {
    ExitCode code = ExitCode::ok;
    std::optional<std::vector<std::string>> const paths = find_all(names, code);
    if (!paths) {
        return code;
    }
    std::vector<Diagnostic> all;
    for (const std::string& path : *paths) {
        ParseOutcome outcome = parse_scenario(path);
        code = outcome.scenario ? code : ExitCode::scenario;
        all.insert(all.end(), outcome.diagnostics.begin(), outcome.diagnostics.end());
    }
    switch (output) {
        case CheckOutput::json:
            out(render_json(all));
            break;
        case CheckOutput::github:
            for (const Diagnostic& d : all) {
                out(github_line(d));
            }
            break;
        case CheckOutput::text:
            if (!all.empty()) {
                say(render_text(all, paths->size()));
                say(fmt::format("`brokersim scenario doc {}` says more\n", all.front().code));
            }
            break;
    }
    if (code == ExitCode::ok) {
        say(fmt::format("{} {} checked\n", paths->size(),
                        paths->size() == 1 ? "scenario" : "scenarios"));
    }
    return code;
}

ExitCode list_scenarios_command(const ListScenarios& command) {
    ExitCode code = ExitCode::ok;
    std::optional<std::vector<std::string>> const found =
        find_all(command.names.empty() ? library_roots() : command.names, code);
    if (!found) {
        return code;
    }
    std::size_t listed = 0;
    for (const std::string& path : *found) {
        for (const std::string& child : with_children(path)) {
            std::optional<Scenario> const scenario = load_scenario(child, command.json);
            if (!scenario) {
                code = ExitCode::scenario;
                continue;
            }
            bool const wanted =
                std::all_of(command.tags.begin(), command.tags.end(), [&](const auto& tag) {
                    return std::find(scenario->tags.begin(), scenario->tags.end(), tag) !=
                           scenario->tags.end();
                });
            if (!wanted) {
                continue;
            }
            ++listed;
            if (command.json) {
                std::string tags;
                for (const std::string& tag : scenario->tags) {
                    tags += (tags.empty() ? "" : ",") + quote_json(tag);
                }
                print_line(fmt::format(
                    R"({{"v":1,"name":{},"path":{},"hash":"{:016x}","tags":[{}],"why":{}}})",
                    quote_json(scenario->name), quote_json(child), scenario->hash, tags,
                    quote_json(scenario->why)));
            } else {
                print_line(fmt::format("{:<44} {:016x}  [{}]\n    {}", scenario->name,
                                       scenario->hash, fmt::join(scenario->tags, " "),
                                       scenario->why));
            }
        }
    }
    if (listed == 0 && code == ExitCode::ok) {
        say(fmt::format("brokersim: no scenario has the tag {}\n",
                        fmt::join(command.tags, " and ")));
        return ExitCode::nothing_ran;
    }
    return code;
}

namespace {

ExitCode print_diff(const std::vector<OriginRow>& own, const std::vector<OriginRow>& other) {
    std::map<std::string, std::pair<std::string, std::string>> values;
    for (const OriginRow& row : own) {
        values[row.pointer].first = row.value;
    }
    for (const OriginRow& row : other) {
        values[row.pointer].second = row.value;
    }
    for (const auto& [pointer, pair] : values) {
        if (pair.first != pair.second) {
            print_line(fmt::format("{}: {} | {}", pointer, pair.first.empty() ? "-" : pair.first,
                                   pair.second.empty() ? "-" : pair.second));
        }
    }
    return ExitCode::ok;
}

void print_rows(const std::vector<OriginRow>& rows, bool origin, bool json) {
    for (const OriginRow& row : rows) {
        if (json) {
            print_line(fmt::format(R"({{"v":1,"pointer":{},"value":{},"origin":{}}})",
                                   quote_json(row.pointer), row.value, quote_json(row.origin)));
        } else if (origin) {
            print_line(fmt::format("{:<44} {:<40} {}", row.pointer, row.value, row.origin));
        }
    }
}

}  // namespace

ExitCode show_scenario(const ShowScenario& command) {
    std::optional<std::string> const path = find_one(command.name);
    if (!path) {
        return ExitCode::scenario;
    }
    std::optional<Scenario> const scenario = load_scenario(*path, command.json);
    if (!scenario) {
        return ExitCode::scenario;
    }
    if (!command.diff.empty()) {
        std::optional<std::string> const second = find_one(command.diff);
        std::optional<Scenario> const other =
            second ? load_scenario(*second, command.json) : std::nullopt;
        return other ? print_diff(origins_of(*path, *scenario), origins_of(*second, *other))
                     : ExitCode::scenario;
    }
    if (command.origin || command.json) {
        print_rows(origins_of(*path, *scenario), command.origin, command.json);
    } else if (command.resolved) {
        out(resolved_text(*scenario));
    } else {
        out(read_text(split_child(*path).path).value_or(""));
    }
    say(fmt::format("{}  hash {:016x}\n", scenario->name, scenario->hash));
    return ExitCode::ok;
}

ExitCode new_scenario_command(const std::string& name, const std::string& base,
                              const std::string& folder) {
    std::optional<std::string> const from = find_one(base);
    std::optional<Scenario> const extended = from ? load_scenario(*from, false) : std::nullopt;
    if (!extended) {
        return ExitCode::scenario;
    }
    if (!find_scenario(name, library_roots()).paths.empty()) {
        say(fmt::format("brokersim: there is a scenario called {} already\n", name));
        return ExitCode::usage;
    }
    std::string const path = (fs::path{folder} / (name + ".json")).lexically_normal().string();
    auto const beside = [&](const fs::path& file) {
        return fs::absolute(file)
            .lexically_normal()
            .lexically_relative(fs::absolute(folder).lexically_normal())
            .generic_string();
    };
    NewScenario const what{name, beside("scenarios/scenario.v1.schema.json"),
                           beside(split_child(*from).path)};
    std::string const text = new_scenario(what, *extended);
    ParseOutcome const outcome = parse_scenario_text(path, text);
    if (!outcome.scenario) {
        say(render_text(outcome.diagnostics, 1));
        return ExitCode::scenario;
    }
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (fs::exists(path) || !write_text(path, text)) {
        say(fmt::format("brokersim: {} {}\n", path,
                        fs::exists(path) ? "is there already" : "cannot be written"));
        return fs::exists(path) ? ExitCode::usage : ExitCode::environment;
    }
    print_line(path);
    say(
        fmt::format("next:\n"
                    "    brokersim scenario check {0}\n"
                    "    brokersim scenario preview {0} --seeds 50\n"
                    "    brokersim run {0}\n",
                    path));
    return ExitCode::ok;
}

ExitCode format_scenarios(const std::vector<std::string>& names, bool check) {
    ExitCode code = ExitCode::ok;
    std::optional<std::vector<std::string>> const paths = find_all(names, code);
    if (!paths) {
        return code;
    }
    for (const std::string& path : *paths) {
        std::optional<std::string> const text = read_text(path);
        std::string const laid = text ? format_scenario({path, *text}) : "";
        if (laid.empty()) {
            say(text ? fmt::format("brokersim: {}:{}; the file is as it was\n", path,
                                   why_not_formatted({path, *text}))
                     : fmt::format("brokersim: cannot read {}\n", path));
            code = ExitCode::scenario;
        } else if (laid != *text && check) {
            print_line(path);
            code = worse(code, ExitCode::finding);
        } else if (laid != *text && !write_text(path, laid)) {
            say(fmt::format("brokersim: cannot write {}\n", path));
            return ExitCode::environment;
        }
    }
    return code;
}

namespace {

void print_coverage() {
    std::map<std::string, std::string> covered;
    for (const std::string& path : list_scenarios(library_roots())) {
        ParseOutcome const outcome = parse_scenario(path);
        if (!outcome.scenario) {
            continue;
        }
        for (const std::string& id : outcome.scenario->covers) {
            std::string& names = covered[id];
            names += (names.empty() ? "" : " ") + fs::path{path}.stem().string();
        }
    }
    auto const row = [&covered](const std::string& id, std::string_view text) {
        auto const found = covered.find(id);
        print_line(fmt::format("{:<46} {}\n    {}", id, text,
                               found == covered.end() ? "-" : found->second));
    };
    for (const LegalityRow& legality : legality_table()) {
        row(std::string{legality.id}, legality.text);
    }
    for (const TrapRow& trap : trap_table()) {
        row(fmt::format("trap:{}", trap.name), trap.text);
    }
    for (const MutantRow& mutant : mutant_table()) {
        row(std::string{mutant.id}, mutant.name);
    }
}

}  // namespace

ExitCode doc_command(const DocCommand& command) {
    if (command.schema) {
        out(editor_schema());
        return ExitCode::ok;
    }
    if (command.coverage) {
        print_coverage();
        return ExitCode::ok;
    }
    if (command.words.empty()) {
        out(format_guide());
        return ExitCode::ok;
    }
    for (const std::string& word : command.words) {
        std::optional<std::string> const text = explain_word(word);
        if (!text) {
            std::optional<std::string> const near = nearest_topic(word);
            say(fmt::format("brokersim: nothing is called {}{}\n", word,
                            near ? fmt::format("; did you mean {}?", *near) : ""));
            return ExitCode::usage;
        }
        out(*text);
    }
    return ExitCode::ok;
}

ExitCode preview_command(const std::string& name, std::uint64_t seeds, bool json,
                         const std::vector<std::string>& arguments) {
    std::optional<std::string> const path = find_one(name);
    std::optional<Scenario> const scenario = path ? load_scenario(*path, json) : std::nullopt;
    if (!scenario) {
        return ExitCode::scenario;
    }
    if (seeds == 0) {
        say("brokersim: zero seeds: nothing to preview\n");
        return ExitCode::nothing_ran;
    }
    if (std::optional<ExitCode> const handed = hand_over(*scenario, arguments)) {
        return *handed;
    }
    Preview const preview = preview_scenario(*scenario, seeds_of(*scenario, std::nullopt, seeds));
    if (json) {
        print_line(preview_json(*scenario, preview));
    } else {
        out(preview_text(*scenario, preview));
    }
    return preview.warnings.empty() ? ExitCode::ok : ExitCode::inconclusive;
}

}  // namespace brokersim
