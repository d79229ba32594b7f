// Encoding and decoding of frames and segment headers.
#include "broker_core/wal/frame.h"

#include "broker_core/base/check.h"
#include "broker_core/base/crc32c.h"

#include <fmt/core.h>

#include <charconv>

namespace broker::wal {
namespace {

constexpr std::uint64_t segment_magic = 0x314c41574b524258ULL;  // "XBRKWAL1"
constexpr std::uint16_t segment_version = 2;
constexpr std::size_t segment_fields_bytes = 8 + 2 + 8 + 4 + 8 + 4 + 8 + 8 + 8 + 8 + 8 + 8 + 4;

std::uint32_t header_crc_of(ByteSpan header, SegmentId segment, std::uint64_t offset) {
    return crc32c(header.subspan(4, frame_header_bytes - 4), place_seed(segment, offset));
}

}  // namespace

std::uint32_t place_seed(SegmentId segment, std::uint64_t offset) {
    std::byte place[16];
    store_le(place, segment.value());
    store_le(place + 8, offset);
    return crc32c(ByteSpan{place, sizeof place});
}

std::uint32_t encode_frame(Bytes& target, const FrameHeader& header, ByteSpan payload,
                           SegmentId segment, std::uint64_t offset) {
    CHECK(offset == frame_start(offset));
    CHECK(payload.size() < UINT32_MAX);
    std::size_t const at = target.size();
    target.resize(at + frame_bytes(payload.size()));
    std::byte* const frame = target.data() + at;
    if (!payload.empty()) {
        std::memcpy(frame + frame_header_bytes, payload.data(), payload.size());
    }
    ByteSpan const padded{frame + frame_header_bytes, target.size() - at - frame_header_bytes};
    store_le(frame + 4, crc32c(padded));
    store_le(frame + 8, static_cast<std::uint32_t>(payload.size()));
    store_le(frame + 12, header.flags);
    store_le(frame + 14, frame_version);
    store_le(frame + 16, header.index.value());
    store_le(frame + 24, header.term.value());
    store_le(frame + 32, header.frontier.value());
    store_le(frame + 40, header.previous);
    store_le(frame + 44, std::uint32_t{0});
    std::uint32_t const crc = header_crc_of({frame, frame_header_bytes}, segment, offset);
    store_le(frame, crc);
    return crc;
}

std::uint32_t mark_group_end(Bytes& buffer, std::size_t at, SegmentId segment, std::uint64_t offset,
                             std::uint16_t flags) {
    CHECK(at + frame_header_bytes <= buffer.size());
    std::byte* const frame = buffer.data() + at;
    auto const before = load_le<std::uint16_t>(frame + 12);
    store_le(frame + 12, static_cast<std::uint16_t>(before | flags));
    std::uint32_t const crc = header_crc_of({frame, frame_header_bytes}, segment, offset);
    store_le(frame, crc);
    return crc;
}

std::optional<FrameHeader> decode_frame_at(ByteSpan bytes, SegmentId segment,
                                           std::uint64_t offset) {
    if (offset != frame_start(offset) || frame_header_bytes > bytes.size()) {
        return std::nullopt;
    }
    const std::byte* const frame = bytes.data();
    if (load_le<std::uint16_t>(frame + 14) != frame_version) {
        return std::nullopt;
    }
    FrameHeader header;
    header.header_crc = load_le<std::uint32_t>(frame);
    if (header.header_crc != header_crc_of({frame, frame_header_bytes}, segment, offset)) {
        return std::nullopt;
    }
    header.payload_crc = load_le<std::uint32_t>(frame + 4);
    header.length = load_le<std::uint32_t>(frame + 8);
    header.flags = load_le<std::uint16_t>(frame + 12);
    header.index = LogIndex{load_le<std::uint64_t>(frame + 16)};
    header.term = Term{load_le<std::uint64_t>(frame + 24)};
    header.frontier = WalPosition{load_le<std::uint64_t>(frame + 32)};
    header.previous = load_le<std::uint32_t>(frame + 40);
    if (frame_bytes(header.length) > bytes.size()) {
        return std::nullopt;
    }
    return header;
}

std::optional<FrameHeader> decode_frame_header(ByteSpan segment_bytes, SegmentId segment,
                                               std::uint64_t offset) {
    if (offset > segment_bytes.size()) {
        return std::nullopt;
    }
    return decode_frame_at(segment_bytes.subspan(offset), segment, offset);
}

bool payload_intact(ByteSpan segment_bytes, const FrameHeader& header, std::uint64_t offset) {
    ByteSpan const padded = segment_bytes.subspan(offset + frame_header_bytes,
                                                  frame_bytes(header.length) - frame_header_bytes);
    return crc32c(padded) == header.payload_crc;
}

Bytes encode_segment_header(const SegmentHeader& header) {
    Bytes sector;
    sector.reserve(segment_header_bytes);
    append_le(sector, segment_magic);
    append_le(sector, segment_version);
    append_le(sector, header.cluster.value());
    append_le(sector, header.node.value());
    append_le(sector, header.disk.value());
    append_le(sector, header.partition.value());
    append_le(sector, header.segment.value());
    append_le(sector, header.base.value());
    append_le(sector, header.first_index.value());
    append_le(sector, header.term_before.value());
    append_le(sector, header.previous.value());
    append_le(sector, header.previous_length);
    append_le(sector, header.previous_chain);
    CHECK(sector.size() == segment_fields_bytes);
    sector.resize(segment_header_bytes);
    store_le(sector.data() + segment_header_bytes - 4, segment_header_crc(sector));
    return sector;
}

std::uint32_t segment_header_crc(ByteSpan sector) {
    return crc32c(sector.first(segment_header_bytes - 4));
}

std::optional<SegmentHeader> decode_segment_header(ByteSpan bytes) {
    if (bytes.size() < segment_header_bytes ||
        load_le<std::uint32_t>(bytes.data() + segment_header_bytes - 4) !=
            segment_header_crc(bytes)) {
        return std::nullopt;
    }
    ByteReader reader{bytes.first(segment_fields_bytes)};
    if (reader.le<std::uint64_t>() != segment_magic ||
        reader.le<std::uint16_t>() != segment_version) {
        return std::nullopt;
    }
    SegmentHeader header;
    header.cluster = ClusterId{reader.le<std::uint64_t>()};
    header.node = BrokerId{reader.le<std::uint32_t>()};
    header.disk = DiskUuid{reader.le<std::uint64_t>()};
    header.partition = PartitionId{reader.le<std::uint32_t>()};
    header.segment = SegmentId{reader.le<std::uint64_t>()};
    header.base = WalPosition{reader.le<std::uint64_t>()};
    header.first_index = LogIndex{reader.le<std::uint64_t>()};
    header.term_before = Term{reader.le<std::uint64_t>()};
    header.previous = SegmentId{reader.le<std::uint64_t>()};
    header.previous_length = reader.le<std::uint64_t>();
    header.previous_chain = reader.le<std::uint32_t>();
    return header;
}

std::string segment_name(PartitionId partition, SegmentId segment) {
    return fmt::format("p{}-{:016x}.log", partition.value(), segment.value());
}

std::string hard_state_name(PartitionId partition) {
    return fmt::format("p{}.state", partition.value());
}

std::optional<ParsedName> parse_name(std::string_view name) {
    ParsedName parsed{ParsedName::Kind::segment, {}, {}, {}};
    bool const temporary = name.ends_with(temporary_suffix);
    if (temporary) {
        name.remove_suffix(temporary_suffix.size());
    }
    if (!name.starts_with('p')) {
        return std::nullopt;
    }
    const char* const end = name.data() + name.size();
    std::uint32_t partition = 0;
    auto const number = std::from_chars(name.data() + 1, end, partition);
    if (number.ec != std::errc{}) {
        return std::nullopt;
    }
    parsed.partition = PartitionId{partition};
    std::string_view const rest{number.ptr, static_cast<std::size_t>(end - number.ptr)};
    if (rest == ".state") {
        parsed.kind = ParsedName::Kind::hard_state;
    } else if (rest.size() > 17 && rest.starts_with('-')) {
        std::uint64_t place = 0;
        auto const id = std::from_chars(rest.data() + 1, rest.data() + 17, place, 16);
        if (id.ec != std::errc{} || id.ptr != rest.data() + 17) {
            return std::nullopt;
        }
        std::string_view const kind = rest.substr(17);
        if (kind == ".log") {
            parsed.segment = SegmentId{place};
        } else if (kind == ".base") {
            parsed.kind = ParsedName::Kind::base;
            parsed.base = LogIndex{place};
        } else {
            return std::nullopt;
        }
    } else {
        return std::nullopt;
    }
    if (temporary) {
        parsed.kind = ParsedName::Kind::temporary;
    }
    return parsed;
}

}  // namespace broker::wal
