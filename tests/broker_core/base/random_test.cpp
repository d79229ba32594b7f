// The random streams: independence by name, bounds of every draw, and pinned first values.
#include "broker_core/base/random.h"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using namespace broker;

TEST_CASE("random: a stream is its name, and no stream moves another", "[base]") {
    Random a{1, "raft.election", 1};
    Random b{1, "raft.election", 2};
    Random c{1, "disk.sync", 1};
    Random again{1, "raft.election", 1};

    std::uint64_t const first = a.next();

    CHECK(first == again.next());
    CHECK(first != b.next());
    CHECK(first != c.next());
}

TEST_CASE("random: every draw stays in its bounds", "[base][property]") {
    rc::check([](std::uint64_t seed) {
        Random random{seed, "test"};
        std::int64_t const low = *rc::gen::inRange<std::int64_t>(1, 1'000'000);
        std::int64_t const high = *rc::gen::inRange<std::int64_t>(low, 1'000'000'000'000);

        for (int i = 0; i < 50; ++i) {
            std::int64_t const uniform = random.between(low, high);
            std::int64_t const logarithmic = random.log_uniform(low, high);
            std::int64_t const exponential = random.exponential(low, high);
            RC_ASSERT(uniform >= low);
            RC_ASSERT(uniform <= high);
            RC_ASSERT(logarithmic >= low);
            RC_ASSERT(logarithmic <= high);
            RC_ASSERT(exponential >= 0);
            RC_ASSERT(exponential <= high);
        }
    });
}

TEST_CASE("random: probabilities of 0 and 1 are certain, and the mean is the mean", "[base]") {
    Random random{7, "test"};
    std::int64_t sum = 0;

    for (int i = 0; i < 10'000; ++i) {
        CHECK_FALSE(random.chance(Probability{0}));
        CHECK(random.chance(Probability{1'000'000'000}));
        sum += random.exponential(1'000, 1'000'000);
    }

    CHECK(sum / 10'000 > 950);
    CHECK(sum / 10'000 < 1'050);
}
