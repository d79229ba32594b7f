// Record batches: golden bytes, each reason for refusal, stamping, and walking the records.
#include "broker_core/partition/record_batch.h"

#include "broker_core/base/crc32c.h"
#include "broker_core/partition/varint.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include <string>
#include <vector>

using namespace broker;
using namespace broker::partition;
using broker::test::from_hex;
using broker::test::to_hex;

namespace {

constexpr std::size_t size_max_bytes = 1'000'000;

Record text_record(std::string_view value, std::int64_t timestamp_ms = 1000) {
    return {.key = std::nullopt, .value = as_bytes(value), .timestamp_ms = timestamp_ms};
}

Bytes two_records() {
    Bytes bytes;
    std::vector<Record> const records{text_record("hi"), text_record("you", 1002)};
    encode_batch(bytes, {ProducerId{4}, ProducerEpoch{1}, Sequence{7}}, records);
    return bytes;
}

/// Overwrites a field and repairs the CRC, so that only the field itself can be the reason.
template <class T>
void set_field(Bytes& batch, std::size_t at, T value) {
    store_be(batch.data() + at, value);
    store_be(batch.data() + batch_layout::crc_at,
             crc32c(ByteSpan{batch}.subspan(batch_layout::attributes_at)));
}

std::string reason(ByteSpan bytes, std::size_t limit = size_max_bytes) {
    BatchResult const result = validate_produced(bytes, limit);
    return result ? "none" : name_of(result.error());
}

}  // namespace

TEST_CASE("record batch: golden bytes", "[partition]") {
    Bytes const batch = two_records();

    Bytes expected = from_hex(
        "0000000000000000"           // base offset
        "00000045"                   // length: 81 - 12
        "ffffffff"                   // leader epoch, not yet stamped
        "02 00000000"                // magic, CRC (below)
        "0000"                       // attributes
        "00000001"                   // last offset delta
        "00000000000003e8"           // base timestamp 1000
        "00000000000003ea"           // max timestamp 1002
        "0000000000000004 0001"      // producer id, epoch
        "00000007"                   // base sequence
        "00000002"                   // records
        "10 00 00 00 01 04 6869 00"  // length 8, attributes, deltas 0 0, null key, "hi", no headers
        "12 00 04 02 01 06 796f75 00");
    expected[11] = static_cast<std::byte>(expected.size() - 12);
    store_be(expected.data() + 17, crc32c(ByteSpan{expected}.subspan(21)));
    CHECK(to_hex(batch) == to_hex(expected));
    CHECK(batch.size() == 61 + 9 + 10);
}

TEST_CASE("record batch: the view reads what was encoded", "[partition]") {
    Bytes const bytes = two_records();
    BatchResult const batch = validate_produced(bytes, bytes.size());

    REQUIRE(batch.has_value());
    CHECK(batch->records_count() == 2);
    CHECK(batch->producer_id() == ProducerId{4});
    CHECK(batch->producer_epoch() == ProducerEpoch{1});
    CHECK(batch->base_sequence() == Sequence{7});
    CHECK(batch->last_sequence() == Sequence{8});
    CHECK(batch->max_timestamp_ms() == 1002);
    CHECK(batch->has_producer());
    CHECK_FALSE(batch->is_control());
    CHECK_FALSE(batch->is_compressed());
}

TEST_CASE("record batch: each reason for refusing a produced batch", "[partition]") {
    using namespace batch_layout;
    Bytes batch = two_records();
    REQUIRE(reason(batch) == "none");

    SECTION("too large") {
        CHECK(reason(batch, batch.size() - 1) == "too_large");
    }
    SECTION("cut at any byte") {
        for (std::size_t size = 0; size < batch.size(); ++size) {
            Bytes const cut{batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(size)};
            CHECK(reason(cut) == "truncated");
        }
    }
    SECTION("length field too long, too short, negative") {
        set_field<std::int32_t>(batch, length_at, static_cast<std::int32_t>(batch.size()));
        CHECK(reason(batch) == "truncated");
        set_field<std::int32_t>(batch, length_at, 10);
        CHECK(reason(batch) == "truncated");
        set_field<std::int32_t>(batch, length_at, -1);
        CHECK(reason(batch) == "truncated");
    }
    SECTION("two batches") {
        append(batch, two_records());
        CHECK(reason(batch) == "trailing_bytes");
    }
    SECTION("older format") {
        set_field<std::int8_t>(batch, magic_at, 1);
        CHECK(reason(batch) == "wrong_magic");
    }
    SECTION("a flipped bit in any protected byte") {
        for (std::size_t at = crc_at; at < batch.size(); ++at) {
            batch[at] ^= std::byte{0x10};
            CHECK(reason(batch) == "wrong_crc");
            batch[at] ^= std::byte{0x10};
        }
    }
    SECTION("no record, or another count than offsets") {
        set_field<std::int32_t>(batch, records_count_at, 3);
        CHECK(reason(batch) == "wrong_count");
        set_field<std::int32_t>(batch, records_count_at, 0);
        CHECK(reason(batch) == "wrong_count");
        set_field<std::int32_t>(batch, last_offset_delta_at, -1);
        CHECK(reason(batch) == "wrong_count");
    }
    SECTION("control or transactional") {
        set_field<std::uint16_t>(batch, attributes_at, attribute_control);
        CHECK(reason(batch) == "reserved_bits");
        set_field<std::uint16_t>(batch, attributes_at, attribute_transactional);
        CHECK(reason(batch) == "reserved_bits");
    }
    SECTION("a producer without sequence or epoch") {
        set_field<std::int32_t>(batch, base_sequence_at, -1);
        CHECK(reason(batch) == "wrong_producer");
        set_field<std::int32_t>(batch, base_sequence_at, 0);
        set_field<std::int16_t>(batch, producer_epoch_at, -1);
        CHECK(reason(batch) == "wrong_producer");
    }
    SECTION("compressed records are opaque") {
        set_field<std::uint16_t>(batch, attributes_at, 4);
        CHECK(reason(batch) == "none");
    }
}

