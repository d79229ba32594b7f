// Setting up a campaign, showing how it goes, and ending it.
#include "sim/campaign/campaign_command.h"

#include "broker_core/base/hash.h"
#include "broker_core/base/probes.h"
#include "scenarios/library.h"
#include "scenarios/parser.h"
#include "sim/campaign/driver.h"
#include "sim/campaign/progress.h"
#include "sim/campaign/publish.h"
#include "sim/command/bundle.h"
#include "sim/command/mutant.h"
#include "sim/command/scenario_files.h"
#include "sim/command/source_id.h"
#include "sim/command/stop_signal.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace brokersim {
namespace {

namespace files = std::filesystem;

bool draws_anything(const Scenario& scenario) {
    return scenario.faults.swarm || !scenario.faults.random.empty();
}

reports::CampaignScenario describe(const Scenario& scenario, const std::string& path) {
    reports::CampaignScenario one;
    one.name = scenario.name;
    one.path = path;
    one.hash = fmt::format("{:016x}", scenario.hash);
    one.mutant = scenario.plant.empty() ? "" : mutant_name(scenario.plant);
    switch (scenario.expect.kind) {
        case ExpectSpec::Kind::holds:
            one.expects = "holds";
            break;
        case ExpectSpec::Kind::violates:
            one.expects = "violates " + scenario.expect.violates;
            break;
        case ExpectSpec::Kind::voids:
            one.expects = "voids";
            break;
    }
    one.seeds_first = std::max<std::uint64_t>(scenario.run.seed_count, 1);
    one.drawn = draws_anything(scenario) && scenario.expect.kind == ExpectSpec::Kind::holds;
    one.weight = scenario.faults.swarm ? 8 : 1;
    return one;
}

/// Adds the scenarios that a name stands for. Not ok: said.
ExitCode add_scenarios(const std::string& name, std::vector<reports::CampaignScenario>& list) {
    FoundScenarios const found = find_scenario(name, library_roots());
    if (found.paths.empty()) {
        say(fmt::format("brokersim: {}\n",
                        found.error.empty() ? name + ": no scenario there" : found.error));
        return ExitCode::scenario;
    }
    for (const std::string& file : found.paths) {
        for (const std::string& path : with_children(file)) {
            std::optional<Scenario> const scenario = load_scenario(path, false);
            if (!scenario) {
                return ExitCode::scenario;
            }
            reports::CampaignScenario const one = describe(*scenario, path);
            if (!one.mutant.empty() && mutant_executable(one.mutant).empty()) {
                say(fmt::format("skipped: {} plants {}, which is not built here\n", path,
                                one.mutant));
                continue;
            }
            bool const there = std::any_of(list.begin(), list.end(), [&](const auto& other) {
                return other.path == one.path;
            });
            if (!there) {
                list.push_back(one);
            }
        }
    }
    return ExitCode::ok;
}

ExitCode make_manifest(const CampaignCommand& command, reports::Manifest& manifest) {
    std::vector<std::string> names = command.scenarios;
    if (names.empty()) {
        names.emplace_back("scenarios/library");
    }
    for (const std::string& name : names) {
        if (ExitCode const added = add_scenarios(name, manifest.scenarios); added != ExitCode::ok) {
            return added;
        }
    }
    auto const plants = [](const reports::CampaignScenario& one) { return !one.mutant.empty(); };
    if (!command.canaries) {
        std::erase_if(manifest.scenarios, plants);
    } else if (std::none_of(manifest.scenarios.begin(), manifest.scenarios.end(), plants) &&
               files::is_directory("scenarios/library/canaries")) {
        if (ExitCode const added = add_scenarios("scenarios/library/canaries", manifest.scenarios);
            added != ExitCode::ok) {
            return added;
        }
    }
    if (manifest.scenarios.empty()) {
        say("brokersim: no scenario is left to run\n");
        return ExitCode::nothing_ran;
    }
    // With nothing that draws faults, the rest of the budget goes to all of them.
    if (std::none_of(manifest.scenarios.begin(), manifest.scenarios.end(),
                     [](const auto& one) { return one.drawn; })) {
        for (reports::CampaignScenario& one : manifest.scenarios) {
            one.drawn = true;
        }
    }
    const SourceId& id = source_id();
    manifest.campaign_seed =
        command.seed.value_or(broker::mix64(static_cast<std::uint64_t>(std::time(nullptr)) ^
                                            (static_cast<std::uint64_t>(getpid()) << 32U)));
    manifest.seeds = command.seeds.value_or(0);
    manifest.source = id.source;
    manifest.commit = id.commit;
    manifest.dirty = id.dirty;
    manifest.build = id.build;
    manifest.canaries = command.canaries;
    return ExitCode::ok;
}

/// A resumed campaign must mean what it meant.
ExitCode check_resumed(const reports::Manifest& manifest) {
    if (manifest.source != source_id().source) {
        say(fmt::format("brokersim: the campaign was begun by source {}; this is {}\n",
                        manifest.source, source_id().source));
        return ExitCode::usage;
    }
    for (const reports::CampaignScenario& one : manifest.scenarios) {
        std::optional<Scenario> const scenario = load_scenario(one.path, false);
        if (!scenario) {
            return ExitCode::scenario;
        }
        if (fmt::format("{:016x}", scenario->hash) != one.hash) {
            say(fmt::format("brokersim: {} has changed since the campaign began\n", one.path));
            return ExitCode::usage;
        }
    }
    return ExitCode::ok;
}

std::string default_folder(std::uint64_t campaign_seed) {
    std::time_t const now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    return fmt::format("runs/{:04}{:02}{:02}-{:02}{:02}{:02}-{:06x}", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                       campaign_seed & 0xffffffU);
}

std::string host_name() {
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    std::string host{name};
    std::replace(host.begin(), host.end(), '/', '-');
    return host;
}

/// The attempt's number: one more than those that are there.
std::uint32_t next_attempt(const std::string& folder, const std::string& shard) {
    std::uint32_t attempts = 0;
    std::error_code error;
    for (const files::directory_entry& entry : files::directory_iterator{folder, error}) {
        std::string const name = entry.path().filename().string();
        attempts += name.starts_with(shard) && name.ends_with(".jsonl") ? 1U : 0U;
    }
    return attempts;
}

std::string reason_of(DriverEnd end) {
    switch (end) {
        case DriverEnd::done:
            return "done";
        case DriverEnd::budget:
            return "budget";
        case DriverEnd::stopped:
            return "signal";
        case DriverEnd::disk_full:
            return "disk full";
        case DriverEnd::no_process:
            return "no more processes";
    }
    return "";
}

/// Prepares folder and manifest, new or resumed.
ExitCode prepare(const CampaignCommand& command, std::string& folder, reports::Manifest& manifest) {
    bool const exists =
        !command.out.empty() && files::exists(files::path{command.out} / "manifest.json");
    if (command.resume) {
        if (command.out.empty()) {
            say("brokersim: --resume needs --out: the folder of the campaign\n");
            return ExitCode::usage;
        }
        folder = command.out;
        auto read = read_manifest(folder);
        if (!read) {
            return read.error();
        }
        manifest = std::move(*read);
        return check_resumed(manifest);
    }
    if (exists) {
        say(fmt::format("brokersim: {} already holds a campaign: --resume goes on with it\n",
                        command.out));
        return ExitCode::usage;
    }
    if (ExitCode const made = make_manifest(command, manifest); made != ExitCode::ok) {
        return made;
    }
    manifest.shard = command.shard;
    manifest.shards = command.shards;
    folder = command.out.empty() ? default_folder(manifest.campaign_seed) : command.out;
    std::error_code error;
    files::create_directories(folder, error);
    if (error ||
        !write_file((files::path{folder} / "manifest.json").string(), reports::to_json(manifest))) {
        say(fmt::format("brokersim: {} cannot be written\n", folder));
        return ExitCode::environment;
    }
    if (command.out.empty()) {
        files::remove("runs/latest", error);
        files::create_directory_symlink(files::path{folder}.filename(), "runs/latest", error);
    }
    return ExitCode::ok;
}

DriverOptions driver_options(const CampaignCommand& command, const reports::Merge& before,
                             const StopSignal& stop) {
    DriverOptions options;
    options.jobs = command.jobs > 0
                       ? command.jobs
                       : static_cast<std::uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    options.budget_ns = command.budget_ns.value_or(0);
    options.seed_timeout_ns = command.timeout_ns;
    options.memory_mib = command.memory_mib;
    for (const auto& [chunk, result] : before.chunks()) {
        options.done.insert(chunk);
    }
    for (const auto& [chunk, recheck] : before.rechecks()) {
        options.rechecked.insert(chunk);
    }
    options.stop = [&stop] { return stop.asked(); };
    return options;
}

}  // namespace

