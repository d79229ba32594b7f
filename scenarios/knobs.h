// The knobs of the broker that a scenario may turn or draw, as a table.
#pragma once

#include "broker_core/base/tuning.h"
#include "scenarios/keys.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace brokersim {

struct KnobRow {
    KeyRow key;  // name, type and range
    void (*set)(broker::Tuning&, std::int64_t);
    std::int64_t (*get)(const broker::Tuning&);
    std::span<const std::int64_t> rare;  // legal values that seldom run; swarm draws from them
};

/// In the order in which they are applied: a preset before what it sets.
std::span<const KnobRow> knob_table();
const KnobRow* find_knob(std::string_view name);

}  // namespace brokersim
