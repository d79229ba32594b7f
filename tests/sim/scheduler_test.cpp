// Tests of virtual time: one total order, which the seed decides and nothing else.
#include "sim/scheduler.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace brokersim {
namespace {

std::vector<std::uint32_t> order_of(std::uint64_t seed, std::uint32_t count) {
    Scheduler scheduler{seed};
    for (std::uint32_t i = 0; i < count; ++i) {
        scheduler.push(Time{1000}, Work{WorkKind::phase, i, 0, 0});
    }
    std::vector<std::uint32_t> order;
    while (!scheduler.empty()) {
        order.push_back(scheduler.pop().target);
    }
    return order;
}

}  // namespace

TEST_CASE("scheduler: work comes in order of time, and time moves with it", "[sim]") {
    Scheduler scheduler{1};
    scheduler.push(Time{30}, Work{WorkKind::phase, 3, 0, 0});
    scheduler.push(Time{10}, Work{WorkKind::phase, 1, 0, 0});
    scheduler.push(Time{20}, Work{WorkKind::phase, 2, 0, 0});

    CHECK(scheduler.next_time() == Time{10});
    CHECK(scheduler.pop().target == 1);
    CHECK(scheduler.now() == Time{10});
    CHECK(scheduler.pop().target == 2);
    CHECK(scheduler.pop().target == 3);
    CHECK(scheduler.empty());
    CHECK(scheduler.next_time() == Time::never());
    CHECK(scheduler.events() == 3);
}

TEST_CASE("scheduler: the order within an instant is the seed's", "[sim]") {
    auto const order = order_of(1, 40);

    CHECK(order == order_of(1, 40));
    CHECK(order != order_of(2, 40));
    CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("scheduler: work in order keeps its order, before what is drawn for the same instant",
          "[sim]") {
    Scheduler scheduler{1};
    for (std::uint32_t i = 0; i < 20; ++i) {
        scheduler.push(Time{1000}, Work{WorkKind::phase, 100 + i, 0, 0});
        scheduler.push_in_order(Time{1000}, Work{WorkKind::phase, i, 0, 0});
    }

    for (std::uint32_t i = 0; i < 20; ++i) {
        CHECK(scheduler.pop().target == i);
    }
    CHECK(scheduler.pop().target >= 100);
}

TEST_CASE("scheduler: what is scheduled for the past comes now", "[sim]") {
    Scheduler scheduler{1};
    scheduler.push(Time{1000}, Work{});
    scheduler.pop();

    scheduler.push(Time{10}, Work{WorkKind::phase, 7, 0, 0});

    CHECK(scheduler.pop().target == 7);
    CHECK(scheduler.now() == Time{1000});
}

TEST_CASE("pool: a slot is used again only after it was taken", "[sim]") {
    Pool<int> pool;
    std::uint32_t const first = pool.put(1);
    std::uint32_t const second = pool.put(2);
    CHECK(first != second);

    CHECK(pool.take(first) == 1);

    CHECK(pool.put(3) == first);
    CHECK(pool.at(second) == 2);
}

}  // namespace brokersim
