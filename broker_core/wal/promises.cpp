// What waits in the log, and when it may leave.
#include "broker_core/base/check.h"
#include "broker_core/wal/wal.h"

namespace broker::wal {

bool Wal::met(const Requirement& requirement) const {
    LogIndex reached = stored();
    if (requirement.level == Level::written) {
        reached = written_;
    } else if (requirement.level == Level::synced) {
        reached = flushed_;
    }
    return requirement.index <= reached &&
           requirement.hard_state_number <= hard_state_.durable_number();
}

void Wal::promise(const Requirement& requirement, Sealed<Reply> reply) {
    if (failed_) {
        return;
    }
    if (met(requirement)) {
        output_.opened.push_back(std::move(reply).open());
        return;
    }
    if (requirement.level == Level::synced && requirement.index > flushed_) {
        ask_for_sync();
    }
    pending_.push_back(Pending{requirement, std::move(reply)});
}

void Wal::open_promises() {
    promises_may_open_ = false;
    if (pending_.empty()) {
        return;
    }
    std::erase_if(pending_, [this](Pending& pending) {
        if (!met(pending.requirement)) {
            return false;
        }
        output_.opened.push_back(std::move(pending.reply).open());
        return true;
    });
}

void Wal::take(Output& into) {
    CHECK(into.opened.empty());
    CHECK(into.dropped.empty());
    std::swap(into, output_);
}

}  // namespace broker::wal
