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
        case FaultKind::all_down:
        case FaultKind::start_order:
            return make_all_down(kind);
        case FaultKind::rolling_restart:
            return make_rolling_restart();
        case FaultKind::crash_loop:
            return make_crash_loop();
        case FaultKind::suspend:
            return make_suspend();
        case FaultKind::slow_cpu:
            return make_slow_cpu();
        case FaultKind::late_timer:
            return make_late_timer();
        case FaultKind::clock_skew:
        case FaultKind::clock_drift:
        case FaultKind::clock_forward:
        case FaultKind::clock_back:
        case FaultKind::clock_freeze:
        case FaultKind::monotonic_drift:
            return make_wrong_clock();
        case FaultKind::pause:
            return make_pause();
        case FaultKind::partition:
            return make_partition();
        case FaultKind::drop:
        case FaultKind::duplicate:
        case FaultKind::reorder:
        case FaultKind::delay:
        case FaultKind::clog:
        case FaultKind::slow_link:
        case FaultKind::bandwidth:
        case FaultKind::refuse:
            return make_message_fault(kind);
        case FaultKind::flap:
            return make_flap();
        case FaultKind::client_partition:
            return make_client_partition();
        case FaultKind::half_open:
            return make_half_open();
        case FaultKind::reset:
            return make_reset();
        case FaultKind::disk_stall:
            return make_disk_stall();
        case FaultKind::slow_disk:
            return make_slow_disk();
        case FaultKind::transfer_leader:
        case FaultKind::add_voter:
        case FaultKind::remove_voter:
        case FaultKind::add_learner:
        case FaultKind::promote:
        case FaultKind::replace_voter:
        case FaultKind::joint_change:
        case FaultKind::delete_records:
            return make_administration();
        case FaultKind::force_reconfigure:
            return make_forced_reconfiguration();
        case FaultKind::sync_error:
        case FaultKind::write_error:
        case FaultKind::read_error:
        case FaultKind::short_write:
        case FaultKind::short_read:
        case FaultKind::disk_full:
            return make_disk_error(kind);
        case FaultKind::bit_rot:
        case FaultKind::sector_error:
        case FaultKind::misdirected_write:
        case FaultKind::lost_write:
        case FaultKind::stale_read:
        case FaultKind::read_flip:
        case FaultKind::misdirected_read:
        case FaultKind::lost_fsync:
        case FaultKind::stale_image:
        case FaultKind::wipe:
            return make_damage(kind);
        case FaultKind::heal:
            break;
    }
    CHECK(kind != FaultKind::heal);
    return nullptr;
}

}  // namespace brokersim
