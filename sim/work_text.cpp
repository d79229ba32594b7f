// Words for kinds of work.
#include "sim/work_text.h"

#include <fmt/core.h>

namespace brokersim {

std::string work_text(std::uint8_t kind, std::uint32_t target) {
    switch (static_cast<WorkKind>(kind)) {
        case WorkKind::node_start:
            return fmt::format("n{} is started", target + 1);
        case WorkKind::node_timer:
            return fmt::format("timer of n{}", target + 1);
        case WorkKind::disk_done:
            return fmt::format("disk operation of n{} completes", target + 1);
        case WorkKind::datagram:
            return fmt::format("datagram reaches n{}", target + 1);
        case WorkKind::request:
            return fmt::format("request on connection {}", target);
        case WorkKind::response:
            return fmt::format("response on connection {}", target);
        case WorkKind::connected:
            return fmt::format("connection {} stands", target);
        case WorkKind::refused:
            return fmt::format("connection {} refused", target);
        case WorkKind::closed_client:
            return fmt::format("client learns that connection {} broke", target);
        case WorkKind::closed_node:
            return fmt::format("broker learns that connection {} broke", target);
        case WorkKind::unread:
            return fmt::format("connection {} is read again", target);
        case WorkKind::client_timer:
            return fmt::format("timer of client {}", target);
        case WorkKind::backlog:
            return fmt::format("n{} is free for the next event in line", target + 1);
        case WorkKind::resume:
            return fmt::format("pause of n{} is over", target + 1);
        case WorkKind::fault_fire:
            return fmt::format("element {} of the plan is due", target);
        case WorkKind::fault_end:
            return fmt::format("element {} of the plan ends", target);
        case WorkKind::phase:
            return target == 0   ? "phase"
                   : target == 1 ? "step of the workload begins"
                                 : "a message is produced";
    }
    return fmt::format("event of an unknown kind ({})", kind);
}

}  // namespace brokersim
