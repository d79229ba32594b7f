// A fast pass finds the event, a second one shows what is around it.
#include "sim/command/replay_command.h"

#include "reports/explain.h"
#include "reports/lanes.h"
#include "sim/command/event_log.h"
#include "sim/command/run_command.h"
#include "sim/command/scenario_files.h"
#include "sim/command/source_id.h"
#include "sim/command/subject.h"
#include "sim/run.h"
#include "sim/run_text.h"
#include "sim/work_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace brokersim {
namespace {

/// A run with the marks of its events.
struct Marked {
    RunResult result;
    std::vector<reports::EventMark> marks;
};

Marked run_marked(const Subject& subject) {
    EventLog events;
    RunOptions options;
    options.observer = &events;
    options.keep_states = true;
    options.full_report = true;
    options.plan = subject.recorded_plan();
    Marked marked{run_once(subject.scenario, subject.seed, options), {}};
    marked.marks = events.with_states(marked.result.states);
    return marked;
}

std::string side(std::string_view who, const std::vector<reports::EventMark>& marks,
                 std::uint64_t event) {
    if (event == 0 || event > marks.size()) {
        return fmt::format("  {:<9} the run has no event {}\n", who, event);
    }
    const reports::EventMark& mark = marks[event - 1];
    return fmt::format("  {:<9} {:>12}  {}  (state {:08x})\n", who,
                       reports::seconds_text(mark.time_ns), work_text(mark.kind, mark.target),
                       mark.state);
}

/// The first event with another mark; 0: none among those that both sides have.
std::uint64_t first_difference(const std::vector<reports::EventMark>& a,
                               const std::vector<reports::EventMark>& b) {
    std::size_t const both = std::min(a.size(), b.size());
    for (std::size_t i = 0; i < both; ++i) {
        if (a[i].state != b[i].state || a[i].time_ns != b[i].time_ns || a[i].kind != b[i].kind) {
            return i + 1;
        }
    }
    return a.size() == b.size() ? 0 : both + 1;
}

std::vector<reports::EventMark> recorded_marks(const Subject& subject) {
    std::ifstream file{subject.folder + "/trace.hash", std::ios::binary};
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return reports::decode_marks(bytes.str());
}

/// Where the recorded run and this one part, as text; both sides if both are known.
std::string divergence(const Subject& subject, const Marked& now, std::uint64_t& event) {
    std::vector<reports::EventMark> const recorded = recorded_marks(subject);
    event = recorded.empty() ? 0 : first_difference(recorded, now.marks);
    if (event > 0) {
        return side("recorded", recorded, event) + side("now", now.marks, event);
    }
    const std::vector<std::uint64_t>& then = subject.repro->checkpoints;
    const std::vector<std::uint64_t>& here = now.result.checkpoints;
    std::size_t first = 0;
    while (first < then.size() && first < here.size() && then[first] == here[first]) {
        ++first;
    }
    event = first * Trace::checkpoint_every + 1;
    return fmt::format("  between events {} and {}: trace.hash does not say which\n", event,
                       event + Trace::checkpoint_every - 1);
}

struct Comparison {
    ExitCode code = ExitCode::ok;
    std::string text;
};

ExitCode code_of(RunVerdict verdict) {
    switch (verdict) {
        case RunVerdict::pass:
            return ExitCode::ok;
        case RunVerdict::fail:
            return ExitCode::finding;
        case RunVerdict::inconclusive:
        case RunVerdict::void_run:
            return ExitCode::inconclusive;
    }
    return ExitCode::internal;
}

Comparison compare_with_record(const Subject& subject, const Marked& now) {
    const reports::Repro& then = *subject.repro;
    const RunResult& result = now.result;
    if (result.trace_hash == then.trace_hash && result.events == then.events) {
        return {code_of(result.verdict), fmt::format("identical: {} events, hash {:016x}\n",
                                                     result.events, result.trace_hash)};
    }
    std::uint64_t event = 0;
    std::string const sides = divergence(subject, now, event);
    if (then.source == source_id().source) {
        return {ExitCode::nondeterminism,
                fmt::format("not deterministic at event {}: same source, same seed, other hash\n",
                            event) +
                    sides};
    }
    if (result.verdict == RunVerdict::fail && result.signature == then.signature) {
        return {ExitCode::finding,
                fmt::format("same failure, diverged at event {}\n", event) + sides};
    }
    if (result.verdict == RunVerdict::fail) {
        return {ExitCode::finding,
                fmt::format("gone, another failure: {}  (diverged at event {})\n", result.signature,
                            event) +
                    sides};
    }
    if (result.verdict == RunVerdict::pass) {
        return {ExitCode::ok,
                fmt::format("gone: the run passes, and its faults took effect; diverged at event "
                            "{}\n",
                            event) +
                    sides};
    }
    return {ExitCode::inconclusive,
            fmt::format("gone, but {}: the run proves nothing; diverged at event {}\n",
                        name_of(result.verdict), event) +
                sides};
}

/// Nothing was recorded: the run is compared with itself.
Comparison compare_with_itself(const Subject& subject, const Marked& now) {
    Marked const again = run_marked(subject);
    if (again.result.trace_hash == now.result.trace_hash &&
        again.result.events == now.result.events) {
        return {code_of(now.result.verdict), fmt::format("identical: {} events, hash {:016x}\n",
                                                         now.result.events, now.result.trace_hash)};
    }
    std::uint64_t const event = first_difference(now.marks, again.marks);
    return {ExitCode::nondeterminism, fmt::format("not deterministic at event {}\n", event) +
                                          side("first", now.marks, event) +
                                          side("second", again.marks, event)};
}

struct Filter {
    std::uint32_t node = 0;
    std::string message;
};

std::optional<Filter> parse_filter(const std::string& text) {
    Filter filter;
    std::istringstream words{text};
    for (std::string word; std::getline(words, word, ',');) {
        if (word.starts_with("node=n") || word.starts_with("node=")) {
            std::string const number = word.substr(word[5] == 'n' ? 6 : 5);
            std::optional<std::uint64_t> const node = parse_seed(number);
            if (!node || *node == 0 || *node > 64) {
                return std::nullopt;
            }
            filter.node = static_cast<std::uint32_t>(*node);
        } else if (word.starts_with("msg=")) {
            filter.message = word.substr(4);
        } else {
            return std::nullopt;
        }
    }
    return filter;
}

/// The lanes, on stdout.
ExitCode print_lanes(const Subject& subject, const EventWindow& window, const Filter& filter) {
    reports::Timeline timeline;
    RunOptions options;
    options.timeline = &timeline;
    options.plan = subject.recorded_plan();
    RunResult const result = run_once(subject.scenario, subject.seed, options);
    reports::LaneFilter lanes;
    lanes.from = window.from;
    lanes.to = window.to;
    lanes.node = filter.node;
    if (!filter.message.empty()) {
        std::optional<std::uint32_t> const message = timeline.find(filter.message);
        if (!message) {
            say(
                fmt::format("brokersim: there is no message {} in this run: PRODUCER/NUMBER, as "
                            "explain prints it\n",
                            filter.message));
            return ExitCode::usage;
        }
        lanes.messages = {*message};
        lanes.only_messages = true;
    } else if (!result.diagnosis.messages.empty()) {
        lanes.messages = {result.diagnosis.messages.front()};
    }
    std::string const text = reports::lanes_text(timeline, lanes);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return ExitCode::ok;
}

class PrintingSink final : public TraceSink {
public:
    explicit PrintingSink(const EventWindow& window) : window_{window} {}

