// Tests of the log's bytes: golden frames, where they may stand, and what binds them to it.
#include "broker_core/wal/frame.h"

#include "broker_core/base/crc32c.h"
#include "tests/support/hex.h"

#include <catch2/catch.hpp>

namespace broker::wal {
namespace {

using test::from_hex;
using test::to_hex;

FrameHeader example_header() {
    FrameHeader header;
    header.flags = frame_entry;
    header.index = LogIndex{7};
    header.term = Term{3};
    header.frontier = WalPosition{512};
    header.previous = 0x01020304;
    return header;
}

/// A segment of 4 KiB of zeros with one frame at `offset`.
Bytes segment_with_frame(std::uint64_t offset, ByteSpan payload, SegmentId segment) {
    Bytes bytes(4096);
    Bytes frame;
    encode_frame(frame, example_header(), payload, segment, offset);
    std::copy(frame.begin(), frame.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    return bytes;
}

}  // namespace

TEST_CASE("frame: the bytes of a frame are those of the layout", "[wal]") {
    Bytes frame;

    std::uint32_t const crc =
        encode_frame(frame, example_header(), as_bytes("hello"), SegmentId{1}, 512);

    Bytes expected = from_hex(
        "05 00 00 00  01 00  01 00  07 00 00 00 00 00 00 00  03 00 00 00 00 00 00 00"
        "00 02 00 00 00 00 00 00  04 03 02 01  00 00 00 00"
        "68 65 6c 6c 6f 00 00 00");
    CHECK(to_hex(ByteSpan{frame}.subspan(8)) == to_hex(expected));
    CHECK(load_le<std::uint32_t>(frame.data()) == crc);
    CHECK(load_le<std::uint32_t>(frame.data() + 4) == crc32c(ByteSpan{frame}.subspan(48)));
    Bytes const place = from_hex("01 00 00 00 00 00 00 00  00 02 00 00 00 00 00 00");
    CHECK(crc == crc32c(ByteSpan{frame}.subspan(4, 44), crc32c(place)));
}

TEST_CASE("frame: a frame starts aligned and its header never straddles a sector", "[wal]") {
    CHECK(frame_start(512) == 512);
    CHECK(frame_start(513) == 520);
    CHECK(frame_start(664) == 664);
    CHECK(frame_start(1024 - 48) == 1024 - 48);
    CHECK(frame_start(1024 - 47) == 1024);
    CHECK(frame_start(1000) == 1024);
    CHECK(frame_bytes(0) == 48);
    CHECK(frame_bytes(1) == 56);
    CHECK(frame_bytes(100) == 152);

    for (std::uint64_t offset = 512; offset < 2048; ++offset) {
        std::uint64_t const start = frame_start(offset);
        CHECK(start >= offset);
        CHECK(start % 8 == 0);
        CHECK(start / 512 == (start + frame_header_bytes - 1) / 512);
        CHECK(frame_start(start) == start);
    }
}

TEST_CASE("frame: decoding gives back what was encoded", "[wal]") {
    Bytes const segment = segment_with_frame(664, as_bytes("payload"), SegmentId{9});

    auto const header = decode_frame_header(segment, SegmentId{9}, 664);

    REQUIRE(header.has_value());
    CHECK(header->index == LogIndex{7});
    CHECK(header->term == Term{3});
    CHECK(header->frontier == WalPosition{512});
    CHECK(header->previous == 0x01020304U);
    CHECK(header->length == 7);
    CHECK(header->flags == frame_entry);
    CHECK(payload_intact(segment, *header, 664));
}

TEST_CASE("frame: a frame copied to another place or segment is not valid there", "[wal]") {
    Bytes segment = segment_with_frame(512, as_bytes("payload"), SegmentId{1});
    std::copy_n(segment.begin() + 512, 56, segment.begin() + 1024);

    CHECK(decode_frame_header(segment, SegmentId{1}, 512).has_value());
    CHECK_FALSE(decode_frame_header(segment, SegmentId{1}, 1024).has_value());
    CHECK_FALSE(decode_frame_header(segment, SegmentId{2}, 512).has_value());
}

TEST_CASE("frame: every flipped bit of a header is noticed, of a payload only there", "[wal]") {
    Bytes const segment = segment_with_frame(512, as_bytes("payload"), SegmentId{1});

    for (std::size_t bit = 0; bit < frame_header_bytes * 8; ++bit) {
        Bytes flipped = segment;
        flipped[512 + bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        INFO("header bit " << bit);
        CHECK_FALSE(decode_frame_header(flipped, SegmentId{1}, 512).has_value());
    }
    for (std::size_t bit = 0; bit < 8 * 8; ++bit) {
        Bytes flipped = segment;
        flipped[512 + 48 + bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        auto const header = decode_frame_header(flipped, SegmentId{1}, 512);
        INFO("payload bit " << bit);
        REQUIRE(header.has_value());
        CHECK(header->index == LogIndex{7});
        CHECK_FALSE(payload_intact(flipped, *header, 512));
    }
}

TEST_CASE("frame: zeros are no frame, nor is one that reaches past the segment", "[wal]") {
    Bytes const zeros(4096);
    Bytes const segment = segment_with_frame(512, as_bytes("payload"), SegmentId{1});

    CHECK_FALSE(decode_frame_header(zeros, SegmentId{0}, 0).has_value());
    CHECK_FALSE(decode_frame_header(ByteSpan{segment}.first(567), SegmentId{1}, 512).has_value());
    CHECK(decode_frame_header(ByteSpan{segment}.first(568), SegmentId{1}, 512).has_value());
    CHECK_FALSE(decode_frame_header(segment, SegmentId{1}, 4090).has_value());
    CHECK_FALSE(decode_frame_header(segment, SegmentId{1}, 9000).has_value());
}

TEST_CASE("frame: marking the end of a group keeps the frame valid and tells the chain", "[wal]") {
    Bytes frame;
    std::uint32_t const before =
        encode_frame(frame, example_header(), as_bytes("x"), SegmentId{1}, 512);

    std::uint32_t const after = mark_group_end(frame, 0, SegmentId{1}, 512);

    auto const header = decode_frame_at(frame, SegmentId{1}, 512);
    REQUIRE(header.has_value());
    CHECK(header->flags == (frame_entry | frame_group_end));
    CHECK(header->header_crc == after);
    CHECK(after != before);
}

TEST_CASE("segment header: one sector, decoded as encoded, any flipped bit noticed", "[wal]") {
    SegmentHeader const header{
        ClusterId{1}, BrokerId{2}, DiskUuid{3},  PartitionId{4}, SegmentId{5}, WalPosition{6000},
        LogIndex{7},  Term{2},     SegmentId{4}, 4096,           0xdeadbeef};

    Bytes const sector = encode_segment_header(header);

    REQUIRE(sector.size() == 512);
    CHECK(to_hex(ByteSpan{sector}.first(10)) == "58 42 52 4b 57 41 4c 31 02 00");
    CHECK(decode_segment_header(sector) == header);
    CHECK_FALSE(decode_segment_header(ByteSpan{sector}.first(511)).has_value());
    for (std::size_t bit = 0; bit < sector.size() * 8; bit += 7) {
        Bytes flipped = sector;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        INFO("bit " << bit);
        CHECK_FALSE(decode_segment_header(flipped).has_value());
    }
}

TEST_CASE("names: a parsed name is the one that was made, and foreign names are nobody's",
          "[wal]") {
    std::string const name = segment_name(PartitionId{3}, SegmentId{42});
    CHECK(name == "p3-000000000000002a.log");

    auto const segment = parse_name(name);
    auto const temporary = parse_name(name + ".tmp");
    auto const state = parse_name(hard_state_name(PartitionId{3}));

    REQUIRE(segment.has_value());
    CHECK(segment->kind == ParsedName::Kind::segment);
    CHECK(segment->partition == PartitionId{3});
    CHECK(segment->segment == SegmentId{42});
    REQUIRE(temporary.has_value());
    CHECK(temporary->kind == ParsedName::Kind::temporary);
    CHECK(temporary->segment == SegmentId{42});
    REQUIRE(state.has_value());
    CHECK(state->kind == ParsedName::Kind::hard_state);
    for (const char* foreign : {"", "p", "px.state", "p1", "p1-2a.log", "p1-000000000000002g.log",
                                "q1.state", "p1.stat", "p1-000000000000002a.log2"}) {
        INFO(foreign);
        CHECK_FALSE(parse_name(foreign).has_value());
    }
}

}  // namespace broker::wal
