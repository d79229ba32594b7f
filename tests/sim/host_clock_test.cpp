// Tests of a host's clocks: rates, offsets, standing, and the way back to virtual time.
#include "sim/host_clock.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

namespace brokersim {
namespace {

constexpr std::int64_t second = 1'000'000'000;

Time at_second(std::int64_t seconds) {
    return Time{seconds * second};
}

}  // namespace

TEST_CASE("clock: without faults both clocks run at the host's own rate", "[sim]") {
    HostClock const clock{NodeClock{Duration{7 * second}, 100}};

    broker::Instant const shown = clock.at(at_second(10));
    CHECK(shown.monotonic == Time{10 * second + 1'000'000});
    CHECK(shown.wall == Time{17 * second + 1'000'000});
}

TEST_CASE("clock: an offset moves the wall clock only, and goes with its fault", "[sim]") {
    HostClock clock{NodeClock{}};
    clock.begin(at_second(1), ClockChange{.element = 1, .wall_offset = Duration{-3600 * second}});

    CHECK(clock.at(at_second(2)).monotonic == at_second(2));
    CHECK(clock.at(at_second(2)).wall == Time{-3598 * second});
    clock.end(at_second(3), 1);
    CHECK(clock.at(at_second(3)).wall == at_second(3));
}

TEST_CASE("clock: what a rate added stays when the fault is over", "[sim]") {
    HostClock clock{NodeClock{}};
    clock.begin(at_second(10), ClockChange{.element = 1, .monotonic_ppm = 1'000'000});

    CHECK(clock.at(at_second(12)).monotonic == at_second(14));
    CHECK(clock.at(at_second(12)).wall == at_second(12));
    clock.end(at_second(12), 1);
    CHECK(clock.at(at_second(13)).monotonic == at_second(15));
}

TEST_CASE("clock: a wall clock that stands shows the right time afterwards", "[sim]") {
    HostClock clock{NodeClock{}};
    clock.begin(at_second(5), ClockChange{.element = 1, .wall_stands = true});

    CHECK(clock.at(at_second(9)).wall == at_second(5));
    CHECK(clock.at(at_second(9)).monotonic == at_second(9));
    clock.end(at_second(9), 1);
    CHECK(clock.at(at_second(10)).wall == at_second(10));
}

TEST_CASE("clock: no deadline comes while the monotonic clock stands", "[sim]") {
    HostClock clock{NodeClock{}};
    clock.begin(at_second(1), ClockChange{.element = 1, .monotonic_stands = true});

    CHECK(clock.at(at_second(4)).monotonic == at_second(1));
    CHECK(clock.when(at_second(2)) == Time::never());
    clock.end(at_second(4), 1);
    CHECK(clock.when(at_second(2)) == at_second(5));
}

TEST_CASE("clock: each change gets its credit once", "[sim]") {
    HostClock clock{NodeClock{}};
    std::vector<std::uint32_t> marked;
    auto const mark = [&](std::uint32_t element) { marked.push_back(element); };
    clock.begin(at_second(1), ClockChange{.element = 3});
    clock.credit(mark);
    clock.begin(at_second(2), ClockChange{.element = 4});
    clock.end(at_second(3), 3);
    clock.credit(mark);
    clock.credit(mark);

    CHECK(marked == std::vector<std::uint32_t>{3, 4});
}

TEST_CASE("clock: a deadline is met at the first instant that shows it, at any rate", "[sim]") {
    rc::prop("when() is the inverse of at()", [] {
        auto const own = *rc::gen::inRange(-50'000, 50'000);
        auto const more = *rc::gen::inRange(-500'000, 1'000'000);
        auto const begins = *rc::gen::inRange<std::int64_t>(0, 86'400 * second);
        auto const ahead = *rc::gen::inRange<std::int64_t>(0, 86'400 * second);
        HostClock clock{NodeClock{Duration{}, own}};
        clock.begin(Time{begins}, ClockChange{.element = 1, .monotonic_ppm = more});
        Time const wanted = clock.at(Time{begins}).monotonic + Duration{1 + ahead};

        Time const time = clock.when(wanted);
        RC_ASSERT(clock.at(time).monotonic >= wanted);
        RC_ASSERT(clock.at(time - Duration{1}).monotonic < wanted);
    });
}

}  // namespace brokersim
