// The phases of a run: workload, heal, settle and drain, and when each is over.
#include "broker_core/base/check.h"
#include "sim/observer.h"
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {
namespace {

constexpr Duration look_every{25'000'000};  // while settling and draining
constexpr std::uint32_t phase_work = 0;
constexpr std::uint32_t step_begins = 1;
constexpr std::uint32_t step_produces = 2;

}  // namespace

void World::on_phase(Phase next) {
    switch (next) {
        case Phase::run:
            begin_run();
            break;
        case Phase::settle:
            if (phase_ == Phase::run) {
                heal();
            }
            check_settled();
            break;
        case Phase::drain:
            if (drain_->complete() || scheduler_.now() >= drain_deadline_) {
                finish();
            } else {
                scheduler_.push(
                    scheduler_.now() + look_every,
                    Work{WorkKind::phase, phase_work, 0, static_cast<std::uint32_t>(Phase::drain)});
            }
            break;
        case Phase::warm_up:
        case Phase::done:
            CHECK(false);
            break;
    }
}

// ---------------------------------------------------------------------------------------------
// Run

void World::note_phase(std::string_view name) {
    trace_.line([&] { return "-- " + std::string{name}; });
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_phase(name);
    }
}

void World::begin_run() {
    phase_ = Phase::run;
    for (Host& host : hosts_) {
        if (host.up()) {
            watch_probes(host);  // what happened in warm-up triggers nothing
        }
    }
    run_began_ = scheduler_.now();
    note_phase("run");
    scheduler_.push(
        run_began_ + config_.virtual_time,
        Work{WorkKind::phase, phase_work, 0, static_cast<std::uint32_t>(Phase::settle)});
    faults_->begin(run_began_);
    schedule_steps();
}

void World::schedule_steps() {
    for (std::uint32_t step = 0; step < config_.steps.size(); ++step) {
        const Trigger& trigger = config_.steps[step].trigger;
        if (trigger.kind != Trigger::Kind::when) {
            scheduler_.push(run_began_ + trigger.at, Work{WorkKind::phase, step_begins, 0, step});
        }
    }
}

void World::on_step_event(std::uint32_t step, std::string_view event, std::uint32_t host,
                          std::uint64_t times, std::string_view of) {
    const Trigger& trigger = config_.steps[step].trigger;
    StepState& state = steps_[step];
    if (trigger.kind != Trigger::Kind::when || state.started || trigger.event != event ||
        phase_ != Phase::run || state.seen >= trigger.nth ||
        (!trigger.of.empty() && trigger.of != of)) {
        return;
    }
    if (trigger.target) {
        std::vector<std::uint32_t> const hosts = faults_->resolve(*trigger.target);
        if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) {
            return;
        }
    }
    state.seen += times;
    if (state.seen >= trigger.nth) {
        scheduler_.push(scheduler_.now() + trigger.after,
                        Work{WorkKind::phase, step_begins, 0, step});
    }
}

void World::start_step(std::uint32_t step) {
    StepState& state = steps_[step];
    if (state.started || phase_ != Phase::run) {
        return;
    }
    state.started = true;
    state.left = config_.steps[step].messages;
    if (const std::optional<Target>& via = config_.steps[step].via) {
        std::vector<std::uint32_t> const hosts = faults_->resolve(*via);
        if (!hosts.empty()) {
            for (Producer* const producer : producers_) {
                producer->set_contact(hosts.front());
            }
        }
    }
    produce_next(step);
}

void World::produce_next(std::uint32_t step) {
    StepState& state = steps_[step];
    if (phase_ != Phase::run || state.left == 0 || producers_.empty()) {
        return;
    }
    --state.left;
    auto const partitions = static_cast<std::uint32_t>(topics_.partitions().size());
    auto const producers = static_cast<std::uint32_t>(producers_.size());
    // Every producer reaches every partition, also where their numbers have a common divisor.
    std::uint32_t const producer = next_message_ % producers;
    std::uint32_t const partition = (next_message_ / producers + producer) % partitions;
    ++next_message_;
    producers_[producer]->produce(partition);
    if (state.left > 0) {
        scheduler_.push(scheduler_.now() + config_.steps[step].interval,
                        Work{WorkKind::phase, step_produces, 0, step});
    } else {
        tell("step_done", 0, 1, config_.steps[step].id);
    }
}

// ---------------------------------------------------------------------------------------------
// Heal and settle

void World::heal() {
    phase_ = Phase::settle;
    healed_at_ = scheduler_.now();
    note_phase("heal");
    if (config_.heal == HealMode::core) {
        residues_.assign(hosts_.size(), Residue{});
        choose_core();
        for (Host& host : hosts_) {
            if (!in_core(host.number - 1)) {
                keep_behind(host);
            }
        }
    }
    std::vector<bool> behind = core_;
    behind.flip();
    faults_->end(behind);
    network_.lift_all();
    for (Host& host : hosts_) {
        if (in_core(host.number - 1)) {
            mend_host(host);
        } else {
            cut_behind(host);
        }
    }
    settle_deadline_ = healed_at_ + settle_budget();
}

