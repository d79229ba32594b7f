// Where damage can strike so that a recovery finds out.
#include "sim/faults/damaged_places.h"

#include "broker_core/wal/hard_state.h"
#include "sim/disk_truth.h"

#include <algorithm>

namespace brokersim {

ByteSpan bytes_at(const FaultScene& scene, std::uint32_t host, const Spot& spot) {
    ByteSpan const all = scene.world.disk(host).durable_bytes(spot.inode);
    std::uint64_t const begin = std::min<std::uint64_t>(spot.offset, all.size());
    return all.subspan(begin, std::min<std::uint64_t>(spot.length, all.size() - begin));
}

std::vector<Spot> spots_of(const FaultScene& scene, std::uint32_t host, DamageAt where) {
    namespace wal = broker::wal;
    std::vector<Spot> spots;
    const DiskTruth& truth = scene.world.truth();
    const VirtualDisk& disk = scene.world.disk(host);
    for (std::uint32_t number = 0; number < scene.world.partitions(); ++number) {
        broker::PartitionId const partition{number};
        switch (where) {
            case DamageAt::payload:
            case DamageAt::header:
                for (const DiskTruth::ProvenFrame& frame :
                     truth.proven_frames(host + 1, partition)) {
                    std::uint64_t const payload = frame.offset + wal::frame_header_bytes;
                    if (where == DamageAt::header) {
                        spots.push_back(Spot{frame.inode, frame.offset, wal::frame_header_bytes});
                    } else if (payload < frame.end) {
                        spots.push_back(Spot{frame.inode, payload, frame.end - payload});
                    }
                }
                break;
            case DamageAt::segment:
                for (std::uint32_t const inode : truth.chain_files(host + 1, partition)) {
                    constexpr std::uint64_t covered = 64;
                    spots.push_back(Spot{inode, 0, covered});
                }
                break;
            case DamageAt::hard_state:
                if (auto const inode = disk.inode_named(wal::hard_state_name(partition))) {
                    spots.push_back(Spot{*inode, 0, wal::hard_state_slot_bytes});
                }
                break;
            case DamageAt::snapshot:
                for (std::uint32_t const inode : truth.base_files(host + 1, partition)) {
                    spots.push_back(Spot{inode, 0, disk.durable_bytes(inode).size()});
                }
                break;
            case DamageAt::any:
                break;
        }
    }
    return spots;
}

}  // namespace brokersim
