// Words for ladders.
#include "reports/explain.h"

#include "reports/check.h"
#include "reports/ladder.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace brokersim::reports {
namespace {

constexpr std::size_t messages_max = 3;
constexpr std::size_t around_max = 12;

std::string place(const Rung& rung, const TracedMessage& message) {
    return rung.node == 0 ? fmt::format("producer-{}", message.producer)
                          : fmt::format("n{}/{}", rung.node, rung.incarnation);
}

void line(std::string& text, const Rung& rung, const TracedMessage& message,
          std::string_view words) {
    fmt::format_to(std::back_inserter(text), "  {:>8}  {:>12}  {:<11} {:<10} {}\n", rung.event,
                   seconds_text(rung.time_ns), place(rung, message), name_of(rung.step), words);
}

void never(std::string& text, Step step, std::string_view words) {
    fmt::format_to(std::back_inserter(text), "  {:>8}  {:>12}  {:<11} {:<10} {}\n", "-", "never",
                   "nobody", name_of(step), words);
}

std::string words_of(const Rung& rung) {
    switch (rung.step) {
        case Step::sent:
            return fmt::format("request to n{}, attempt {}", rung.to_broker, rung.attempt);
        case Step::received:
            return "the request reached the broker";
        case Step::admitted:
            return "it passed every check and was about to enter the log";
        case Step::appended:
            return fmt::format("entry {} of term {}, in memory", rung.index, rung.term);
        case Step::written:
            return "its write completed; a power loss can still take it";
        case Step::synced:
            return "a sync covers it: it survives a power loss here";
        case Step::committed:
            return "this broker knows it to be committed";
        case Step::ack_sent:
            return fmt::format("success for offset {} left the broker", rung.offset);
        case Step::acked:
            return "the producer was told that it is safe";
        case Step::truncated:
            return fmt::format("entry {} of term {} was cut from the log", rung.index, rung.term);
        case Step::lost:
            return fmt::format("entry {} of term {} is not on its disk when it is down", rung.index,
                               rung.term);
    }
    return "";
}

/// All rungs of requests and of some copies, in the order of events; the stations that are missing
/// come where they should have been, before the promise.
void rung_lines(std::string& text, const Timeline& timeline, const Ladder& ladder,
                const std::vector<Rung>& rungs) {
    const TracedMessage& message = timeline.messages[ladder.message];
    const Rung* const promise = ladder.promise();
    std::uint32_t const quorum = timeline.partitions[message.partition].quorum();
    auto const passed = [&](Step step, std::uint64_t until) {
        std::vector<std::uint32_t> nodes;
        for (const Rung& rung : rungs) {
            if (rung.step == step && rung.event <= until &&
                std::find(nodes.begin(), nodes.end(), rung.node) == nodes.end()) {
                nodes.push_back(rung.node);
            }
        }
        return nodes.size();
    };
    auto const missing = [&](Step step, std::size_t needed, std::uint64_t until, bool ever) {
        std::size_t const have = passed(step, until);
        if (have >= needed) {
            return;
        }
        std::size_t const later = passed(step, std::numeric_limits<std::uint64_t>::max());
        if (have == 0 && later == 0) {
            never(text, step, "");
        } else if (!ever) {
            fmt::format_to(
                std::back_inserter(text), "  {:>8}  {:>12}  {:<11} {:<10} {}\n", "-", "not yet", "",
                name_of(step),
                fmt::format("on {} of {} brokers when the success left; {} are needed", have,
                            timeline.partitions[message.partition].replicas, needed));
        }
    };
    for (const Rung& rung : rungs) {
        if (&rung != &rungs.front() && promise != nullptr && rung.step == Step::ack_sent &&
            rung.event == promise->event) {
            missing(Step::appended, 1, rung.event, false);
            missing(Step::written, 1, rung.event, false);
            missing(Step::synced, quorum, rung.event, false);
            missing(Step::committed, 1, rung.event, false);
        }
        line(text, rung, message, words_of(rung));
    }
    if (promise == nullptr) {
        for (Step const step : {Step::received, Step::admitted, Step::appended, Step::written,
                                Step::synced, Step::committed, Step::ack_sent}) {
            missing(step, 1, std::numeric_limits<std::uint64_t>::max(), true);
        }
    }
}

std::vector<Rung> merged(const std::vector<Rung>& requests, const Copy& copy) {
    std::vector<Rung> all = requests;
    all.insert(all.end(), copy.rungs.begin(), copy.rungs.end());
    std::stable_sort(all.begin(), all.end(), [](const Rung& a, const Rung& b) {
        return a.event != b.event ? a.event < b.event : a.step < b.step;
    });
    return all;
}

/// What is told of two copies: the requests once, then each copy by itself, then where they part.
void copies_text(std::string& text, const Timeline& timeline, const Ladder& ladder) {
    const TracedMessage& message = timeline.messages[ladder.message];
    for (const Rung& rung : ladder.requests) {
        line(text, rung, message, words_of(rung));
    }
    for (std::size_t i = 0; i < ladder.copies.size(); ++i) {
        const Copy& copy = ladder.copies[i];
        fmt::format_to(std::back_inserter(text), "  copy {}: entry {} of term {}\n", i + 1,
                       copy.index, copy.term);
        for (const Rung& rung : copy.rungs) {
            line(text, rung, message, words_of(rung));
        }
    }
    const Copy& first = ladder.copies.front();
    const Copy& second = ladder.copies[1];
    const Rung* const a = first.first(Step::appended);
    const Rung* const b = second.first(Step::appended);
    if (a == nullptr || b == nullptr) {
        return;
    }
    auto const admissions =
        std::count_if(ladder.requests.begin(), ladder.requests.end(),
                      [](const Rung& rung) { return rung.step == Step::admitted; });
    fmt::format_to(
        std::back_inserter(text),
        "  they part at the append: n{}/{} wrote entry {} at event {}, n{}/{} wrote "
        "entry {} at event {}; {}\n",
        a->node, a->incarnation, a->index, a->event, b->node, b->incarnation, b->index, b->event,
        admissions > 1 ? fmt::format("the message was admitted {} times: the retry was not "
                                     "recognised as one",
                                     admissions)
                       : "it was admitted once: the second append has no request of its own");
}

std::string change_words(const Timeline& timeline, const Moment& moment) {
    switch (moment.change) {
        case Change::phase:
            return fmt::format("the {} phase begins", moment.text);
        case Change::started:
            return "starts";
        case Change::start_failed:
            return "could not start";
        case Change::crashed:
            return "the process dies; what it had written stays";
        case Change::lost_power:
            return "power is lost; what no sync covered may be gone";
        case Change::stopped:
            return "has stopped as asked";
        case Change::broke:
            return "stops by its own fault";
        case Change::became_leader:
            return fmt::format("leads {} in term {}", timeline.partitions[moment.partition].label,
                               moment.term);
        case Change::stepped_down:
            return fmt::format("no longer leads {}", timeline.partitions[moment.partition].label);
        case Change::serving:
            return fmt::format("has recovered its log of {}, up to entry {}",
                               timeline.partitions[moment.partition].label, moment.appended);
        case Change::committed:
            return "";
        case Change::fault_began: {
            const Fault& fault = timeline.faults[moment.fault];
            return fmt::format("FAULT {} ({}) begins{}", fault.id, fault.kind,
                               fault.effective ? "" : ", without effect");
        }
        case Change::fault_ended:
            return fmt::format("FAULT {} is over", timeline.faults[moment.fault].id);
        case Change::violation:
            return "VIOLATED " + moment.text;
    }
    return "";
}

void around_text(std::string& text, const Timeline& timeline, std::uint64_t from,
                 std::uint64_t to) {
    std::vector<const Moment*> shown;
    for (const Moment& moment : timeline.moments) {
        if (moment.event >= from && moment.event <= to && moment.change != Change::committed) {
            shown.push_back(&moment);
        }
    }
    if (shown.empty()) {
        return;
    }
    text += "meanwhile\n";
    std::size_t const skipped = shown.size() > around_max ? shown.size() - around_max : 0;
    if (skipped > 0) {
        fmt::format_to(std::back_inserter(text), "  ({} earlier changes are left out)\n", skipped);
    }
    for (std::size_t i = skipped; i < shown.size(); ++i) {
        const Moment& moment = *shown[i];
        std::string const node =
            moment.node == 0
                ? ""
                : fmt::format("n{}", moment.node) +
                      (moment.incarnation == 0 ? "" : fmt::format("/{}", moment.incarnation));
        fmt::format_to(std::back_inserter(text), "  {:>8}  {:>12}  {:<11} {}\n", moment.event,
                       seconds_text(moment.time_ns), node, change_words(timeline, moment));
    }
}

}  // namespace

