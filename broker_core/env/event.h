// Event: every way in which the world can enter a node.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/env/disk.h"

#include <cstdint>
#include <variant>
#include <vector>

namespace broker {

/// A datagram of a peer arrived. The bytes live until the step returns.
struct DatagramReceived {
    BrokerId from;
    ByteSpan bytes;
};

/// One whole request frame of a client arrived, without its length prefix; a connection comes to
/// exist with its first frame. The bytes live until the step returns.
struct RequestReceived {
    ConnectionId connection;
    ByteSpan frame;
};

/// The client closed, or the connection broke: nothing sent on it arrives any more.
struct ConnectionClosed {
    ConnectionId connection;
};

/// The deadline that the node asked for has come, or has passed.
struct DeadlineReached {};

/// SIGTERM: stop gracefully. A second one ends the process as a crash would.
struct StopRequested {};

/// Hand the leadership of a partition to another broker.
struct TransferLeadership {
    BrokerId to;
};
/// Change who votes and who only learns; ascending, each broker once.
struct ChangeMembers {
    std::vector<Member> voters;
    std::vector<Member> learners;
};
/// Records before `before` may go; -1: all that are committed (KIP-107).
struct DeleteRecords {
    Offset before;
};
/// Some of the voters go on without the others, who are gone for ever. Asked of each of those that
/// are left, since there is no leader to ask (unclean election of KIP-966). Ascending.
struct ForceMembers {
    std::vector<Member> voters;
};
/// An administrator asks the leader of a partition; whoever is not refuses. The outcome is a fact
/// with the same number; what was accepted can still be lost with the leadership.
struct AdminRequested {
    std::uint64_t number = 0;
    PartitionId partition;
    std::variant<TransferLeadership, ChangeMembers, DeleteRecords, ForceMembers> what;
};

using Event = std::variant<DatagramReceived, RequestReceived, ConnectionClosed, DeadlineReached,
                           StopRequested, DiskDone, AdminRequested>;

}  // namespace broker
