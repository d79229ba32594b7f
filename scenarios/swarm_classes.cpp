// The table of the swarm, and how arguments are drawn: ordinary ones most of the time.
#include "scenarios/swarm_classes.h"

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

using broker::Random;
using K = FaultKind;

constexpr std::int64_t ms = 1'000'000;

bool coin(Random& random) {
    return random.below(2) == 0;
}
bool is_rare(Random& random) {
    return random.below(10) == 0;
}
std::int64_t sign(Random& random) {
    return random.below(2) == 0 ? 1 : -1;
}

void crash(Random& random, const FaultPhase&, Element& element) {
    element.retract = random.below(4) == 0;
}

void rolling_restart(Random& random, const FaultPhase& phase, Element& element) {
    element.by = Duration{random.between(ms, 2 * phase.timeout.nanoseconds())};
    element.graceful = coin(random);
    element.waits = random.below(3) != 0;
}

void crash_loop(Random& random, const FaultPhase&, Element& element) {
    element.times = static_cast<std::uint32_t>(2 + random.below(5));
}

void suspend(Random& random, const FaultPhase&, Element& element) {
    element.counts_suspend = coin(random);
}

void slow_cpu(Random& random, const FaultPhase&, Element& element) {
    element.by = Duration{random.log_uniform(ms / 20, 5 * ms)};
}

void late_timer(Random& random, const FaultPhase& phase, Element& element) {
    element.by =
        Duration{random.log_uniform(ms, std::max(2 * ms, phase.timeout.nanoseconds() / 4))};
}

