// Facts: what a step changed inside a node, as data, for whoever watches it. The node never reads
// them; a simulator checks them against its own disks, a daemon may count them.
#pragma once

#include "broker_core/base/ids.h"
#include "broker_core/broker/fate.h"

#include <cstdint>

namespace broker {

enum class FactKind : std::uint8_t {
    became_leader,   // term
    stepped_down,    // term
    accepted,        // a client batch passed every check and is about to be appended, once
    truncated,       // index: the first entry removed
    appended,        // index..last: entries that joined the log in memory
    committed,       // index: the commit index rose to it
    serving,         // the replica's log is recovered and durable; index: its last entry
    installed,       // a snapshot replaced the log; index: the entry it stands for
    compacted,       // entries up to index gave way to a snapshot
    log_start,       // an entry that raised the start of the records was applied
    admin_accepted,  // what an administrator asked for was begun
    admin_refused,   // or was not
    fate,            // what became of one attempt to produce, told before it is answered
};

struct Fact {
    FactKind kind;
    PartitionId partition;
    Term term;
    LogIndex index;
    LogIndex last;
    Offset offset;             // log_start: where the records begin now
    std::uint64_t number = 0;  // admin_*: of the request; accepted, fate: of the attempt
    Fate fate = Fate::unknown;
};

}  // namespace broker
