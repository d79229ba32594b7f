// The parts of the resolved form that concern faults.
#pragma once

#include "scenarios/object_writer.h"
#include "scenarios/scenario.h"

#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// A field as its distribution, if it is drawn, else as `value`.
void write_field(ObjectWriter& object, std::string_view key, ElementField field, std::int64_t value,
                 const std::vector<DrawnField>& drawn);
/// The object of `when`.
std::string write_when(const Trigger& trigger, const std::vector<DrawnField>& drawn);
/// The object of `faults`.
std::string write_faults(const FaultSpec& faults);

}  // namespace brokersim
