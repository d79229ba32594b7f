// Lives of the hosts: start, stop, crash, pause, and what faults may ask of them.
#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "sim/check_tripped.h"
#include "sim/observer.h"
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace brokersim {
namespace {

std::uint64_t cluster_of(std::uint64_t run_id) {
    return broker::mix64(run_id) | 1U;
}

}  // namespace

bool World::start(std::uint32_t index) {
    Host& host = hosts_[index];
    if (host.state != HostState::down || !in_core(index)) {
        return false;
    }
    ++host.incarnation;
    host.loss_excused = false;
    host.replied = false;
    host.recovered = false;
    violations_.incarnation(host.number, host.incarnation);
    broker::NodeConfig node;
    node.identity = broker::wal::DiskIdentity{broker::ClusterId{cluster_of(config_.run_id)},
                                              broker::BrokerId{host.number}, host.disk_uuid};
    node.topics = &topics_;
    node.tuning = config_.tuning;
    node.seed = broker::fold64(broker::fold64(config_.seed, host.number), host.incarnation);
    host.node = std::make_unique<broker::Node>(node, *host.disk, host.network);
    host.state = HostState::up;
    host.stopping = false;
    host.armed = Time::never();
    host.armed_for = Time::never();
    host.errors_before = host.disk->errors().reported();
    host.damage_before = host.disk->damage().met();
    host.damage_for_good_before = host.disk->damage().met_for_good();
    std::string reason;
    bool tripped_check = false;
    bool const expected_clean = std::exchange(host.stopped_cleanly, false);
    try {
        auto const booted = host.node->boot(host.clock.at(scheduler_.now()));
        if (!booted) {
            reason = booted.error().where;
        } else {
            report_recovery(host, *booted, expected_clean);
        }
    } catch (const CheckTripped& tripped) {
        reason = fmt::format("CHECK {} failed in {}", tripped.failure.condition,
                             tripped.failure.function);
        tripped_check = true;
    }
    trace_.line([&] {
        return fmt::format("n{}/{} start{}", host.number, host.incarnation,
                           reason.empty() ? "" : " failed: " + reason);
    });
    credit_disk_errors(host);
    if (!reason.empty() && host.has_excuse() && !tripped_check) {
        // It found that its disk cannot be trusted: it refuses, and starts once that is mended.
        host.node.reset();
        host.refused = host.excuse_stays();
        host.state = host.refused ? HostState::failed : HostState::down;
        host.disk->crash_process();
        return false;
    }
    if (!reason.empty()) {
        failed_starts_.push_back(
            fmt::format("n{}/{} did not start: {}", host.number, host.incarnation, reason));
        // No damage was met, so a disk that cannot be recovered is the broker's own fault.
        violations_.add("R24", host.number, [&] { return failed_starts_.back(); });
        if (trace_.observer() != nullptr) {
            trace_.observer()->on_node(host.number, host.incarnation, NodeChange::start_failed);
        }
        host.node.reset();
        host.state = HostState::failed;
        host.disk->crash_process();
        return false;
    }
    host.betrayed = false;  // it made durable again what it found
    if (host.started_once) {
        recorder_.history().restart(scheduler_.now().nanoseconds(), host.number,
                                    reports::Disk::kept);
    }
    host.started_once = true;
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_node(host.number, host.incarnation, NodeChange::started);
    }
    tell("node_up", index);
    arm_timer(host);
    return true;
}

void World::credit_disk_errors(Host& host) {
    for (std::vector<std::uint32_t> const& effective :
         {host.disk->errors().take_effective(), host.disk->damage().take_effective(),
          host.disk->lies().take_effective()}) {
        for (std::uint32_t const element : effective) {
            faults_->mark_effective(element);
        }
    }
}

void World::report_recovery(const Host& host,
                            const std::vector<broker::wal::RecoveryReport>& reports,
                            bool expected_clean) {
    for (const broker::wal::RecoveryReport& report : reports) {
        std::string const partition = topics_.label(report.partition);
        if (expected_clean && !report.clean_stop) {
            violations_.add("B15", host.number, [&] {
                return fmt::format("n{} stopped gracefully, and {} has no clean-shutdown mark",
                                   host.number, partition);
            });
        }
        recoveries_.push_back(Recovery{host.number, host.incarnation, partition, report});
        trace_.line([&] { return recovery_text(recoveries_.back()); });
    }
}

std::string recovery_text(const Recovery& recovery) {
    const broker::wal::RecoveryReport& report = recovery.report;
    return fmt::format(
        "n{}/{} {} recovered: {} frames kept, {} written again, {} bytes cut, {} "
        "files refused{}",
        recovery.node, recovery.incarnation, recovery.partition, report.frames_kept,
        report.frames_copied, report.bytes_cut, report.files_refused,
        report.clean_stop ? ", after a clean stop" : "");
}

