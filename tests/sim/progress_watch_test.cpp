// Tests of L6: when a wait is long enough, and what begins it anew.
#include "sim/progress_watch.h"

#include <catch2/catch.hpp>

#include <vector>

namespace brokersim {
namespace {

using broker::Duration;
using broker::LogIndex;
using broker::Time;

struct Look {
    std::int64_t at_s;
    std::uint32_t working;
    bool asked;
    std::uint64_t committed;
    std::uint64_t changes = 0;
};

/// Whether the last look finds the partition stuck; none before it may. The window is 10 s.
bool stuck_at_end(const std::vector<Look>& looks) {
    ProgressWatch watch{1, Duration{10'000'000'000}};
    bool stuck = false;
    for (const Look& look : looks) {
        CHECK_FALSE(stuck);
        Time const now{look.at_s * 1'000'000'000};
        watch.look(now, look.changes);
        stuck = watch.is_stuck(0, look.working, look.asked, LogIndex{look.committed}, now);
    }
    return stuck;
}

}  // namespace

TEST_CASE("L6: a whole window without progress, and nothing less", "[sim]") {
    CHECK(stuck_at_end({{1, 3, true, 5}, {6, 3, true, 5}, {11, 3, true, 5}}));
    CHECK_FALSE(stuck_at_end({{1, 3, true, 5}, {6, 3, true, 5}, {10, 3, true, 5}}));
}

TEST_CASE("L6: progress, idleness, a change of the world or of who works begins the wait anew",
          "[sim]") {
    CHECK_FALSE(stuck_at_end({{1, 3, true, 5}, {6, 3, true, 6}, {11, 3, true, 6}}));
    CHECK_FALSE(stuck_at_end({{1, 3, true, 5}, {6, 3, false, 5}, {11, 3, true, 5}}));
    CHECK_FALSE(stuck_at_end({{1, 3, true, 5}, {6, 3, true, 5, 1}, {11, 3, true, 5, 1}}));
    CHECK_FALSE(stuck_at_end({{1, 3, true, 5}, {6, 5, true, 5}, {11, 5, true, 5}}));
    CHECK_FALSE(stuck_at_end({{1, 0, true, 5}, {6, 0, true, 5}, {11, 0, true, 5}}));
    CHECK(stuck_at_end(
        {{1, 3, true, 5}, {6, 5, true, 5, 1}, {7, 5, true, 5, 2}, {17, 5, true, 5, 2}}));
}

TEST_CASE("L6: windows that stood are counted, asked or not", "[sim]") {
    ProgressWatch watch{2, Duration{10'000'000'000}};
    for (std::int64_t s = 0; s <= 40; s += 5) {
        watch.look(Time{s * 1'000'000'000}, 0);
        (void)watch.is_stuck(0, 3, false, LogIndex{1}, Time{s * 1'000'000'000});
        (void)watch.is_stuck(1, 0, true, LogIndex{1}, Time{s * 1'000'000'000});
    }
    CHECK(watch.windows() == 4);
}

}  // namespace brokersim