TEST_CASE("record batch: a stamp moves the batch and keeps its CRC", "[partition]") {
    Bytes bytes = two_records();
    BatchPosition const position{Offset{100}, Term{7}};

    stamp(bytes, position);

    BatchResult const served = validate_served(bytes, position);
    REQUIRE(served.has_value());
    CHECK(served->base_offset() == Offset{100});
    CHECK(served->last_offset() == Offset{101});
    CHECK(served->leader_epoch() == Term{7});
    CHECK(validate_served(bytes, {Offset{101}, Term{7}}).error() == BatchFault::wrong_position);
    CHECK(validate_served(bytes, {Offset{100}, Term{8}}).error() == BatchFault::wrong_position);
}

TEST_CASE("record batch: a control batch takes one offset and names its type", "[partition]") {
    Bytes bytes;
    BatchPosition const position{Offset{9}, Term{3}};

    encode_control_batch(bytes, position, 2, 1000);

    BatchResult const batch = validate_served(bytes, position);
    REQUIRE(batch.has_value());
    CHECK(batch->is_control());
    CHECK(batch->records_count() == 1);
    CHECK_FALSE(batch->has_producer());
    CHECK(control_type(*batch) == 2);
    CHECK(to_hex(batch->records()) == "14 00 00 00 08 00 00 00 02 01 00");
    CHECK(reason(bytes) == "reserved_bits");
    Bytes const data = two_records();
    CHECK_FALSE(control_type(RecordBatchView{data}).has_value());
}

TEST_CASE("record batch: sequences wrap to zero", "[partition]") {
    CHECK(sequence_after(Sequence{INT32_MAX}, 1) == Sequence{0});
    CHECK(sequence_after(Sequence{INT32_MAX - 1}, 3) == Sequence{1});
    CHECK(sequence_after(Sequence{0}, INT32_MAX) == Sequence{INT32_MAX});
}

TEST_CASE("record batch: properties", "[partition]") {
    rc::prop("varints come back", [](std::int64_t value) {
        Bytes bytes(varint_size_bytes(value));
        RC_ASSERT(store_varint(bytes.data(), value) == bytes.data() + bytes.size());
        ByteReader reader{bytes};
        RC_ASSERT(read_varlong(reader) == value);
        RC_ASSERT(reader.ok());
        RC_ASSERT(reader.remaining() == 0U);
    });
    rc::prop("records come back", [] {
        auto const values = *rc::gen::nonEmpty(rc::gen::arbitrary<std::vector<std::string>>());
        std::vector<Record> records;
        for (const std::string& value : values) {
            Record record = text_record(value, *rc::gen::arbitrary<std::int32_t>());
            if (*rc::gen::arbitrary<bool>()) {
                record.key = as_bytes(values.front());
            }
            records.push_back(record);
        }
        Bytes bytes;
        encode_batch(bytes, {}, records);
        BatchResult const batch = validate_produced(bytes, bytes.size());
        RC_ASSERT(batch.has_value());

        RecordReader reader{*batch};
        Record read;
        for (const Record& record : records) {
            RC_ASSERT(reader.next(read));
            RC_ASSERT(to_hex(*read.value) == to_hex(*record.value));
            RC_ASSERT(read.key.has_value() == record.key.has_value());
            RC_ASSERT(read.timestamp_ms == record.timestamp_ms);
        }
        RC_ASSERT(!reader.next(read));
        RC_ASSERT(reader.ok());
    });
    rc::prop("damaged records end the walk inside the batch", [] {
        Bytes bytes = two_records();
        auto const noise = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
        for (std::uint8_t const value : noise) {
            auto const at = *rc::gen::inRange(batch_header_size_bytes, bytes.size());
            bytes[at] = static_cast<std::byte>(value);
        }

        RecordReader reader{RecordBatchView{bytes}};
        int count = 0;
        for (Record record; reader.next(record);) {
            ++count;
        }
        RC_ASSERT(count <= 2);
        RC_ASSERT(count == 2 || !reader.ok());
    });
}

TEST_CASE("record batch: hostile varints are refused", "[partition]") {
    for (const char* text : {"ff", "ffffffffffffffffff7f", "ffffffffffffffffffff01"}) {
        Bytes const bytes = from_hex(text);
        ByteReader reader{bytes};
        read_varlong(reader);
        CHECK_FALSE(reader.ok());
    }
    Bytes const wide = from_hex("ffffffff7f");  // fits 64 bits, not 32
    ByteReader reader{wide};
    read_varint(reader);
    CHECK_FALSE(reader.ok());
}
