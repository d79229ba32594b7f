// Events of a run: who gets what, and what every step of a node is followed by.
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

constexpr std::uint32_t frame_prefix_bytes = 4;

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
        Duration takes{drawn};
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
      raft_invariants_{topics_, truth_, logs_, config.tuning.broker.producer_expiry, violations_},
      send_invariants_{topics_, truth_, logs_, config.tuning.broker.acks1, violations_},
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
      metrics_{(config.warm_up + config.virtual_time) /
               static_cast<std::int64_t>(MetricsSampler::samples_max)} {
    recorder_.history().config.retention = lets_records_go(config_);
    for (std::uint32_t i = 0; i < config_.brokers; ++i) {
        Host& host = hosts_.emplace_back(i + 1, config_.clocks[i]);
        host.timer = std::make_unique<HostTimer>(*this, i);
        host.disk = std::make_unique<VirtualDisk>(config_.seed, i + 1, *host.timer, truth_);
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
        count_activity(work);  // here: what a pause held back is handled later, but came once
        handle(work);
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

void World::count_activity(const Work& work) {
    if (work.kind == WorkKind::datagram || work.kind == WorkKind::disk_done) {
        Host& host = hosts_[work.target];
        bool const current =
            work.kind == WorkKind::datagram || work.incarnation == host.incarnation;
        if (host.up() && current) {
            ++host.activity.events;
        }
    }
}

bool World::stalled(Host& host) {
    ++host.activity.disk_met;
    host.stalls.credit(scheduler_.now(),
                       [this](std::uint32_t element) { faults_->mark_effective(element); });
    return host.stalls.at(scheduler_.now());
}

bool World::deferred(Host& host, const Work& work) {
    if (!host.pauses.any()) {
        return waits_for_cpu(host, work);
    }
    host.pauses.credit(scheduler_.now(),
                       [this](std::uint32_t element) { faults_->mark_effective(element); });
    host.deferred.push_back(work);
    return true;
}

bool World::waits_for_cpu(Host& host, const Work& work) {
    std::optional<Strengths::Strength> const slow = host.slowness.cpu.strongest();
    bool const close =
        slow && host.slow_step_at && scheduler_.now() < *host.slow_step_at + Duration{slow->value};
    host.activity.close_events += close ? 1U : 0U;
    bool const waits = scheduler_.now() < host.busy_until || !host.backlog.empty();
    if (host.from_backlog || !waits) {
        return false;
    }
    if (slow) {
        faults_->mark_effective(slow->element);
    }
    host.backlog.push_back(work);
    if (!host.backlog_scheduled) {
        host.backlog_scheduled = true;
        scheduler_.push(host.busy_until, Work{WorkKind::backlog, host.number - 1, 0, 0});
    }
    return true;
}

void World::on_backlog(Host& host) {
    host.backlog_scheduled = false;
    if (host.pauses.any()) {
        // It stood in line already when the machine stopped: before what came later.
        host.deferred.insert(host.deferred.begin(), host.backlog.begin(), host.backlog.end());
        host.backlog.clear();
        return;
    }
    if (host.backlog.empty()) {
        return;
    }
    Work const work = host.backlog.front();
    host.backlog.pop_front();
    host.from_backlog = true;
    handle(work);
    host.from_backlog = false;
    if (!host.backlog.empty() && !host.backlog_scheduled) {
        host.backlog_scheduled = true;
        scheduler_.push(std::max(host.busy_until, scheduler_.now()),
                        Work{WorkKind::backlog, host.number - 1, 0, 0});
    }
}

void World::on_node_timer(const Work& work) {
    Host& host = hosts_[work.target];
    // One timer stands per host; those it overtook are ignored, or they would multiply.
    if (!host.up() || host.incarnation != work.incarnation || scheduler_.now() < host.armed ||
        deferred(host, work)) {
        return;
    }
    bool const late = host.armed > host.due;
    host.armed = Time::never();
    host.armed_for = Time::never();
    // The deadline may have moved on since this was scheduled.
    if (host.clock.when(host.node->next_deadline()) > scheduler_.now()) {
        arm_timer(host);
        return;
    }
    ++host.activity.timers;
    if (late) {
        std::optional<Strengths::Strength> const strongest = host.slowness.timers.strongest();
        if (strongest) {
            faults_->mark_effective(strongest->element);
        }
    }
    step(host, broker::DeadlineReached{});
}

void World::resume(Host& host) {
    host.pauses.clear();
    std::deque<Work> waiting;
    if (!host.up()) {
        waiting.swap(host.backlog);  // no step is under way any more
    }
    for (const Work& work : waiting) {
        handle(work);
    }
    // All at once and in the order in which they came; if the host went down meanwhile, each of
    // them finds that out by itself.
    std::vector<Work> works;
    works.swap(host.deferred);
    for (const Work& work : works) {
        handle(work);
    }
}

void World::on_disk_done(const Work& work) {
    Host& host = hosts_[work.target];
    if (host.incarnation != work.incarnation || !host.up()) {
        return;  // of a life that is over; a crash settled what became of it
    }
    if (deferred(host, work)) {
        return;
    }
    if (stalled(host)) {  // also what was under way when the stall began
        if (host.stalls.until() == Time::never()) {
            host.held_ops.push_back(work.payload);
        } else {
            scheduler_.push(host.stalls.until(), work);
        }
        return;
    }
    broker::DiskDone const done = host.disk->complete(work.payload);
    if (done.outcome != broker::DiskOutcome::ok) {
        trace_.line([&] {
            return fmt::format(
                "n{}/{} disk: {}", host.number, host.incarnation,
                done.outcome == broker::DiskOutcome::no_space ? "no space" : "error");
        });
        credit_disk_errors(host);
    }
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_disk(host.number, host.incarnation);
    }
    trace_.fold(done.op.value());
    if (checks_.invariants) {
        raft_invariants_.on_disk(host.number, broker::partition_of(done.op));
    }
    step(host, done);
}

void World::on_datagram(const Work& work) {
    Host& host = hosts_[work.target];
    if (host.up() && deferred(host, work)) {
        return;
    }
    DatagramInFlight const datagram = network_.take(work.payload);
    if (!host.up() || datagram.evicted) {
        ++network_.datagrams_lost;
        return;
    }
    step(host, broker::DatagramReceived{broker::BrokerId{datagram.from + 1}, datagram.bytes});
}

void World::on_request(const Work& work) {
    Connection& connection = network_.connection(work.target);
    Host& host = hosts_[connection.broker];
    bool const alive = host.up() && host.incarnation == connection.incarnation &&
                       !connection.closed_by_broker && !connection.dead;
    if (alive && deferred(host, work)) {
        return;
    }
    if (alive && (!connection.read || !connection.unread.empty())) {
        connection.unread.push_back(work.payload);
        return;
    }
    FrameInFlight const frame = network_.take_frame(work.payload);
    if (!alive) {
        if (host.up() && host.incarnation != connection.incarnation && !connection.dead) {
            network_.close_by_broker(work.target);  // a new process knows no such connection
        }
        return;
    }
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_request_received(host.number, host.incarnation, work.target,
                                               ByteSpan{frame.bytes}.subspan(frame_prefix_bytes));
    }
    step(host, broker::RequestReceived{broker::ConnectionId{std::uint64_t{work.target} + 1},
                                       ByteSpan{frame.bytes}.subspan(frame_prefix_bytes)});
}

