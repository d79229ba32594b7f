// Ladder: the life of one message, sorted into its copies, and the first station it missed.
#pragma once

#include "reports/timeline.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace brokersim::reports {

/// One place in a partition's log that held the message: (index, term).
struct Copy {
    std::uint64_t index = 0;
    std::uint64_t term = 0;
    std::vector<Rung> rungs;  // of this entry, ascending by event

    /// The first time that a broker passed `step` with it; of any broker, or of one.
    [[nodiscard]] const Rung* first(Step step, std::uint32_t node = 0) const;
    /// Brokers that passed `step` at or before `event`, at least once.
    [[nodiscard]] std::uint32_t brokers(Step step, std::uint64_t event) const;
};

struct Ladder {
    std::uint32_t message = 0;
    std::vector<Rung> requests;  // sent, received, admitted, ack_sent, acked
    std::vector<Copy> copies;    // by their first append

    [[nodiscard]] const Rung* first(Step step) const;
    /// The ack that promised: the first one sent; nullptr if none was.
    [[nodiscard]] const Rung* promise() const { return first(Step::ack_sent); }
};

Ladder build_ladder(const Timeline& timeline, std::uint32_t message);

/// What kind of mistake the ladder shows, as of the moment the promise was made (or, without one,
/// of the end of the run).
enum class Cause : std::uint8_t {
    none,                    // nothing is missing
    never_written,           // acknowledged, and no broker ever wrote it
    acked_unsynced,          // acknowledged before a quorum had it durable
    acked_uncommitted,       // acknowledged before it was committed
    truncated_after_commit,  // committed, then cut
    lost_on_disk,            // committed and durable, then gone
    written_twice,           // admitted once, appended more than once
    dedup_lost,              // admitted more than once: a retry was not recognised
};
std::string_view name_of(Cause cause);

/// The first missing rung below the promise, or, if none was made by then, at event `until`.
Cause cause_of_loss(const Timeline& timeline, const Ladder& ladder, std::uint64_t until);
/// Why it stands in the log more than once.
Cause cause_of_copies(const Ladder& ladder);

}  // namespace brokersim::reports
