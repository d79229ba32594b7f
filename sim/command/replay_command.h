// `brokersim replay`: the same run again, compared with what was recorded of it.
#pragma once

#include "sim/command/exit_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

enum class LogKind : std::uint8_t {
    none,
    brief,  // "short": a lane line per state change
    full,   // every event of the window
};

struct ReplayCommand {
    std::string subject;                // a bundle, or a scenario
    std::optional<std::uint64_t> seed;  // of a scenario
    bool json = false;
    LogKind log = LogKind::none;
    std::string window;  // "A..B"; each an event, or FAIL, FAIL-200, FAIL+20
    std::string filter;  // "node=n2,msg=1/42"
    std::optional<std::uint64_t> until;
    std::optional<std::uint64_t> break_at;
    bool bisect = false;  // exit 0 gone, 1 the same signature, 125 anything else
};
ExitCode replay_command(const ReplayCommand& command, const std::vector<std::string>& arguments);

/// A stretch of events. Nothing if `text` is no window. fail: the event of the failure.
struct EventWindow {
    std::uint64_t from = 0;
    std::uint64_t to = UINT64_MAX;
};
std::optional<EventWindow> parse_window(const std::string& text, std::uint64_t fail);

}  // namespace brokersim
