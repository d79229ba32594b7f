// What the entries of a partition make besides the records themselves: where the records begin,
// where the next one goes, and the idempotent producers. A snapshot is this, at one entry.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/result.h"
#include "broker_core/base/tuning.h"
#include "broker_core/partition/producer_state.h"

namespace broker {

struct PartitionState {
    Offset log_start;  // the first record that may be read
    Offset next;       // of the next entry
    partition::ProducerState producers;
};

/// The rules of the producer table by the broker's configuration.
partition::ProducerStateOptions producer_options(const BrokerTuning& tuning);

/// {log start i64, next offset i64, producer table}, big endian; the checksum is the snapshot's.
Bytes encode_partition_state(const PartitionState& state);
/// Errors: corrupt. Empty bytes are the state before the first entry.
Result<PartitionState> decode_partition_state(ByteSpan bytes,
                                              const partition::ProducerStateOptions& options);

/// The payload of the control entry that moves the start of the records: {kind u8, offset i64 big
/// endian}.
Bytes encode_log_start(Offset log_start);
/// Errors: corrupt.
Result<Offset> decode_log_start(ByteSpan payload);

}  // namespace broker
