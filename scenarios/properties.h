// What a scenario can expect: properties, the ids behind them, anomalies, probes and notes.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace brokersim {

/// A property is a name for one or more checks: ids of invariants, and codes of the judge.
struct PropertyRow {
    std::string_view name;
    std::vector<std::string_view> ids;
    bool liveness = false;  // member of the group `liveness`, else of `safety`
    /// Kinds of faults that can break it, separated by blanks; empty: any kind that acts.
    std::string_view threats = {};
    std::string_view text = {};  // what it says, for people
};

std::span<const PropertyRow> property_table();

/// The ids that `name` stands for: of a property, of a group (`safety`, `liveness`), or the id
/// itself. Empty: no such property.
std::vector<std::string_view> ids_of_property(std::string_view name);

/// Whether `id` is one of the ids behind the properties, such as R16.
bool is_invariant(std::string_view id);

/// Codes of the judge, such as LOST_ACKED, in the order of its rules.
std::span<const std::string_view> anomaly_codes();

/// Events besides the probes of the broker that a trigger can wait for.
std::span<const std::string_view> world_events();

/// Notes of the judge that count as probes in `sometimes`.
std::span<const std::string_view> judge_notes();

}  // namespace brokersim
