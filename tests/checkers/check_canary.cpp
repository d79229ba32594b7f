// A CHECK that does not hold, in a program of its own: exit 0 if it tripped, 1 if it went unseen.
#include "broker_core/base/check.h"

#include <cstdlib>

namespace {

[[noreturn]] void on_trip(const broker::CheckFailure& failure) {
    // Nothing to tell where the failure comes from would be half an assertion.
    std::exit(failure.line > 0 && failure.condition[0] != '\0' ? 0 : 1);
}

}  // namespace

int main([[maybe_unused]] int argc, char** /*argv*/) {
    broker::set_check_handler(on_trip);
    CHECK(argc < 0);
    return 1;
}
