// Files out, exit code back.
#include "sim/campaign/publish.h"

#include "reports/diagnosis.h"
#include "reports/store.h"
#include "scenarios/parser.h"
#include "scenarios/writer.h"
#include "sim/campaign/seed_plan.h"
#include "sim/campaign/worker_process.h"
#include "sim/command/bundle.h"
#include "sim/command/mutant.h"
#include "sim/command/scenario_files.h"
#include "sim/command/source_id.h"
#include "sim/command/subject.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace brokersim {
namespace {

namespace files = std::filesystem;

constexpr std::size_t bundled_signatures_max = 250;

std::optional<std::string> read_text(const files::path& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        return std::nullopt;
    }
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string today() {
    std::time_t const now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

tl::expected<std::vector<reports::KnownFinding>, std::string> read_known(std::string path) {
    bool const asked = !path.empty();
    path = asked ? path : "scenarios/known-findings.json";
    std::optional<std::string> const text = read_text(path);
    if (!text) {
        if (asked) {
            return tl::unexpected(path + " cannot be read");
        }
        return std::vector<reports::KnownFinding>{};
    }
    auto known = reports::parse_known(*text);
    if (!known) {
        return tl::unexpected(path + ": " + known.error());
    }
    return *known;
}

/// A run that kills its process cannot be observed to its end: its bundle says how to make it.
void write_bare_bundle(const std::string& folder, const reports::Manifest& manifest,
                       const reports::SeedResult& seed, const std::string& path) {
    ParseOutcome const outcome = parse_scenario(path);
    if (!outcome.scenario) {
        return;
    }
    reports::Repro repro;
    repro.scenario_name = outcome.scenario->name;
    repro.scenario_path = path;
    repro.scenario_json = write_scenario(*outcome.scenario);
    repro.scenario_hash = seed.scenario_hash;
    repro.seed = seed.seed;
    repro.source = manifest.source;
    repro.commit = manifest.commit;
    repro.dirty = manifest.dirty;
    repro.build = manifest.build;
    repro.mutant = seed.mutant;
    for (const Element& element : draw_run(*outcome.scenario, seed.seed).plan) {
        repro.plan.push_back(reports::Repro::PlanElement{
            reports::canonical_json(write_element(element)), !element.scripted});
    }
    repro.verdict = seed.verdict;
    repro.violated = seed.violated;
    repro.signature = seed.signature;
    repro.signature_version = reports::signature_version;
    repro.summary = seed.summary;
    std::error_code error;
    files::create_directories(folder, error);
    write_file((files::path{folder} / "repro.json").string(), reports::to_json(repro));
}

void write_bundles(const std::string& folder, const reports::Manifest& manifest,
                   const std::vector<const reports::SignatureRow*>& rows) {
    std::size_t signatures = 0;
    for (const reports::SignatureRow* const row : rows) {
        if (++signatures > bundled_signatures_max) {
            return;
        }
        for (const reports::SeedResult& seed : row->shortest) {
            files::path const target = files::path{folder} / reports::bundle_path(seed);
            if (files::exists(target / "repro.json")) {
                continue;
            }
            std::string path;
            for (const reports::CampaignScenario& one : manifest.scenarios) {
                bool const its = one.hash == seed.scenario_hash && one.name == seed.scenario;
                path = its ? one.path : path;
            }
            if (path.empty()) {
                continue;
            }
            if (seed.trace_hash == 0) {
                write_bare_bundle(target.string(), manifest, seed, path);
                continue;
            }
            // In another process: what it is about may take this one down.
            std::string const executable =
                seed.mutant.empty() ? own_executable() : mutant_executable(seed.mutant);
            if (!executable.empty()) {
                run_executable(executable,
                               {"bundle", path, "--seed", fmt::format("{:#x}", seed.seed), "--out",
                                (files::path{folder} / "findings").string()});
            }
        }
    }
}

ExitCode code_of(const reports::Summary& summary) {
    ExitCode code = ExitCode::ok;
    if (summary.seeds == 0) {
        code = worse(code, ExitCode::nothing_ran);
    }
    if (summary.proves_too_little()) {
        code = worse(code, ExitCode::inconclusive);
    }
    if (!summary.holes.empty()) {
        code = worse(code, ExitCode::incomplete);
    }
    if (!summary.troubles.empty() && !summary.holes.empty()) {
        code = worse(code, ExitCode::environment);
    }
    if (summary.red() > 0 || !summary.canaries_found()) {
        code = worse(code, ExitCode::finding);
    }
    if (!summary.differences.empty()) {
        code = worse(code, ExitCode::nondeterminism);
    }
    return code;
}

}  // namespace

tl::expected<reports::Manifest, ExitCode> read_manifest(const std::string& folder) {
    std::optional<std::string> const text = read_text(files::path{folder} / "manifest.json");
    if (!text) {
        say(fmt::format("brokersim: {} holds no campaign: it has no manifest.json\n", folder));
        return tl::unexpected(ExitCode::usage);
    }
    auto manifest = reports::parse_manifest(*text);
    if (!manifest) {
        say(fmt::format("brokersim: {}/manifest.json: {}\n", folder, manifest.error()));
        return tl::unexpected(ExitCode::cannot_judge);
    }
    return *manifest;
}

bool add_results(const std::string& folder, reports::Merge& merge) {
    std::vector<files::path> paths;
    std::error_code error;
    for (const files::directory_entry& entry : files::directory_iterator{folder, error}) {
        std::string const name = entry.path().filename().string();
        if (name.starts_with("shard-") && name.ends_with(".jsonl")) {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());
    for (const files::path& path : paths) {
        std::optional<std::string> const text = read_text(path);
        if (!text) {
            say(fmt::format("brokersim: {} cannot be read\n", path.string()));
            return false;
        }
        merge.add_file(path.string(), *text);
    }
    return !error;
}

std::vector<reports::Hole> holes_of(const reports::Merge& merge, const reports::Manifest& manifest,
                                    bool whole) {
    std::vector<reports::Hole> holes;
    SeedPlan const plan{manifest};
    std::uint64_t const last = merge.chunks().empty() ? 0 : merge.chunks().rbegin()->first + 1;
    // A campaign limited by time has no holes but those between chunks of one shard.
    for (std::uint32_t shard = 0; shard < manifest.shards; ++shard) {
        if (!whole && shard != manifest.shard) {
            continue;
        }
        std::uint64_t end = plan.chunks().value_or(0);
        if (!plan.chunks()) {
            for (const auto& [chunk, result] : merge.chunks()) {
                end = chunk % manifest.shards == shard ? chunk : end;
            }
            bool const nothing = last > 0 && end == 0 && shard != 0;
            end = nothing ? last : end;
        }
        for (std::uint64_t chunk = shard; chunk < end; chunk += manifest.shards) {
            if (merge.chunks().contains(chunk)) {
                continue;
            }
            bool const extends = !holes.empty() && holes.back().shard == shard &&
                                 holes.back().last + manifest.shards == chunk;
            if (extends) {
                holes.back().last = chunk;
            } else {
                holes.push_back(reports::Hole{chunk, chunk, shard});
            }
        }
    }
    return holes;
}

ExitCode publish(const std::string& folder, const reports::Merge& merge,
                 const reports::Manifest& manifest, const PublishOptions& options) {
    auto const known = read_known(options.known_path);
    if (!known) {
        say(fmt::format("brokersim: {}\n", known.error()));
        return ExitCode::usage;
    }
    reports::Summary const summary = reports::summarise(merge, manifest, *known, today(),
                                                        holes_of(merge, manifest, options.whole));
    if (options.bundles) {
        std::vector<const reports::SignatureRow*> rows;
        for (const reports::SummaryFinding& finding : summary.findings) {
            rows.push_back(&finding.row);
        }
        for (const reports::SignatureRow& row : summary.planted) {
            rows.push_back(&row);
        }
        write_bundles(folder, manifest, rows);
    }
    files::path const base{folder};
    bool const written =
        write_file((base / "merged.jsonl").string(), merge.lines()) &&
        write_file((base / "summary.md").string(), reports::summary_markdown(summary)) &&
        write_file((base / "summary.json").string(), reports::summary_json(summary)) &&
        write_file((base / "junit.xml").string(), reports::junit_xml(summary, merge));
    std::string const store = reports::write_store((base / "merged.sqlite").string(), merge);
    say(reports::closing_text(summary, folder));
    if (options.ci == "github") {
        std::string const lines = reports::annotations(summary);
        std::fwrite(lines.data(), 1, lines.size(), stdout);
    }
    if (!written || !store.empty()) {
        say(fmt::format("brokersim: the reports cannot be written to {}: {}\n", folder,
                        store.empty() ? "disk full?" : store));
        return worse(code_of(summary), ExitCode::environment);
    }
    return code_of(summary);
}

}  // namespace brokersim
