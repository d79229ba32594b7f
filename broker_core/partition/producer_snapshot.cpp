// The producer table in a snapshot: its bytes, and a decoder that believes none of them.
//
//   table    := int64 log time, ms; int32 producer count; producer*     ordered by id
//   producer := int64 id; int16 epoch; int64 last use, ms; int8 batch count, 1 to 5; batch*
//   batch    := int32 first sequence, int32 last sequence, int64 first offset, int64 last offset,
//               int64 timestamp, ms                                     oldest first
//
// Big-endian, as the batches beside it. Example: an empty table at log time 1 is
// 00 00 00 00 00 00 00 01 00 00 00 00.
#include "broker_core/base/check.h"
#include "broker_core/partition/producer_state.h"

#include <algorithm>

namespace broker::partition {

namespace {

void encode_batch_of(Bytes& target, const ProducerBatch& batch) {
    append_be(target, batch.first_sequence.value());
    append_be(target, batch.last_sequence.value());
    append_be(target, batch.first_offset.value());
    append_be(target, batch.last_offset.value());
    append_be(target, batch.timestamp_ms);
}

ProducerBatch decode_batch_of(ByteReader& reader) {
    ProducerBatch batch;
    batch.first_sequence = Sequence{reader.be<std::int32_t>()};
    batch.last_sequence = Sequence{reader.be<std::int32_t>()};
    batch.first_offset = Offset{reader.be<std::int64_t>()};
    batch.last_offset = Offset{reader.be<std::int64_t>()};
    batch.timestamp_ms = reader.be<std::int64_t>();
    return batch;
}

/// What every remembered batch of a log below `end` obeys.
bool plausible(const ProducerBatch& batch, Offset end) {
    return batch.first_sequence >= Sequence{0} && batch.last_sequence >= Sequence{0} &&
           batch.first_offset >= Offset{0} && batch.first_offset <= batch.last_offset &&
           batch.last_offset < end;
}

/// Reads one producer's entry; nothing if it is malformed.
std::optional<ProducerEntry> decode_entry(ByteReader& reader, Offset end) {
    ProducerEpoch const epoch{reader.be<std::int16_t>()};
    auto const last_use_ms = reader.be<std::int64_t>();
    auto const batches_count = reader.be<std::uint8_t>();
    if (batches_count < 1 || batches_count > producer_window || epoch < ProducerEpoch{0}) {
        return std::nullopt;
    }
    std::optional<ProducerEntry> entry;
    for (std::uint8_t i = 0; i < batches_count; ++i) {
        ProducerBatch const batch = decode_batch_of(reader);
        bool const in_order = !entry || entry->last().last_offset < batch.first_offset;
        if (!reader.ok() || !plausible(batch, end) || !in_order) {
            return std::nullopt;
        }
        if (entry) {
            entry->push(batch, last_use_ms);
        } else {
            entry.emplace(epoch, batch, last_use_ms);
        }
    }
    return entry;
}

}  // namespace

void ProducerState::encode(Bytes& target) const {
    CHECK(producers_.size() <= std::size_t{INT32_MAX});
    append_be(target, log_time_ms_);
    append_be(target, static_cast<std::int32_t>(producers_.size()));
    for (const auto& [id, entry] : producers_) {
        append_be(target, id.value());
        append_be(target, entry.epoch().value());
        append_be(target, entry.last_use_ms());
        append_be(target, static_cast<std::uint8_t>(entry.batches().size()));
        for (const ProducerBatch& batch : entry.batches()) {
            encode_batch_of(target, batch);
        }
    }
}

Result<ProducerState> ProducerState::decode(ByteSpan bytes, Offset offset,
                                            ProducerStateOptions options) {
    auto const corrupt = fail(ErrorCode::corrupt, "partition: producer snapshot");
    ProducerState state{options};
    ByteReader reader{bytes};
    state.log_time_ms_ = reader.be<std::int64_t>();
    auto const count = reader.be<std::int32_t>();
    if (count < 0 || state.log_time_ms_ < 0) {
        return corrupt;
    }
    ProducerId previous{-1};
    for (std::int32_t i = 0; i < count; ++i) {
        ProducerId const id{reader.be<std::int64_t>()};
        std::optional<ProducerEntry> const entry = decode_entry(reader, offset);
        // Ascending ids make the bytes of a table unique, and rule out one id twice.
        bool const used_before =
            entry && entry->last_use_ms() >= 0 && entry->last_use_ms() <= state.log_time_ms_;
        if (!reader.ok() || !used_before || id <= previous) {
            return corrupt;
        }
        state.producers_.emplace_hint(state.producers_.end(), id, *entry);
        state.oldest_use_bound_ms_ = std::min(state.oldest_use_bound_ms_, entry->last_use_ms());
        previous = id;
    }
    if (!reader.ok() || reader.remaining() != 0) {
        return corrupt;
    }
    state.next_offset_ = offset;
    state.stable_ = offset;
    return state;
}

}  // namespace broker::partition
