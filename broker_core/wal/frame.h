// The bytes of the log: segment header, frame header, and the rules of where a frame may stand.
//
// segment := segment header, one 512-byte sector; then frames.
// frame   := header (48 bytes, little endian), payload, zeros up to a multiple of 8.
//   at  0  header_crc   u32  CRC-32C of bytes 4..47, seeded with the frame's place: a frame that
//                            lies anywhere else, or in another segment, is not valid there
//       4  payload_crc  u32  CRC-32C of payload and padding: a damaged payload keeps its identity
//       8  length       u32  payload bytes
//      12  flags        u16  entry | truncate | group_end | control | padded
//      14  version      u16  = frame_version, never 0, so that zeros are never a frame
//      16  index        u64  of the entry; truncate: the first index removed
//      24  term         u64
//      32  frontier     u64  log position known durable when the frame was composed
//      40  previous     u32  header_crc of the frame before (chain; segment header: its crc)
//      44  reserved     u32  = 0
// A frame starts at a multiple of 8, and its header never straddles a 512-byte sector: where
// fewer than 48 bytes are left in a sector they are zeros, and the frame starts in the next one.
// Behind a padded frame there are zeros up to the end of its sector, and they count as the frame's:
// a group that ends so shares no sector with the next one, whose write may tear (pad_groups).
//
// Worked example: segment 1, an entry of 100 bytes at offset 512: header 512..559, payload
// 560..659, zeros 660..663; next frame at 664. A frame ending at 1000 is followed by one at 1024.
//
// Why so: a length inside the checksum and bounded before use; the place inside the
// checksum against misdirected writes; the chain and the frontier tell a torn tail, where nothing
// valid follows that claims it durable, from damage, where something does (recovery.h).
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/ids.h"
#include "broker_core/wal/fresh_file.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace broker::wal {

inline constexpr std::uint64_t sector_bytes = 512;
inline constexpr std::uint64_t segment_header_bytes = sector_bytes;
inline constexpr std::uint64_t frame_header_bytes = 48;
inline constexpr std::uint64_t frame_alignment = 8;
inline constexpr std::uint16_t frame_version = 1;

enum FrameFlag : std::uint16_t {
    frame_entry = 1,      // carries a Raft entry
    frame_truncate = 2,   // removes every entry from `index` on
    frame_group_end = 4,  // the last frame of a group that is synced together
    frame_control = 8,    // with frame_entry: an entry of the broker, not of a client
    frame_padded = 16,    // with frame_group_end: the next frame starts in the next sector
};

struct FrameHeader {
    std::uint32_t header_crc = 0;
    std::uint32_t payload_crc = 0;
    std::uint32_t length = 0;
    std::uint16_t flags = 0;
    LogIndex index;
    Term term;
    WalPosition frontier;
    std::uint32_t previous = 0;
};

/// Where a frame of this log may start, at or after `offset` (bytes from the segment's start).
constexpr std::uint64_t frame_start(std::uint64_t offset) {
    std::uint64_t const aligned = (offset + frame_alignment - 1) & ~(frame_alignment - 1);
    std::uint64_t const left = sector_bytes - aligned % sector_bytes;
    return left < frame_header_bytes ? aligned + left : aligned;
}

/// Bytes a frame of `length` payload bytes occupies from its start.
constexpr std::uint64_t frame_bytes(std::uint64_t length) {
    return frame_header_bytes + ((length + frame_alignment - 1) & ~(frame_alignment - 1));
}

/// The first multiple of a sector at or after `offset`.
constexpr std::uint64_t sector_end(std::uint64_t offset) {
    return (offset + sector_bytes - 1) / sector_bytes * sector_bytes;
}

/// Where a frame that starts at `offset` ends, padding included.
constexpr std::uint64_t frame_end(std::uint64_t offset, const FrameHeader& header) {
    std::uint64_t const end = offset + frame_bytes(header.length);
    return (header.flags & frame_padded) != 0 ? sector_end(end) : end;
}

/// CRC seed that binds a frame to its place.
std::uint32_t place_seed(SegmentId segment, std::uint64_t offset);

/// Appends the frame to `target`, header checksums included. The caller has brought `target` to
/// the frame's start. Returns the header checksum, which the next frame names as `previous`.
std::uint32_t encode_frame(Bytes& target, const FrameHeader& header, ByteSpan payload,
                           SegmentId segment, std::uint64_t offset);

/// Sets flags on the frame encoded at `at` in `buffer`, which ends a group: group_end, and padded
/// if the caller pads it. Returns its new header checksum.
std::uint32_t mark_group_end(Bytes& buffer, std::size_t at, SegmentId segment, std::uint64_t offset,
                             std::uint16_t flags = frame_group_end);

/// The header at the start of `bytes`, which begin `offset` bytes into `segment`, if it is valid
/// there: checksum, version, and a length that fits into the bytes. Says nothing of the payload.
std::optional<FrameHeader> decode_frame_at(ByteSpan bytes, SegmentId segment, std::uint64_t offset);
/// The same, of the frame at `offset` of a whole segment.
std::optional<FrameHeader> decode_frame_header(ByteSpan segment_bytes, SegmentId segment,
                                               std::uint64_t offset);
/// Whether the payload of a valid header is intact.
bool payload_intact(ByteSpan segment_bytes, const FrameHeader& header, std::uint64_t offset);

/// The first sector of a segment. `previous_*` state where the segment before ends: its bytes
/// past `previous_length` are dead for ever, whatever stands there.
struct SegmentHeader {
    ClusterId cluster;
    BrokerId node;
    DiskUuid disk;
    PartitionId partition;
    SegmentId segment;
    WalPosition base;  // log position of offset 0 of this segment
    // Every entry from here on stands in this segment or in a later one, whatever is lost of them;
    // a cut at its beginning may reach further back.
    LogIndex first_index;
    Term term_before;    // of the entry before that one; 0 if there is none
    SegmentId previous;  // 0: none, this is the first
    std::uint64_t previous_length = 0;
    std::uint32_t previous_chain = 0;  // header_crc of the last live frame before

    friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

/// The sector's bytes; the returned checksum starts the chain of the segment's frames.
Bytes encode_segment_header(const SegmentHeader& header);
std::uint32_t segment_header_crc(ByteSpan sector);
/// Errors (as nullopt): short, wrong magic or version, checksum.
std::optional<SegmentHeader> decode_segment_header(ByteSpan bytes);

/// "p3-000000000000002a.log"; a name being created carries the suffix ".tmp".
std::string segment_name(PartitionId partition, SegmentId segment);
std::string hard_state_name(PartitionId partition);

/// What a name of the directory stands for, as far as this log is concerned.
struct ParsedName {
    enum class Kind : std::uint8_t { segment, hard_state, base, temporary } kind;
    PartitionId partition;
    SegmentId segment;  // of segments, temporary ones included; else 0
    LogIndex base;      // of bases; else 0
};
std::optional<ParsedName> parse_name(std::string_view name);

}  // namespace broker::wal
