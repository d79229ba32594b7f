// The names of an idempotent producer's batches, and what a naive one does to them.
#include "broker_core/partition/record_batch.h"
#include "sim/client/producer.h"

#include <limits>

namespace brokersim {

namespace partition_ns = broker::partition;
using broker::ProducerEpoch;
using broker::ProducerId;
using broker::Sequence;

void Producer::name_batch(Partition& state, Batch& batch) const {
    auto const count = static_cast<std::int32_t>(batch.sequences.size());
    batch.epoch = state.epoch;
    batch.base_sequence = state.next_sequence;
    batch.unwrapped = state.next_unwrapped;
    state.next_sequence =
        partition_ns::sequence_after(Sequence{state.next_sequence}, count).value();
    state.next_unwrapped += count;
}

void Producer::encode_batch(Batch& batch) {
    partition_ns::BatchProducer identity;
    if (producer_.idempotent) {
        identity = partition_ns::BatchProducer{ProducerId{batch.pid}, ProducerEpoch{batch.epoch},
                                               Sequence{batch.base_sequence}};
    }
    batch.records.clear();
    partition_ns::RecordBatchBuilder builder{batch.records, identity};
    broker::Bytes value;
    for (std::uint32_t const sequence : batch.sequences) {
        value.clear();
        append_payload(value, MessageIdentity{recorder_.run_id(), number_, sequence},
                       payload_sizes_[sequence], producer_.payload_content);
        partition_ns::Record record;
        record.value = broker::ByteSpan{value};
        record.timestamp_ms = batch.timestamp_ms;
        builder.add(record);
    }
    builder.finish();
    batch.crc = partition_ns::RecordBatchView{batch.records}.crc();
}

void Producer::on_unknown_fate(std::uint32_t partition, Batch& batch) {
    batch.maybe_appended = true;
    batch.maybe_under_name = true;
    retry(batch);
    if (producer_.flavour == ProducerFlavour::naive_bump && producer_.idempotent) {
        bump_epoch(partition);
    }
}

void Producer::bump_epoch(std::uint32_t partition) {
    Partition& state = partitions_[partition];
    if (state.epoch == std::numeric_limits<std::int16_t>::max()) {
        return;  // no higher one: from here on it behaves like any other
    }
    ++state.epoch;
    // A new epoch begins at sequence 0, whatever the first one began at.
    state.next_sequence = 0;
    state.next_unwrapped = 0;
    for (Batch& batch : state.batches) {
        if (batch.state == BatchState::in_flight) {
            // Nobody waits for the answer to the old name any more.
            batch.maybe_appended = true;
            batch.maybe_under_name = true;
            retry(batch);
        }
        ++next_cookie_;
        batch.cookie = next_cookie_;
        if (batch.maybe_under_name) {
            ++batch.names_maybe_stored;
            batch.maybe_under_name = false;
        }
        name_batch(state, batch);
        encode_batch(batch);
    }
}

}  // namespace brokersim
