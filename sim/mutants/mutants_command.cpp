// Select, prepare, measure, shrink, compare, tell.
#include "sim/mutants/mutants_command.h"

#include "sim/campaign/worker_process.h"
#include "sim/command/bundle.h"
#include "sim/command/mutant.h"
#include "sim/command/scenario_files.h"
#include "sim/command/stop_signal.h"
#include "sim/mutants/scoreboard.h"
#include "sim/mutants/selection.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace brokersim {
namespace {

namespace files = std::filesystem;

constexpr const char* board_path = "faults/mutants/scoreboard.json";
constexpr std::uint64_t campaigns_usual = 20;
constexpr std::uint64_t campaigns_nightly = 5;

tl::expected<Scoreboard, ExitCode> read_board() {
    std::ifstream file{board_path, std::ios::binary};
    if (!file) {
        return Scoreboard{};
    }
    std::ostringstream text;
    text << file.rdbuf();
    auto board = parse_scoreboard(text.str());
    if (!board) {
        say(fmt::format("brokersim: {}: {}\n", board_path, board.error()));
        return tl::unexpected(ExitCode::cannot_judge);
    }
    return *board;
}

const AcceptedScore* accepted_of(const Scoreboard& board, const PatchFile& patch) {
    auto const at = board.find(patch.name);
    return at == board.end() || !patch.is_catalogued() ? nullptr : &at->second;
}

std::uint64_t campaigns_for(const PatchFile& patch, const MutantsCommand& command) {
    bool const few = patch.tier == Tier::nightly && !command.update;
    return command.campaigns.value_or(few ? campaigns_nightly : campaigns_usual);
}

std::string repro_of(const Prepared& prepared, std::uint64_t seed) {
    return prepared.patch.is_catalogued()
               ? fmt::format("./dev run replay {} --seed {:#x}", prepared.path, seed)
               : fmt::format("./dev run mutants run --patch {} --campaigns 1", prepared.patch.path);
}

/// The one folder inside `folder`; empty: there is none.
files::path only_folder_in(const files::path& folder) {
    std::error_code error;
    for (const files::directory_entry& entry : files::directory_iterator{folder, error}) {
        if (entry.is_directory()) {
            return entry.path();
        }
    }
    return {};
}

/// Shrinks the finding of one seed with the executable that showed it.
std::optional<MinimalSize> shrunk(const Prepared& prepared, const MutantsCommand& command,
                                  std::uint64_t seed) {
    files::path const root = files::path{command.out} / "bundles" / prepared.patch.name;
    std::error_code error;
    files::remove_all(root, error);
    run_captured({prepared.executable, "bundle", prepared.path, "--seed",
                  fmt::format("{:#x}", seed), "--out", root.string()});
    files::path const bundle = only_folder_in(only_folder_in(root));
    if (bundle.empty()) {
        say(fmt::format("{}: the finding could not be written down\n", prepared.patch.name));
        return std::nullopt;
    }
    Captured const told = run_captured({prepared.executable, "shrink", bundle.string(), "--json"},
                                       Streams::output_only);
    return parse_shrunk(told.output);
}

/// Measures the mutants that are ready, those of one number of campaigns together.
class Session {
public:
    Session(const MutantsCommand& command, std::string clean, const StopSignal& stop)
        : command_{command}, clean_{std::move(clean)}, stop_{stop} {}

    std::vector<MutantScore> measure(const std::vector<Prepared>& all) {
        std::vector<MutantScore> scores(all.size());
        std::vector<std::uint64_t> counts;
        for (const Prepared& one : all) {
            counts.push_back(campaigns_for(one.patch, command_));
        }
        std::vector<std::uint64_t> kinds = counts;
        std::sort(kinds.begin(), kinds.end());
        kinds.erase(std::unique(kinds.begin(), kinds.end()), kinds.end());
        for (std::uint64_t const campaigns : kinds) {
            std::vector<std::size_t> whose;
            for (std::size_t i = 0; i < all.size(); ++i) {
                if (counts[i] == campaigns) {
                    whose.push_back(i);
                }
            }
            measure_some(all, whose, campaigns, scores);
        }
        return scores;
    }

private:
    void measure_some(const std::vector<Prepared>& all, const std::vector<std::size_t>& whose,
                      std::uint64_t campaigns, std::vector<MutantScore>& scores) {
        std::vector<Measurement> measurements;
        for (std::size_t const i : whose) {
            measurements.push_back({all[i].executable, all[i].path,
                                    command_.seeds.value_or(all[i].patch.seeds_max())});
        }
        MeasureOptions options;
        options.clean = clean_;
        options.seed = command_.seed;
        options.campaigns = campaigns;
        options.jobs =
            command_.jobs > 0
                ? command_.jobs
                : static_cast<std::uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
        options.stop = [this] { return stop_.asked(); };
        std::vector<std::uint64_t> left(whose.size(), campaigns);
        Measurer measurer{measurements, options};
        auto const outcomes =
            measurer.run([&](std::size_t measurement, const CampaignOutcome& outcome) {
                std::string const& name = all[whose[measurement]].patch.name;
                if (--left[measurement] == 0) {
                    say(fmt::format("measured {}\n", name));
                }
                for (const FalseAlarm& alarm : outcome.false_alarms) {
                    say(fmt::format("{}: false alarm: seed {:#x} is {} without the bug\n", name,
                                    alarm.seed, alarm.verdict));
                }
            });
        for (std::size_t i = 0; i < whose.size(); ++i) {
            const Prepared& one = all[whose[i]];
            MutantScore& score = scores[whose[i]];
            score = score_of(one.patch, one.library_file, measurements[i].seeds, outcomes[i]);
            finish(one, outcomes[i], score);
        }
    }

