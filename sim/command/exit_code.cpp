// The order of urgency among exit codes.
#include "sim/command/exit_code.h"

#include <array>

namespace brokersim {

ExitCode worse(ExitCode a, ExitCode b) {
    constexpr std::array order = {ExitCode::interrupted,  ExitCode::terminated,
                                  ExitCode::internal,     ExitCode::nondeterminism,
                                  ExitCode::finding,      ExitCode::environment,
                                  ExitCode::incomplete,   ExitCode::unsupported,
                                  ExitCode::inconclusive, ExitCode::nothing_ran};
    for (ExitCode const code : order) {
        if (a == code || b == code) {
            return code;
        }
    }
    return ExitCode::ok;
}

}  // namespace brokersim