void World::schedule_unread(std::uint32_t id) {
    Connection& connection = network_.connection(id);
    bool const waits = !connection.unread.empty() || connection.close_unread;
    if (connection.read && waits && !connection.unread_scheduled) {
        connection.unread_scheduled = true;
        scheduler_.push_in_order(scheduler_.now(),
                                 Work{WorkKind::unread, id, connection.incarnation, 0});
    }
}

void World::on_unread(const Work& work) {
    Connection& connection = network_.connection(work.target);
    Host& host = hosts_[connection.broker];
    bool const alive = host.up() && host.incarnation == connection.incarnation &&
                       !connection.closed_by_broker && !connection.dead;
    if (alive && deferred(host, work)) {
        return;
    }
    connection.unread_scheduled = false;
    if (!alive || !connection.read) {
        return;
    }
    broker::ConnectionId const id{std::uint64_t{work.target} + 1};
    if (connection.unread.empty()) {
        connection.close_unread = false;
        step(host, broker::ConnectionClosed{id});
        return;
    }
    FrameInFlight const frame = network_.take_frame(connection.unread.front());
    connection.unread.pop_front();
    step(host, broker::RequestReceived{id, ByteSpan{frame.bytes}.subspan(frame_prefix_bytes)});
    schedule_unread(work.target);
}

