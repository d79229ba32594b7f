// Tests of overlapping strengths: the strongest counts, and what ends takes only its own away.
#include "sim/strengths.h"

#include <catch2/catch.hpp>

namespace brokersim {

TEST_CASE("strengths: the strongest of those in force counts", "[sim]") {
    Strengths strengths;
    CHECK_FALSE(strengths.strongest());
    strengths.add(1, 10);
    strengths.add(2, 50);
    strengths.add(3, 20);

    CHECK(strengths.strongest()->element == 2);
    strengths.remove(2);
    CHECK(strengths.strongest()->element == 3);
    CHECK(strengths.strongest()->value == 20);
    strengths.remove(3);
    strengths.remove(1);
    CHECK_FALSE(strengths.any());
}

}  // namespace brokersim