    void line(std::uint64_t event, broker::Time time, std::string_view text) override {
        if (event >= window_.from && event <= window_.to) {
            std::string const row =
                event_line(event, time.nanoseconds(), "    " + std::string{text});
            std::fwrite(row.data(), 1, row.size(), stdout);
        }
    }

private:
    EventWindow window_;
};

/// Runs with a debugger's stop, an early end, or every event printed. Returns whether it came to
/// its end.
bool run_loudly(const Subject& subject, const ReplayCommand& command, const EventWindow& window) {
    EventLog events;
    PrintingSink sink{window};
    RunOptions options;
    options.observer = &events;
    options.diagnose = false;
    options.plan = subject.recorded_plan();
    if (command.log == LogKind::full) {
        options.sink = &sink;
        events.print(window.from, window.to);
    }
    if (command.break_at) {
        events.break_at(*command.break_at);
    }
    if (command.until) {
        events.until(*command.until);
    }
    try {
        run_once(subject.scenario, subject.seed, options);
    } catch (const RunLeft& left) {
        std::fflush(stdout);
        say(fmt::format("left after event {}\n", left.event));
        return false;
    }
    std::fflush(stdout);
    return true;
}

ExitCode bisect_code(ExitCode code, const Subject& subject, const RunResult& result) {
    if (code == ExitCode::ok && result.verdict == RunVerdict::pass) {
        return ExitCode::ok;
    }
    bool const same = result.verdict == RunVerdict::fail &&
                      (!subject.repro || result.signature == subject.repro->signature);
    return same && code != ExitCode::nondeterminism ? ExitCode::finding : ExitCode::cannot_judge;
}

std::optional<std::uint64_t> parse_event(const std::string& text, std::uint64_t fail) {
    if (!text.starts_with("FAIL")) {
        return parse_seed(text);
    }
    if (text.size() == 4) {
        return fail;
    }
    std::optional<std::uint64_t> const by = parse_seed(text.substr(5));
    if (!by || (text[4] != '-' && text[4] != '+')) {
        return std::nullopt;
    }
    return text[4] == '+' ? fail + *by : fail > *by ? fail - *by : 0;
}

}  // namespace