void World::on_response(const Work& work) {
    FrameInFlight const frame = network_.take_frame(work.payload);
    const Connection& connection = network_.connection(work.target);
    if (connection.dead || connection.answers_lost || connection.closed_by_client) {
        return;
    }
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_answer_received(work.target,
                                              ByteSpan{frame.bytes}.subspan(frame_prefix_bytes));
    }
    clients_[connection.client]->on_response(
        work.target, ByteSpan{frame.bytes}.subspan(frame_prefix_bytes), frame.leader_epoch);
    // A leader that has not noticed that its history is over goes on answering for it: what this
    // client just learned may be lost as well.
    PartitionId const partition{frame.partition};
    if (frame.leader_epoch >= 0 &&
        frame.leader_epoch < static_cast<std::int64_t>(logs_.lineage(partition).value())) {
        record_loss(partition, reports::power_loss_reason);
    }
}

// ---------------------------------------------------------------------------------------------
// Steps of a node

void World::step(Host& host, const broker::Event& event) {
    host.submitted_before = host.disk->submitted();
    if (host.node->over()) {
        return;  // it just stopped, and a fault that this set off reached it before it was down
    }
    ++host.activity.steps;
    host.clock.credit([this](std::uint32_t element) { faults_->mark_effective(element); });
    if (std::optional<Strengths::Strength> const slow = host.slowness.cpu.strongest()) {
        host.busy_until = scheduler_.now() + Duration{slow->value};
        host.slow_step_at = scheduler_.now();
    }
    try {
        host.node->step(host.clock.at(scheduler_.now()), event);
    } catch (const CheckTripped& tripped) {
        const broker::CheckFailure& failure = tripped.failure;
        std::string_view file{failure.file};
        std::size_t const slash = file.rfind("broker_core/");
        file.remove_prefix(slash == std::string_view::npos ? 0 : slash);
        std::string_view stem = file.substr(file.rfind('/') + 1);
        stem = stem.substr(0, stem.find('.'));
        std::string const place = fmt::format("{}.{}", stem, failure.function);
        violations_.add_check(place, host.number, [&] {
            return fmt::format("{}:{}: {} failed in {}", file, failure.line, failure.condition,
                               failure.function);
        });
        trace_.line([&] { return fmt::format("n{} CHECK {}", host.number, failure.condition); });
        host.network.effects.clear();
        crash(host.number - 1, CrashKind::process);
        if (phase_ == Phase::settle || phase_ == Phase::drain) {
            host.state = HostState::failed;  // it would only trip again: no crash loop
        }
        return;
    }
    after_step(host);
}

