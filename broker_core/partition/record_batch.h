// The record batch, format v2: view, checks, stamping, and encoders of data and control batches.
//
//   at len field                                  at len field
//    0  8  base offset (broker assigns)           27  8  base timestamp, ms
//    8  4  length, bytes after this field         35  8  max timestamp, ms
//   12  4  leader epoch (broker assigns)          43  8  producer id, -1 none
//   16  1  magic = 2                              51  2  producer epoch
//   17  4  CRC-32C of bytes 21..end               53  4  base sequence, -1 none
//   21  2  attributes                             57  4  records count
//   23  4  last offset delta                      61 ..  records
//
//   record  := varint length, int8 attributes = 0, varlong timestamp delta, varint offset delta,
//              varint key length (-1: null), key, varint value length (-1: null), value,
//              varint header count, headers
//   headers := (varint key length, key, varint value length (-1: null), value)*
//
// All fixed-width integers are big-endian. One record {offset delta 0, key null, value "hi"} is
// 10 00 00 00 01 04 68 69 00: length 8, attributes, two deltas, null key, length 2, "hi", no
// headers. The CRC does not protect bytes 0..20, so that the broker can stamp a batch without
// touching the rest; the frame of the log that stores the batch protects those.
// Source: Kafka documentation, "Record Batch" and "Record"; KIP-98.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace broker::partition {

namespace batch_layout {
inline constexpr std::size_t base_offset_at = 0;
inline constexpr std::size_t length_at = 8;
inline constexpr std::size_t leader_epoch_at = 12;
inline constexpr std::size_t magic_at = 16;
inline constexpr std::size_t crc_at = 17;
inline constexpr std::size_t attributes_at = 21;
inline constexpr std::size_t last_offset_delta_at = 23;
inline constexpr std::size_t base_timestamp_at = 27;
inline constexpr std::size_t max_timestamp_at = 35;
inline constexpr std::size_t producer_id_at = 43;
inline constexpr std::size_t producer_epoch_at = 51;
inline constexpr std::size_t base_sequence_at = 53;
inline constexpr std::size_t records_count_at = 57;
inline constexpr std::size_t records_at = 61;
}  // namespace batch_layout

/// Size of a batch before its records.
inline constexpr std::size_t batch_header_size_bytes = batch_layout::records_at;
/// What the length field does not count: itself and the base offset.
inline constexpr std::size_t batch_length_overhead_bytes = batch_layout::leader_epoch_at;

/// Attribute bits: 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon.
inline constexpr std::uint16_t attribute_codec_mask = 0x07;
inline constexpr std::uint16_t attribute_transactional = 0x10;
inline constexpr std::uint16_t attribute_control = 0x20;

/// A batch in memory that somebody else owns; valid while those bytes are.
/// Requires: the bytes passed validate_produced or validate_served, or were encoded by this file.
class RecordBatchView {
public:
    /// Requires: batch.size() >= batch_header_size_bytes.
    explicit RecordBatchView(ByteSpan batch) : bytes_{batch} {}

    [[nodiscard]] ByteSpan bytes() const { return bytes_; }
    [[nodiscard]] std::size_t size_bytes() const { return bytes_.size(); }
    [[nodiscard]] ByteSpan records() const { return bytes_.subspan(batch_header_size_bytes); }

