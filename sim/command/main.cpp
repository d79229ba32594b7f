// The brokersim command line.
#include "reports/check.h"
#include "sim/command/campaign_cli.h"
#include "sim/command/enumerate_cli.h"
#include "sim/command/finding_cli.h"
#include "sim/command/mutants_cli.h"
#include "sim/command/run_command.h"
#include "sim/command/scenario_cli.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <new>

namespace brokersim {
namespace {

int run_main(int argc, char** argv) {
    CLI::App app{"brokersim: deterministic simulation of a replicated broker, with a verdict"};
    app.require_subcommand(1);
    app.set_version_flag("--version", "brokersim 0.1.0");
    std::vector<std::string> const arguments(argv + 1, argv + argc);
    ExitCode code = ExitCode::ok;

    RunCommand run;
    std::string run_seed;
    std::int64_t run_seeds = 0;
    CLI::App* const run_app = app.add_subcommand(
        "run", "run and judge scenarios; prints verdicts and how to reproduce a failure");
    run_app->add_option("scenario", run.scenarios,
                        "files, folders or names (default: the library)");
    run_app->add_option("--seed", run_seed, "one seed, or with --seeds where to begin");
    CLI::Option* const seeds_option =
        run_app->add_option("--seeds", run_seeds, "how many seeds (default: as the file says)")
            ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000}));
    run_app->add_flag("--json", run.json, "one JSON object per line on stdout");
    run_app->add_flag("-v,--verbose", run.verbose, "the whole report of every run");
    std::string net = "both";
    run_app
        ->add_option("--net", net,
                     "both, or only one of the two judges: history, invariants (to see that each "
                     "finds a bug alone)")
        ->check(CLI::IsMember({"both", "history", "invariants"}));
    run_app->add_option("--history", run.history_path,
                        "write the history of the last run to this file");
    run_app->add_option("--out", run.out,
                        "where the bundle of the first finding goes (default: runs/last)");

    FindingCli const finding{app};
    CampaignCli const campaign{app};
    EnumerateCli const enumerate{app};
    MutantsCli const mutants{app};

    std::string history;
    bool check_json = false;
    CLI::App* const check_app =
        app.add_subcommand("check", "judge a history recorded anywhere (JSON Lines)");
    check_app->add_option("history", history, "file, or - for standard input")->required();
    check_app->add_flag("--json", check_json, "one JSON object on stdout");

    ScenarioCli const scenario{app};

    try {
        app.parse(argc, argv);
        if (run_app->parsed()) {
            if (!run_seed.empty()) {
                run.seed = seed_or_throw(run_seed);
            }
            if (seeds_option->count() > 0) {
                run.seeds = static_cast<std::uint64_t>(run_seeds);
            }
            run.net = net == "history"      ? Net::history
                      : net == "invariants" ? Net::invariants
                                            : Net::both;
            code = run_command(run, arguments);
        } else if (finding.asked()) {
            code = finding.run(arguments);
        } else if (campaign.asked()) {
            code = campaign.run(arguments);
        } else if (enumerate.asked()) {
            code = enumerate.run(arguments);
        } else if (mutants.asked()) {
            code = mutants.run();
        } else if (scenario.asked()) {
            code = scenario.run(arguments);
        } else {
            return reports::run_check(
                history, check_json ? reports::CheckOutput::json : reports::CheckOutput::text,
                std::cout, std::cerr);
        }
    } catch (const CLI::ParseError& error) {
        // Help and version are not errors; everything else is a wrong command line.
        int const shown = app.exit(error, std::cout, std::cerr);
        return shown == 0 ? 0 : static_cast<int>(ExitCode::usage);
    }
    return static_cast<int>(code);
}

}  // namespace
}  // namespace brokersim

int main(int argc, char** argv) {
    try {
        return brokersim::run_main(argc, argv);
    } catch (const std::bad_alloc&) {
        std::fputs("brokersim: out of memory\n", stderr);
        return static_cast<int>(brokersim::ExitCode::environment);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "brokersim: internal error: %s\n", error.what());
        return static_cast<int>(brokersim::ExitCode::internal);
    }
}
