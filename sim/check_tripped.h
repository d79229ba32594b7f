// CheckTripped: how a failed CHECK of the broker leaves the node object it happened in.
#pragma once

#include "broker_core/base/check.h"

namespace brokersim {

/// Thrown by the handler that a run installs: the node's process is gone, the run goes on.
struct CheckTripped {
    broker::CheckFailure failure;
};

}  // namespace brokersim