void World::after_step(Host& host) {
    broker::Node& node = *host.node;
    for (const broker::Fact& fact : node.facts()) {
        trace_.fold((static_cast<std::uint64_t>(fact.kind) << 48U) ^ (fact.index.value() << 8U) ^
                    fact.term.value());
        trace_.line([&] {
            constexpr const char* names[] = {"leader",    "deposed",   "accepted",  "truncated",
                                             "appended",  "committed", "serving",   "installed",
                                             "compacted", "log start", "asked for", "refused"};
            return fmt::format("n{}/{} {} {} term {} index {}..{}", host.number, host.incarnation,
                               topics_.label(fact.partition),
                               names[static_cast<std::size_t>(fact.kind)], fact.term.value(),
                               fact.index.value(), fact.last.value());
        });
    }
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_step(host.number, host.incarnation, node);
    }
    if (checks_.invariants && !node.facts().empty()) {
        raft_invariants_.on_step(host.number, node);
        for (PartitionId const partition : raft_invariants_.take_cuts()) {
            record_loss(partition, reports::power_loss_reason);
        }
    }
    if (!node.facts().empty()) {
        record_leaders(host);
    }
    bool const has_effects =
        !host.network.effects.empty() || host.disk->submitted() != host.submitted_before;
    host.activity.steps_with_effects += has_effects ? 1U : 0U;
    if (has_effects && host.doom) {
        crash_inside(host);
        return;
    }
    release_effects(host);
    if (faults_->active()) {
        if (!watched_.empty()) {
            watch_probes(host);
        }
        if (faults_->looks()) {
            faults_->look(host.number - 1);
        }
    }
    if (!host.up()) {
        return;  // an armed fault took it just now
    }
    if (node.over()) {
        bool const failed = node.state() == broker::NodeState::failed;
        trace_.line([&] {
            return fmt::format("n{}/{} {}", host.number, host.incarnation,
                               failed         ? "failed"
                               : node.clean() ? "stopped"
                                              : "stopped, grace exceeded");
        });
        // A node that stops for an error of its disk may come back once the cause is gone.
        bool const broken = failed && !host.has_excuse();
        down(host, broken ? HostState::failed : HostState::down);
        // The process is gone, its page cache is not.
        host.disk->crash_process();
        if (trace_.observer() != nullptr) {
            trace_.observer()->on_node(host.number, host.incarnation,
                                       failed ? NodeChange::broke : NodeChange::stopped);
        }
        return;
    }
    arm_timer(host);
}

void World::crash_inside(Host& host) {
    // Disk operations and messages of the step, in the order in which it asked for them.
    std::vector<Effect>& effects = host.network.effects;
    std::uint64_t const on_disk = host.disk->submitted() - host.submitted_before;
    std::uint64_t const total = on_disk + effects.size();
    std::uint64_t const kept = crash_random_.below(total);
    std::size_t messages = 0;
    while (messages < effects.size() &&
           effects[messages].disk_ops - host.submitted_before + messages < kept) {
        ++messages;
    }
    std::uint64_t const disk_kept = std::min(kept - messages, on_disk);
    trace_.line([&] {
        return fmt::format("n{}/{} crashes inside a step: {} of {} effects happen", host.number,
                           host.incarnation, kept, total);
    });
    effects.resize(messages);
    host.disk->retract(on_disk - disk_kept);
    release_effects(host);
    Host::Doom const doom = *host.doom;
    if (crash(host.number - 1, doom.kind)) {
        faults_->mark_effective(doom.element);
    }
}

