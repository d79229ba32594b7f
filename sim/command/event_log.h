// Observers for a second look at a run: what every event was, a stop before one, an end after one.
#pragma once

#include "reports/bundle.h"
#include "sim/observer.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace brokersim {

/// Thrown to leave a run after a given event; caught by the command that asked for it.
struct RunLeft {
    std::uint64_t event = 0;
};

class EventLog final : public RunObserver {
public:
    /// Raises SIGTRAP before that event, for a debugger.
    void break_at(std::uint64_t event) { break_at_ = event; }
    /// Leaves the run (RunLeft) once that event is done.
    void until(std::uint64_t event) { until_ = event; }
    /// Prints every event of this stretch.
    void print(std::uint64_t from, std::uint64_t to) {
        print_from_ = from;
        print_to_ = to;
    }

    void on_event(std::uint64_t number, Time time, const Work& work) override;

    /// Kind, target and time by number - 1; states are added by with_states().
    [[nodiscard]] std::vector<reports::EventMark> with_states(
        const std::vector<std::uint64_t>& states) const;

private:
    std::vector<reports::EventMark> marks_;
    std::optional<std::uint64_t> break_at_;
    std::optional<std::uint64_t> until_;
    std::uint64_t print_from_ = 1;
    std::uint64_t print_to_ = 0;
};

/// "  11207     6.004183 s  text".
std::string event_line(std::uint64_t event, std::int64_t time_ns, std::string_view text);

}  // namespace brokersim
