// From the first violation to the message, to its ladder, to the cause.
#include "reports/diagnosis.h"

#include "broker_core/base/hash.h"
#include "reports/ladder.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace brokersim::reports {
namespace {

/// Messages that anomalies of the judge name, those of the first kind of anomaly first.
std::vector<std::uint32_t> judged_messages(const Timeline& timeline, const Judgement& judgement) {
    std::vector<std::uint32_t> messages;
    for (const Finding& finding : judgement.anomalies) {
        const Field* const value = finding.field("value");
        if (value == nullptr || value->values.empty()) {
            continue;
        }
        std::optional<std::uint32_t> const message = timeline.find(value->values.front().text);
        if (message && std::find(messages.begin(), messages.end(), *message) == messages.end()) {
            messages.push_back(*message);
        }
    }
    return messages;
}

/// Messages that the violating event was about: acknowledged there, else touched there.
std::vector<std::uint32_t> messages_at(const Timeline& timeline, const Failure& failure) {
    std::vector<std::uint32_t> acked;
    std::vector<std::uint32_t> touched;
    for (const Rung& rung : timeline.rungs) {
        if (rung.event != failure.event || rung.node != failure.node) {
            continue;
        }
        std::vector<std::uint32_t>& list = rung.step == Step::ack_sent ? acked : touched;
        if (std::find(list.begin(), list.end(), rung.message) == list.end()) {
            list.push_back(rung.message);
        }
    }
    return acked.empty() ? touched : acked;
}

bool is_loss(std::string_view id) {
    return id == "LOST_ACKED" || id == "READ_THEN_LOST" || id == "B2";
}
bool is_early_promise(std::string_view id) {
    return id == "R16" || id == "R7" || id == "B1" || id == "ACK_BEFORE_DURABLE";
}
bool is_copy(std::string_view id) {
    return id == "DUPLICATE" || id == "B14" || id == "B3";
}

std::string_view cause_of_rule(std::string_view id) {
    struct Row {
        std::string_view id;
        std::string_view cause;
    };
    constexpr Row rows[] = {{"R16", "acked_unsynced"},
                            {"R7", "acked_unsynced"},
                            {"ACK_BEFORE_DURABLE", "acked_unsynced"},
                            {"B1", "acked_uncommitted"},
                            {"B14", "written_twice"},
                            {"DUPLICATE", "written_twice"},
                            {"LOST_ACKED", "lost_on_disk"},
                            {"READ_THEN_LOST", "lost_on_disk"},
                            {"R24", "lost_on_disk"},
                            {"R13", "truncated_after_commit"},
                            {"COMMITTED_TRUNCATED", "truncated_after_commit"},
                            {"B6", "read_uncommitted"},
                            {"READ_ABOVE_HW", "read_uncommitted"},
                            {"HW_AHEAD", "read_uncommitted"},
                            {"I-02", "never_written"},
                            {"PRODUCER_REORDER", "reordered"},
                            {"REALTIME_REORDER", "reordered"},
                            {"PHANTOM", "foreign"},
                            {"CRASH", "crash"}};
    for (const Row& row : rows) {
        if (row.id == id) {
            return row.cause;
        }
    }
    return "other";
}

std::string cause_of(const Timeline& timeline, const Failure& failure, const Diagnosis& so_far) {
    if (!failure.place.empty()) {
        return "check." + failure.place;
    }
    if (!failure.stuck_phase.empty()) {
        return "stuck." + failure.stuck_phase;
    }
    if (!so_far.messages.empty()) {
        Ladder const ladder = build_ladder(timeline, so_far.messages.front());
        if (is_loss(failure.violated) || is_early_promise(failure.violated)) {
            std::uint64_t const until =
                failure.event > 0 ? failure.event : std::numeric_limits<std::uint64_t>::max();
            Cause const cause = cause_of_loss(timeline, ladder, until);
            if (cause != Cause::none) {
                return std::string{name_of(cause)};
            }
        }
        if (is_copy(failure.violated)) {
            Cause const cause = cause_of_copies(ladder);
            if (cause != Cause::none) {
                return std::string{name_of(cause)};
            }
        }
    }
    return std::string{cause_of_rule(failure.violated)};
}

/// Where the message met its end, for failures that only the end of the run showed.
void place_at_the_loss(const Timeline& timeline, Diagnosis& diagnosis) {
    Ladder const ladder = build_ladder(timeline, diagnosis.messages.front());
    const Rung* last = ladder.promise();
    for (const Copy& copy : ladder.copies) {
        for (Step const step : {Step::truncated, Step::lost}) {
            const Rung* const rung = copy.first(step);
            if (rung != nullptr && (last == nullptr || rung->event > last->event)) {
                last = rung;
            }
        }
    }
    if (ladder.copies.size() > 1) {
        const std::vector<Rung>& second = ladder.copies.back().rungs;
        last = second.empty() ? last : &second.front();
    }
    if (last != nullptr) {
        diagnosis.event = last->event;
        diagnosis.time_ns = last->time_ns;
    }
}

/// Kind and role. The role is the one towards the message: "leader" is who admitted it, whatever
/// the fault was aimed at.
std::string text_of(const Fault& fault, std::optional<std::uint32_t> admitted_by) {
    std::string role = fault.role;
    if (fault.nodes.size() == 1 && admitted_by) {
        role = fault.nodes.front() == *admitted_by ? "leader" : "follower";
    }
    return fault.kind + (role.empty() ? "" : "." + role);
}

std::string context_of(const Timeline& timeline, const Diagnosis& diagnosis) {
    if (diagnosis.messages.empty()) {
        // Nothing says which brokers it was about: the last fault before it.
        const Fault* last = nullptr;
        for (const Fault& fault : timeline.faults) {
            bool const before = fault.effective && fault.event > 0 &&
                                (diagnosis.event == 0 || fault.event <= diagnosis.event);
            if (before && (last == nullptr || fault.event >= last->event)) {
                last = &fault;
            }
        }
        return last == nullptr ? "none" : text_of(*last, std::nullopt);
    }
    std::optional<std::uint32_t> admitted_by;
    std::vector<std::uint32_t> nodes;
    std::uint64_t begin = diagnosis.event;
    for (const Rung& rung : timeline.rungs) {
        if (rung.message == diagnosis.messages.front() && rung.event <= diagnosis.event) {
            begin = std::min(begin, rung.event);
            nodes.push_back(rung.node);
            if (rung.step == Step::admitted) {
                admitted_by = rung.node;
            }
        }
    }
    const Fault* last = nullptr;
    for (const Fault& fault : timeline.faults) {
        bool const in_time =
            fault.effective && fault.event >= begin && fault.event <= diagnosis.event;
        bool const touches =
            fault.nodes.empty() ||
            std::any_of(fault.nodes.begin(), fault.nodes.end(), [&](std::uint32_t node) {
                return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
            });
        if (in_time && touches && (last == nullptr || fault.event >= last->event)) {
            last = &fault;
        }
    }
    return last == nullptr ? "none" : text_of(*last, admitted_by);
}

}  // namespace

