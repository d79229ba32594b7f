// Finding bundles and scenarios, and the plan that a bundle recorded.
#include "sim/command/subject.h"

#include "scenarios/draw_streams.h"
#include "scenarios/library.h"
#include "scenarios/parser.h"
#include "scenarios/run_config.h"
#include "scenarios/writer.h"
#include "sim/command/scenario_files.h"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace brokersim {
namespace {

std::optional<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        return std::nullopt;
    }
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The recorded plan, read as a script; nothing if it cannot be read any more.
std::optional<std::vector<Element>> read_plan(const Scenario& scenario,
                                              const reports::Repro& repro) {
    Scenario bare = scenario;
    bare.faults.script.clear();
    bare.faults.random.clear();
    bare.faults.swarm = false;
    bare.expect = ExpectSpec{};
    bare.expect.holds = {"no_lost_acks"};
    std::string text = write_scenario(bare);
    std::string script;
    for (const reports::Repro::PlanElement& element : repro.plan) {
        script += (script.empty() ? "" : ",") + element.json;
    }
    std::string const from = "\"faults\": {";
    std::size_t const at = text.find(from);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    text.insert(at + from.size(), "\"script\": [" + script + "], ");
    ParseOutcome const outcome = parse_scenario_text(scenario.path, text);
    if (!outcome.scenario || outcome.scenario->faults.script.size() != repro.plan.size()) {
        return std::nullopt;
    }
    std::vector<Element> plan;
    for (std::size_t i = 0; i < repro.plan.size(); ++i) {
        Element element = outcome.scenario->faults.script[i];
        element.scripted = !repro.plan[i].drawn;
        plan.push_back(std::move(element));
    }
    return plan;
}

bool same_plan(const std::vector<Element>& drawn, const reports::Repro& repro) {
    if (drawn.size() != repro.plan.size()) {
        return false;
    }
    for (std::size_t i = 0; i < drawn.size(); ++i) {
        if (reports::canonical_json(write_element(drawn[i])) != repro.plan[i].json) {
            return false;
        }
    }
    return true;
}

tl::expected<Subject, ExitCode> bundle_subject(const std::string& name) {
    std::filesystem::path path{name};
    if (std::filesystem::is_directory(path)) {
        path /= "repro.json";
    }
    std::optional<std::string> const text = read_file(path);
    if (!text) {
        say(fmt::format("brokersim: {} cannot be read\n", path.string()));
        return tl::unexpected(ExitCode::cannot_judge);
    }
    tl::expected<reports::Repro, std::string> repro = reports::parse_repro(*text);
    if (!repro) {
        say(fmt::format("brokersim: {}: {}\n", path.string(), repro.error()));
        return tl::unexpected(ExitCode::cannot_judge);
    }
    // A relative path inside the scenario is meant from where it came from.
    std::string const origin =
        repro->scenario_path.empty() ? path.string() : split_child(repro->scenario_path).path;
    ParseOutcome outcome = parse_scenario_text(origin, repro->scenario_json);
    if (!outcome.scenario) {
        say(fmt::format("brokersim: the scenario in {} is not understood by this build\n{}",
                        path.string(), render_text(outcome.diagnostics, 1)));
        return tl::unexpected(ExitCode::cannot_judge);
    }
    Subject subject;
    subject.scenario = std::move(*outcome.scenario);
    subject.scenario.name = repro->scenario_name;
    subject.seed = repro->seed;
    subject.name = name;
    subject.folder = path.parent_path().string();
    if (!same_plan(draw_run(subject.scenario, subject.seed).plan, *repro)) {
        subject.plan = read_plan(subject.scenario, *repro);
        if (!subject.plan) {
            say("brokersim: the recorded plan is not understood by this build\n");
            return tl::unexpected(ExitCode::cannot_judge);
        }
    }
    subject.repro = std::move(*repro);
    return subject;
}

}  // namespace

bool is_bundle(const std::string& name) {
    std::filesystem::path const path{name};
    std::error_code error;
    return std::filesystem::is_regular_file(path / "repro.json", error) ||
           (path.filename().string().ends_with("repro.json") &&
            std::filesystem::is_regular_file(path, error));
}

tl::expected<Subject, ExitCode> find_subject(const std::string& name,
                                             std::optional<std::uint64_t> seed, bool json) {
    if (is_bundle(name)) {
        return bundle_subject(name);
    }
    FoundScenarios const found = find_scenario(name, library_roots());
    if (found.paths.size() != 1) {
        say(fmt::format("brokersim: {}\n", found.error.empty()
                                               ? name + ": name one scenario, or a bundle"
                                               : found.error));
        return tl::unexpected(ExitCode::scenario);
    }
    if (!seed) {
        say(fmt::format("brokersim: {} is a scenario and no bundle: it needs --seed\n", name));
        return tl::unexpected(ExitCode::usage);
    }
    std::optional<Scenario> scenario = load_scenario(found.paths.front(), json);
    if (!scenario) {
        return tl::unexpected(ExitCode::scenario);
    }
    Subject subject;
    subject.scenario = std::move(*scenario);
    subject.seed = *seed;
    subject.name = found.paths.front();
    return subject;
}

std::vector<Element> as_script(const std::vector<Element>& plan) {
    std::vector<Element> script = plan;
    for (Element& element : script) {
        // What chance drew for an idle machine waits for a write; a script has to say so.
        bool const waits = element.kind == FaultKind::pause ||
                           element.kind == FaultKind::disk_stall ||
                           element.kind == FaultKind::slow_disk;
        if (!element.scripted && waits && element.trigger.kind == Trigger::Kind::at) {
            element.trigger.kind = Trigger::Kind::arm;
            element.trigger.on = ArmOn::write;
        }
        element.may_miss = element.may_miss || !element.scripted;
        element.scripted = true;
    }
    return script;
}

}  // namespace brokersim
