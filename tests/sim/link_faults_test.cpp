// Tests of what faults do to links: held, slowed, queued and refused.
#include "sim/virtual_network.h"

#include <catch2/catch.hpp>

#include <string>

namespace brokersim {
namespace {

/// Brokers 0 and 1, client 0; everything takes a millisecond.
struct Links {
    Scheduler scheduler{1};
    VirtualNetwork network{
        1, 2, 1, Distribution::fixed(1'000'000), Distribution::fixed(1'000'000), scheduler};

    MessageFault fault(FaultKind kind) const {
        MessageFault made;
        made.element = 7;
        made.kind = kind;
        return made;
    }
    void send(char c, std::size_t size = 1) {
        network.send(0, 1, Bytes(size, static_cast<std::byte>(c)));
    }
    bool struck() { return network.take_effective() == std::vector<std::uint32_t>{7}; }
};

}  // namespace

TEST_CASE("links: a clog holds every datagram until it ends", "[sim]") {
    Links links;
    links.network.begin(links.fault(FaultKind::clog));
    links.send('a');
    links.send('b');

    CHECK(links.scheduler.empty());
    CHECK(links.struck());
    CHECK(links.network.chances(7) == 2);
    links.network.end(7);
    CHECK_FALSE(links.scheduler.empty());
    links.scheduler.pop();
    links.scheduler.pop();
    CHECK(links.scheduler.empty());
}

TEST_CASE("links: a slow link takes a multiple of its time, for clients too", "[sim]") {
    Links links;
    MessageFault slow = links.fault(FaultKind::slow_link);
    slow.factor = 20;
    links.network.begin(slow);
    links.send('a');

    links.scheduler.pop();
    CHECK(links.scheduler.now() == Time{20'000'000});
    CHECK(links.struck());
    links.network.open(0, 0);
    links.scheduler.pop();
    CHECK(links.scheduler.now() == Time{40'000'000});
}

TEST_CASE("links: datagrams of a narrow link leave one after another", "[sim]") {
    Links links;
    MessageFault narrow = links.fault(FaultKind::bandwidth);
    narrow.bytes_per_second = 1'000;
    narrow.queue_max = 10;
    links.network.begin(narrow);
    links.send('a', 100);
    CHECK_FALSE(links.struck());
    links.send('b', 100);

    links.scheduler.pop();
    CHECK(links.scheduler.now() == Time{101'000'000});
    links.scheduler.pop();
    CHECK(links.scheduler.now() == Time{201'000'000});
    CHECK(links.struck());
    CHECK(links.network.chances(7) == 1);
}

TEST_CASE("links: of more than may wait some are lost, and as many as may wait arrive", "[sim]") {
    Links links;
    MessageFault narrow = links.fault(FaultKind::bandwidth);
    narrow.bytes_per_second = 1'000;
    narrow.queue_max = 3;
    links.network.begin(narrow);
    for (int i = 0; i < 10; ++i) {
        links.send('a', 100);
    }

    int arrived = 0;
    while (!links.scheduler.empty()) {
        arrived += links.network.take(links.scheduler.pop().payload).evicted ? 0 : 1;
    }
    CHECK(arrived == 3);
}

TEST_CASE("links: a broker that refuses takes no new connection, and the client learns it",
          "[sim]") {
    Links links;
    links.network.begin(links.fault(FaultKind::refuse));
    std::uint32_t const id = links.network.open(0, 1);

    CHECK(links.scheduler.pop().kind == WorkKind::refused);
    CHECK(links.struck());
    CHECK_FALSE(links.network.connection(id).connected);
    links.network.end(7);
    links.network.open(0, 1);
    CHECK(links.scheduler.pop().kind == WorkKind::connected);
}

}  // namespace brokersim
