// CheckTripped: how a failed CHECK of the broker leaves the node object it happened in.
#pragma once

#include "broker_core/base/check.h"

#include <exception>

namespace brokersim {

/// Thrown by the handler that a run installs: the node's process is gone, the run goes on. One that
/// is thrown outside of a node's step is the harness's own fault and ends the program.
struct CheckTripped final : std::exception {
    explicit CheckTripped(const broker::CheckFailure& check_failure) : failure{check_failure} {}
    [[nodiscard]] const char* what() const noexcept override { return failure.condition; }

    broker::CheckFailure failure;
};

}  // namespace brokersim
