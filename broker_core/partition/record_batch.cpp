// The record batch, format v2: checks, stamping, encoding and walking the records.
#include "broker_core/partition/record_batch.h"

#include "broker_core/base/check.h"
#include "broker_core/base/crc32c.h"
#include "broker_core/partition/varint.h"

#include <algorithm>

namespace broker::partition {

namespace {

using namespace batch_layout;

constexpr std::int8_t magic_v2 = 2;
/// A control record's key: int16 version, int16 type.
constexpr std::size_t control_key_size_bytes = 4;
constexpr std::int16_t first_free_control_type = 2;

std::uint32_t computed_crc(ByteSpan batch) {
    return crc32c(batch.subspan(attributes_at));
}

/// The checks that hold for every batch, wherever it comes from.
BatchResult validate_frame(ByteSpan bytes) {
    if (bytes.size() < batch_header_size_bytes) {
        return tl::unexpected{BatchFault::truncated};
    }
    RecordBatchView const batch{bytes};
    // A negative length becomes huge and is reported as truncated, which it is.
    auto const length = static_cast<std::uint32_t>(batch.length_bytes());
    std::size_t const said = std::size_t{length} + batch_length_overhead_bytes;
    if (said > bytes.size() || said < batch_header_size_bytes) {
        return tl::unexpected{BatchFault::truncated};
    }
    if (said < bytes.size()) {
        return tl::unexpected{BatchFault::trailing_bytes};
    }
    if (batch.magic() != magic_v2) {
        return tl::unexpected{BatchFault::wrong_magic};
    }
    if (batch.crc() != computed_crc(bytes)) {
        return tl::unexpected{BatchFault::wrong_crc};
    }
    bool const counted =
        batch.records_count() >= 1 && batch.last_offset_delta() == batch.records_count() - 1;
    if (!counted) {
        return tl::unexpected{BatchFault::wrong_count};
    }
    return batch;
}

std::size_t blob_size_bytes(const Blob& blob) {
    return blob ? varint_size_bytes(static_cast<std::int64_t>(blob->size())) + blob->size() : 1;
}

std::byte* store_blob(std::byte* target, const Blob& blob) {
    if (!blob) {
        return store_varint(target, -1);
    }
    target = store_varint(target, static_cast<std::int64_t>(blob->size()));
    return std::copy(blob->begin(), blob->end(), target);
}

}  // namespace

Sequence RecordBatchView::last_sequence() const {
    return has_producer() ? sequence_after(base_sequence(), last_offset_delta()) : Sequence{-1};
}

const char* name_of(BatchFault fault) {
    switch (fault) {
        case BatchFault::too_large:
            return "too_large";
        case BatchFault::truncated:
            return "truncated";
        case BatchFault::trailing_bytes:
            return "trailing_bytes";
        case BatchFault::wrong_magic:
            return "wrong_magic";
        case BatchFault::wrong_crc:
            return "wrong_crc";
        case BatchFault::wrong_count:
            return "wrong_count";
        case BatchFault::reserved_bits:
            return "reserved_bits";
        case BatchFault::wrong_producer:
            return "wrong_producer";
        case BatchFault::wrong_position:
            return "wrong_position";
    }
    return "?";
}

BatchResult validate_produced(ByteSpan bytes, std::size_t size_max_bytes) {
    // First, and before the CRC reads everything: an oversized batch must cost nothing.
    if (bytes.size() > size_max_bytes) {
        return tl::unexpected{BatchFault::too_large};
    }
    BatchResult const batch = validate_frame(bytes);
    if (!batch) {
        return batch;
    }
    if ((batch->attributes() & (attribute_control | attribute_transactional)) != 0) {
        return tl::unexpected{BatchFault::reserved_bits};
    }
    // Without this, "no sequence" (-1) would enter the producer table as a sequence number.
    if (batch->has_producer() &&
        (batch->base_sequence() < Sequence{0} || batch->producer_epoch() < ProducerEpoch{0})) {
        return tl::unexpected{BatchFault::wrong_producer};
    }
    return batch;
}

BatchResult validate_served(ByteSpan bytes, BatchPosition expected) {
    BatchResult const batch = validate_frame(bytes);
    if (!batch) {
        return batch;
    }
    // The CRC does not cover these two, so the log's own frame has to vouch for them.
    if (BatchPosition{batch->base_offset(), batch->leader_epoch()} != expected) {
        return tl::unexpected{BatchFault::wrong_position};
    }
    return batch;
}

void stamp(MutableByteSpan batch, BatchPosition position) {
    CHECK(batch.size() >= batch_header_size_bytes);
    CHECK(position.base_offset >= Offset{0});
    CHECK(position.leader_epoch <= Term{INT32_MAX});
    store_be(batch.data() + base_offset_at, position.base_offset.value());
    store_be(batch.data() + leader_epoch_at,
             static_cast<std::uint32_t>(position.leader_epoch.value()));
}

RecordBatchBuilder::RecordBatchBuilder(Bytes& target, const BatchProducer& producer,
                                       std::uint16_t attributes)
    : target_{target}, start_{target.size()} {
    target.resize(start_ + batch_header_size_bytes);
    std::byte* const header = target.data() + start_;
    store_be<std::int32_t>(header + leader_epoch_at, -1);
    store_be(header + magic_at, magic_v2);
    store_be(header + attributes_at, attributes);
    store_be(header + producer_id_at, producer.id.value());
    store_be(header + producer_epoch_at, producer.epoch.value());
    store_be(header + base_sequence_at, producer.base_sequence.value());
}

void RecordBatchBuilder::add(const Record& record) {
    if (records_count_ == 0) {
        base_timestamp_ms_ = record.timestamp_ms;
        max_timestamp_ms_ = record.timestamp_ms;
    }
    max_timestamp_ms_ = std::max(max_timestamp_ms_, record.timestamp_ms);
    std::int64_t const timestamp_delta = record.timestamp_ms - base_timestamp_ms_;

    // attributes and header count take one byte each.
    std::size_t const body_bytes = 2 + varint_size_bytes(timestamp_delta) +
                                   varint_size_bytes(records_count_) + blob_size_bytes(record.key) +
                                   blob_size_bytes(record.value);
    auto const body_length = static_cast<std::int64_t>(body_bytes);
    std::size_t const record_at = target_.size();
    target_.resize(record_at + varint_size_bytes(body_length) + body_bytes);

    std::byte* place = target_.data() + record_at;
    place = store_varint(place, body_length);
    *place++ = std::byte{0};
    place = store_varint(place, timestamp_delta);
    place = store_varint(place, records_count_);
    place = store_blob(place, record.key);
    place = store_blob(place, record.value);
    *place++ = std::byte{0};
    CHECK(place == target_.data() + target_.size());
    ++records_count_;
}

std::size_t RecordBatchBuilder::finish() {
    CHECK(records_count_ >= 1);
    CHECK(size_bytes() <= std::size_t{INT32_MAX});
    std::byte* const header = target_.data() + start_;
    store_be(header + length_at,
             static_cast<std::int32_t>(size_bytes() - batch_length_overhead_bytes));
    store_be(header + last_offset_delta_at, records_count_ - 1);
    store_be(header + base_timestamp_at, base_timestamp_ms_);
    store_be(header + max_timestamp_at, max_timestamp_ms_);
    store_be(header + records_count_at, records_count_);
    store_be(header + crc_at, computed_crc(ByteSpan{target_}.subspan(start_)));
    return size_bytes();
}

std::size_t encode_batch(Bytes& target, const BatchProducer& producer,
                         std::span<const Record> records) {
    RecordBatchBuilder builder{target, producer};
    for (const Record& record : records) {
        builder.add(record);
    }
    return builder.finish();
}

std::size_t encode_control_batch(Bytes& target, BatchPosition position, std::int16_t type,
                                 std::int64_t timestamp_ms) {
    CHECK(type >= first_free_control_type);
    std::byte key[control_key_size_bytes];
    store_be<std::int16_t>(key, 0);
    store_be(key + 2, type);
    RecordBatchBuilder builder{target, BatchProducer{}, attribute_control};
    builder.add(Record{.key = ByteSpan{key}, .value = Blob{}, .timestamp_ms = timestamp_ms});
    std::size_t const size_bytes = builder.finish();
    stamp(MutableByteSpan{target}.last(size_bytes), position);
    return size_bytes;
}

std::optional<std::int16_t> control_type(RecordBatchView batch) {
    Record record;
    RecordReader reader{batch};
    bool const readable = batch.is_control() && reader.next(record) && record.key.has_value() &&
                          record.key->size() >= control_key_size_bytes;
    return readable ? std::optional{load_be<std::int16_t>(record.key->data() + 2)} : std::nullopt;
}

RecordReader::RecordReader(RecordBatchView batch)
    : reader_{batch.records()},
      base_offset_{batch.base_offset()},
      base_timestamp_ms_{batch.base_timestamp_ms()},
      records_count_{batch.records_count()} {
    if (batch.is_compressed()) {
        reader_.fail();
    }
}

Blob RecordReader::read_blob(ByteReader& reader) {
    std::int32_t const length = read_varint(reader);
    if (length == -1) {
        return std::nullopt;
    }
    if (length < 0) {
        reader.fail();
        return std::nullopt;
    }
    return reader.bytes(static_cast<std::size_t>(length));
}

bool RecordReader::next(Record& record) {
    if (index_ >= records_count_) {
        if (reader_.remaining() != 0) {
            reader_.fail();
        }
        return false;
    }
    std::int32_t const length = read_varint(reader_);
    if (length < 0) {
        reader_.fail();
    }
    // Inside its own length a record cannot reach into the next one.
    ByteReader body{reader_.bytes(reader_.ok() ? static_cast<std::size_t>(length) : 0)};
    body.be<std::int8_t>();  // attributes: unused by format 2
    // The sum may wrap on hostile input; unsigned arithmetic keeps that defined.
    record.timestamp_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(base_timestamp_ms_) +
                                                    static_cast<std::uint64_t>(read_varlong(body)));
    if (read_varint(body) != index_) {
        body.fail();
    }
    record.key = read_blob(body);
    record.value = read_blob(body);
    std::int32_t const headers_count = read_varint(body);
    for (std::int32_t i = 0; i < headers_count && body.ok(); ++i) {
        if (!read_blob(body)) {
            body.fail();  // a header has a name
        }
        read_blob(body);
    }
    if (!reader_.ok() || !body.ok() || headers_count < 0 || body.remaining() != 0) {
        reader_.fail();
        return false;
    }
    ++index_;
    return true;
}

}  // namespace broker::partition
