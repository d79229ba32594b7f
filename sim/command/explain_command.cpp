// Makes the run again, observed, and tells it.
#include "sim/command/explain_command.h"

#include "reports/check.h"
#include "reports/explain.h"
#include "reports/exports.h"
#include "reports/history_json.h"
#include "reports/jepsen.h"
#include "sim/command/scenario_files.h"
#include "sim/command/subject.h"
#include "sim/run.h"
#include "sim/run_text.h"

#include <fmt/core.h>

#include <cstdio>
#include <sstream>

namespace brokersim {

ExitCode explain_command(const ExplainCommand& command, const std::vector<std::string>& arguments) {
    tl::expected<Subject, ExitCode> const subject =
        find_subject(command.subject, command.seed, false);
    if (!subject) {
        return subject.error();
    }
    if (std::optional<ExitCode> const handed = hand_over(subject->scenario, arguments)) {
        return *handed;
    }
    reports::Timeline timeline;
    RunOptions options;
    options.timeline = &timeline;
    options.full_report = true;
    options.plan = subject->recorded_plan();
    RunResult const result = run_once(subject->scenario, subject->seed, options);
    std::string text = fmt::format("{}  seed {}  {}\n", subject->scenario.name,
                                   seed_text(subject->seed), name_of(result.verdict));
    if (!command.message.empty()) {
        std::optional<std::uint32_t> const message = timeline.find(command.message);
        if (!message) {
            say(
                fmt::format("brokersim: there is no message {} in this run. An id is "
                            "PRODUCER/NUMBER: producers from 1 to {}, numbers from 0\n",
                            command.message,
                            timeline.messages.empty() ? 0 : timeline.messages.back().producer));
            return ExitCode::usage;
        }
        text += reports::ladder_text(timeline, *message);
    } else if (result.verdict == RunVerdict::fail) {
        text += "violated: " + failure_sentence(result) + "\n";
        text += reports::explain_text(timeline, result.diagnosis, result.judgement);
        text += reports::trust_text(result.judgement, result.trust);
    } else {
        text += "nothing was violated; --message ID tells the life of one message\n";
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return ExitCode::ok;
}

ExitCode export_command(const ExportCommand& command, const std::vector<std::string>& arguments) {
    tl::expected<Subject, ExitCode> const subject =
        find_subject(command.subject, command.seed, false);
    if (!subject) {
        return subject.error();
    }
    if (std::optional<ExitCode> const handed = hand_over(subject->scenario, arguments)) {
        return *handed;
    }
    reports::Timeline timeline;
    std::string text;
    RunOptions options;
    options.timeline = &timeline;
    options.history_json = &text;
    options.plan = subject->recorded_plan();
    RunResult const result = run_once(subject->scenario, subject->seed, options);
    if (command.format == "perfetto") {
        text = reports::perfetto_json(timeline);
    } else if (command.format == "shiviz") {
        std::vector<std::uint32_t> messages = result.diagnosis.messages;
        if (!command.message.empty()) {
            std::optional<std::uint32_t> const message = timeline.find(command.message);
            if (!message) {
                say(fmt::format("brokersim: there is no message {} in this run\n",
                                command.message));
                return ExitCode::usage;
            }
            messages = {*message};
        }
        text = reports::shiviz_log(timeline, messages);
    } else if (command.format == "jepsen") {
        std::istringstream recorded{text};
        auto const history = reports::read_history(recorded, "the run's history");
        if (!history) {
            say(fmt::format("brokersim: {}\n", history.error().text));
            return ExitCode::internal;
        }
        text = reports::jepsen_edn(*history);
    }
    std::fwrite(text.data(), 1, text.size(), stdout);
    return ExitCode::ok;
}

}  // namespace brokersim