std::string ladder_text(const Timeline& timeline, std::uint32_t message) {
    Ladder const ladder = build_ladder(timeline, message);
    std::string text = fmt::format("message {}   (id {})\n", timeline.message_text(message),
                                   timeline.message_id(message));
    fmt::format_to(std::back_inserter(text), "  {:>8}  {:>12}  {:<11} {:<10}\n", "event", "time",
                   "where", "station");
    if (ladder.copies.size() > 1) {
        copies_text(text, timeline, ladder);
        return text;
    }
    std::vector<Rung> const rungs =
        ladder.copies.empty() ? ladder.requests : merged(ladder.requests, ladder.copies.front());
    rung_lines(text, timeline, ladder, rungs);
    return text;
}

std::string cause_sentence(const Timeline& timeline, const Diagnosis& diagnosis) {
    if (diagnosis.messages.empty()) {
        return "";
    }
    Ladder const ladder = build_ladder(timeline, diagnosis.messages.front());
    const Rung* const promise = ladder.promise();
    std::string text;
    if (ladder.copies.size() > 1) {
        const Rung* const first = ladder.copies[0].first(Step::appended);
        const Rung* const second = ladder.copies[1].first(Step::appended);
        if (first != nullptr && second != nullptr) {
            return fmt::format(
                "it was appended as entry {} at event {} and as entry {} at event "
                "{}",
                first->index, first->event, second->index, second->event);
        }
    }
    if (promise != nullptr) {
        std::uint32_t synced = 0;
        std::uint32_t written = 0;
        for (const Copy& copy : ladder.copies) {
            synced = std::max(synced, copy.brokers(Step::synced, promise->event));
            written = std::max(written, copy.brokers(Step::written, promise->event));
        }
        const Partition& partition =
            timeline.partitions[timeline.messages[ladder.message].partition];
        text = fmt::format(
            "the success left n{} at event {}; by then it was written on {} and synced on {} of {} "
            "brokers",
            promise->node, promise->event, written, synced, partition.replicas);
    }
    for (const Copy& copy : ladder.copies) {
        for (Step const step : {Step::truncated, Step::lost}) {
            if (const Rung* const rung = copy.first(step)) {
                text += fmt::format("{}n{} {} at event {}", text.empty() ? "" : "; ", rung->node,
                                    step == Step::lost ? "lost it" : "cut it", rung->event);
            }
        }
    }
    return text;
}