std::optional<EventWindow> parse_window(const std::string& text, std::uint64_t fail) {
    std::size_t const dots = text.find("..");
    if (dots == std::string::npos) {
        return std::nullopt;
    }
    std::optional<std::uint64_t> const from = parse_event(text.substr(0, dots), fail);
    std::optional<std::uint64_t> const to = parse_event(text.substr(dots + 2), fail);
    if (!from || !to || *from > *to) {
        return std::nullopt;
    }
    return EventWindow{*from, *to};
}

ExitCode replay_command(const ReplayCommand& command, const std::vector<std::string>& arguments) {
    std::optional<Filter> const filter = parse_filter(command.filter);
    if (!filter) {
        say(
            fmt::format("brokersim: --filter \"{}\" is not node=nN, msg=PRODUCER/NUMBER, or both "
                        "with a comma between\n",
                        command.filter));
        return ExitCode::usage;
    }
    if (!command.window.empty() && !parse_window(command.window, 0)) {
        say(
            fmt::format("brokersim: --window \"{}\" is not A..B: two event numbers (FAIL, FAIL-200 "
                        "and FAIL+20 are event numbers), the smaller first\n",
                        command.window));
        return ExitCode::usage;
    }
    tl::expected<Subject, ExitCode> const subject =
        find_subject(command.subject, command.seed, command.json);
    if (!subject) {
        return command.bisect && subject.error() != ExitCode::usage ? ExitCode::cannot_judge
                                                                    : subject.error();
    }
    if (std::optional<ExitCode> const handed = hand_over(subject->scenario, arguments)) {
        return command.bisect && *handed == ExitCode::unsupported ? ExitCode::cannot_judge
                                                                  : *handed;
    }
    Marked const now = run_marked(*subject);
    const RunResult& result = now.result;
    std::uint64_t const fail = result.diagnosis.event > 0 ? result.diagnosis.event : result.events;
    EventWindow window;
    if (!command.window.empty()) {
        window = *parse_window(command.window, fail);
    } else if (command.log == LogKind::full) {
        window = *parse_window("FAIL-200..FAIL+20", fail);
    }
    if (command.until) {
        window.to = std::min(window.to, *command.until);
    }
    if (command.log == LogKind::brief) {
        if (ExitCode const printed = print_lanes(*subject, window, *filter);
            printed != ExitCode::ok) {
            return printed;
        }
    }
    if ((command.log == LogKind::full || command.break_at || command.until) &&
        !run_loudly(*subject, command, window)) {
        return ExitCode::ok;
    }
    std::fflush(stdout);  // the log comes before the report, also in a file
    Comparison const compared =
        subject->repro ? compare_with_record(*subject, now) : compare_with_itself(*subject, now);
    if (command.json) {
        print_line(seed_line(result, subject->scenario.hash));
    } else if (!command.bisect) {
        say(report_text(result));
    }
    say(compared.text);
    if (command.bisect) {
        return bisect_code(compared.code, *subject, result);
    }
    if (compared.code != ExitCode::ok) {
        std::string const path = subject->repro ? subject->repro->scenario_path : subject->name;
        say(closing_block(result, path, subject->repro ? subject->name : ""));
    }
    return compared.code;
}

}  // namespace brokersim
