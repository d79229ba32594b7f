// A Kafka offset compared with a Raft log index.
// expect: operator<
#include "broker_core/base/ids.h"

bool before(broker::Offset offset, broker::LogIndex index) {
#ifdef OFFENDING
    return offset < index;
#else
    return offset < broker::Offset{1} && index < broker::LogIndex{1};
#endif
}
