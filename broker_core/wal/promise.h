// What waits in the log for its sync: a sealed reply, and the stored state it depends on.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"

#include <cstdint>

namespace broker::wal {

/// One part of a client's produce request, which answers with one response for all its parts.
struct ProducePart {
    ConnectionId connection;  // 0: nobody waits for an answer
    std::uint64_t slot = 0;   // place among the connection's responses
    std::uint32_t part = 0;   // place among the request's partitions
    // Bytes to release when this part ends, where no response slot keeps them (acks=0).
    std::uint32_t silent_bytes = 0;
};

/// A composed reply: a datagram for a peer, or the success of one produce part.
struct Reply {
    BrokerId peer;  // 0: for a client
    Bytes datagram;
    ProducePart part;
    Offset base_offset;     // of the acknowledged batch
    bool acks_all = false;  // of the acknowledged batch: else acks=1
};

/// How far a frame must have come before a reply that depends on it may leave.
enum class Level : std::uint8_t {
    written,  // its write completed: survives the process
    stored,   // what the durability mode asks for: written, or synced (Durability)
    synced,   // a sync submitted after the write completed: survives power loss
};

/// A promise opens when all of its requirements hold.
struct Requirement {
    LogIndex index;                       // entries up to here; 0: none
    Level level = Level::stored;          // of those entries
    std::uint64_t hard_state_number = 0;  // as HardStateFile::store returned it; 0: none
    bool ends_with_term = false;          // means nothing any more once a new term is stored
};

}  // namespace broker::wal
