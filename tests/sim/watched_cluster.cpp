// What moves in a WatchedCluster.
#include "tests/sim/watched_cluster.h"

#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/produce.h"

namespace brokersim::test {

using broker::TopicConfig;

WatchedCluster::WatchedCluster(std::uint32_t clustered, std::uint32_t islands,
                               std::uint32_t judged_replicas)
    : judged_topics_{{TopicConfig{"orders", 1, judged_replicas, 0}}, clustered + islands},
      truth{clustered + islands, 1},
      logs{clustered + islands, 1},
      raft{judged_topics_, truth, logs, broker::producer_options(broker::Tuning{}.broker),
           violations},
      beliefs{judged_topics_, truth, logs, false, violations},
      send{judged_topics_, truth, logs, broker::Tuning{}, violations} {
    for (std::uint32_t host = 1; host <= clustered + islands; ++host) {
        auto fresh = std::make_unique<Machine>();
        fresh->clustered = host <= clustered;
        std::uint32_t const brokers = fresh->clustered ? clustered : 1;
        broker::BrokerId const id{fresh->clustered ? host : 1};
        fresh->topics = std::make_unique<broker::Topics>(
            std::vector{TopicConfig{"orders", 1, brokers, 0}}, brokers,
            fresh->clustered ? std::vector<broker::DiskUuid>{}
                             : std::vector{broker::DiskUuid{host}});
        fresh->disk = std::make_unique<ManualDisk>(host, host, truth);
        fresh->name = host;
        fresh->network.disk = &fresh->disk->disk;
        fresh->id = id;
        machines_.push_back(std::move(fresh));
        boot(host);
    }
}

void WatchedCluster::boot(std::uint32_t host) {
    Machine& machine = this->machine(host);
    broker::Tuning tuning;
    tuning.wal.group_window = Duration{};
    machine.node = std::make_unique<broker::Node>(
        broker::NodeConfig{{broker::ClusterId{1}, machine.id, broker::DiskUuid{host}},
                           machine.topics.get(),
                           tuning,
                           host},
        machine.disk->disk, machine.network);
    REQUIRE(machine.node->boot(broker::Instant{now_, now_}).has_value());
    while (machine.disk->pending() > 0) {
        complete_one(host);
    }
}

void WatchedCluster::restart(std::uint32_t host) {
    raft.on_down(machine(host).name);
    beliefs.on_down(machine(host).name);
    boot(host);
}

void WatchedCluster::step(std::uint32_t host, broker::Event const& event) {
    Machine& machine = this->machine(host);
    machine.node->step(broker::Instant{now_, now_}, event);
    raft.on_step(machine.name, *machine.node, damage_met_);
    beliefs.on_step(machine.name, *machine.node->replica(PartitionId{0}));
}

void WatchedCluster::complete_one(std::uint32_t host) {
    broker::DiskDone const done = machine(host).disk->complete_at(0);
    raft.on_disk(host, PartitionId{0});
    step(host, done);
}

bool WatchedCluster::deliver(std::uint32_t from) {
    Machine& machine = this->machine(from);
    std::vector<Effect> effects;
    effects.swap(machine.network.effects);
    for (Effect const& effect : effects) {
        bool const lost = effect.kind != Effect::Kind::datagram || !machine.clustered ||
                          from == cut_ || effect.to + 1 == cut_;
        if (!lost) {
            send.on_datagram(from, effect.bytes);
            step(effect.to + 1, broker::DatagramReceived{broker::BrokerId{from}, effect.bytes});
        }
    }
    return !effects.empty();
}

void WatchedCluster::settle_but(std::uint32_t stalled) {
    for (bool moved = true; moved;) {
        moved = false;
        for (std::uint32_t host = 1; host <= machines_.size(); ++host) {
            while (host != stalled && machine(host).disk->pending() > 0) {
                complete_one(host);
                moved = true;
            }
            moved = deliver(host) || moved;
        }
    }
}

void WatchedCluster::depose_others(std::uint32_t host) {
    for (std::uint32_t other = 1; other <= machines_.size(); ++other) {
        bool const rival = other != host && machine(other).clustered && machine(host).clustered;
        while (rival && replica(other).leads()) {
            now_ = now_ + Duration{1'000'000'000};
            step(other, broker::DeadlineReached{});
            machine(other).network.effects.clear();  // it hears nobody, and nobody hears it
        }
    }
}

void WatchedCluster::elect(std::uint32_t host) {
    depose_others(host);
    for (int round = 0; round < 5 && !replica(host).leads(); ++round) {
        now_ = std::max(now_, node(host).next_deadline());
        step(host, broker::DeadlineReached{});
        settle();
    }
    REQUIRE(replica(host).leads());
}

void WatchedCluster::heartbeat(std::uint32_t host) {
    now_ = std::max(now_, node(host).next_deadline());
    step(host, broker::DeadlineReached{});
    settle();
}

void WatchedCluster::elect_only(std::uint32_t host) {
    now_ = std::max(now_, node(host).next_deadline());
    step(host, broker::DeadlineReached{});
    while (!replica(host).leads()) {
        complete_one(host);
    }
}

std::uint32_t WatchedCluster::produce(std::uint32_t host, std::string_view text) {
    broker::partition::Record const record{.value = broker::as_bytes(text)};
    Bytes batch;
    broker::partition::encode_batch(batch, {}, std::span{&record, 1});
    broker::protocol::ProduceRequest message;
    message.acks = 1;
    message.timeout_ms = 30'000;
    broker::protocol::ProduceTopic& topic = message.topics.add();
    topic.name = "orders";
    topic.partitions.push_back({0, batch});
    Bytes frame;
    broker::protocol::append_request(frame, broker::protocol::RequestInfo{7, 1, {}}, message);
    step(host, broker::RequestReceived{broker::ConnectionId{1}, ByteSpan{frame}.subspan(4)});
    return broker::partition::RecordBatchView{batch}.crc();
}

bool WatchedCluster::fired(std::string const& id) const {
    return std::any_of(violations.list().begin(), violations.list().end(),
                       [&](Violation const& violation) { return violation.id == id; });
}

std::string WatchedCluster::fired_all() const {
    std::string ids;
    for (Violation const& violation : violations.list()) {
        ids += (ids.empty() ? "" : " ") + violation.id;
    }
    return ids;
}

}  // namespace brokersim::test
