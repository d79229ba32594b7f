// Words and options of the commands around campaigns.
#include "sim/command/campaign_cli.h"

#include "sim/campaign/campaign_command.h"
#include "sim/campaign/worker.h"
#include "sim/command/bundle.h"
#include "sim/command/regress_command.h"
#include "sim/command/run_command.h"
#include "sim/command/scenario_files.h"
#include "sim/command/subject.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace brokersim {
namespace {

/// What a worker's parent asks for: one bundle, quietly.
struct BundleCommand {
    std::string scenario;
    std::string seed;
    std::string out;
};

ExitCode bundle_command(const BundleCommand& command) {
    tl::expected<Subject, ExitCode> const subject =
        find_subject(command.scenario, seed_or_throw(command.seed), false);
    if (!subject) {
        return subject.error();
    }
    auto const written =
        write_bundle(command.out, BundleOf{subject->scenario, command.scenario, subject->seed});
    if (!written) {
        say(fmt::format("brokersim: {}\n", written.error()));
        return ExitCode::environment;
    }
    return ExitCode::ok;
}

std::int64_t budget_or_throw(const std::string& option, const std::string& text) {
    std::optional<std::int64_t> const budget = parse_budget(text);
    if (!budget) {
        throw CLI::ValidationError(option, "\"" + text + "\" is not a time such as 90s, 10m or 8h");
    }
    return *budget;
}

}  // namespace

struct CampaignWords {
    explicit CampaignWords(CLI::App& app)
        : campaign_app{*app.add_subcommand("campaign",
                                           "many seeds over many scenarios, in worker processes")},
          merge_app{*app.add_subcommand("merge", "one answer from the results of many shards")},
          status_app{*app.add_subcommand("status", "how a campaign is going")},
          regress_app{*app.add_subcommand("regress", "replay the pinned failures")},
          worker_app{*app.add_subcommand("worker", "")},
          bundle_app{*app.add_subcommand("bundle", "")} {
        campaign_app.add_option("scenario", campaign.scenarios,
                                "files, folders or names (default: the library)");
        campaign_app.add_option("--budget", budget, "how long: 90s, 10m, 8h");
        seeds = campaign_app.add_option("--seeds", seed_count, "how many seeds in all")
                    ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000'000}));
        campaign_app.add_option("--seed", seed, "of the campaign; default: a new one");
        campaign_app.add_option("-j,--jobs", campaign.jobs, "workers (default: one per core)")
            ->check(CLI::Range(1, 1024));
        campaign_app.add_option("--out", campaign.out, "folder of the results");
        campaign_app.add_flag("--resume", campaign.resume, "go on with the campaign in --out");
        campaign_app.add_option("--shard", shard, "I/N: the Ith of N parts, counted from 1");
        campaign_app.add_option("--timeout", timeout, "longest time of one seed (default 60s)");
        campaign_app.add_option("--memory", campaign.memory_mib,
                                "MiB of address space per worker (default 2048; 0: no limit)");
        campaign_app.add_option("--known", campaign.known, "known findings (JSON)");
        campaign_app.add_option("--ci", campaign.ci, "github: annotations on stdout")
            ->check(CLI::IsMember({"github", "none"}));
        campaign_app.add_flag("--no-canaries", no_canaries,
                              "run no scenario with a planted bug: green is then unproven");
        campaign_app.add_flag("-q,--quiet", campaign.quiet, "no progress");
        merge_app.add_option("folder", merge.folders, "folders of campaigns")->required();
        merge_app.add_option("--out", merge.out, "where the reports go (default: the first)");
        merge_app.add_option("--known", merge.known, "known findings (JSON)");
        merge_app.add_option("--ci", merge.ci, "github: annotations on stdout")
            ->check(CLI::IsMember({"github", "none"}));
        status_app.add_option("folder", status_folder, "of the campaign")->required();
        status_app.add_flag("--json", status_json, "one JSON object on stdout");
        regress_app.add_option("--pin", regress.pin, "add this bundle to the pinned failures");
        regress_app.add_option("--pins", regress.folder, "folder of the pinned failures");
        // For the campaign's own use.
        worker_app.group("");
        worker_app.add_option("--memory", worker.memory_mib);
        bundle_app.group("");
        bundle_app.add_option("scenario", bundle.scenario)->required();
        bundle_app.add_option("--seed", bundle.seed)->required();
        bundle_app.add_option("--out", bundle.out)->required();
    }

    CLI::App& campaign_app;
    CLI::App& merge_app;
    CLI::App& status_app;
    CLI::App& regress_app;
    CLI::App& worker_app;
    CLI::App& bundle_app;
    CampaignCommand campaign;
    MergeCommand merge;
    RegressCommand regress;
    WorkerCommand worker;
    BundleCommand bundle;
    CLI::Option* seeds = nullptr;
    std::int64_t seed_count = 0;
    std::string budget;
    std::string seed;
    std::string shard;
    std::string timeout;
    bool no_canaries = false;
    std::string status_folder;
    bool status_json = false;
};

CampaignCli::CampaignCli(CLI::App& app) : words_{std::make_unique<CampaignWords>(app)} {}
CampaignCli::~CampaignCli() = default;

bool CampaignCli::asked() const {
    return words_->campaign_app.parsed() || words_->merge_app.parsed() ||
           words_->status_app.parsed() || words_->regress_app.parsed() ||
           words_->worker_app.parsed() || words_->bundle_app.parsed();
}

ExitCode CampaignCli::run(const std::vector<std::string>& /*arguments*/) const {
    if (words_->worker_app.parsed()) {
        return worker_command(words_->worker);
    }
    if (words_->bundle_app.parsed()) {
        return bundle_command(words_->bundle);
    }
    if (words_->merge_app.parsed()) {
        return merge_command(words_->merge);
    }
    if (words_->status_app.parsed()) {
        return status_command(words_->status_folder, words_->status_json);
    }
    if (words_->regress_app.parsed()) {
        return regress_command(words_->regress);
    }
    CampaignCommand& campaign = words_->campaign;
    if (!words_->budget.empty()) {
        campaign.budget_ns = budget_or_throw("--budget", words_->budget);
    }
    if (words_->seeds->count() > 0) {
        campaign.seeds = static_cast<std::uint64_t>(words_->seed_count);
    }
    if (!words_->seed.empty()) {
        campaign.seed = seed_or_throw(words_->seed);
    }
    if (!words_->timeout.empty()) {
        campaign.timeout_ns = budget_or_throw("--timeout", words_->timeout);
    }
    if (!words_->shard.empty()) {
        auto const shard = parse_shard(words_->shard);
        if (!shard) {
            throw CLI::ValidationError(
                "--shard", "\"" + words_->shard + "\" is not I/N with 1 <= I <= N, as 3/16");
        }
        campaign.shard = shard->first;
        campaign.shards = shard->second;
    }
    campaign.canaries = !words_->no_canaries;
    return campaign_command(campaign);
}

}  // namespace brokersim
