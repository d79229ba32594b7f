// Which sources and which compiler made this executable.
#pragma once

#include <string>

namespace brokersim {

/// source: hash over the sources of everything that runs inside a run; runs of one source must be
/// equal, whatever the compiler. commit: empty without git. dirty: the tree differs from it.
struct SourceId {
    std::string source;
    std::string commit;
    bool dirty = false;
    std::string build;
};
const SourceId& source_id();

}  // namespace brokersim