    void finish(const Prepared& one, const std::vector<CampaignOutcome>& outcomes,
                MutantScore& score) const {
        auto const found =
            std::find_if(outcomes.begin(), outcomes.end(),
                         [](const CampaignOutcome& outcome) { return outcome.found; });
        if (found == outcomes.end()) {
            return;
        }
        score.repro = repro_of(one, found->first.seed);
        // A bundle names the bug that it needs, which must therefore have a name here.
        if (command_.shrink && one.patch.is_catalogued() && !stop_.asked()) {
            score.figures.minimal = shrunk(one, command_, found->first.seed);
        }
    }

    const MutantsCommand& command_;
    std::string clean_;
    const StopSignal& stop_;
};

std::string_view word_of(Readiness readiness) {
    switch (readiness) {
        case Readiness::ready:
            return "ready";
        case Readiness::stale:
            return "stale";
        case Readiness::not_built:
            return "not_built";
        case Readiness::not_applicable:
            return "not_applicable";
        case Readiness::wrong:
            return "wrong";
    }
    return "";
}

/// Tells of mutants that are not measured, and what that means for the gate.
ExitCode tell_unready(const std::vector<Prepared>& unready, const MutantsCommand& command,
                      MutantsSummary& summary) {
    ExitCode code = ExitCode::ok;
    bool any_not_built = false;
    for (const Prepared& one : unready) {
        if (command.json) {
            print_line(unmeasured_json(one.patch, word_of(one.readiness), one.why));
        }
        std::string const id = one.patch.id.empty() ? "" : one.patch.id + " ";
        say(fmt::format("{}: {}{}: {}\n", word_of(one.readiness), id, one.patch.name, one.why));
        summary.stale += one.readiness == Readiness::stale ? 1U : 0U;
        summary.not_built += one.readiness == Readiness::not_built ? 1U : 0U;
        summary.not_applicable += one.readiness == Readiness::not_applicable ? 1U : 0U;
        if (one.readiness == Readiness::stale) {
            code = worse(code, ExitCode::finding);
        } else if (one.readiness == Readiness::not_built) {
            any_not_built = any_not_built || one.patch.is_catalogued();
            code = worse(code, ExitCode::unsupported);
        }
    }
    if (any_not_built) {
        say("to build them:\n    cmake --build --preset release --target mutants\n");
    }
    return code;
}

ExitCode judge(const MutantScore& score, const Scoreboard& board, MutantsSummary& summary) {
    TierCount& count = summary.tiers[score.figures.tier];
    ++count.of;
    count.found += score.is_found() ? 1U : 0U;
    summary.false_alarms += score.false_alarms.size();
    summary.unproven += score.is_unproven() ? 1U : 0U;
    if (const AcceptedScore* const accepted = accepted_of(board, score.patch)) {
        std::vector<std::string> const differs = differences(score, *accepted);
        summary.differences.insert(summary.differences.end(), differs.begin(), differs.end());
        summary.detectors_changed += accepted->scenario == score.figures.scenario &&
                                             accepted->detector != score.figures.detector
                                         ? 1U
                                         : 0U;
    }
    ExitCode code = ExitCode::ok;
    if (!score.is_found() || !score.false_alarms.empty()) {
        code = worse(code, ExitCode::finding);
    }
    if (score.is_unproven()) {
        code = worse(code, ExitCode::inconclusive);
    }
    for (const std::string& trouble : score.troubles) {
        say(fmt::format("brokersim: {}: {}\n", score.figures.name, trouble));
        code = worse(code, ExitCode::environment);
    }
    return code;
}

void tell(const MutantScore& score, const Scoreboard& board, const MutantsCommand& command) {
    const AcceptedScore* const accepted = accepted_of(board, score.patch);
    if (command.json) {
        print_line(score_json(score, accepted));
        return;
    }
    std::string const line = score_line(score, accepted);
    std::fwrite(line.data(), 1, line.size(), stdout);
}

std::string closing(const MutantsSummary& summary, const MutantsCommand& command) {
    std::string text;
    std::uint64_t killed = 0;
    std::uint64_t of = 0;
    for (const auto& [tier, count] : summary.tiers) {
        text += fmt::format("{}{} {}/{}", text.empty() ? "" : " · ", tier, count.found, count.of);
        killed += count.found;
        of += count.of;
    }
    if (!command.scenario.empty()) {
        text = fmt::format("{} kills {} of {}, {} not applicable", command.scenario, killed, of,
                           summary.not_applicable);
    }
    text += fmt::format(" · detector changed: {} · false alarms {} · stale {} · unproven {}",
                        summary.detectors_changed, summary.false_alarms, summary.stale,
                        summary.unproven);
    text += fmt::format(" · seed {:#x}\n", summary.seed);
    for (const std::string& difference : summary.differences) {
        text += "  " + difference + "\n";
    }
    return text;
}

bool update_board(Scoreboard board, const std::vector<MutantScore>& scores) {
    for (const MutantScore& score : scores) {
        if (!score.patch.is_catalogued()) {
            continue;
        }
        AcceptedScore figures = score.figures;
        auto const before = board.find(figures.name);
        if (!figures.minimal && before != board.end()) {
            figures.minimal = before->second.minimal;
        }
        board[figures.name] = std::move(figures);
    }
    return write_file(board_path, to_json(board));
}

/// Every mutant that was asked for, in or outside the catalogue.
tl::expected<std::vector<PatchFile>, ExitCode> patches_for(const MutantsCommand& command) {
    auto const catalogue = read_catalogue();
    if (!catalogue) {
        return catalogue;
    }
    auto chosen = select(*catalogue, command);
    auto outside = read_outside(command);
    if (!chosen || !outside) {
        return chosen ? outside : chosen;
    }
    chosen->insert(chosen->end(), outside->begin(), outside->end());
    if (chosen->empty()) {
        say("brokersim: no mutant is selected\n");
        return tl::unexpected(ExitCode::nothing_ran);
    }
    return chosen;
}

}  // namespace

