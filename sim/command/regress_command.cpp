// Each pin in a process of its own, by the replay command.
#include "sim/command/regress_command.h"

#include "reports/bundle.h"
#include "reports/escape.h"
#include "sim/campaign/worker_process.h"
#include "sim/command/bundle.h"
#include "sim/command/mutant.h"
#include "sim/command/scenario_files.h"
#include "sim/command/subject.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

namespace brokersim {
namespace {

namespace files = std::filesystem;

ExitCode pin(const RegressCommand& command) {
    tl::expected<Subject, ExitCode> const subject = find_subject(command.pin, std::nullopt, false);
    if (!subject) {
        return subject.error();
    }
    if (!subject->repro) {
        say(fmt::format("brokersim: {} is no bundle\n", command.pin));
        return ExitCode::usage;
    }
    std::string scenario = subject->repro->scenario_name;
    std::replace_if(
        scenario.begin(), scenario.end(), [](char c) { return c == '@' || c == '/' || c == ','; },
        '-');
    files::path const folder = files::path{command.folder} / scenario;
    std::error_code error;
    files::create_directories(folder, error);
    files::path const path = folder / fmt::format("{:016x}.repro.json", subject->seed);
    if (error || !write_file(path.string(), reports::to_json(*subject->repro))) {
        say(fmt::format("brokersim: {} cannot be written\n", path.string()));
        return ExitCode::environment;
    }
    say(fmt::format("pinned: {}\n", path.string()));
    return ExitCode::ok;
}

struct Outcome {
    ExitCode code = ExitCode::ok;
    const char* words = "";
};

Outcome outcome_of(const Subject& subject, int code) {
    bool const planted = !subject.repro->mutant.empty();
    switch (code) {
        case 0:
            return planted ? Outcome{ExitCode::finding, "the planted bug is not found any more"}
                           : Outcome{ExitCode::ok, "gone"};
        case 1:
            return planted ? Outcome{ExitCode::ok, "found, as planted"}
                           : Outcome{ExitCode::finding, "IT IS BACK"};
        case static_cast<int>(ExitCode::unsupported):
            return Outcome{ExitCode::ok, "skipped: its planted bug is not built"};
        default:
            return Outcome{ExitCode::inconclusive, "stale: it cannot say any more"};
    }
}

}  // namespace

ExitCode regress_command(const RegressCommand& command) {
    if (!command.pin.empty()) {
        return pin(command);
    }
    std::vector<std::string> pins;
    std::error_code error;
    for (const files::directory_entry& entry :
         files::recursive_directory_iterator{command.folder, error}) {
        if (entry.path().string().ends_with(".repro.json")) {
            pins.push_back(entry.path().string());
        }
    }
    std::sort(pins.begin(), pins.end());
    if (pins.empty()) {
        say(fmt::format("no pinned failure below {}\n", command.folder));
        return ExitCode::nothing_ran;
    }
    ExitCode code = ExitCode::ok;
    for (const std::string& path : pins) {
        tl::expected<Subject, ExitCode> const subject = find_subject(path, std::nullopt, false);
        if (!subject) {
            code = worse(code, ExitCode::inconclusive);
            continue;
        }
        int status = static_cast<int>(ExitCode::unsupported);
        const std::string& mutant = subject->repro->mutant;
        std::string const executable =
            mutant.empty() ? own_executable() : mutant_executable(mutant);
        if (!executable.empty()) {
            status = run_executable(executable, {"replay", path, "--bisect"});
            // 125 covers "passes, but void" and "fails in another way": neither is green.
        }
        Outcome const outcome = outcome_of(*subject, status);
        say(fmt::format("{:<60} {}\n", path, outcome.words));
        if (outcome.code != ExitCode::ok) {
            say(fmt::format("    ./dev run replay {}\n", reports::shell_quoted(path)));
        }
        code = worse(code, outcome.code);
    }
    return code;
}

}  // namespace brokersim
