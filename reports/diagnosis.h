// Diagnosis: which message a failure is about, its cause class, and the failure's signature.
//
// A signature names a bug, not a run: the rule that fired first / the class of its cause / the
// fault that mattered. It is read off the ladder of the message and never off a text, an id, a
// time, a seed or an address, so the same bug has the same signature in every seed that shows it
// the same way.
//   cause class: never_written acked_unsynced acked_uncommitted truncated_after_commit
//                lost_on_disk written_twice dedup_lost read_uncommitted reordered foreign
//                stuck.PHASE check.FILE.FUNCTION other
//   fault context: kind and role of the last effective fault that touched a broker the message was
//                on, between its first request and the violation; "none" if there was none.
// With a planted bug its name stands in front: "NAME:R16/acked_unsynced/none".
#pragma once

#include "reports/finding.h"
#include "reports/timeline.h"

#include <cstdint>
#include <string>
#include <vector>

namespace brokersim::reports {

inline constexpr int signature_version = 1;

/// What is known of a failure. event, time_ns, node: of the first violation that was seen while it
/// happened; event 0 if the first one came out only at the end.
struct Failure {
    std::string mutant;
    std::string violated;  // first rule or anomaly
    std::uint64_t event = 0;
    std::int64_t time_ns = 0;
    std::uint32_t node = 0;
    std::string place;        // of a failed check: "file.function"
    std::string stuck_phase;  // of a run that did not come to rest: "settle", "run"
};

struct Diagnosis {
    std::string cause = "other";
    std::string context = "none";
    std::string signature;
    std::vector<std::uint32_t> messages;  // concerned, the one to explain first
    std::uint64_t event = 0;              // where to look: of the violation, or of the loss
    std::int64_t time_ns = 0;
};

Diagnosis diagnose(const Timeline& timeline, const Failure& failure, const Judgement& judgement);

/// "5c1e77a0": the folder name of a signature, 8 hex digits of its hash.
std::string signature_folder(std::string_view signature);

}  // namespace brokersim::reports