    [[nodiscard]] Offset base_offset() const {
        return Offset{at<std::int64_t>(batch_layout::base_offset_at)};
    }
    /// Offset of the last record; base_offset() + records_count() - 1 in a valid batch.
    [[nodiscard]] Offset last_offset() const { return base_offset() + last_offset_delta(); }
    /// The length field: bytes after it, as written (may be nonsense in an unchecked batch).
    [[nodiscard]] std::int32_t length_bytes() const {
        return at<std::int32_t>(batch_layout::length_at);
    }
    /// The stamped term. A batch fresh from a producer carries anything (usually -1) here.
    [[nodiscard]] Term leader_epoch() const {
        return Term{at<std::uint32_t>(batch_layout::leader_epoch_at)};
    }
    [[nodiscard]] std::int8_t magic() const { return at<std::int8_t>(batch_layout::magic_at); }
    [[nodiscard]] std::uint32_t crc() const { return at<std::uint32_t>(batch_layout::crc_at); }
    [[nodiscard]] std::uint16_t attributes() const {
        return at<std::uint16_t>(batch_layout::attributes_at);
    }
    [[nodiscard]] bool is_control() const { return (attributes() & attribute_control) != 0; }
    [[nodiscard]] bool is_transactional() const {
        return (attributes() & attribute_transactional) != 0;
    }
    [[nodiscard]] bool is_compressed() const { return (attributes() & attribute_codec_mask) != 0; }
    [[nodiscard]] std::int32_t last_offset_delta() const {
        return at<std::int32_t>(batch_layout::last_offset_delta_at);
    }
    [[nodiscard]] std::int64_t base_timestamp_ms() const {
        return at<std::int64_t>(batch_layout::base_timestamp_at);
    }
    [[nodiscard]] std::int64_t max_timestamp_ms() const {
        return at<std::int64_t>(batch_layout::max_timestamp_at);
    }
    [[nodiscard]] ProducerId producer_id() const {
        return ProducerId{at<std::int64_t>(batch_layout::producer_id_at)};
    }
    /// True if the batch belongs to an idempotent producer (KIP-98).
    [[nodiscard]] bool has_producer() const { return producer_id() >= ProducerId{0}; }
    [[nodiscard]] ProducerEpoch producer_epoch() const {
        return ProducerEpoch{at<std::int16_t>(batch_layout::producer_epoch_at)};
    }
    [[nodiscard]] Sequence base_sequence() const {
        return Sequence{at<std::int32_t>(batch_layout::base_sequence_at)};
    }
    /// Sequence of the last record, after wrapping; -1 without a producer.
    [[nodiscard]] Sequence last_sequence() const;
    [[nodiscard]] std::int32_t records_count() const {
        return at<std::int32_t>(batch_layout::records_count_at);
    }

private:
    template <class T>
    [[nodiscard]] T at(std::size_t position) const {
        return load_be<T>(bytes_.data() + position);
    }

    ByteSpan bytes_;  // Invariant: size >= batch_header_size_bytes.
};

/// The sequence number `count` records after `sequence`: 2^31 - 1 is followed by 0.
/// Requires: sequence >= 0, count >= 0.
constexpr Sequence sequence_after(Sequence sequence, std::int32_t count) {
    auto const sum =
        static_cast<std::uint32_t>(sequence.value()) + static_cast<std::uint32_t>(count);
    return Sequence{static_cast<std::int32_t>(sum & 0x7fffffffU)};
}

/// Why a batch is refused. In the order of the checks; the first that fails is reported.
/// The Kafka code in brackets is what the broker answers a producer with.
enum class BatchFault : unsigned char {
    too_large,       // more bytes than the limit (10)
    truncated,       // shorter than a header, or than its own length field says (2)
    trailing_bytes,  // more than one batch, or garbage behind it (87)
    wrong_magic,     // not format 2 (87)
    wrong_crc,       // (2)
    wrong_count,     // records count != last offset delta + 1, or < 1 (87)
    reserved_bits,   // control or transactional bit set by a producer (87)
    wrong_producer,  // a producer id without a usable epoch and base sequence (87)
    wrong_position,  // served: base offset or leader epoch differ from those of the log
};

/// A short static name of `fault`, such as "wrong_crc".
const char* name_of(BatchFault fault);

using BatchResult = tl::expected<RecordBatchView, BatchFault>;

/// Checks what a producer sent as the records of one partition: exactly one sound batch.
/// size_max_bytes: limit on the whole batch. Compressed records are not unpacked, and
/// uncompressed ones are not walked: the broker never looks inside either.
/// The view in the result borrows `bytes`.
[[nodiscard]] BatchResult validate_produced(ByteSpan bytes, std::size_t size_max_bytes);

