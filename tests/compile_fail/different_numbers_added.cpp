// Two numbers of different kinds added.
// expect: operator+
#include "broker_core/base/ids.h"

broker::WalPosition add(broker::WalPosition position, broker::SegmentId segment) {
#ifdef OFFENDING
    return position + segment;
#else
    return position + segment.value();
#endif
}
