// Patches by id, name, tier, file and folder; overlays.
#include "sim/mutants/selection.h"

#include "scenarios/library.h"
#include "scenarios/parser.h"
#include "scenarios/properties.h"
#include "sim/campaign/worker_process.h"
#include "sim/command/bundle.h"
#include "sim/command/mutant.h"
#include "sim/command/scenario_files.h"
#include "sim/command/source_id.h"
#include "sim/mutants/patched_build.h"
#include "sim/mutants/pins.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <poll.h>

namespace brokersim {
namespace {

namespace files = std::filesystem;

constexpr std::string_view folder = "faults/mutants";
constexpr std::string_view swarm = "scenarios/library/swarm/nightly-swarm.json";

tl::expected<PatchFile, ExitCode> read_or_say(const std::string& path, Origin origin) {
    auto patch = read_patch(path, origin);
    std::string wrong = patch ? "" : patch.error();
    for (const std::string& tag : patch ? patch->needs : std::vector<std::string>{}) {
        wrong = is_need(tag) ? wrong : fmt::format("needs: unknown tag {}", tag);
    }
    if (!wrong.empty()) {
        say(fmt::format("brokersim: {}: {}\n", path, wrong));
        return tl::unexpected(ExitCode::scenario);
    }
    return *patch;
}

std::vector<std::string> patches_in(const files::path& where) {
    std::vector<std::string> paths;
    std::error_code error;
    for (const files::directory_entry& entry : files::directory_iterator{where, error}) {
        if (entry.path().extension() == ".patch") {
            paths.push_back(entry.path().string());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

tl::expected<std::vector<PatchFile>, ExitCode> read_all(const std::vector<std::string>& paths,
                                                        Origin origin) {
    std::vector<PatchFile> patches;
    for (const std::string& path : paths) {
        auto patch = read_or_say(path, origin);
        if (!patch) {
            return tl::unexpected(patch.error());
        }
        patches.push_back(std::move(*patch));
    }
    return patches;
}

/// What a worker of that executable says of its sources; empty: nothing within a few seconds.
std::string source_of(const std::string& executable) {
    constexpr int patience_ms = 10'000;
    WorkerProcess worker;
    if (!worker.start(executable, 0, WorkerProcess::Environment::same) || !worker.tell("source")) {
        return "";
    }
    bool closed = false;
    std::vector<std::string> lines;
    while (lines.empty() && !closed) {
        pollfd wait{worker.output(), POLLIN, 0};
        if (poll(&wait, 1, patience_ms) <= 0) {
            return "";
        }
        lines = worker.lines(closed);
    }
    return lines.empty() ? "" : lines.front();
}

/// What a file says that the planted bug breaks: the first detector that a file may name.
std::string violated_by(const PatchFile& patch) {
    auto const codes = anomaly_codes();
    for (const std::string& id : patch.detectors) {
        if (!ids_of_property(id).empty() ||
            std::find(codes.begin(), codes.end(), id) != codes.end()) {
            return id;
        }
    }
    return "safety";
}

Prepared& refuse(Prepared& prepared, Readiness readiness, std::string why) {
    prepared.readiness = readiness;
    prepared.why = std::move(why);
    return prepared;
}

bool find_executable(Prepared& prepared, const std::string& clean) {
    if (prepared.patch.is_catalogued()) {
        prepared.executable = mutant_executable(prepared.patch.name);
        if (prepared.executable.empty()) {
            refuse(prepared, Readiness::not_built, "it is not built here");
            return false;
        }
    } else {
        auto const tree = find_build_tree(clean);
        auto const built =
            tree ? build_patched(prepared.patch, *tree) : tl::unexpected(tree.error());
        if (!built) {
            refuse(
                prepared,
                built.error().code == ExitCode::scenario ? Readiness::wrong : Readiness::not_built,
                built.error().text);
            return false;
        }
        prepared.executable = *built;
    }
    if (source_of(prepared.executable) != source_id().source) {
        refuse(prepared, Readiness::not_built,
               "it is built from other sources than this executable");
        return false;
    }
    return true;
}

/// Writes the file that plays the mutant, unless the library has it as it is.
bool write_overlay(Prepared& prepared, const MutantsCommand& command) {
    ParseOutcome const under = parse_scenario(prepared.library_file);
    if (!under.scenario) {
        refuse(prepared, Readiness::wrong, render_text(under.diagnostics, 1));
        return false;
    }
    bool const as_it_is = under.scenario->plant.empty()
                              ? false
                              : mutant_name(under.scenario->plant) == prepared.patch.name;
    if (as_it_is) {
        prepared.path = prepared.library_file;
        return true;
    }
    Overlay overlay;
    overlay.name = prepared.patch.name + "-planted";
    overlay.base = files::absolute(prepared.library_file)
                       .lexically_normal()
                       .lexically_relative(files::absolute(command.out).lexically_normal())
                       .string();
    overlay.under = &*under.scenario;
    bool const pinned = command.scenario.empty() && prepared.patch.scenario.empty();
    overlay.needs = pinned ? prepared.patch.needs : std::vector<std::string>{};
    overlay.plant = prepared.patch.is_catalogued() ? prepared.patch.name : "";
    overlay.violates = violated_by(prepared.patch);
    prepared.path = (files::path{command.out} / (overlay.name + ".json")).string();
    std::error_code error;
    files::create_directories(command.out, error);
    if (error || !write_file(prepared.path, overlay_text(overlay))) {
        refuse(prepared, Readiness::wrong, prepared.path + " cannot be written");
        return false;
    }
    ParseOutcome const read = parse_scenario(prepared.path);
    if (!read.scenario) {
        refuse(prepared, Readiness::wrong, render_text(read.diagnostics, 1));
        return false;
    }
    return true;
}

/// Why the mutant cannot show itself in what it is to run in; empty: it can.
std::string missing_need(const Prepared& prepared, const MutantsCommand& command) {
    if (command.scenario.empty()) {
        for (const std::string& tag : prepared.patch.needs) {
            if (prepared.patch.scenario.empty() && !can_pin(tag)) {
                return fmt::format("it needs {}, which this build cannot play", tag);
            }
        }
        return "";
    }
    ParseOutcome const asked = parse_scenario(prepared.library_file);
    for (const std::string& tag : prepared.patch.needs) {
        if (asked.scenario && !meets(*asked.scenario, tag)) {
            return fmt::format("it needs {}, which {} does not have", tag, asked.scenario->name);
        }
    }
    return "";
}

}  // namespace

tl::expected<std::vector<PatchFile>, ExitCode> read_catalogue() {
    std::vector<std::string> const paths = patches_in(folder);
    if (paths.empty()) {
        say(fmt::format("brokersim: there are no patches in {}; run it where the sources are\n",
                        folder));
        return tl::unexpected(ExitCode::nothing_ran);
    }
    return read_all(paths, Origin::catalogue);
}

tl::expected<std::vector<PatchFile>, ExitCode> select(const std::vector<PatchFile>& catalogue,
                                                      const MutantsCommand& command) {
    for (const std::string& word : command.wanted) {
        bool const known = std::any_of(
            catalogue.begin(), catalogue.end(),
            [&](const PatchFile& patch) { return patch.id == word || patch.name == word; });
        if (!known) {
            say(
                fmt::format("brokersim: there is no mutant {}; `brokersim mutants list` shows them "
                            "all\n",
                            word));
            return tl::unexpected(ExitCode::usage);
        }
    }
    bool const only_outside =
        command.wanted.empty() && command.tier.empty() && !command.patches.empty();
    // Nothing named: what every change must pass, or of one scenario whatever it can kill.
    std::string const fallback =
        !command.wanted.empty() || !command.scenario.empty() ? "all" : "smoke";
    std::string const tier = command.tier.empty() ? fallback : command.tier;
    std::vector<PatchFile> chosen;
    for (const PatchFile& patch : catalogue) {
        bool const named =
            command.wanted.empty() ||
            std::any_of(command.wanted.begin(), command.wanted.end(), [&](const std::string& word) {
                return patch.id == word || patch.name == word;
            });
        bool const in_tier = tier == "all" || tier == name_of(patch.tier);
        if (named && in_tier && patch.tier != Tier::impossible && !only_outside) {
            chosen.push_back(patch);
        }
    }
    return chosen;
}

tl::expected<std::vector<PatchFile>, ExitCode> read_outside(const MutantsCommand& command) {
    std::vector<std::string> paths;
    for (const std::string& path : command.patches) {
        std::error_code error;
        if (!files::is_directory(path, error)) {
            paths.push_back(path);
            continue;
        }
        std::vector<std::string> const inside = patches_in(path);
        paths.insert(paths.end(), inside.begin(), inside.end());
    }
    return read_all(paths, Origin::outside);
}

std::string scenario_of(const PatchFile& patch) {
    if (patch.scenario.empty()) {
        return std::string{swarm};
    }
    files::path const in_library = files::path{"scenarios/library"} / patch.scenario;
    std::error_code error;
    return files::exists(in_library, error) ? in_library.string()
                                            : (files::path{"scenarios"} / patch.scenario).string();
}

Prepared prepare(const PatchFile& patch, const MutantsCommand& command, const std::string& clean) {
    Prepared prepared;
    prepared.patch = patch;
    prepared.library_file = scenario_of(patch);
    if (!command.scenario.empty()) {
        FoundScenarios const found = find_scenario(command.scenario, library_roots());
        if (found.paths.size() != 1) {
            return refuse(
                prepared, Readiness::wrong,
                found.error.empty() ? command.scenario + " is not one scenario" : found.error);
        }
        prepared.library_file = found.paths.front();
    }
    if (patch.is_catalogued()) {
        if (std::string const stale = stale_reason(patch, "."); !stale.empty()) {
            return refuse(prepared, Readiness::stale, stale);
        }
    }
    if (std::string const missing = missing_need(prepared, command); !missing.empty()) {
        return refuse(prepared, Readiness::not_applicable, missing);
    }
    if (find_executable(prepared, clean)) {
        write_overlay(prepared, command);
    }
    return prepared;
}

}  // namespace brokersim
