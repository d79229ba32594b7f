// Who takes part in a run, its loop, and which event concerns whom. How one reaches its host is in
// delivery.cpp, what follows from a step of a node in steps.cpp.
#include "sim/world.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "sim/check_tripped.h"
#include "sim/observer.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {

namespace {

[[noreturn]] void trip(const broker::CheckFailure& failure) {
    throw CheckTripped{failure};
}

/// While it lives, a failed CHECK ends the node and not the process; an observer may leave a run
/// by an exception.
class TripOnCheck {
public:
    TripOnCheck() : former_{broker::set_check_handler(&trip)} {}
    TripOnCheck(const TripOnCheck&) = delete;
    TripOnCheck& operator=(const TripOnCheck&) = delete;
    ~TripOnCheck() { broker::set_check_handler(former_); }

private:
    broker::CheckHandler former_;
};

}  // namespace

std::string_view name_of(Phase phase) {
    switch (phase) {
        case Phase::warm_up:
            return "warm_up";
        case Phase::run:
            return "run";
        case Phase::settle:
            return "settle";
        case Phase::drain:
            return "drain";
        case Phase::done:
            return "done";
    }
    return "";
}

/// Draws how long an operation of one disk takes, and stalls it while the disk is stalled.
class World::HostTimer final : public DiskTimer {
public:
    HostTimer(World& world, std::uint32_t host) : world_{world}, host_{host} {}

    void schedule(Op op, std::uint32_t slot) override {
        Host& host = world_.hosts_[host_];
        const Distribution& distribution =
            op == Op::sync ? world_.config_.disk_sync : world_.config_.disk_write;
        std::int64_t const drawn = distribution.draw(world_.disk_random_);
        Duration takes = Duration{drawn} * world_.config_.disks[host_].slowness;
        std::optional<Strengths::Strength> const slowed = host.slowness.disk.strongest();
        if (slowed && slowed->value > 1) {
            takes = takes * slowed->value;
            world_.faults_->mark_effective(slowed->element);
        }
        Time at = world_.scheduler_.now() + takes;
        if (world_.stalled(host)) {
            if (host.stalls.until() == Time::never()) {
                host.held_ops.push_back(slot);
                return;
            }
            at = host.stalls.until() + takes;
        }
        world_.scheduler_.push(at, Work{WorkKind::disk_done, host_, host.incarnation, slot});
    }

private:
    World& world_;
    std::uint32_t host_;
};

namespace {

/// The disks that the cluster is formed with.
std::vector<broker::DiskUuid> disks_of(const RunConfig& config) {
    std::vector<broker::DiskUuid> disks;
    for (std::uint32_t broker = 1; broker <= config.brokers; ++broker) {
        disks.emplace_back(broker::fold64(config.run_id, broker));
    }
    return disks;
}

/// Whether the start of a partition's records may move.
bool lets_records_go(const RunConfig& config) {
    const broker::BrokerTuning& tuning = config.tuning.broker;
    return tuning.retention_bytes != 0 || tuning.retention_time != Duration{} ||
           std::any_of(config.topics.begin(), config.topics.end(),
                       [](const broker::TopicConfig& topic) {
                           return topic.retention_bytes != 0 || topic.retention_time != Duration{};
                       }) ||
           std::any_of(config.plan.begin(), config.plan.end(), [](const Element& element) {
               return element.kind == FaultKind::delete_records;
           });
}

}  // namespace

