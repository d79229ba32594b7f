// Event: every way in which the world can enter a node.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/env/disk.h"

#include <variant>

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

using Event = std::variant<DatagramReceived, RequestReceived, ConnectionClosed, DeadlineReached,
                           StopRequested, DiskDone>;

}  // namespace broker