void clock_skew(Random& random, const FaultPhase&, Element& element) {
    std::int64_t const way = sign(random);
    element.offset = Duration{way * random.log_uniform(ms, 600'000 * ms)};
}

void clock_forward(Random& random, const FaultPhase&, Element& element) {
    element.by = Duration{random.log_uniform(1'000 * ms, 86'400'000 * ms)};
}

void clock_back(Random& random, const FaultPhase&, Element& element) {
    element.by = Duration{random.log_uniform(ms, 3'600'000 * ms)};
}

void drift(Random& random, const FaultPhase&, Element& element) {
    std::int64_t const way = sign(random);
    std::int64_t const most = is_rare(random) ? 50'000 : 200;
    element.ppm = static_cast<std::int32_t>(way * random.log_uniform(1, most));
}

void monotonic_drift(Random& random, const FaultPhase& phase, Element& element) {
    drift(random, phase, element);
    if (is_rare(random)) {
        element.ppm = 1'000'000;  // twice as fast
    }
}

void partition(Random& random, const FaultPhase& phase, Element& element) {
    constexpr std::array shapes = {Shape::one,      Shape::leader,   Shape::leader_with_clients,
                                   Shape::minority, Shape::majority, Shape::halves};
    bool const even = phase.brokers % 2 == 0;
    element.shape = shapes[random.below(even ? shapes.size() : shapes.size() - 1)];
    // Most cuts block both ways; each one-way cut is a world of its own.
    std::uint64_t const way = random.below(4);
    element.direction = way < 2 ? Direction::both : static_cast<Direction>(way - 1);
}

void slow_link(Random& random, const FaultPhase&, Element& element) {
    element.factor = static_cast<std::uint32_t>(random.log_uniform(10, 1'000));
}

void bandwidth(Random& random, const FaultPhase&, Element& element) {
    element.bytes_per_second = static_cast<std::uint32_t>(random.log_uniform(5'000, 1'000'000));
    element.queue = static_cast<std::uint32_t>(2 + random.below(19));
}

void flap(Random& random, const FaultPhase& phase, Element& element) {
    partition(random, phase, element);
    element.by = Duration{random.log_uniform(ms * 20, phase.timeout.nanoseconds() * 2)};
}

void slow_disk(Random& random, const FaultPhase&, Element& element) {
    element.factor = static_cast<std::uint32_t>(random.log_uniform(2, 100));
}

void delete_records(Random& random, const FaultPhase&, Element& element) {
    element.percent = static_cast<std::uint32_t>(random.log_uniform(1, 100));
}

void disk_error(Random& random, const FaultPhase&, Element& element) {
    element.strikes = static_cast<Strikes>(random.below(2));
}

void sync_error(Random& random, const FaultPhase& phase, Element& element) {
    disk_error(random, phase, element);
    element.during = random.below(3) == 0 ? During::writeback : During::sync;
    element.nth = is_rare(random) ? static_cast<std::uint32_t>(2 + random.below(4)) : 1;
}

void disk_full(Random& random, const FaultPhase& phase, Element& element) {
    disk_error(random, phase, element);
    element.full_at = static_cast<FullAt>(random.below(5));
}

/// Half of it is for good.
void lasting(Random& random, const FaultPhase&, Element& element) {
    if (coin(random)) {
        element.lasts.reset();
    }
}

/// And half of it strikes a broker that goes on.
void damage(Random& random, const FaultPhase& phase, Element& element) {
    lasting(random, phase, element);
    element.while_up = coin(random);
}

void wrong_reading(Random& random, const FaultPhase&, Element& element) {
    element.while_up = coin(random);
}

void lost_fsync(Random& random, const FaultPhase&, Element& element) {
    element.then_power = random.below(4) != 0;  // else one that comes by itself must show it
}

/// A new identity unless the limits let it keep the former one.
void wipe(Random& random, const FaultPhase& phase, Element& element) {
    element.keeps_identity = coin(random) && phase.unsafe_wipe;
}

// kind, on, every, shortest, longest, long outages, arguments
constexpr SwarmClass classes[] = {
    {K::crash, 70, 40, 1, 50, true, crash},
    {K::shutdown, 50, 80, 1, 50},
    {K::all_down, 20, 200, 1, 50},
    {K::start_order, 20, 200, 1, 20},
    {K::rolling_restart, 20, 200, 0, 0, false, rolling_restart},
    {K::crash_loop, 20, 150, 0, 0, false, crash_loop},
    {K::pause, 30, 60, 1, 200},
    {K::suspend, 30, 60, 1, 200, false, suspend},
    {K::slow_cpu, 30, 60, 1, 200, false, slow_cpu},
    {K::late_timer, 30, 60, 1, 200, false, late_timer},
    {K::clock_skew, 30, 100, 10, 200, false, clock_skew},
    {K::clock_drift, 30, 100, 10, 200, false, drift},
    {K::clock_forward, 30, 60, 10, 200, false, clock_forward},
    {K::clock_back, 30, 60, 10, 200, false, clock_back},
    {K::clock_freeze, 30, 60, 10, 200},
    {K::monotonic_drift, 30, 100, 10, 200, false, monotonic_drift},
    {K::partition, 70, 60, 2, 100, true, partition},
    {K::drop, 60, 0, 0, 0},
    {K::duplicate, 60, 0, 0, 0},
    {K::reorder, 60, 0, 0, 0},
    {K::delay, 60, 0, 0, 0},
    {K::reset, 30, 50, 0, 0},
    {K::clog, 30, 50, 2, 50},
    {K::slow_link, 30, 50, 2, 50, false, slow_link},
    {K::bandwidth, 30, 50, 2, 50, false, bandwidth},
    {K::flap, 30, 60, 10, 100, false, flap},
    {K::client_partition, 30, 60, 2, 100},
    {K::half_open, 30, 50, 0, 0},
    {K::refuse, 30, 50, 10, 100},
    {K::disk_stall, 30, 60, 1, 200},
    {K::slow_disk, 30, 60, 1, 200, false, slow_disk},
    {K::transfer_leader, 40, 60, 0, 0},
    {K::add_voter, 20, 80, 0, 0},
    {K::remove_voter, 15, 100, 0, 0},
    {K::add_learner, 20, 80, 0, 0},
    {K::promote, 30, 80, 0, 0},
    {K::replace_voter, 20, 80, 0, 0},
    {K::joint_change, 20, 80, 0, 0},
    {K::delete_records, 30, 60, 0, 0, false, delete_records},
    {K::sync_error, 20, 100, 1, 50, false, sync_error},
    {K::write_error, 20, 100, 1, 50, false, disk_error},
    {K::read_error, 20, 100, 50, 200, false, disk_error},
    {K::short_write, 20, 100, 1, 50, false, disk_error},
    {K::short_read, 20, 100, 50, 200, false, disk_error},
    {K::disk_full, 20, 100, 1, 50, false, disk_full},
    {K::bit_rot, 20, 150, 10, 200, false, damage},
    {K::sector_error, 20, 150, 10, 200, false, damage},
    {K::misdirected_write, 20, 150, 10, 200, false, damage},
    {K::lost_write, 20, 150, 10, 200, false, lasting},
    {K::read_flip, 20, 100, 0, 0, false, wrong_reading},
    {K::misdirected_read, 20, 100, 0, 0, false, wrong_reading},
    {K::stale_read, 30, 60, 0, 0},
    {K::lost_fsync, 40, 60, 2, 50, false, lost_fsync},
    {K::stale_image, 35, 60, 2, 30},
    {K::wipe, 15, 150, 0, 0, false, wipe},
};

}  // namespace

std::span<const SwarmClass> swarm_classes() {
    return classes;
}

}  // namespace brokersim
