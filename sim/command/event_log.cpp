// Marks, stops and lines.
#include "sim/command/event_log.h"

#include "reports/timeline.h"
#include "sim/work_text.h"

#include <fmt/core.h>

#include <csignal>
#include <cstdio>

namespace brokersim {

std::string event_line(std::uint64_t event, std::int64_t time_ns, std::string_view text) {
    return fmt::format("{:>8}  {:>12}  {}\n", event, reports::seconds_text(time_ns), text);
}

void EventLog::on_event(std::uint64_t number, Time time, const Work& work) {
    if (until_ && number > *until_) {
        throw RunLeft{number - 1};
    }
    if (number >= print_from_ && number <= print_to_) {
        std::string const line =
            event_line(number, time.nanoseconds(),
                       work_text(static_cast<std::uint8_t>(work.kind), work.target));
        std::fwrite(line.data(), 1, line.size(), stdout);
    }
    if (marks_.size() < reports::event_marks_max) {
        marks_.push_back(reports::EventMark{0, static_cast<std::uint8_t>(work.kind), work.target,
                                            time.nanoseconds()});
    }
    if (break_at_ == number) {
        std::fflush(nullptr);
        std::raise(SIGTRAP);
    }
}

std::vector<reports::EventMark> EventLog::with_states(
    const std::vector<std::uint64_t>& states) const {
    std::vector<reports::EventMark> marks = marks_;
    for (std::size_t i = 0; i < marks.size() && i + 1 < states.size(); ++i) {
        marks[i].state = static_cast<std::uint32_t>(states[i + 1] ^ (states[i + 1] >> 32U));
    }
    return marks;
}

}  // namespace brokersim