World::World(const RunConfig& config, const Checks& checks, Trace& trace)
    : config_{config},
      checks_{checks},
      trace_{trace},
      topics_{config.topics, config.brokers, disks_of(config), config.movable},
      scheduler_{config.seed},
      truth_{config.brokers, static_cast<std::uint32_t>(topics_.partitions().size()),
             [this](PartitionId partition, LogIndex last) {
                 return logs_.committed(partition).links_to(last);
             },
             config.tuning.wal.durability},
      logs_{config.brokers, static_cast<std::uint32_t>(topics_.partitions().size())},
      raft_invariants_{topics_, truth_, logs_, broker::producer_options(config.tuning.broker),
                       violations_},
      beliefs_{topics_, truth_, logs_, config.tuning.raft.commit_before_own_sync, violations_},
      send_invariants_{topics_, truth_, logs_, config.tuning, violations_},
      network_{config.seed,
               config.brokers,
               static_cast<std::uint32_t>(config.producers.size()) + config.consumers + 2,
               config.latency,
               config.client_latency,
               scheduler_},
      recorder_{config.run_id, topics_,
                static_cast<std::uint32_t>(config.producers.size()) + config.consumers + 2},
      disk_random_{config.seed, "disk.latency"},
      crash_random_{config.seed, "crash"},
      timer_random_{config.seed, "timers.late"},
      core_random_{config.seed, "heal.core"},
      progress_{topics_.partitions().size(), progress_window()},
      metrics_{(config.warm_up + config.virtual_time) /
               static_cast<std::int64_t>(MetricsSampler::samples_max)} {
    recorder_.history().config.retention = lets_records_go(config_);
    for (std::uint32_t i = 0; i < config_.brokers; ++i) {
        Host& host = hosts_.emplace_back(i + 1, config_.clocks[i]);
        host.timer = std::make_unique<HostTimer>(*this, i);
        host.disk = std::make_unique<VirtualDisk>(
            config_.seed, i + 1, *host.timer, truth_,
            DiskSpec{traits_of(config_.disks[i].profile), config_.disks[i].capacity});
        host.disk_uuid = topics_.formed_with(broker::BrokerId{i + 1}).disk;
        host.network.disk = host.disk.get();
    }
    auto const client_config = [&](Duration request_timeout, Duration backoff) {
        ClientConfig client;
        client.id = static_cast<std::uint32_t>(clients_.size());
        client.seed = config_.seed;
        client.first_contact = client.id % config_.brokers;
        client.request_timeout = request_timeout;
        client.retry_backoff = backoff;
        return client;
    };
    for (std::uint32_t i = 0; i < config_.producers.size(); ++i) {
        const ProducerConfig& producer = config_.producers[i];
        auto client = std::make_unique<Producer>(
            client_config(producer.request_timeout, producer.retry_backoff), producer, i + 1,
            config_.payload, topics_, *this, recorder_);
        // A table entry that may expire while its batch is still being retried cannot recognise
        // the retry: then copies up to the attempts are legal (Kafka, producer.id.expiration.ms).
        Duration const expiry = config_.tuning.broker.producer_expiry;
        if (expiry <= producer.delivery_timeout + producer.request_timeout) {
            client->allow_copies();
        }
        producers_.push_back(client.get());
        clients_.push_back(std::move(client));
    }
    Duration const reader_timeout{1'000'000'000};
    Duration const reader_backoff{100'000'000};
    for (std::uint32_t i = 0; i < config_.consumers; ++i) {
        ClientConfig reader = client_config(reader_timeout, reader_backoff);
        if (config_.read_via && config_.read_via->kind == TargetKind::node) {
            reader.first_contact = config_.read_via->number - 1;
        }
        auto client = std::make_unique<Reader>(reader, ReaderRole::consumer, topics_, *this,
                                               recorder_, config_.reader_stops_at);
        client->set_reread_after(config_.reread_after);
        consumers_.push_back(client.get());
        clients_.push_back(std::move(client));
    }
    // Two clients of the harness: one fresh message per partition, and the final read.
    ProducerConfig settle;
    settle.request_timeout = Duration{1'000'000'000};
    settle.retry_backoff = Duration{50'000'000};
    settle.delivery_timeout = Duration{3600'000'000'000};
    auto settle_client =
        std::make_unique<Producer>(client_config(settle.request_timeout, settle.retry_backoff),
                                   settle, static_cast<std::uint32_t>(config_.producers.size()) + 1,
                                   Distribution::fixed(64), topics_, *this, recorder_);
    settle_producer_ = settle_client.get();
    clients_.push_back(std::move(settle_client));
    auto drain =
        std::make_unique<Reader>(client_config(reader_timeout, Duration{20'000'000}),
                                 ReaderRole::drain, topics_, *this, recorder_, std::nullopt);
    drain_ = drain.get();
    clients_.push_back(std::move(drain));
    faults_ =
        std::make_unique<FaultEngine>(config_.plan, config_.limits, config_.seed, *this, trace_);
    steps_.resize(config_.steps.size());
    choose_watched();
    if (config_.queue_capacity > 0) {
        network_.limit_queues(config_.queue_capacity);
    }
}

World::~World() = default;

// ---------------------------------------------------------------------------------------------
// The loop

void World::run() {
    TripOnCheck const installed;
    if (trace_.observer() != nullptr) {
        trace_.observer()->begin(topics_, truth_);
    }
    for (const NodeStart& start : config_.starts) {
        scheduler_.push(Time{} + start.at, Work{WorkKind::node_start, start.broker - 1, 0, 0});
    }
    scheduler_.push(Time{} + config_.warm_up,
                    Work{WorkKind::phase, 0, 0, static_cast<std::uint32_t>(Phase::run)});
    for (const std::unique_ptr<Client>& client : clients_) {
        client->pump();
    }
    while (phase_ != Phase::done) {
        if (scheduler_.empty() || scheduler_.events() >= config_.max_events) {
            hung_ = true;
            finish();
            break;
        }
        Work const work = scheduler_.pop();
        trace_.event(scheduler_.events(), scheduler_.now(),
                     (static_cast<std::uint64_t>(work.kind) << 56U) |
                         (static_cast<std::uint64_t>(work.target) << 32U) | work.incarnation);
        violations_.at(scheduler_.events(), scheduler_.now());
        if (trace_.observer() != nullptr) {
            trace_.observer()->on_event(scheduler_.events(), scheduler_.now(), work);
        }
        if (metrics_.due(scheduler_.now())) {
            metrics_.add(scheduler_.now(), cluster_metrics());
        }
        if (checks_.invariants && progress_.due(scheduler_.now())) {
            look_at_progress();
        }
        count_activity(work);  // here: what a pause held back is handled later, but came once
        handle(work);
        if (power_cut_ != nullptr || disk_events_ != nullptr) {
            after_event();
        }
    }
    trace_.finish();
}

void World::handle(const Work& work) {
    switch (work.kind) {
        case WorkKind::node_start:
            start(work.target);
            break;
        case WorkKind::node_timer:
            on_node_timer(work);
            break;
        case WorkKind::disk_done:
            on_disk_done(work);
            break;
        case WorkKind::datagram:
            on_datagram(work);
            break;
        case WorkKind::request:
            on_request(work);
            break;
        case WorkKind::unread:
            on_unread(work);
            break;
        case WorkKind::response:
            on_response(work);
            break;
        case WorkKind::connected: {
            Connection& connection = network_.connection(work.target);
            Host& host = hosts_[connection.broker];
            if (connection.dead || connection.closed_by_client) {
                break;
            }
            if (host.up() && deferred(host, work)) {
                break;
            }
            if (!host.up() || !host.node->accepting()) {
                connection.closed_by_broker = true;
                clients_[connection.client]->on_closed(work.target);
                break;
            }
            connection.connected = true;
            connection.incarnation = host.incarnation;
            clients_[connection.client]->on_connected(work.target);
            break;
        }
        case WorkKind::refused:
        case WorkKind::closed_client: {
            const Connection& connection = network_.connection(work.target);
            clients_[connection.client]->on_closed(work.target);
            break;
        }
        case WorkKind::closed_node: {
            Connection& connection = network_.connection(work.target);
            Host& host = hosts_[connection.broker];
            if (!connection.dead && (!connection.read || !connection.unread.empty())) {
                connection.close_unread = true;  // comes behind what was not read yet
                break;
            }
            network_.drop_unread(connection);
            if (host.up() && host.incarnation == work.incarnation && !deferred(host, work)) {
                step(host, broker::ConnectionClosed{
                               broker::ConnectionId{std::uint64_t{work.target} + 1}});
            }
            break;
        }
        case WorkKind::client_timer:
            clients_[work.target]->on_timer();
            break;
        case WorkKind::resume: {
            Host& host = hosts_[work.target];
            if (host.pauses.any() && scheduler_.now() >= host.pauses.until()) {
                resume(host);
            }
            break;
        }
        case WorkKind::backlog:
            on_backlog(hosts_[work.target]);
            break;
        case WorkKind::fault_fire:
            faults_->on_fire(work.target);
            break;
        case WorkKind::fault_end:
            faults_->on_end(work.target);
            break;
        case WorkKind::phase:
            if (work.target == 0) {
                on_phase(static_cast<Phase>(work.payload));
            } else if (work.target == 1) {
                start_step(work.payload);
            } else {
                produce_next(work.payload);
            }
            break;
    }
    for (std::uint32_t const element : network_.take_effective()) {
        faults_->mark_effective(element);
    }
}

// ---------------------------------------------------------------------------------------------
// Clients

std::uint32_t World::open(std::uint32_t client, std::uint32_t broker) {
    return network_.open(client, broker);
}

void World::send(std::uint32_t connection, const RequestTag& tag, Bytes frame) {
    trace_.fold(broker::hash_bytes(frame));
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_request_sent(connection, network_.connection(connection), tag, frame);
    }
    RequestTag noted = tag;
    send_invariants_.on_request(noted);
    network_.request(connection, noted, std::move(frame));
}

void World::close(std::uint32_t connection) {
    network_.close_by_client(connection);
}

void World::wake(std::uint32_t client, Time at) {
    scheduler_.push(at, Work{WorkKind::client_timer, client, 0, 0});
}

broker::NodeMetrics World::cluster_metrics() const {
    broker::NodeMetrics sum;
    for (const Host& host : hosts_) {
        sum.add_counters(host.past);
        if (host.node) {
            broker::NodeMetrics const now = host.node->metrics();
            sum.add_counters(now);
            sum.add_gauges(now);
        }
    }
    return sum;
}

std::vector<NodeLife> World::lives() const {
    std::vector<NodeLife> lives;
    for (const Host& host : hosts_) {
        for (const Host::Life& life : host.ended) {
            lives.push_back(NodeLife{host.number, life.incarnation, life.probes});
        }
        if (host.node) {
            lives.push_back(NodeLife{host.number, host.incarnation, host.node->probes()});
        }
    }
    return lives;
}

std::uint64_t World::never_sent() const {
    std::uint64_t sum = 0;
    for (const Producer* const producer : producers_) {
        sum += producer->never_sent();
    }
    return sum;
}

std::uint64_t World::retries() const {
    std::uint64_t sum = 0;
    for (const Producer* const producer : producers_) {
        sum += producer->retries();
    }
    return sum;
}

}  // namespace brokersim