ExitCode campaign_command(const CampaignCommand& command) {
    if (command.seeds == std::uint64_t{0}) {
        say("brokersim: zero seeds: nothing to run\n");
        return ExitCode::nothing_ran;
    }
    if (!command.resume && !command.seeds && !command.budget_ns) {
        say("brokersim: a campaign needs an end: --seeds N or --budget 8h\n");
        return ExitCode::usage;
    }
    std::string folder;
    reports::Manifest manifest;
    if (ExitCode const prepared = prepare(command, folder, manifest); prepared != ExitCode::ok) {
        return prepared;
    }
    if (command.resume && manifest.seeds == 0 && !command.budget_ns) {
        say("brokersim: this campaign is limited by time: --budget says how long to go on\n");
        return ExitCode::usage;
    }
    reports::Merge before;
    if (!add_results(folder, before)) {
        return ExitCode::environment;
    }
    StopSignal const stop;
    ResultFile results;
    std::string const shard =
        fmt::format("shard-{:02}-of-{:02}", manifest.shard + 1, manifest.shards);
    std::uint32_t const attempt = next_attempt(folder, shard);
    std::string const host = host_name();
    std::string const path =
        fmt::format("{}/{}.a{}.{}.{}.jsonl", folder, shard, attempt, host, getpid());
    if (!results.open(path) ||
        !results.append(reports::start_line(manifest, host, getpid(), attempt))) {
        say(fmt::format("brokersim: {} cannot be written\n", path));
        return ExitCode::environment;
    }
    say(fmt::format("campaign {}  seed {:#x}  {} scenarios\n", folder, manifest.campaign_seed,
                    manifest.scenarios.size()));
    Driver driver{manifest, results, driver_options(command, before, stop)};
    Progress progress{folder, manifest, command.budget_ns.value_or(0), command.quiet};
    DriverEnd const end =
        driver.run([&](const DriverState& state) { progress.tell(state, "fuzz"); });
    progress.last(driver.state(), "publish");
    if (end == DriverEnd::disk_full) {
        say(
            fmt::format("brokersim: the disk is full; what {} holds is whole, and --resume goes "
                        "on\n",
                        path));
        return ExitCode::environment;
    }
    results.append(reports::end_line(reason_of(end), driver.state().seeds));
    reports::Merge merge;
    if (!add_results(folder, merge)) {
        return ExitCode::environment;
    }
    PublishOptions options;
    options.known_path = command.known;
    options.whole = manifest.shards == 1;
    options.ci = command.ci;
    ExitCode code = publish(folder, merge, manifest, options);
    if (end == DriverEnd::stopped) {
        say(fmt::format("stopped; to go on:\n    ./dev run campaign --resume --out {}\n", folder));
        code = worse(code, stop.exit_code());
    } else if (end == DriverEnd::no_process) {
        code = worse(code, ExitCode::environment);
    }
    progress.last(driver.state(), "over");
    return code;
}

