// Draws: the streams of one run, each named by the JSON pointer of the value it is for.
#pragma once

#include "broker_core/base/random.h"
#include "scenarios/keys.h"
#include "scenarios/run_config.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// Draws values for one run and remembers what was drawn. A stream belongs to one pointer, so
/// adding, moving or removing a key of a scenario moves no other draw.
class Draws {
public:
    explicit Draws(std::uint64_t seed) : seed_{seed} {}

    [[nodiscard]] broker::Random stream(std::string_view pointer, std::uint64_t entity = 0) const {
        return broker::Random{seed_, pointer, entity};
    }
    /// One value; remembered unless it is fixed. place, key: its row, for how it is written.
    std::int64_t value(std::string_view pointer, std::string_view place, std::string_view key,
                       const Distribution& distribution, std::uint64_t entity = 0);
    void remember(std::string_view pointer, std::string_view value);

    std::vector<std::string> lines;  // "pointer = value"

private:
    std::uint64_t seed_;
};

/// The span of the run phase in which faults fire.
struct FaultPhase {
    Duration end;      // after its last instant
    Duration timeout;  // T_e: the longest election timeout that can be drawn
    std::uint32_t brokers = 1;
    bool unsafe_wipe = false;             // whether a wiped disk may keep its identity
    std::vector<std::string> partitions;  // by dense id: "orders/0"
    std::vector<std::uint32_t> replicas;  // likewise: how many brokers hold it at first
};

/// Elements for `fault`, in the order of their times.
void draw_random_fault(Draws& draws, const RandomFault& fault, const FaultPhase& phase,
                       std::vector<Element>& plan);

/// Elements for every class that the seed turns on, but for kinds in `replaced`.
void draw_swarm_faults(Draws& draws, const std::vector<RandomFault>& replaced,
                       const FaultPhase& phase, std::vector<Element>& plan);

/// Sets a field of an element, or of a step's trigger, to what was drawn.
void set_field(Trigger& trigger, ElementField field, std::int64_t value);
void set_field(Element& element, ElementField field, std::int64_t value);

/// Gives nine in ten crashes and shutdowns a trigger that waits for work in flight: a fault
/// between write and sync finds more than one placed by time alone. Faults of disks
/// always wait for work.
void arm_or_place(broker::Random& random, FaultKind kind, Duration at, Trigger& trigger);

/// "crash#3": the third drawn element of its kind.
std::string drawn_id(FaultKind kind, std::size_t number);

}  // namespace brokersim
