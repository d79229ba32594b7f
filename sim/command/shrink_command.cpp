// Budget, progress, Ctrl-C, and the file.
#include "sim/command/shrink_command.h"

#include "reports/escape.h"
#include "reports/finding.h"
#include "scenarios/parser.h"
#include "scenarios/writer.h"
#include "sim/command/bundle.h"
#include "sim/command/scenario_files.h"
#include "sim/command/stop_signal.h"
#include "sim/command/subject.h"
#include "sim/run.h"
#include "sim/run_text.h"
#include "sim/shrink/shrink.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace brokersim {
namespace {

namespace files = std::filesystem;
using Clock = std::chrono::steady_clock;

std::string size_text(const ShrinkSize& size) {
    return fmt::format("{} brokers, {} faults, {} messages, {} events", size.brokers, size.faults,
                       size.messages, size.events);
}

/// A name that a scenario may have, from the stem of its file.
std::string name_for(const files::path& path) {
    std::string name;
    for (char const c : path.stem().string()) {
        bool const plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        name += plain ? c : '-';
    }
    return name;
}

class Progress {
public:
    explicit Progress(bool quiet) : quiet_{quiet}, began_{Clock::now()}, told_{began_} {}

    void tell(const ShrinkResult& result) {
        auto const now = Clock::now();
        // The first reduction is told at once, later ones at most twice a second.
        if (quiet_ || (tells_ > 0 && now - told_ < std::chrono::milliseconds{500})) {
            return;
        }
        ++tells_;
        told_ = now;
        say(fmt::format("shrink  {:>5} tries  {}\n", result.tries, size_text(result.after)));
    }
    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>(Clock::now() - began_).count();
    }

private:
    bool quiet_;
    Clock::time_point began_;
    Clock::time_point told_;
    int tells_ = 0;
};

/// Other failures that were met are findings of their own.
void save_others(const Subject& subject, const ShrinkResult& result) {
    constexpr std::size_t saved_max = 3;
    std::size_t saved = 0;
    for (const auto& [signature, shown] : result.others) {
        if (saved == saved_max || subject.folder.empty()) {
            break;
        }
        std::string const root =
            files::absolute(subject.folder).parent_path().parent_path().string();
        auto const folder = write_bundle(root, BundleOf{shown.first, "", shown.second});
        if (folder) {
            ++saved;
            say(fmt::format("met another failure on the way: {}\n    ./dev run replay {}\n",
                            signature, reports::shell_quoted(*folder)));
        }
    }
}

/// The file with its own name, checked once more from what is on the disk.
tl::expected<std::string, std::string> write_shrunk(const ShrinkResult& result,
                                                    const std::string& out,
                                                    const std::string& signature) {
    files::path const beside = files::path{out}.parent_path() / "shrunk.json";
    ParseOutcome draft = parse_scenario_text(beside.string(), result.file);
    if (draft.scenario) {
        draft.scenario->name = name_for(out);
    }
    std::string const text = draft.scenario ? write_scenario(*draft.scenario) : result.file;
    std::error_code error;
    files::create_directories(files::absolute(out).parent_path(), error);
    if (error || !write_file(out, text)) {
        return tl::unexpected(out + " cannot be written");
    }
    ParseOutcome const read = parse_scenario(out);
    if (!read.scenario) {
        return tl::unexpected("the file that was written is not valid:\n" +
                              render_text(read.diagnostics, 1));
    }
    RunResult const run = run_once(*read.scenario, result.seed);
    if (run.signature != signature) {
        return tl::unexpected(
            fmt::format("the file that was written fails with \"{}\"", run.signature));
    }
    return out;
}

}  // namespace

ExitCode shrink_command(const ShrinkCommand& command, const std::vector<std::string>& arguments) {
    tl::expected<Subject, ExitCode> const subject =
        find_subject(command.subject, command.seed, command.json);
    if (!subject) {
        return subject.error();
    }
    if (std::optional<ExitCode> const handed = hand_over(subject->scenario, arguments)) {
        return *handed;
    }
    std::string out = command.out;
    if (out.empty()) {
        out =
            (files::path{subject->folder.empty() ? "." : subject->folder} / "shrunk.json").string();
    }
    if (std::string const name = name_for(out); name.size() < 3 || name.size() > 64) {
        say(
            fmt::format("brokersim: --out {}: the file's name becomes the scenario's: 3 to 64 "
                        "letters, digits and dashes\n",
                        out));
        return ExitCode::usage;
    }
    RunOptions options;
    options.plan = subject->recorded_plan();
    RunResult const original = run_once(subject->scenario, subject->seed, options);
    if (original.verdict != RunVerdict::fail) {
        say(fmt::format("brokersim: there is nothing to shrink: the verdict is {}\n",
                        name_of(original.verdict)));
        return ExitCode::inconclusive;
    }
    StopSignal const stop;
    Progress progress{command.json};
    ShrinkOptions how;
    how.path = (files::path{subject->scenario.path}.parent_path() / "shrunk.json").string();
    how.stop = [&] {
        return stop.asked() || progress.seconds() > static_cast<double>(command.budget_seconds);
    };
    how.progress = [&](const ShrinkResult& result) { progress.tell(result); };
    ShrinkResult const result =
        shrink(subject->scenario, as_script(original.plan), subject->seed, original.signature, how);
    if (!result.started) {
        say(
            fmt::format("brokersim: the plan as a script does not fail with {}; the bundle still "
                        "replays\n",
                        original.signature));
        return ExitCode::inconclusive;
    }
    auto const written = write_shrunk(result, out, original.signature);
    if (!written) {
        say(fmt::format("brokersim: {}\n", written.error()));
        return ExitCode::environment;
    }
    save_others(*subject, result);
    std::int64_t const ms = static_cast<std::int64_t>(progress.seconds() * 1000);
    std::uint64_t const factor10 =
        original.events * 10 / std::max<std::uint64_t>(result.after.events, 1);
    if (command.json) {
        print_line(fmt::format(
            "{{\"v\":1,\"type\":\"shrunk\",\"file\":{},\"signature\":{},\"seed\":\"{}\","
            "\"events_before\":{},\"events\":{},\"faults_before\":{},\"faults\":{},\"brokers\":{},"
            "\"messages\":{},\"virtual_ns\":{},\"tries\":{},\"wall_ms\":{},\"finished\":{}}}",
            reports::json_quoted(out), reports::json_quoted(original.signature),
            seed_text(result.seed), original.events, result.after.events, original.plan.size(),
            result.after.faults, result.after.brokers, result.after.messages,
            result.after.virtual_ns, result.tries, ms, result.finished));
    }
    for (const auto& [id, needed] : result.faults) {
        say(fmt::format("  fault {:<20} {}\n", id, needed ? "needed" : "not needed"));
    }
    say(fmt::format(
        "{}: {} tries in {}.{} s, {} times fewer events\n  from {}\n  to   {}\n  "
        "signature {}\nto run it:\n    ./dev run run {}\n",
        result.finished ? "shrunk" : "stopped early, the best so far is kept", result.tries,
        ms / 1000, ms % 1000 / 100, fmt::format("{}.{}", factor10 / 10, factor10 % 10),
        fmt::format("{} faults, {} events", original.plan.size(), original.events),
        size_text(result.after), original.signature, reports::shell_quoted(out)));
    return stop.asked() ? stop.exit_code() : ExitCode::ok;
}

}  // namespace brokersim