void World::mend_host(Host& host) {
    if (host.pauses.any()) {
        resume(host);
    }
    release_stall(host);
    host.disk->mend();
    start(host.number - 1);
}

Duration World::slowest(const Distribution& operation) const {
    std::int64_t slowness = 1;
    for (const DiskOfBroker& disk : config_.disks) {
        slowness = std::max(slowness, disk.slowness);
    }
    return Duration{operation.largest()} * slowness;
}

Duration World::settle_budget() const {
    // Derived from the run's own numbers, never guessed (each term: what may have to happen).
    Duration const election = largest_election_timeout();
    Duration const link = network_.largest_latency();
    Duration const write = slowest(config_.disk_write);
    Duration const sync = slowest(config_.disk_sync);
    Duration const round = link * 2 + write + sync;
    Duration budget = config_.settle.value_or(Duration{});
    if (config_.settle) {
        return budget;
    }
    std::uint64_t image = 0;
    std::uint32_t files = 0;
    std::uint64_t longest_log = 0;
    for (const Host& host : hosts_) {
        image = std::max(image, host.disk->image_bytes());
        files = std::max(files, host.disk->files_count());
    }
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        longest_log = std::max(longest_log, logs_.committed(info.id).last_index().value());
    }
    // Boot: moving tails and hard state to fresh files, six operations deep.
    budget += (write + sync) * 6 + round * static_cast<std::int64_t>(files);
    // A node still stopping goes on until its grace is over.
    budget += config_.tuning.broker.shutdown_grace;
    budget += election * 20;
    std::uint64_t const rounds =
        image / config_.tuning.raft.max_append_bytes + 64 + longest_log / 16;
    budget += round * static_cast<std::int64_t>(rounds);
    for (const ProducerConfig& producer : config_.producers) {
        Duration const wait = producer.delivery_timeout + producer.request_timeout +
                              producer.retry_backoff * 2 + producer.linger;
        budget = std::max(budget, wait + election * 20 + round * static_cast<std::int64_t>(rounds));
    }
    budget += (round + config_.tuning.wal.group_window + Duration{100'000'000}) * 4;
    // Time-outs of requests, the harness's own clients' too: once, and with each that stays behind.
    std::int64_t asked = 1;
    for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
        asked += in_core(host) ? 0 : 1;
    }
    budget += Duration{5'000'000'000} * asked;
    return budget;
}

void World::check_settled() {
    if (phase_ != Phase::settle) {
        return;
    }
    if (!core_.empty() && std::count(core_.begin(), core_.end(), false) > 0 &&
        !core_is_enough(core_)) {
        mend_everybody();
    }
    for (Host& host : hosts_) {
        if (host.state == HostState::down) {
            start(host.number - 1);  // a graceful stop that was under way at the heal has ended
        }
    }
    std::optional<Stuck> const why = unsettled();
    Time const now = scheduler_.now();
    if (!why) {
        if (!settled_since_) {
            settled_since_ = now;
        }
        if (now - *settled_since_ >= largest_election_timeout() * 2) {
            begin_drain();
            return;
        }
    } else {
        settled_since_.reset();
        if (now >= settle_deadline_) {
            stuck_ = why;
            trace_.line([&] { return fmt::format("-- stuck: {} {}", why->id, why->text); });
            begin_drain();
            return;
        }
    }
    scheduler_.push(now + look_every, Work{WorkKind::phase, phase_work, 0,
                                           static_cast<std::uint32_t>(Phase::settle)});
}

std::string World::views_of(PartitionId partition) const {
    std::string text;
    for (const Host& host : hosts_) {
        const broker::Replica* const replica = host.up() ? host.node->replica(partition) : nullptr;
        if (replica == nullptr || !replica->serving()) {
            text += fmt::format("; n{} does not serve", host.number);
            continue;
        }
        const broker::raft::Raft& raft = replica->raft();
        constexpr const char* roles[] = {"follows", "asks for votes", "is a candidate", "leads"};
        text += fmt::format("; n{} {} in term {}, log to {} of term {}, committed {}, voters",
                            host.number, roles[raft.role().index()], raft.term().value(),
                            raft.log().last_index().value(), raft.log().last_term().value(),
                            raft.commit().value());
        for (const broker::Member& voter : raft.configuration().voters) {
            text += fmt::format(" n{}", voter.id.value());
        }
        for (const broker::Member& voter : raft.configuration().outgoing) {
            text += fmt::format(" (n{})", voter.id.value());
        }
    }
    return text;
}

