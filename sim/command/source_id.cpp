// The identity that the build wrote down.
#include "sim/command/source_id.h"

#include "source_id.inc"

namespace brokersim {

const SourceId& source_id() {
    static const SourceId id{BROKERSIM_SOURCE, BROKERSIM_COMMIT, BROKERSIM_DIRTY,
#if defined(__clang__)
                             std::string{"clang "} + __clang_version__};
#else
                             std::string{"g++ "} + __VERSION__};
#endif
    return id;
}

}  // namespace brokersim
