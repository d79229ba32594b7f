// What an administrator asks of a partition's leader: hand-over, members, deletion of records. Or,
// where no leader can be, of who is left.
#include "broker_core/broker/node.h"

namespace broker {

void Node::on_admin(Time now, const AdminRequested& request) {
    bool const known = request.partition.value() < replicas_.size();
    const auto* const forced = std::get_if<ForceMembers>(&request.what);
    Replica* replica = nullptr;
    if (known) {
        replica = forced == nullptr ? leading(request.partition)
                                    : replicas_[request.partition.value()].get();
    }
    Result<void> begun = fail(ErrorCode::not_leader, "node: administration");
    if (replica != nullptr && state_ == NodeState::running) {
        touch(request.partition);
        if (forced != nullptr) {
            begun = replica->force_members(now, *forced);
        } else if (const auto* transfer = std::get_if<TransferLeadership>(&request.what)) {
            begun = replica->transfer_leadership(now, transfer->to);
        } else if (const auto* change = std::get_if<ChangeMembers>(&request.what)) {
            begun = replica->change_members(now, *change);
        } else {
            begun = replica->delete_records(now, std::get<DeleteRecords>(request.what).before);
        }
    }
    Fact fact{begun ? FactKind::admin_accepted : FactKind::admin_refused, request.partition, Term{},
              LogIndex{}, LogIndex{}};
    fact.number = request.number;
    facts_.push_back(fact);
}

}  // namespace broker
