// One event of the scheduler in words.
#pragma once

#include "sim/scheduler.h"

#include <cstdint>
#include <string>

namespace brokersim {

/// "datagram to n2", "produce step"; kind: a WorkKind, target: as in Work.
std::string work_text(std::uint8_t kind, std::uint32_t target);

}  // namespace brokersim
