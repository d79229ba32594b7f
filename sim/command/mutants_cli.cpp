// Words and options of the commands about planted bugs.
#include "sim/command/mutants_cli.h"

#include "sim/command/run_command.h"
#include "sim/mutants/mutants_command.h"

#include <CLI/CLI.hpp>

namespace brokersim {

struct MutantsWords {
    explicit MutantsWords(CLI::App& app)
        : mutants_app{*app.add_subcommand(
              "mutants", "known bugs, planted: how many seeds until each is found")},
          list_app{*mutants_app.add_subcommand("list", "the catalogue")},
          run_app{*mutants_app.add_subcommand("run", "measure seeds to detection")} {
        mutants_app.require_subcommand(1);
        list_app.add_flag("--json", command.json, "one JSON object per line on stdout");
        run_app.add_option("mutant", command.wanted, "ids or names (default: the smoke tier)");
        run_app.add_option("--tier", command.tier, "smoke, nightly, directed or all")
            ->check(CLI::IsMember({"smoke", "nightly", "directed", "all"}));
        run_app.add_option("--scenario", command.scenario,
                           "a scenario for all of them, instead of their own");
        run_app.add_option("--patch", command.patches,
                           "a bug from outside the catalogue: a patch, or a folder of them");
        campaigns = run_app
                        .add_option("--campaigns", campaign_count,
                                    "of each mutant (default: 20; 5 of a nightly one)")
                        ->check(CLI::Range(std::int64_t{0}, std::int64_t{10'000}));
        seeds =
            run_app.add_option("--seeds", seed_count, "of a campaign at most (default: its own)")
                ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
        run_app.add_option("--seed", seed, "of all campaigns; default: the same ones every time");
        run_app.add_option("-j,--jobs", command.jobs, "campaigns at once (default: one per core)")
            ->check(CLI::Range(1, 1024));
        run_app.add_flag("--shrink", command.shrink, "also the smallest scenario of each finding");
        run_app.add_flag("--update", command.update, "accept the figures into the scoreboard");
        run_app.add_flag("--json", command.json, "one JSON object per line on stdout");
        run_app.add_option("--out", command.out,
                           "folder of the files that are played (default: runs/mutants)");
    }

    CLI::App& mutants_app;
    CLI::App& list_app;
    CLI::App& run_app;
    MutantsCommand command;
    CLI::Option* campaigns = nullptr;
    CLI::Option* seeds = nullptr;
    std::int64_t campaign_count = 0;
    std::int64_t seed_count = 0;
    std::string seed;
};

MutantsCli::MutantsCli(CLI::App& app) : words_{std::make_unique<MutantsWords>(app)} {}
MutantsCli::~MutantsCli() = default;

bool MutantsCli::asked() const {
    return words_->mutants_app.parsed();
}

ExitCode MutantsCli::run() const {
    MutantsCommand& command = words_->command;
    if (words_->list_app.parsed()) {
        return list_mutants(command);
    }
    if (words_->campaigns->count() > 0) {
        command.campaigns = static_cast<std::uint64_t>(words_->campaign_count);
    }
    if (words_->seeds->count() > 0) {
        command.seeds = static_cast<std::uint64_t>(words_->seed_count);
    }
    if (!words_->seed.empty()) {
        command.seed = seed_or_throw(words_->seed);
    }
    return run_mutants(command);
}

}  // namespace brokersim
