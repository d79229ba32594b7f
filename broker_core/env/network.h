// Network: how a node reaches its peers and answers its clients.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"

#include <cstdint>

namespace broker {

/// Peers are reached by datagrams, which may be lost, doubled, delayed and reordered. Clients are
/// answered on ordered connections, which lose nothing until they break; then the fate of what
/// was in flight is unknown. Neither call fails or reports anything.
class Network {
public:
    Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    virtual ~Network() = default;

    virtual void send(BrokerId to, Bytes datagram) = 0;
    /// One whole response frame, length prefix included. Ignored if the connection is gone.
    virtual void respond(ConnectionId connection, Bytes frame) = 0;
    virtual void close(ConnectionId connection) = 0;
    /// no: requests of this connection are not delivered until yes; they wait in the connection,
    /// in order, and the client's close waits behind them. Connections begin with yes.
    enum class Reading : std::uint8_t { no, yes };
    virtual void read(ConnectionId connection, Reading reading) = 0;
};

}  // namespace broker
