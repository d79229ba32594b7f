// Options of the subcommands, and which function each of them is.
#include "sim/command/scenario_cli.h"

#include "sim/command/scenario_command.h"

#include <CLI/CLI.hpp>

namespace brokersim {

struct ScenarioWords {
    CLI::App* app = nullptr;
    CLI::App* check = nullptr;
    CLI::App* list = nullptr;
    CLI::App* show = nullptr;
    CLI::App* create = nullptr;
    CLI::App* format = nullptr;
    CLI::App* doc = nullptr;
    CLI::App* preview = nullptr;

    std::vector<std::string> files;
    bool json = false;
    std::string ci;
    ListScenarios listed;
    ShowScenario shown;
    std::string name;
    std::string base = "base-three-brokers";
    std::string folder = "scenarios/library/own";
    bool check_only = false;
    DocCommand topics;
    std::uint64_t seeds = 50;
};

ScenarioCli::ScenarioCli(CLI::App& app) : words_{std::make_unique<ScenarioWords>()} {
    ScenarioWords& w = *words_;
    constexpr std::uint64_t seeds_at_most = 1'000'000;
    w.app = app.add_subcommand("scenario", "help for those who write scenarios");
    w.app->require_subcommand(1);

    w.create = w.app->add_subcommand("new", "a file to begin with: one fault, one expectation");
    w.create->add_option("name", w.name, "of the scenario and its file")->required();
    w.create->add_option("--from", w.base, "the scenario it extends")->capture_default_str();
    w.create->add_option("--in", w.folder, "where the file goes")->capture_default_str();

    w.check = w.app->add_subcommand("check", "all that is wrong with scenario files");
    w.check->add_option("scenario", w.files, "files, folders or names")->required();
    w.check->add_flag("--json", w.json, "one JSON object per mistake on stdout");
    w.check->add_option("--ci", w.ci, "github: a workflow command per mistake on stdout")
        ->check(CLI::IsMember({"github"}));

    w.show = w.app->add_subcommand("show", "a scenario as it is played, and where that was said");
    w.show->add_option("scenario", w.shown.name, "file or name")->required();
    w.show->add_flag("--resolved", w.shown.resolved, "merged, with every default filled in");
    w.show->add_flag("--origin", w.shown.origin, "one line per value, with file and line");
    w.show->add_option("--diff", w.shown.diff, "the values in which it differs from another");
    w.show->add_flag("--json", w.shown.json, "one JSON object per value on stdout");

    w.preview = w.app->add_subcommand(
        "preview", "how often each fault fired and mattered; what proves nothing (then exit 6)");
    w.preview->add_option("scenario", w.name, "file or name")->required();
    w.preview->add_option("--seeds", w.seeds, "how many seeds")
        ->check(CLI::Range(std::uint64_t{0}, seeds_at_most))
        ->capture_default_str();
    w.preview->add_flag("--json", w.json, "one JSON object on stdout");

    w.doc = w.app->add_subcommand("doc", "what a key, kind, knob, property or code means");
    w.doc->add_option("word", w.topics.words, "without one: the format on a page");
    w.doc->add_flag("--schema", w.topics.schema, "the editor schema");
    w.doc->add_flag("--coverage", w.topics.coverage, "catalogue rows and who covers them");

    w.format = w.app->add_subcommand("fmt", "order of keys and layout, in place");
    w.format->add_option("scenario", w.files, "files, folders or names")->required();
    w.format->add_flag("--check", w.check_only, "only say which files would change (exit 1)");

    w.list = w.app->add_subcommand("list", "name, hash, tags and why of scenarios");
    w.list->add_option("scenario", w.listed.names, "files, folders or names (default: all)");
    w.list->add_option("--tag", w.listed.tags, "only those with this tag; may be repeated");
    w.list->add_flag("--json", w.listed.json, "one JSON object per scenario on stdout");
}

ScenarioCli::~ScenarioCli() = default;

bool ScenarioCli::asked() const {
    return words_->app->parsed();
}

ExitCode ScenarioCli::run(const std::vector<std::string>& arguments) const {
    const ScenarioWords& w = *words_;
    if (w.create->parsed()) {
        return new_scenario_command(w.name, w.base, w.folder);
    }
    if (w.check->parsed()) {
        return check_scenarios(w.files, w.json         ? CheckOutput::json
                                        : w.ci.empty() ? CheckOutput::text
                                                       : CheckOutput::github);
    }
    if (w.show->parsed()) {
        return show_scenario(w.shown);
    }
    if (w.preview->parsed()) {
        return preview_command(w.name, w.seeds, w.json, arguments);
    }
    if (w.doc->parsed()) {
        return doc_command(w.topics);
    }
    if (w.format->parsed()) {
        return format_scenarios(w.files, w.check_only);
    }
    return list_scenarios_command(w.listed);
}

}  // namespace brokersim
