// Overlapping holds: the latest end counts, each ends by itself, and all get the credit.
#include "sim/holds.h"

#include <catch2/catch.hpp>

#include <vector>

namespace brokersim {
namespace {

std::vector<std::uint32_t> credited(const Holds& holds, Time now) {
    std::vector<std::uint32_t> elements;
    holds.credit(now, [&](std::uint32_t element) { elements.push_back(element); });
    return elements;
}

}  // namespace

TEST_CASE("holds: the latest end counts and whoever still holds is credited", "[sim]") {
    Holds holds;
    CHECK_FALSE(holds.at(Time{0}));
    holds.add(1, Time{100});
    holds.add(2, Time{300});
    CHECK(holds.until() == Time{300});
    CHECK(holds.at(Time{200}));
    CHECK_FALSE(holds.at(Time{300}));
    CHECK(credited(holds, Time{50}) == std::vector<std::uint32_t>{1, 2});
    CHECK(credited(holds, Time{200}) == std::vector<std::uint32_t>{2});
}

TEST_CASE("holds: one that ends early leaves the others in force", "[sim]") {
    Holds holds;
    holds.add(1, Time::never());
    holds.add(2, Time{300});
    CHECK(holds.until() == Time::never());
    CHECK(holds.remove(1));
    CHECK_FALSE(holds.remove(1));
    CHECK(holds.until() == Time{300});
    CHECK(holds.remove(2));
    CHECK_FALSE(holds.any());
}

}  // namespace brokersim
