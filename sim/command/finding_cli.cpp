// Words and options of the commands that look at one finding.
#include "sim/command/finding_cli.h"

#include "sim/command/explain_command.h"
#include "sim/command/replay_command.h"
#include "sim/command/run_command.h"
#include "sim/command/shrink_command.h"

#include <CLI/CLI.hpp>

namespace brokersim {
namespace {

constexpr const char* subject_help = "a bundle (folder or repro.json), or a scenario with --seed";

std::optional<std::uint64_t> event_or_throw(const std::string& option, const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    std::optional<std::uint64_t> const event = parse_seed(text);
    if (!event) {
        throw CLI::ValidationError(option, "\"" + text + "\" is not the number of an event");
    }
    return event;
}

LogKind log_named(const std::string& name) {
    return name == "full" ? LogKind::full : name == "short" ? LogKind::brief : LogKind::none;
}

}  // namespace

std::uint64_t seed_or_throw(const std::string& text) {
    std::optional<std::uint64_t> const seed = parse_seed(text);
    if (!seed) {
        throw CLI::ValidationError("--seed", "\"" + text +
                                                 "\" is not a seed: decimal, 0x hexadecimal, or a "
                                                 "commit of 40 hex digits");
    }
    return *seed;
}

struct FindingWords {
    explicit FindingWords(CLI::App& app)
        : replay_app{*app.add_subcommand("replay",
                                         "the same run again, compared with what was recorded")},
          explain_app{*app.add_subcommand("explain",
                                          "the life of the lost or duplicated message, in words")},
          shrink_app{*app.add_subcommand("shrink", "the smallest scenario with the same failure")},
          export_app{*app.add_subcommand("export", "the run in the format of another tool")} {
        replay_app.add_option("subject", replay.subject, subject_help)->required();
        replay_app.add_option("--seed", seed, "the seed, of a scenario");
        replay_app.add_flag("--json", replay.json, "one JSON object on stdout");
        replay_app
            .add_option("--log", log,
                        "none; short: a line per state change; full: every event of the window")
            ->check(CLI::IsMember({"none", "short", "full"}));
        replay_app.add_option("--window", replay.window,
                              "events A..B that the log shows; FAIL-200..FAIL+20 for around the "
                              "failure");
        replay_app.add_option("--filter", replay.filter, "node=nN,msg=PRODUCER/NUMBER");
        replay_app.add_option("--until", until, "leave the run after this event");
        replay_app.add_option("--break-at", break_at,
                              "raise SIGTRAP before this event, for a debugger");
        replay_app.add_flag("--bisect", replay.bisect,
                            "exit 0 if gone, 1 if the same signature, 125 otherwise");
        shrink_app.add_option("subject", shrink.subject, subject_help)->required();
        shrink_app.add_option("--seed", seed, "the seed, of a scenario");
        shrink_app.add_option("--out", shrink.out, "the file (default: shrunk.json in the bundle)");
        shrink_app.add_option("--budget", shrink.budget_seconds, "seconds (default 60)")
            ->check(CLI::Range(std::int64_t{1}, std::int64_t{86'400}));
        shrink_app.add_flag("--json", shrink.json, "one JSON object on stdout");
        export_app.add_option("subject", exported.subject, subject_help)->required();
        export_app.add_option("--seed", seed, "the seed, of a scenario");
        export_app.add_option("--format", exported.format, "history, jepsen, perfetto or shiviz")
            ->required()
            ->check(CLI::IsMember({"history", "jepsen", "perfetto", "shiviz"}));
        export_app.add_option("--message", exported.message, "shiviz: only this one");
        explain_app.add_option("subject", explain.subject, subject_help)->required();
        explain_app.add_option("--seed", seed, "the seed, of a scenario");
        explain_app.add_option("--message", explain.message, "PRODUCER/NUMBER");
    }

    CLI::App& replay_app;
    CLI::App& explain_app;
    CLI::App& shrink_app;
    CLI::App& export_app;
    ReplayCommand replay;
    ExplainCommand explain;
    ShrinkCommand shrink;
    ExportCommand exported;
    std::string seed;
    std::string log = "none";
    std::string until;
    std::string break_at;
};

FindingCli::FindingCli(CLI::App& app) : words_{std::make_unique<FindingWords>(app)} {}
FindingCli::~FindingCli() = default;

bool FindingCli::asked() const {
    return words_->replay_app.parsed() || words_->explain_app.parsed() ||
           words_->shrink_app.parsed() || words_->export_app.parsed();
}

ExitCode FindingCli::run(const std::vector<std::string>& arguments) const {
    std::optional<std::uint64_t> seed;
    if (!words_->seed.empty()) {
        seed = seed_or_throw(words_->seed);
    }
    if (words_->explain_app.parsed()) {
        words_->explain.seed = seed;
        return explain_command(words_->explain, arguments);
    }
    if (words_->export_app.parsed()) {
        words_->exported.seed = seed;
        return export_command(words_->exported, arguments);
    }
    if (words_->shrink_app.parsed()) {
        words_->shrink.seed = seed;
        return shrink_command(words_->shrink, arguments);
    }
    ReplayCommand& replay = words_->replay;
    replay.seed = seed;
    replay.log = log_named(words_->log);
    replay.until = event_or_throw("--until", words_->until);
    replay.break_at = event_or_throw("--break-at", words_->break_at);
    return replay_command(replay, arguments);
}

}  // namespace brokersim
