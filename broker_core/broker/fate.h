// Fate: what became of one attempt to produce, as the broker itself knows it. What leaves on the
// wire is an error code, which often tells less and must never tell more.
#pragma once

#include "broker_core/wal/promise.h"

#include <cstdint>

namespace broker {

enum class Fate : std::uint8_t {
    not_appended,  // refused before it reached the log: in no log because of this attempt, ever
    unknown,       // appended, or joined to what was; it may still commit, or be cut
    appended,      // written here, which is all that acks=1 asks for
    committed,     // stored by a quorum: acks=all
};

/// One attempt, told by its place among the answers of its connection (which are as many as its
/// requests that expect one) and among the partitions of its request. 0: nobody waits for it.
constexpr std::uint64_t attempt_number(const wal::ProducePart& part) {
    if (part.connection == ConnectionId{}) {
        return 0;
    }
    return (part.connection.value() << 40U) | (part.slot << 12U) | part.part;
}

}  // namespace broker
