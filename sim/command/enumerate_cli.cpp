// Words and options of `enumerate`.
#include "sim/command/enumerate_cli.h"

#include "sim/command/enumerate_command.h"
#include "sim/command/finding_cli.h"
#include "sim/command/run_command.h"

#include <CLI/CLI.hpp>

namespace brokersim {

struct EnumerateWords {
    explicit EnumerateWords(CLI::App& parent)
        : app{*parent.add_subcommand(
              "enumerate",
              "every crash point x every legal disk image of one small log, or cluster")} {
        app.add_option("scenario", command.scenario, "a file or a name of the library")->required();
        app.add_option("--seed", seed, "of the workload, latencies and drawn subsets (default: 1)");
        app.add_option("--state", command.state, "play this one state and tell its story");
        app.add_option("--nested", nested,
                       "whose recovery is crashed as well: none; shaped: images of a shaped "
                       "family; all")
            ->check(CLI::IsMember({"none", "shaped", "all"}));
        app.add_flag("--cluster", command.cluster,
                     "all brokers lose power at once, each disk in one of four ways: keep, drop, "
                     "min and max torn");
        app.add_flag("--json", command.json, "one JSON object on stdout");
    }

    CLI::App& app;
    EnumerateCommand command;
    std::string seed = "1";
    std::string nested = "shaped";
};

EnumerateCli::EnumerateCli(CLI::App& app) : words_{std::make_unique<EnumerateWords>(app)} {}
EnumerateCli::~EnumerateCli() = default;

bool EnumerateCli::asked() const {
    return words_->app.parsed();
}

ExitCode EnumerateCli::run(const std::vector<std::string>& arguments) const {
    EnumerateCommand command = words_->command;
    command.seed = seed_or_throw(words_->seed);
    command.nested = words_->nested == "none"  ? enumeration::Nested::none
                     : words_->nested == "all" ? enumeration::Nested::all
                                               : enumeration::Nested::shaped;
    return enumerate_command(command, arguments);
}

}  // namespace brokersim
