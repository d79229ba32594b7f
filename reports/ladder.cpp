// Sorting rungs into copies, and reading the cause off them.
#include "reports/ladder.h"

#include <algorithm>
#include <array>
#include <limits>

namespace brokersim::reports {
namespace {

bool is_of_entry(Step step) {
    return (step >= Step::appended && step <= Step::committed) || step == Step::truncated ||
           step == Step::lost;
}

}  // namespace

const Rung* Copy::first(Step step, std::uint32_t node) const {
    auto const at = std::find_if(rungs.begin(), rungs.end(), [&](const Rung& rung) {
        return rung.step == step && (node == 0 || rung.node == node);
    });
    return at == rungs.end() ? nullptr : &*at;
}

std::uint32_t Copy::brokers(Step step, std::uint64_t event) const {
    std::vector<std::uint32_t> seen;
    for (const Rung& rung : rungs) {
        bool const counts = rung.step == step && rung.event <= event;
        if (counts && std::find(seen.begin(), seen.end(), rung.node) == seen.end()) {
            seen.push_back(rung.node);
        }
    }
    return static_cast<std::uint32_t>(seen.size());
}

const Rung* Ladder::first(Step step) const {
    auto const at = std::find_if(requests.begin(), requests.end(),
                                 [&](const Rung& rung) { return rung.step == step; });
    return at == requests.end() ? nullptr : &*at;
}

Ladder build_ladder(const Timeline& timeline, std::uint32_t message) {
    Ladder ladder;
    ladder.message = message;
    for (const Rung& rung : timeline.rungs) {
        if (rung.message != message) {
            continue;
        }
        if (!is_of_entry(rung.step)) {
            ladder.requests.push_back(rung);
            continue;
        }
        auto copy = std::find_if(ladder.copies.begin(), ladder.copies.end(), [&](const Copy& one) {
            return one.index == rung.index && one.term == rung.term;
        });
        if (copy == ladder.copies.end()) {
            ladder.copies.push_back(Copy{rung.index, rung.term, {}});
            copy = std::prev(ladder.copies.end());
        }
        copy->rungs.push_back(rung);
    }
    return ladder;
}

std::string_view name_of(Cause cause) {
    constexpr std::array<std::string_view, 8> names = {"none",
                                                       "never_written",
                                                       "acked_unsynced",
                                                       "acked_uncommitted",
                                                       "truncated_after_commit",
                                                       "lost_on_disk",
                                                       "written_twice",
                                                       "dedup_lost"};
    return names[static_cast<std::size_t>(cause)];
}

Cause cause_of_loss(const Timeline& timeline, const Ladder& ladder, std::uint64_t until) {
    const Rung* const promise = ladder.promise();
    std::uint64_t const when = promise == nullptr ? until : std::min(promise->event, until);
    std::uint32_t const quorum =
        timeline.partitions[timeline.messages[ladder.message].partition].quorum();
    auto const any = [&](auto holds) {
        return std::any_of(ladder.copies.begin(), ladder.copies.end(), holds);
    };
    constexpr std::uint64_t ever = std::numeric_limits<std::uint64_t>::max();
    if (!any([](const Copy& copy) { return copy.first(Step::written) != nullptr; })) {
        return Cause::never_written;
    }
    if (!any([&](const Copy& copy) { return copy.brokers(Step::synced, when) >= quorum; })) {
        // On too few disks when the promise was made; on none ever, if the write came to nothing.
        return Cause::acked_unsynced;
    }
    if (!any([&](const Copy& copy) { return copy.brokers(Step::committed, when) >= 1; })) {
        return Cause::acked_uncommitted;
    }
    bool const cut = any([&](const Copy& copy) {
        return copy.brokers(Step::committed, ever) >= 1 && copy.first(Step::truncated) != nullptr;
    });
    if (cut) {
        return Cause::truncated_after_commit;
    }
    bool const gone = any([](const Copy& copy) { return copy.first(Step::lost) != nullptr; });
    return gone ? Cause::lost_on_disk : Cause::none;
}

Cause cause_of_copies(const Ladder& ladder) {
    auto const admitted =
        std::count_if(ladder.requests.begin(), ladder.requests.end(),
                      [](const Rung& rung) { return rung.step == Step::admitted; });
    if (ladder.copies.size() <= 1) {
        return Cause::none;
    }
    return admitted > 1 ? Cause::dedup_lost : Cause::written_twice;
}

}  // namespace brokersim::reports