std::optional<Stuck> World::unsettled() {
    find_excuses();
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        if (excused_[info.id.value()]) {
            continue;
        }
        std::optional<std::uint32_t> const leader = leader_of(info.id.value());
        if (!leader || !in_core(*leader) ||
            !hosts_[*leader].node->replica(info.id)->watermark_known()) {
            return Stuck{"L1", fmt::format("{} has no leader that committed in its own term{}",
                                           topics_.label(info.id), views_of(info.id))};
        }
    }
    for (std::size_t i = 0; i < producers_.size(); ++i) {
        if (!producers_[i]->idle()) {
            return Stuck{"L4", fmt::format("producer p{} still has unanswered messages", i + 1)};
        }
    }
    if (!settle_message_sent_) {
        settle_message_sent_ = true;
        for (const broker::PartitionInfo& info : topics_.partitions()) {
            if (!excused_[info.id.value()]) {
                settle_producer_->produce(info.id.value());
            }
        }
    }
    if (!settle_producer_->idle()) {
        return Stuck{"L2", "a fresh acks=all message was not acknowledged"};
    }
    return replicas_differ();
}

std::optional<Stuck> World::replicas_differ() {
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        if (excused_[info.id.value()]) {
            continue;
        }
        std::optional<std::uint32_t> const leader = leader_of(info.id.value());
        const broker::Replica& leading = *hosts_[*leader].node->replica(info.id);
        LogIndex const end = leading.raft().log().last_index();
        const EntryInfo* const expected = logs_.memory(*leader + 1, info.id).at(end);
        for (const broker::Member& member : leading.raft().configuration().members()) {
            broker::BrokerId const id = member.id;
            const Host& host = hosts_[id.value() - 1];
            if (host.refused || host.disk_uuid != member.disk || !in_core(id.value() - 1)) {
                continue;  // it will never be like the others, and says so
            }
            const broker::Replica* const replica =
                host.up() ? host.node->replica(info.id) : nullptr;
            if (replica == nullptr || !replica->serving()) {
                return Stuck{
                    "L3", fmt::format("n{} does not serve {}", id.value(), topics_.label(info.id))};
            }
            bool same = replica->raft().log().last_index() == end &&
                        replica->raft().commit() == end &&
                        replica->producers().hash() == leading.producers().hash() &&
                        replica->log_start() == leading.log_start() &&
                        replica->raft().configuration() == leading.raft().configuration();
            if (checks_.invariants && same) {
                const EntryInfo* const held = logs_.memory(id.value(), info.id).at(end);
                same = held != nullptr && expected != nullptr && held->chain == expected->chain;
            }
            if (!same) {
                return Stuck{
                    "L3",
                    fmt::format("n{} and n{} differ on {}: ends {} and {}, commits {} and {}, "
                                "records from {} and {}{}",
                                *leader + 1, id.value(), topics_.label(info.id), end.value(),
                                replica->raft().log().last_index().value(),
                                leading.raft().commit().value(), replica->raft().commit().value(),
                                leading.log_start().value(), replica->log_start().value(),
                                replica->producers().hash() == leading.producers().hash()
                                    ? ""
                                    : ", not the same producers")};
            }
        }
    }
    return std::nullopt;
}

// ---------------------------------------------------------------------------------------------
// Drain

void World::begin_drain() {
    phase_ = Phase::drain;
    for (Host& host : hosts_) {
        for (const broker::PartitionInfo& info : topics_.partitions()) {
            const broker::Replica* const replica =
                host.up() ? host.node->replica(info.id) : nullptr;
            if (checks_.invariants && replica != nullptr && replica->serving()) {
                raft_invariants_.check_producers(host.number, *replica);
            }
        }
    }
    note_phase("drain");
    // Nothing is shown to anybody behind the sampled end: retention may still move the watermark.
    for (Reader* const consumer : consumers_) {
        consumer->stop();
    }
    // Every fetch brings at least one batch; a request may have to be repeated after a time-out.
    std::uint64_t batches = 0;
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        batches += logs_.committed(info.id).last_index().value();
    }
    Duration const round = network_.largest_latency() * 2 + Duration{20'000'000};
    drain_deadline_ =
        scheduler_.now() + Duration{30'000'000'000} + round * static_cast<std::int64_t>(batches);
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        if (excused_[info.id.value()]) {
            drain_->leave_out(info.id.value());
        }
    }
    drain_->begin();
    on_phase(Phase::drain);
}

bool World::drained() const {
    return drain_->complete();
}

void World::finish() {
    phase_ = Phase::done;
    for (Producer* const producer : producers_) {
        producer->give_up();
    }
    settle_producer_->give_up();
    // The committed logs themselves, so that a difference no event showed cannot hide.
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        const InfoLog& committed = logs_.committed(info.id);
        const EntryInfo* const last = committed.at(committed.last_index());
        trace_.fold(committed.last_index().value());
        trace_.fold(last == nullptr ? 0 : last->chain);
    }
    note_phase("done");
}

}  // namespace brokersim
