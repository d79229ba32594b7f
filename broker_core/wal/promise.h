// What waits in the log for its sync: a sealed reply, and the stored state it depends on.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"

#include <cstdint>

namespace broker::wal {

/// A composed reply and whom it is for: a peer, or one response slot of a client connection.
struct Reply {
    BrokerId peer;            // 0: for a client
    ConnectionId connection;  // of a client
    std::uint64_t slot = 0;   // place among the connection's responses
    std::uint8_t acks = 0;    // of a produce success: 1, or 2 for "all"; else 0
    Bytes bytes;
};

/// How far a frame must have come before a reply that depends on it may leave.
enum class Level : std::uint8_t {
    written,  // its write completed: survives the process
    synced,   // a sync submitted after that completed: survives power loss
};

/// A promise opens when all of its requirements hold.
struct Requirement {
    LogIndex index;                       // entries up to here; 0: none
    Level level = Level::synced;          // of those entries
    std::uint64_t hard_state_number = 0;  // as HardStateFile::store returned it; 0: none
};

/// A promise that can never open: the entries it depends on were cut, or its term is over.
struct Dropped {
    ConnectionId connection;  // 0: it was for a peer, and nothing is owed
    std::uint64_t slot = 0;
};

}  // namespace broker::wal
