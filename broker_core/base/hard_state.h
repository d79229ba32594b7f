// HardState: what a Raft node must never forget besides its log.
#pragma once

#include "broker_core/base/ids.h"

namespace broker {

/// Raft paper, figure 2: currentTerm and votedFor. `vote` 0: nobody yet in this term.
struct HardState {
    Term term;
    BrokerId vote;

    friend bool operator==(const HardState&, const HardState&) = default;
};

}  // namespace broker