Diagnosis diagnose(const Timeline& timeline, const Failure& failure, const Judgement& judgement) {
    Diagnosis diagnosis;
    diagnosis.event = failure.event;
    diagnosis.time_ns = failure.time_ns;
    if (failure.event > 0) {
        diagnosis.messages = messages_at(timeline, failure);
    }
    std::vector<std::uint32_t> const judged = judged_messages(timeline, judgement);
    for (std::uint32_t const message : judged) {
        if (std::find(diagnosis.messages.begin(), diagnosis.messages.end(), message) ==
            diagnosis.messages.end()) {
            diagnosis.messages.push_back(message);
        }
    }
    if (failure.event == 0 && !diagnosis.messages.empty()) {
        place_at_the_loss(timeline, diagnosis);
    }
    diagnosis.cause = cause_of(timeline, failure, diagnosis);
    diagnosis.context = context_of(timeline, diagnosis);
    diagnosis.signature =
        fmt::format("{}{}{}/{}/{}", failure.mutant, failure.mutant.empty() ? "" : ":",
                    failure.violated, diagnosis.cause, diagnosis.context);
    return diagnosis;
}

std::string signature_folder(std::string_view signature) {
    return fmt::format("{:08x}", broker::hash_text(signature) >> 32U);
}

}  // namespace brokersim::reports
