// Ctrl-C and SIGTERM: asked for once, the work ends in good order; twice, the process ends.
#pragma once

#include "sim/command/exit_code.h"

namespace brokersim {

/// While it lives, the first SIGINT or SIGTERM is noted and the second one kills. One at a time.
class StopSignal {
public:
    StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;
    ~StopSignal();

    [[nodiscard]] bool asked() const;
    /// 130 or 143.
    [[nodiscard]] ExitCode exit_code() const;
};

}  // namespace brokersim
