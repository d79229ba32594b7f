// A message that still waits for the log, encoded for sending.
// expect: Sealed
#include "broker_core/base/sealed.h"
#include "broker_core/raft/message.h"

void send(broker::Bytes& datagram, const broker::raft::Log& log,
          const broker::raft::Message& message,
          const broker::Sealed<broker::raft::Message>& sealed) {
#ifdef OFFENDING
    broker::raft::encode(datagram, sealed, log);
#else
    broker::raft::encode(datagram, message, log);
#endif
    (void)message;
    (void)sealed;
}
