// The one handler that a failed CHECK goes to.
#include "broker_core/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace broker {
namespace {

// Process-wide on purpose: a CHECK deep in a leaf has no other way to its host, and the core is
// single-threaded.
CheckHandler installed_handler = nullptr;

}  // namespace

CheckHandler set_check_handler(CheckHandler handler) {
    CheckHandler const former = installed_handler;
    installed_handler = handler;
    return former;
}

void check_failed(const CheckFailure& failure) {
    if (installed_handler != nullptr) {
        installed_handler(failure);
    }
    std::fprintf(stderr, "%s:%d: CHECK failed in %s: %s\n", failure.file, failure.line,
                 failure.function, failure.condition);
    std::abort();
}

}  // namespace broker