ExitCode list_mutants(const MutantsCommand& command) {
    auto const catalogue = read_catalogue();
    if (!catalogue) {
        return catalogue.error();
    }
    for (const PatchFile& patch : *catalogue) {
        bool const built = !mutant_executable(patch.name).empty();
        if (command.json) {
            print_line(list_line(patch, scenario_of(patch), built));
            continue;
        }
        print_line(fmt::format("{:<6}{:<34}{:<10}{:<10}{}", patch.id, patch.name,
                               name_of(patch.tier), built ? "" : "not built", patch.title));
    }
    return ExitCode::ok;
}

ExitCode run_mutants(const MutantsCommand& command) {
    if (command.campaigns == std::uint64_t{0} || command.seeds == std::uint64_t{0}) {
        say("brokersim: no campaigns, or none with a seed: nothing to run\n");
        return ExitCode::nothing_ran;
    }
    if (command.update && (!command.scenario.empty() || !command.patches.empty())) {
        say("brokersim: --update accepts figures of the catalogue in its own scenarios only\n");
        return ExitCode::usage;
    }
    auto const patches = patches_for(command);
    auto const board = read_board();
    if (!patches || !board) {
        return patches ? board.error() : patches.error();
    }
    std::string const clean = own_executable();
    std::vector<Prepared> ready;
    std::vector<Prepared> unready;
    for (const PatchFile& patch : *patches) {
        Prepared one = prepare(patch, command, clean);
        if (one.readiness == Readiness::wrong) {
            say(fmt::format("brokersim: {}: {}\n", patch.path, one.why));
            return ExitCode::scenario;
        }
        (one.readiness == Readiness::ready ? ready : unready).push_back(std::move(one));
    }
    StopSignal const stop;
    std::vector<MutantScore> const scores = Session{command, clean, stop}.measure(ready);
    if (stop.asked()) {
        say("stopped: nothing is measured\n");
        return stop.exit_code();
    }
    MutantsSummary summary;
    summary.seed = command.seed;
    ExitCode code = tell_unready(unready, command, summary);
    if (!command.json && !scores.empty()) {
        std::string const head = score_head();
        std::fwrite(head.data(), 1, head.size(), stdout);
    }
    for (const MutantScore& score : scores) {
        code = worse(code, judge(score, *board, summary));
        tell(score, *board, command);
    }
    if (scores.empty() && code == ExitCode::ok) {
        code = ExitCode::nothing_ran;
    }
    if (command.update && !update_board(*board, scores)) {
        say(fmt::format("brokersim: {} cannot be written\n", board_path));
        code = worse(code, ExitCode::environment);
    }
    summary.exit_code = static_cast<int>(code);
    if (command.json) {
        print_line(to_json(summary));
    }
    say(closing(summary, command));
    for (const MutantScore& score : scores) {
        if (!score.is_found()) {
            say(fmt::format("survives: {} in {} of {} campaigns of {} seeds of {}\n",
                            score.figures.name, score.figures.campaigns - score.figures.found,
                            score.figures.campaigns, score.figures.budget, score.figures.scenario));
        }
    }
    return code;
}

}  // namespace brokersim