void World::release_effects(Host& host) {
    // Moved out first: what a client does at once may make this node send again later only.
    std::vector<Effect> effects;
    effects.swap(host.network.effects);
    for (Effect& effect : effects) {
        switch (effect.kind) {
            case Effect::Kind::datagram:
                if (checks_.invariants) {
                    send_invariants_.on_datagram(host.number, effect.bytes);
                }
                trace_.fold(broker::hash_bytes(
                    ByteSpan{effect.bytes}.first(std::min<std::size_t>(effect.bytes.size(), 64))));
                network_.send(host.number - 1, effect.to, std::move(effect.bytes));
                break;
            case Effect::Kind::response: {
                Connection& connection = network_.connection(effect.to);
                std::int64_t epoch = -1;
                std::uint32_t partition = 0;
                if (!connection.expected.empty()) {
                    RequestTag const tag = connection.expected.front();
                    partition = tag.partition;
                    connection.expected.pop_front();
                    ByteSpan const payload = ByteSpan{effect.bytes}.subspan(frame_prefix_bytes);
                    if (trace_.observer() != nullptr) {
                        trace_.observer()->on_answer_sent(host.number, host.incarnation, effect.to,
                                                          tag, payload);
                    }
                    if (checks_.invariants) {
                        epoch = send_invariants_.on_response(host.number, tag, payload, *host.node);
                    }
                } else {
                    violations_.add("B13", host.number, [&] {
                        return fmt::format("n{} sent a response that nobody asked for",
                                           host.number);
                    });
                }
                trace_.fold(broker::hash_bytes(effect.bytes));
                network_.respond(effect.to, std::move(effect.bytes), epoch, partition);
                break;
            }
            case Effect::Kind::close:
                network_.close_by_broker(effect.to);
                break;
            case Effect::Kind::read:
            case Effect::Kind::read_not:
                network_.connection(effect.to).read = effect.kind == Effect::Kind::read;
                schedule_unread(effect.to);
                break;
        }
    }
    effects.clear();
    if (host.network.effects.empty()) {
        host.network.effects.swap(effects);  // keep the capacity
    }
}

void World::arm_timer(Host& host) {
    Time const deadline = host.node->next_deadline();
    if (deadline >= host.armed_for) {
        return;  // the timer on its way comes early enough, and looks again then
    }
    Time const due = host.clock.when(deadline);
    if (due == Time::never()) {
        return;  // its clock stands, and looks again when it goes on
    }
    host.armed_for = deadline;
    host.due = std::max(due, scheduler_.now());
    host.armed = host.due;
    if (std::optional<Strengths::Strength> const late = host.slowness.timers.strongest()) {
        std::int64_t const by = timer_random_.exponential(late->value, late->value * 10);
        host.armed = host.due + Duration{by};
    }
    scheduler_.push(host.armed, Work{WorkKind::node_timer, host.number - 1, host.incarnation, 0});
}

void World::record_leaders(const Host& host) {
    // Both ends of a leadership excuse the loss of an acks=1 message: an isolated leader goes on
    // acknowledging after its successor was elected, until it notices (Kafka, acks=1).
    for (const broker::Fact& fact : host.node->facts()) {
        if (fact.kind == broker::FactKind::became_leader ||
            fact.kind == broker::FactKind::stepped_down) {
            recorder_.history().leader(scheduler_.now().nanoseconds(),
                                       recorder_.key(fact.partition.value()), host.number,
                                       static_cast<std::int64_t>(fact.term.value()));
        }
        if (fact.kind == broker::FactKind::became_leader) {
            faults_->on_leader(host.number - 1, fact.partition.value());
        }
    }
}

void World::choose_watched() {
    std::vector<std::string> names = faults_->watched();
    for (const StepConfig& step : config_.steps) {
        names.push_back(step.trigger.event);
    }
    for (const std::string& name : names) {
        std::optional<broker::Probe> const probe = broker::probe_named(name);
        bool const known = std::any_of(watched_.begin(), watched_.end(),
                                       [&](const Watched& w) { return w.name == name; });
        if (probe && !known) {
            watched_.push_back(Watched{name, *probe, {}});
            watched_.back().seen.resize(config_.brokers);
        }
    }
}

void World::watch_probes(const Host& host) {
    for (Watched& watched : watched_) {
        auto& [incarnation, seen] = watched.seen[host.number - 1];
        if (incarnation != host.incarnation) {
            incarnation = host.incarnation;
            seen = 0;
        }
        std::uint64_t const count = host.node->probes().count(watched.probe);
        if (count == seen) {
            continue;
        }
        std::uint64_t const times = count - seen;
        seen = count;
        faults_->on_event(watched.name, host.number - 1, times);
        for (std::uint32_t step = 0; step < steps_.size(); ++step) {
            on_step_event(step, watched.name, host.number - 1, times);
        }
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