void World::down(Host& host, HostState state) {
    CHECK(host.node != nullptr);
    release_effects(host);
    host.stopped_cleanly = state == HostState::down && host.node->clean() && host.node->serving();
    if (checks_.invariants && state == HostState::down && host.node->clean()) {
        raft_invariants_.on_clean_stop(host.number);
    }
    network_.broker_gone(host.number - 1, false);
    host.ended.push_back(Host::Life{host.incarnation, host.node->probes()});
    host.past.add_counters(host.node->metrics());
    host.node.reset();
    host.network.effects.clear();
    host.state = state;
    host.down_since = scheduler_.now();
    host.doom.reset();
    host.busy_until = scheduler_.now();
    host.slow_step_at.reset();  // what comes to the next process waits for nobody
    resume(host);
    host.held_ops.clear();
    forget_memory(host.number);
    faults_->on_host_down(host.number - 1);
    tell("node_down", host.number - 1);
}

void World::forget_memory(std::uint32_t node) {
    raft_invariants_.on_down(node);
    send_invariants_.on_down(node);
    beliefs_.on_down(node);
}

bool World::crash(std::uint32_t index, CrashKind kind) {
    Host& host = hosts_[index];
    bool const power = kind == CrashKind::power;
    if (host.state == HostState::down && power && host.incarnation > 0) {
        lose_power(host);  // the process is dead, the machine loses power
        forget_memory(host.number);
        if (trace_.observer() != nullptr) {
            trace_.observer()->on_node(host.number, host.incarnation, NodeChange::lost_power);
        }
        return true;
    }
    if (!host.up()) {
        return false;
    }
    host.network.effects.clear();
    network_.broker_gone(index, power);
    host.ended.push_back(Host::Life{host.incarnation, host.node->probes()});
    host.past.add_counters(host.node->metrics());
    host.node.reset();
    host.state = HostState::down;
    host.down_since = scheduler_.now();
    host.doom.reset();
    host.busy_until = scheduler_.now();
    host.slow_step_at.reset();  // what comes to the next process waits for nobody
    resume(host);
    host.held_ops.clear();
    CrashReport const report = power ? lose_power(host) : host.disk->crash_process();
    trace_.fold(report.lost_bytes);
    if (trace_.observer() != nullptr) {
        trace_.observer()->on_node(host.number, host.incarnation,
                                   power ? NodeChange::lost_power : NodeChange::crashed);
    }
    trace_.line([&] {
        return fmt::format("n{}/{} {}: {} of {} uncovered bytes lost{}", host.number,
                           host.incarnation, power ? "power loss" : "process crash",
                           report.lost_bytes, report.uncovered_bytes,
                           report.torn ? ", a sector torn" : "");
    });
    recorder_.history().crash(scheduler_.now().nanoseconds(), host.number,
                              power ? reports::Disk::lost : reports::Disk::kept);
    forget_memory(host.number);
    faults_->on_host_down(host.number - 1);
    tell("node_down", index);
    return true;
}

void World::record_taken(const Host& host) {
    for (const broker::PartitionInfo& info : topics_.partitions()) {
        if (truth_.taken_last(host.number, info.id) > 0) {
            record_loss(info.id);
        }
    }
}

void World::record_loss(PartitionId partition) {
    // Under fsync only damage beyond the budget loses what counts as stored: whatever the event
    // was.
    bool const synced = config_.tuning.wal.durability == broker::Durability::fsync;
    std::string_view const reason = synced ? "damage" : reports::power_loss_reason;
    recorder_.history().budget_exceeded(scheduler_.now().nanoseconds(),
                                        recorder_.key(partition.value()), reason);
}

bool World::crash_in_step(std::uint32_t index, CrashKind kind, std::uint32_t element) {
    Host& host = hosts_[index];
    if (!host.up() || host.doom) {
        return false;
    }
    host.doom = Host::Doom{kind, element};
    return true;
}

void World::spare(std::uint32_t index, std::uint32_t element) {
    Host& host = hosts_[index];
    if (host.doom && host.doom->element == element) {
        host.doom.reset();
    }
}

void World::clock_changed(std::uint32_t index) {
    Host& host = hosts_[index];
    host.armed = Time::never();
    host.armed_for = Time::never();
    if (host.up()) {
        arm_timer(host);
    }
}

bool World::stop(std::uint32_t index) {
    Host& host = hosts_[index];
    if (!host.up() || host.stopping) {
        return false;
    }
    host.stopping = true;
    trace_.line([&] { return fmt::format("n{}/{} SIGTERM", host.number, host.incarnation); });
    step(host, broker::StopRequested{});
    return true;
}

