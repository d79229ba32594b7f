// Targets and topologies as text: who a fault strikes, by number or by role.
#pragma once

#include "faults/fault.h"
#include "scenarios/object_reader.h"
#include "scenarios/scenario.h"

#include <optional>
#include <string_view>

namespace brokersim {

/// Reads the target that `value` names. Partitions are looked up in `topics` (SCN203).
/// Reports to `findings` and returns nullopt if it names nobody.
std::optional<Target> read_target(Findings& findings, const JsonValue& value,
                                  const std::string& pointer, const std::vector<TopicSpec>& topics);

/// The dense id of "topic/number". Reports SCN203 and returns nullopt if there is none.
std::optional<std::uint32_t> read_partition(Findings& findings, const JsonValue& value,
                                            const std::string& pointer,
                                            const std::vector<TopicSpec>& topics);

std::optional<Shape> shape_named(std::string_view name);
std::string_view name_of(Shape shape);

/// Reads groups of targets, such as [["leader(orders/0)", "clients"], ["rest"]].
std::vector<std::vector<Target>> read_groups(Findings& findings, const JsonValue& value,
                                             const std::string& pointer,
                                             const std::vector<TopicSpec>& topics);

}  // namespace brokersim