ExitCode merge_command(const MergeCommand& command) {
    reports::Merge merge;
    std::optional<reports::Manifest> manifest;
    for (const std::string& folder : command.folders) {
        auto const read = read_manifest(folder);
        if (!read) {
            return read.error();
        }
        bool const differs =
            manifest &&
            (manifest->campaign_seed != read->campaign_seed || manifest->source != read->source ||
             manifest->shards != read->shards || !(manifest->scenarios == read->scenarios));
        if (differs) {
            say(fmt::format("brokersim: {} is of another campaign or source: refused\n", folder));
            return ExitCode::usage;
        }
        manifest = manifest ? manifest : *read;
        if (!add_results(folder, merge)) {
            return ExitCode::environment;
        }
    }
    std::string const out = command.out.empty() ? command.folders.front() : command.out;
    std::error_code error;
    files::create_directories(out, error);
    PublishOptions options;
    options.known_path = command.known;
    options.ci = command.ci;
    return publish(out, merge, *manifest, options);
}

ExitCode status_command(const std::string& folder, bool json) {
    std::ifstream file{files::path{folder} / "status.json"};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (text.empty()) {
        say(
            fmt::format("brokersim: {} holds no status.json: no campaign, or one that has just "
                        "begun\n",
                        folder));
        return ExitCode::usage;
    }
    if (json) {
        std::erase(text, '\n');
        print_line(text);
    } else {
        std::string const shown = status_text(text);
        std::fwrite(shown.data(), 1, shown.size(), stdout);
    }
    return ExitCode::ok;
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> parse_shard(const std::string& text) {
    std::uint32_t index = 0;
    std::uint32_t count = 0;
    const char* const end = text.data() + text.size();
    auto const [slash, bad_index] = std::from_chars(text.data(), end, index);
    if (bad_index != std::errc{} || slash == end || *slash != '/') {
        return std::nullopt;
    }
    auto const [last, bad_count] = std::from_chars(slash + 1, end, count);
    constexpr std::uint32_t shards_max = 100'000;
    if (bad_count != std::errc{} || last != end || index == 0 || index > count ||
        count > shards_max) {
        return std::nullopt;
    }
    return std::pair{index - 1, count};
}

std::optional<std::int64_t> parse_budget(const std::string& text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    auto const [at, bad] = std::from_chars(text.data(), end, number);
    std::string const unit{at, end};
    constexpr std::int64_t second = 1'000'000'000;
    std::int64_t const factor = unit == "s"    ? second
                                : unit == "m"  ? 60 * second
                                : unit == "h"  ? 3600 * second
                                : unit == "ms" ? second / 1000
                                               : 0;
    constexpr std::int64_t hours_max = 24 * 365;
    if (bad != std::errc{} || factor == 0 || number <= 0 ||
        number > hours_max * 3600 * second / factor) {
        return std::nullopt;
    }
    return number * factor;
}

}  // namespace brokersim
