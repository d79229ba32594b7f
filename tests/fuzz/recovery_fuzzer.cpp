// Fuzz target of log recovery: any bytes on the disk end in a log or an error, never in a crash,
// and recovering them twice gives the same.
//
// Input: pieces {segment id u8, length u16 little endian, bytes}; the rest belongs to the last one.
// A piece may end in frames whose checksums are made right, so that the fuzzer gets past them:
// the top bit of its id asks for that. A piece of id 7 is no segment but the base of the log:
// {last entry u8, its term u8, installed u8}.
#include "broker_core/base/crc32c.h"
#include "broker_core/wal/base_file.h"
#include "broker_core/wal/clean_mark.h"
#include "broker_core/wal/recovery.h"
#include "tests/fuzz/fuzz_target.h"

#include <algorithm>
#include <cstdlib>

namespace broker::wal {
namespace {

constexpr DiskIdentity identity{ClusterId{1}, BrokerId{1}, DiskUuid{1}};

/// A sound segment of small frames whose fields come from the input: what a broker never writes,
/// under checksums that are right.
Bytes forged(SegmentId segment, ByteSpan recipe) {
    SegmentHeader header;
    header.cluster = identity.cluster;
    header.node = identity.node;
    header.disk = identity.disk;
    header.segment = segment;
    std::size_t at = 0;
    auto const next = [&]() -> std::uint64_t {
        return at < recipe.size() ? std::to_integer<std::uint64_t>(recipe[at++]) : 0;
    };
    header.first_index = LogIndex{1 + (next() & 15U)};
    header.term_before = Term{next() & 3U};
    header.previous = SegmentId{next() & 3U};
    header.previous_length = segment_header_bytes + next() * 8;
    header.base = WalPosition{next() * 8};
    Bytes bytes = encode_segment_header(header);
    std::uint32_t chain = segment_header_crc(bytes);
    while (at < recipe.size() && bytes.size() < 16 * 1024) {
        std::uint64_t const start = frame_start(bytes.size());
        bytes.resize(start);
        FrameHeader frame;
        frame.flags = static_cast<std::uint16_t>(next() & 15U);
        frame.index = LogIndex{next()};
        frame.term = Term{next()};
        frame.frontier = WalPosition{next() * 16};
        frame.previous = chain;
        Bytes const payload(next(), std::byte{0x5a});
        chain = encode_frame(bytes, frame, payload, segment, start);
    }
    return bytes;
}

struct Input {
    std::vector<SegmentImage> images;
    Base base;
};

Input read(ByteSpan input) {
    Input read;
    std::vector<SegmentImage>& images = read.images;
    while (input.size() > 3 && images.size() < 8) {
        auto const id = std::to_integer<std::uint8_t>(input[0]);
        std::size_t const length =
            std::min<std::size_t>(load_le<std::uint16_t>(input.data() + 1), input.size() - 3);
        ByteSpan const content = input.subspan(3, length);
        SegmentId const segment{static_cast<std::uint64_t>(id & 7U)};
        if (segment == SegmentId{7}) {
            auto const byte = [&](std::size_t at) -> std::uint64_t {
                return at < length ? std::to_integer<std::uint64_t>(content[at]) : 0;
            };
            // Index 0 is no base: decode_base refuses it.
            read.base = byte(0) == 0
                            ? Base{}
                            : Base{LogIndex{byte(0)}, Term{byte(1)}, (byte(2) & 1U) != 0, {}};
            input = input.subspan(3 + length);
            continue;
        }
        Bytes bytes =
            (id & 0x80U) != 0 ? forged(segment, content) : Bytes{content.begin(), content.end()};
        images.push_back(SegmentImage{segment_name(PartitionId{}, segment), std::move(bytes)});
        input = input.subspan(3 + length);
    }
    return read;
}

}  // namespace
}  // namespace broker::wal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace broker;
    using namespace broker::wal;
    ByteSpan const input{reinterpret_cast<const std::byte*>(data), size};
    auto const [images, base] = read(input);
    auto const first = recover_log(images, identity, PartitionId{}, SegmentId{7}, base);
    auto const second = recover_log(images, identity, PartitionId{}, SegmentId{7}, base);
    if (first.has_value() != second.has_value()) {
        std::abort();
    }
    if (first) {
        LogIndex index = base.index;
        Term term = base.term;
        for (const RecoveredEntry& entry : first->entries) {
            if (entry.index != index.next() || entry.term < term) {
                std::abort();
            }
            index = entry.index;
            term = entry.term;
        }
    }
    (void)read_hard_state(input, identity, PartitionId{});
    (void)decode_clean_mark(input);
    (void)decode_base(input, identity, PartitionId{});
    (void)parse_name(std::string_view{reinterpret_cast<const char*>(data), size});
    return 0;
}