/// Where the log says a batch lies; stamped into it and compared again on every serve.
struct BatchPosition {
    Offset base_offset;
    Term leader_epoch;

    friend bool operator==(const BatchPosition&, const BatchPosition&) = default;
};

/// Checks one batch, data or control, on its way out: sound, and where the log says it is.
[[nodiscard]] BatchResult validate_served(ByteSpan bytes, BatchPosition expected);

/// Writes base offset and leader epoch into `batch`; its CRC stays valid.
/// Requires: a whole batch header; position.leader_epoch <= 2^31 - 1, as Kafka's is an int32.
void stamp(MutableByteSpan batch, BatchPosition position);

/// A key or value: absent is Kafka's null, which differs from empty.
using Blob = std::optional<ByteSpan>;

/// One record to be encoded, or one that was read.
struct Record {
    Blob key{};
    Blob value{};
    std::int64_t timestamp_ms = 0;
};

/// The idempotent producer's part of a batch header; the defaults mean "none".
struct BatchProducer {
    ProducerId id{-1};
    ProducerEpoch epoch{-1};
    Sequence base_sequence{-1};
};

/// Appends one uncompressed batch to a buffer, record by record, without a buffer of its own.
/// Between construction and finish() nobody else may touch `target`.
/// The batch has base offset 0 and leader epoch -1 until it is stamped.
class RecordBatchBuilder {
public:
    RecordBatchBuilder(Bytes& target, const BatchProducer& producer, std::uint16_t attributes = 0);

    void add(const Record& record);
    [[nodiscard]] std::int32_t records_count() const { return records_count_; }
    /// Bytes of the batch so far, header included.
    [[nodiscard]] std::size_t size_bytes() const { return target_.size() - start_; }
    /// Completes the header. Requires: at least one record. Returns the size of the batch in bytes.
    std::size_t finish();

private:
    Bytes& target_;
    std::size_t start_;  // of the batch in target_
    std::int32_t records_count_ = 0;
    std::int64_t base_timestamp_ms_ = 0;
    std::int64_t max_timestamp_ms_ = 0;
};

/// Appends a batch of `records` to `target`. Requires: at least one record.
/// Returns the size of the batch in bytes.
std::size_t encode_batch(Bytes& target, const BatchProducer& producer,
                         std::span<const Record> records);

/// Appends the control batch that stands for a control entry of the log (no-op, configuration,
/// prefix truncation): one offset, skipped by consumers.
/// type: of the control record, >= 2, since 0 and 1 are Kafka's transaction markers.
std::size_t encode_control_batch(Bytes& target, BatchPosition position, std::int16_t type,
                                 std::int64_t timestamp_ms);

/// The type of the first control record of a control batch, or nothing if it is not one.
[[nodiscard]] std::optional<std::int16_t> control_type(RecordBatchView batch);

/// Walks over the records of an uncompressed batch. The records borrow the batch's bytes.
///
///     RecordReader reader{batch};
///     for (Record record; reader.next(record);) { ... }
///     if (!reader.ok()) { ... malformed, or compressed ... }
class RecordReader {
public:
    explicit RecordReader(RecordBatchView batch);

    /// Reads the next record; false at the end and at the first malformed byte.
    bool next(Record& record);
    /// False once anything was malformed: a length out of bounds, an offset delta out of order,
    /// bytes after the last record, or a codec that is not "none".
    [[nodiscard]] bool ok() const { return reader_.ok(); }
    /// Offset of the record that next() gave last.
    [[nodiscard]] Offset offset() const { return base_offset_ + (index_ - 1); }

private:
    Blob read_blob(ByteReader& reader);

    ByteReader reader_;
    Offset base_offset_;
    std::int64_t base_timestamp_ms_;
    std::int32_t records_count_;
    std::int32_t index_ = 0;  // of the next record
};

}  // namespace broker::partition
