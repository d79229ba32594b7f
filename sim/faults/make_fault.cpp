// From the name of a kind to what it does.
#include "broker_core/base/check.h"
#include "sim/faults/active_fault.h"

namespace brokersim {

std::unique_ptr<ActiveFault> make_fault(FaultKind kind) {
    switch (kind) {
        case FaultKind::crash:
            return make_crash();
        case FaultKind::shutdown:
            return make_shutdown();
        case FaultKind::restart:
            return make_restart();
        case FaultKind::pause:
            return make_pause();
        case FaultKind::partition:
            return make_partition();
        case FaultKind::drop:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::delay:
            return make_message_fault(kind);
        case FaultKind::reset:
            return make_reset();
        case FaultKind::disk_stall:
            return make_disk_stall();
        case FaultKind::slow_disk:
            return make_slow_disk();
        case FaultKind::sync_error:
        case FaultKind::write_error:
        case FaultKind::read_error:
        case FaultKind::disk_full:
            return make_disk_error(kind);
        case FaultKind::heal:
            break;
    }
    CHECK(kind != FaultKind::heal);
    return nullptr;
}

}  // namespace brokersim
