// The identities and positions of the broker, each a type of its own.
#pragma once

#include "broker_core/base/number.h"

#include <compare>
#include <cstdint>

namespace broker {

/// Kafka offset of one record or control entry in a partition; 0-based, contiguous.
using Offset = Number<struct OffsetTag, std::int64_t>;
/// Raft log position; the first entry has index 1, 0 means "before the first".
using LogIndex = Number<struct LogIndexTag, std::uint64_t>;
/// Raft term, and the leader epoch that Kafka clients see.
using Term = Number<struct TermTag, std::uint64_t>;
/// Byte position in the write-ahead log of one partition, counted over all its segments.
using WalPosition = Number<struct WalPositionTag, std::uint64_t>;
/// Number of a segment of one partition's write-ahead log; never used twice.
using SegmentId = Number<struct SegmentIdTag, std::uint64_t>;
/// Rises with every truncation of a log, so that completions of older writes can be told apart.
using Generation = Number<struct GenerationTag, std::uint64_t>;

/// Broker, from 1. 0 names nobody.
using BrokerId = Number<struct BrokerIdTag, std::uint32_t>;
/// Dense index over the partitions of all topics of a cluster, from 0.
using PartitionId = Number<struct PartitionIdTag, std::uint32_t>;
/// One life of a node object, from 1; a crash ends it.
using Incarnation = Number<struct IncarnationTag, std::uint32_t>;
/// Identity of a cluster; a disk or segment of another one is refused.
using ClusterId = Number<struct ClusterIdTag, std::uint64_t>;
/// Identity of one disk. Voter identity is (broker id, disk uuid), as in KIP-853.
using DiskUuid = Number<struct DiskUuidTag, std::uint64_t>;

/// A broker on one disk takes part in a partition; with another disk it is somebody else, who
/// promised nothing (KIP-853, KIP-903).
struct Member {
    BrokerId id;
    DiskUuid disk;

    friend auto operator<=>(const Member&, const Member&) = default;
};

/// Idempotent producer (KIP-98); -1 means none.
using ProducerId = Number<struct ProducerIdTag, std::int64_t>;
using ProducerEpoch = Number<struct ProducerEpochTag, std::int16_t>;
/// Sequence number of a record of one producer and partition; wraps to 0 after 2^31 - 1.
using Sequence = Number<struct SequenceTag, std::int32_t>;

/// One operation submitted to the environment; its completion carries the same id.
using OpId = Number<struct OpIdTag, std::uint64_t>;
/// Open file of one node incarnation; follows the file through a rename.
using FileHandle = Number<struct FileHandleTag, std::uint32_t>;
/// Client connection to one node incarnation; never used twice in a run.
using ConnectionId = Number<struct ConnectionIdTag, std::uint64_t>;

}  // namespace broker