bool World::pause(std::uint32_t index, Time until, std::uint32_t element) {
    Host& host = hosts_[index];
    if (!host.up()) {
        return false;
    }
    host.pauses.add(element, until);
    if (until != Time::never()) {  // else the heal phase ends it
        scheduler_.push(until, Work{WorkKind::resume, index, 0, 0});
    }
    return true;
}

void World::stall_disk(std::uint32_t index, Time until, std::uint32_t element) {
    hosts_[index].stalls.add(element, until);
}

void World::end_pause(std::uint32_t index, std::uint32_t element) {
    Host& host = hosts_[index];
    if (host.pauses.remove(element) && !host.pauses.any()) {
        resume(host);
    }
}

void World::end_stall(std::uint32_t index, std::uint32_t element) {
    Host& host = hosts_[index];
    if (host.stalls.remove(element) && !host.stalls.any()) {
        release_stall(host);
    }
}

void World::release_stall(Host& host) {
    host.stalls.clear();
    for (const std::uint32_t slot : host.held_ops) {
        scheduler_.push(scheduler_.now(),
                        Work{WorkKind::disk_done, host.number - 1, host.incarnation, slot});
    }
    host.held_ops.clear();
}

std::uint32_t World::reset_connections(std::uint32_t client, ResetPoint point) {
    std::uint32_t broken = 0;
    std::vector<std::uint32_t> const live = network_.live();
    for (std::uint32_t const id : live) {
        const Connection& connection = network_.connection(id);
        if (connection.client != client || connection.expected.empty()) {
            continue;
        }
        bool lose_requests = point == ResetPoint::before;
        if (point == ResetPoint::any) {
            lose_requests = crash_random_.below(2) == 0;
        }
        if (network_.reset(id, lose_requests)) {
            ++broken;
        }
    }
    return broken;
}

bool World::is_up(std::uint32_t host) const {
    return hosts_[host].up() && !hosts_[host].stopping;
}

bool World::is_failed(std::uint32_t host) const {
    return hosts_[host].state == HostState::failed;
}

std::optional<std::uint32_t> World::leader_of(std::uint32_t partition) const {
    // Of those who believe they lead, the one with the highest term.
    std::optional<std::uint32_t> leader;
    broker::Term term;
    for (const Host& host : hosts_) {
        if (!host.up()) {
            continue;
        }
        const broker::Replica* const replica = host.node->replica(PartitionId{partition});
        if (replica != nullptr && replica->leads() && replica->raft().term() > term) {
            term = replica->raft().term();
            leader = host.number - 1;
        }
    }
    return leader;
}

const std::vector<broker::BrokerId>& World::replicas_of(std::uint32_t partition) const {
    return topics_.partition(PartitionId{partition}).replicas;
}

std::optional<FaultActions::PartitionView> World::partition_view(std::uint32_t partition) const {
    std::optional<std::uint32_t> const leader = leader_of(partition);
    if (!leader) {
        return std::nullopt;
    }
    const broker::Replica& replica = *hosts_[*leader].node->replica(PartitionId{partition});
    PartitionView view{*leader, replica.raft().configuration(), replica.log_start(), std::nullopt};
    if (replica.watermark_known()) {
        view.high_watermark = replica.high_watermark();
    }
    return view;
}

broker::Member World::member(std::uint32_t host) const {
    return broker::Member{broker::BrokerId{host + 1}, hosts_[host].disk_uuid};
}

bool World::may_hold(std::uint32_t host, std::uint32_t partition) const {
    const std::vector<broker::BrokerId>& hosts = topics_.partition(PartitionId{partition}).hosts;
    return std::binary_search(hosts.begin(), hosts.end(), broker::BrokerId{host + 1});
}

bool World::administrate(const broker::AdminRequested& request) {
    std::optional<std::uint32_t> const leader = leader_of(request.partition.value());
    if (!leader || hosts_[*leader].pauses.any()) {
        return false;
    }
    return ask(hosts_[*leader], request);
}

bool World::force_members(std::uint32_t host, std::uint32_t partition,
                          const broker::ForceMembers& left, std::uint32_t element) {
    // What it sets off in one host may take another one down.
    if (!hosts_[host].up() || hosts_[host].pauses.any()) {
        return false;
    }
    raft_invariants_.on_forced(PartitionId{partition}, left.voters);
    return ask(hosts_[host], broker::AdminRequested{element, PartitionId{partition}, left});
}

bool World::ask(Host& host, const broker::AdminRequested& request) {
    step(host, request);
    if (!host.node) {
        return true;  // it tripped over it
    }
    const std::vector<broker::Fact>& facts = host.node->facts();
    return std::any_of(facts.begin(), facts.end(), [&](const broker::Fact& fact) {
        return fact.kind == broker::FactKind::admin_accepted && fact.number == request.number;
    });
}

Duration World::largest_election_timeout() const {
    return config_.tuning.raft.election_timeout + config_.tuning.raft.election_jitter;
}

}  // namespace brokersim
