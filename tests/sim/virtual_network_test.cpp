// Tests of the simulated network: order on connections, none between datagrams, cuts and resets.
#include "sim/virtual_network.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace brokersim {
namespace {

/// Brokers 0 and 1, client 0.
struct NetworkBench {
    Scheduler scheduler{1};
    VirtualNetwork network{1,
                           2,
                           1,
                           Distribution::uniform(100'000, 5'000'000),
                           Distribution::uniform(100'000, 5'000'000),
                           scheduler};

    std::uint32_t connect() {
        std::uint32_t const id = network.open(0, 0);
        while (!scheduler.empty()) {
            if (scheduler.pop().kind == WorkKind::connected) {
                network.connection(id).connected = true;
            }
        }
        return id;
    }
    /// First bytes of what arrives, in order; 'X' where a side learns that it broke.
    std::string arrivals() {
        std::string text;
        while (!scheduler.empty()) {
            Work const work = scheduler.pop();
            if (work.kind == WorkKind::request || work.kind == WorkKind::response) {
                text += static_cast<char>(network.take_frame(work.payload).bytes[0]);
            } else if (work.kind == WorkKind::datagram) {
                text += static_cast<char>(network.take(work.payload).bytes[0]);
            } else {
                text += 'X';
            }
        }
        return text;
    }
    static Bytes frame(char c) { return Bytes{static_cast<std::byte>(c)}; }
};

}  // namespace

TEST_CASE("network: a connection is first in, first out, in both directions", "[sim]") {
    NetworkBench bench;
    std::uint32_t const id = bench.connect();

    for (char c = 'a'; c <= 'z'; ++c) {
        bench.network.request(id, RequestTag{}, NetworkBench::frame(c));
    }
    CHECK(bench.arrivals() == "abcdefghijklmnopqrstuvwxyz");
    for (char c = 'a'; c <= 'z'; ++c) {
        bench.network.respond(id, NetworkBench::frame(c), -1);
    }

    CHECK(bench.arrivals() == "abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("network: datagrams overtake each other and none is lost without a fault", "[sim]") {
    NetworkBench bench;

    for (char c = 'a'; c <= 'z'; ++c) {
        bench.network.send(0, 1, NetworkBench::frame(c));
    }

    std::string arrived = bench.arrivals();
    CHECK(arrived != "abcdefghijklmnopqrstuvwxyz");
    std::sort(arrived.begin(), arrived.end());
    CHECK(arrived == "abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("network: a cut loses datagrams in its direction only, and names who cut", "[sim]") {
    NetworkBench bench;
    bench.network.block(0, 1, 7);

    bench.network.send(0, 1, NetworkBench::frame('a'));
    bench.network.send(1, 0, NetworkBench::frame('b'));

    CHECK(bench.arrivals() == "b");
    CHECK(bench.network.take_effective() == std::vector<std::uint32_t>{7});
    CHECK(bench.network.take_effective().empty());
}

TEST_CASE("network: blocks add up, and the last unblock opens", "[sim]") {
    NetworkBench bench;
    bench.network.block(0, 1, 7);
    bench.network.block(0, 1, 8);

    bench.network.unblock(0, 1, 7);
    CHECK(bench.network.cut(0, 1));
    bench.network.unblock(0, 1, 8);

    CHECK_FALSE(bench.network.cut(0, 1));
}

TEST_CASE("network: all who cut a pair get the credit, and only while they do", "[sim]") {
    NetworkBench bench;
    bench.network.block(0, 1, 7);
    bench.network.block(0, 1, 8);
    bench.network.send(0, 1, NetworkBench::frame('a'));
    CHECK(bench.network.take_effective() == std::vector<std::uint32_t>{7, 8});

    bench.network.unblock(0, 1, 8);
    bench.network.send(0, 1, NetworkBench::frame('b'));

    CHECK(bench.network.take_effective() == std::vector<std::uint32_t>{7});
}

TEST_CASE("network: what is on its way when a cut begins still arrives", "[sim]") {
    NetworkBench bench;
    bench.network.send(0, 1, NetworkBench::frame('a'));

    bench.network.block(0, 1, 7);

    CHECK(bench.arrivals() == "a");
}

TEST_CASE("network: a request into a cut kills the connection silently, for good", "[sim]") {
    NetworkBench bench;
    std::uint32_t const id = bench.connect();
    bench.network.block(bench.network.client_member(0), 0, 7);

    bench.network.request(id, RequestTag{}, NetworkBench::frame('a'));
    bench.network.unblock(bench.network.client_member(0), 0, 7);
    bench.network.request(id, RequestTag{}, NetworkBench::frame('b'));

    CHECK(bench.arrivals().empty());
    CHECK(bench.network.connection(id).dead);
}

TEST_CASE("network: a close by the broker comes behind the responses that left before", "[sim]") {
    NetworkBench bench;
    std::uint32_t const id = bench.connect();

    for (char c = 'a'; c <= 'e'; ++c) {
        bench.network.respond(id, NetworkBench::frame(c), -1);
    }
    bench.network.close_by_broker(id);

    CHECK(bench.arrivals() == "abcdeX");
}

TEST_CASE("network: a reset tells both sides, and says whether an answer was owed", "[sim]") {
    NetworkBench bench;
    std::uint32_t const idle = bench.connect();
    std::uint32_t const busy = bench.connect();
    bench.network.request(busy, RequestTag{}, NetworkBench::frame('a'));

    CHECK_FALSE(bench.network.reset(idle, false));
    CHECK(bench.network.reset(busy, false));

    std::string arrived = bench.arrivals();
    std::sort(arrived.begin(), arrived.end());
    CHECK(arrived == "XXXXa");
}

TEST_CASE("network: faults on messages drop, double and delay, and name themselves", "[sim]") {
    NetworkBench bench;
    broker::Probability const always{1'000'000'000};
    bench.network.begin(MessageFault{1, FaultKind::drop, always, {}});
    bench.network.send(0, 1, NetworkBench::frame('a'));
    bench.network.end(1);
    bench.network.begin(MessageFault{2, FaultKind::duplicate, always, {}});
    bench.network.send(0, 1, NetworkBench::frame('b'));
    bench.network.end(2);
    bench.network.send(0, 1, NetworkBench::frame('c'));

    std::string arrived = bench.arrivals();
    std::sort(arrived.begin(), arrived.end());
    CHECK(arrived == "bbc");
    CHECK(bench.network.take_effective() == std::vector<std::uint32_t>{1, 2});
    CHECK(bench.network.datagrams_lost == 1);
}

TEST_CASE("network: a fault with brokers strikes only what leaves or reaches them", "[sim]") {
    Scheduler scheduler{1};
    auto const latency = Distribution::fixed(1'000'000);
    VirtualNetwork network{1, 3, 1, latency, latency, scheduler};
    Probability const always{1'000'000'000};
    network.begin(MessageFault{0, FaultKind::drop, always, Duration{}, 0b100});

    network.send(0, 1, broker::Bytes{std::byte{'a'}});
    network.send(0, 2, broker::Bytes{std::byte{'b'}});
    network.send(2, 0, broker::Bytes{std::byte{'c'}});
    network.send(1, 0, broker::Bytes{std::byte{'d'}});

    CHECK(network.datagrams_lost == 2);
    CHECK(network.take_effective() == std::vector<std::uint32_t>{0});
    std::string arrived;
    while (!scheduler.empty()) {
        arrived += static_cast<char>(network.take(scheduler.pop().payload).bytes[0]);
    }
    std::sort(arrived.begin(), arrived.end());
    CHECK(arrived == "ad");
}

TEST_CASE("network: a delay with brokers slows their links alone", "[sim]") {
    Scheduler scheduler{1};
    auto const latency = Distribution::fixed(1'000'000);
    VirtualNetwork network{1, 3, 1, latency, latency, scheduler};
    network.begin(MessageFault{0, FaultKind::delay, {}, Duration{50'000'000}, 0b001});

    network.send(1, 2, broker::Bytes{std::byte{'a'}});
    network.send(1, 0, broker::Bytes{std::byte{'b'}});

    scheduler.pop();
    CHECK(scheduler.now() == broker::Time{} + Duration{1'000'000});
    scheduler.pop();
    CHECK(scheduler.now() == broker::Time{} + Duration{51'000'000});
}

TEST_CASE("network: what a cut took was no chance for a fault on messages", "[sim]") {
    NetworkBench bench;
    bench.network.begin(MessageFault{1, FaultKind::drop, broker::Probability{}, {}});
    bench.network.block(0, 1, 0);
    bench.network.send(0, 1, NetworkBench::frame('a'));
    bench.network.unblock(0, 1, 0);
    bench.network.send(0, 1, NetworkBench::frame('b'));
    CHECK(bench.network.chances(1) == 1);
    bench.network.end(1);
    CHECK(bench.network.chances(1) == 0);  // over already
}

}  // namespace brokersim
