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
};

std::span<const PropertyRow> property_table();

/// The ids that `name` stands for: of a property, of a group (`safety`, `liveness`), or the id
/// itself. Empty: no such property.
std::vector<std::string_view> ids_of_property(std::string_view name);

/// Codes of the judge, such as LOST_ACKED, in the order of its rules.
std::span<const std::string_view> anomaly_codes();

/// Events besides the probes of the broker that a trigger can wait for.
std::span<const std::string_view> world_events();

/// Notes of the judge that count as probes in `sometimes`.
std::span<const std::string_view> judge_notes();

}  // namespace brokersim
