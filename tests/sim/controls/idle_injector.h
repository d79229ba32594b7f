// An injector that does nothing: the defect that the account of effects exists for.
#pragma once

#include "faults/fault.h"

#include <optional>

namespace brokersim {

/// While one is alive, every fault of this kind is chosen, resolved, begun and ended, and does
/// nothing to the world. The executable is linked with --wrap of make_fault (CMakeLists.txt), so
/// nothing in the simulator knows of it.
class IdleInjector {
public:
    explicit IdleInjector(FaultKind kind) { idle = kind; }
    IdleInjector(const IdleInjector&) = delete;
    IdleInjector& operator=(const IdleInjector&) = delete;
    ~IdleInjector() { idle.reset(); }

    static inline std::optional<FaultKind> idle;
};

}  // namespace brokersim