std::string explain_text(const Timeline& timeline, const Diagnosis& diagnosis,
                         const Judgement& judgement) {
    std::string text = fmt::format("signature {}\n", diagnosis.signature);
    if (std::string const cause = cause_sentence(timeline, diagnosis); !cause.empty()) {
        text += "cause: " + cause + "\n";
    }
    std::size_t const shown = std::min(diagnosis.messages.size(), messages_max);
    std::uint64_t from = diagnosis.event;
    std::uint64_t to = diagnosis.event;
    for (std::size_t i = 0; i < shown; ++i) {
        text += "\n" + ladder_text(timeline, diagnosis.messages[i]);
        Ladder const ladder = build_ladder(timeline, diagnosis.messages[i]);
        if (!ladder.requests.empty()) {
            from = std::min(from, ladder.requests.front().event);
        }
        for (const Copy& copy : ladder.copies) {
            for (Step const step : {Step::truncated, Step::lost}) {
                const Rung* const end = copy.first(step);
                to = std::max(to, end == nullptr ? 0 : end->event);
            }
        }
    }
    if (diagnosis.messages.size() > shown) {
        fmt::format_to(std::back_inserter(text), "and {} more messages\n",
                       diagnosis.messages.size() - shown);
    }
    if (diagnosis.messages.empty()) {
        text += "no single message is concerned\n";
        from = 0;
    }
    text += "\n";
    around_text(text, timeline, from, to > 0 ? to : std::numeric_limits<std::uint64_t>::max());
    const Sums& sums = judgement.sums;
    fmt::format_to(std::back_inserter(text),
                   "sums: {} attempts of {} messages; acknowledged {}; distinct read {}; extra "
                   "copies {} (legal {}, illegal {}); foreign {}; lost {}\n",
                   sums.attempts, sums.sends, sums.acked, sums.unique, sums.extra_copies,
                   sums.extra_legal, sums.extra_illegal, sums.phantom, sums.lost);
    return text;
}

}  // namespace brokersim::reports
