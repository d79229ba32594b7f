// Encodings of a partition's state and of the entry that moves its start.
#include "broker_core/broker/partition_state.h"

#include "broker_core/raft/configuration.h"

namespace broker {

partition::ProducerStateOptions producer_options(const BrokerTuning& tuning) {
    return {tuning.strict_unknown_producer ? partition::UnknownProducer::strict
                                           : partition::UnknownProducer::permissive,
            tuning.producer_expiry};
}

Bytes encode_partition_state(const PartitionState& state) {
    Bytes bytes;
    append_be(bytes, state.log_start.value());
    append_be(bytes, state.next.value());
    state.producers.encode(bytes);
    return bytes;
}

Result<PartitionState> decode_partition_state(ByteSpan bytes,
                                              const partition::ProducerStateOptions& options) {
    if (bytes.empty()) {
        return PartitionState{Offset{}, Offset{}, partition::ProducerState{options}};
    }
    ByteReader reader{bytes};
    PartitionState state;
    state.log_start = Offset{reader.be<std::int64_t>()};
    state.next = Offset{reader.be<std::int64_t>()};
    if (!reader.ok() || state.log_start < Offset{} || state.next < state.log_start) {
        return fail(ErrorCode::corrupt, "partition: state");
    }
    Result<partition::ProducerState> producers =
        partition::ProducerState::decode(reader.bytes(reader.remaining()), state.next, options);
    if (!producers) {
        return tl::unexpected{producers.error()};
    }
    state.producers = std::move(*producers);
    return state;
}

Bytes encode_log_start(Offset log_start) {
    Bytes bytes;
    bytes.reserve(9);
    append_be(bytes, static_cast<std::uint8_t>(raft::ControlKind::log_start));
    append_be(bytes, log_start.value());
    return bytes;
}

Result<Offset> decode_log_start(ByteSpan payload) {
    ByteReader reader{payload};
    auto const kind = reader.be<std::uint8_t>();
    Offset const log_start{reader.be<std::int64_t>()};
    if (!reader.ok() || reader.remaining() != 0 || log_start < Offset{} ||
        kind != static_cast<std::uint8_t>(raft::ControlKind::log_start)) {
        return fail(ErrorCode::corrupt, "partition: log start");
    }
    return log_start;
}

}  // namespace broker
