// Disks that hold, or show, what was there before a write: lost_write, stale_read.
//
// A lost write was reported durable and never reached the media. In the middle of a log the frames
// behind it say so, and a recovery refuses the disk (class D). At the tail nothing does: the broker
// comes back with a shorter log and does not know (class S), as after an older image. Old bytes
// that one reading shows are gone at the next. Term and vote are spared: their older slot would be
// believed, and a second vote is never legal.
#include "broker_core/base/check.h"
#include "broker_core/wal/frame.h"
#include "sim/disk_truth.h"
#include "sim/faults/damaged_places.h"

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

constexpr std::uint64_t frames_max = 4;  // of one write

/// From the first of some adjoining places to the end of the last one.
Spot run_of(const std::vector<Spot>& spots, std::size_t first, std::uint64_t count) {
    Spot run = spots[first];
    for (std::size_t i = first + 1; i < spots.size() && i < first + count; ++i) {
        if (spots[i].inode != run.inode) {
            break;
        }
        run.length = spots[i].offset + spots[i].length - run.offset;
    }
    return run;
}

/// Whole frames that later ones prove.
std::vector<Spot> proven_spots(const FaultScene& scene, std::uint32_t host) {
    std::vector<Spot> spots;
    for (std::uint32_t number = 0; number < scene.world.partitions(); ++number) {
        for (const DiskTruth::ProvenFrame& frame :
             scene.world.truth().proven_frames(host + 1, broker::PartitionId{number})) {
            spots.push_back(Spot{frame.inode, frame.offset, frame.end - frame.offset});
        }
    }
    return spots;
}

class LostInTheMiddle final : public WithRestart {
    bool strike(FaultScene& scene, std::uint32_t host) override {
        std::vector<Spot> const spots = proven_spots(scene, host);
        if (spots.empty() || !allowed(scene, host, DamageClass::detectable)) {
            return false;
        }
        std::size_t const first = scene.random.below(spots.size());
        Spot const run = run_of(spots, first, 1 + scene.random.below(frames_max));
        scene.world.disk(host).damage().show(scene.index, run.inode, run.offset, Bytes(run.length));
        return true;
    }
};

/// The machine loses power, and its media turn out to lack the last synced frames of a partition.
class LostAtTheTail final : public Striking {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            std::vector<Tail> const tails = tails_of(scene, host);
            if (tails.empty() || !scene.world.is_running(host) ||
                !allowed(scene, host, DamageClass::silent)) {
                continue;
            }
            const Tail& tail = tails[scene.random.below(tails.size())];
            std::uint64_t const kept = scene.random.below(tail.frames.size());
            scene.world.crash(host, CrashKind::power);
            std::optional<DiskImage> const image = without(scene, host, tail, kept);
            if (image) {
                scene.world.replace_disk(host, *image, false);
                scene.effective = true;
            }
            struck_.push_back(host);
        }
        return stage_start(scene);
    }

private:
    /// The last synced frames of a partition, which nothing on the disk claims.
    struct Tail {
        std::vector<DiskTruth::ProvenFrame> frames;
    };

    static std::vector<Tail> tails_of(const FaultScene& scene, std::uint32_t host) {
        std::vector<Tail> tails;
        for (std::uint32_t number = 0; number < scene.world.partitions(); ++number) {
            Tail tail{scene.world.truth().unproven_frames(host + 1, broker::PartitionId{number})};
            if (!tail.frames.empty()) {
                tails.push_back(std::move(tail));
            }
        }
        return tails;
    }
    /// The disk with zeros from the frame `kept` of the tail to its end.
    static std::optional<DiskImage> without(const FaultScene& scene, std::uint32_t host,
                                            const Tail& tail, std::uint64_t kept) {
        const VirtualDisk& disk = scene.world.disk(host);
        DiskImage image = disk.image();
        for (auto& [name, content] : image) {
            std::uint64_t const begin = tail.frames[kept].offset;
            std::uint64_t const end = std::min(tail.frames.back().end, content.size());
            if (disk.inode_named(name) == tail.frames[kept].inode && begin < end) {
                std::fill(content.begin() + static_cast<std::ptrdiff_t>(begin),
                          content.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0});
                return image;
            }
        }
        return std::nullopt;
    }
};

/// One of the two, as the element says or as drawn when it fires.
class LostWrite final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        if (scene.element.lost_at == LostAt::any) {
            scene.element.lost_at = scene.random.below(2) == 0 ? LostAt::middle : LostAt::tail;
        }
        if (!fault_) {
            bool const tail = scene.element.lost_at == LostAt::tail;
            fault_ = tail ? std::unique_ptr<ActiveFault>{std::make_unique<LostAtTheTail>()}
                          : std::make_unique<LostInTheMiddle>();
        }
        return fault_->begin(scene);
    }
    void on_stage(FaultScene& scene) override { fault_->on_stage(scene); }
    bool end(FaultScene& scene) override { return fault_->end(scene); }
    [[nodiscard]] std::optional<Duration> look_again(const FaultScene& scene) override {
        return fault_->look_again(scene);
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        return fault_ ? fault_->chances(scene) : 0;  // asked before it has begun: nothing met it
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        return !fault_ || fault_->had_chance(element, chances);
    }

private:
    std::unique_ptr<ActiveFault> fault_;
};

/// Remembers a disk, and a while later makes one reading of a run of sectors show what they held
/// then.
class StaleRead final : public WithRestart {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            before_.push_back(scene.world.disk(host).all_durable_bytes());
        }
        scene.stage_in(Duration{scene.random.between(10'000'000, 500'000'000)});
        return !scene.hosts.empty();
    }
    void on_stage(FaultScene& scene) override {
        // A log that grows slowly takes a while to write behind what it has changed.
        std::uint32_t const tries = is_by_chance(scene.element) ? 320 : 40;
        if (struck_) {
            WithRestart::on_stage(scene);
        } else if (WithRestart::begin(scene)) {
            struck_ = true;
        } else if (++tried_ < tries) {
            scene.stage_in(Duration{scene.random.between(1'000'000, 50'000'000)});
        }
    }

private:
    bool strike(FaultScene& scene, std::uint32_t host) override {
        std::vector<Spot> const spots = stale_spots(scene, host);
        if (spots.empty()) {
            return false;
        }
        const Spot& spot = spots[scene.random.below(spots.size())];
        scene.world.disk(host).damage().mislead(scene.index, spot.inode, spot.offset,
                                                before(scene, host, spot));
        return true;
    }
    /// What the media held there; zeros where nothing was written yet.
    [[nodiscard]] Bytes before(const FaultScene& scene, std::uint32_t host,
                               const Spot& spot) const {
        auto const place = static_cast<std::size_t>(
            std::find(scene.hosts.begin(), scene.hosts.end(), host) - scene.hosts.begin());
        CHECK(place < before_.size());
        Bytes bytes(spot.length);
        if (spot.inode < before_[place].size()) {
            const Bytes& file = before_[place][spot.inode];
            std::uint64_t const begin = std::min<std::uint64_t>(spot.offset, file.size());
            std::uint64_t const end = std::min<std::uint64_t>(begin + spot.length, file.size());
            std::copy(file.begin() + static_cast<std::ptrdiff_t>(begin),
                      file.begin() + static_cast<std::ptrdiff_t>(end), bytes.begin());
        }
        return bytes;
    }
    /// Sectors that have changed since, and behind which a proven frame stands that is not among
    /// them: whoever proves that one proves all before it.
    [[nodiscard]] std::vector<Spot> stale_spots(FaultScene& scene, std::uint32_t host) const {
        namespace wal = broker::wal;
        std::vector<Spot> const frames = proven_spots(scene, host);
        std::vector<Spot> spots;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            Spot const run = run_of(frames, i, 1 + scene.random.below(frames_max));
            std::uint64_t const begin = run.offset / wal::sector_bytes * wal::sector_bytes;
            Spot const whole{run.inode, begin, wal::sector_end(run.offset + run.length) - begin};
            bool const proven = std::any_of(frames.begin(), frames.end(), [&](const Spot& frame) {
                return frame.inode == run.inode && frame.offset >= begin + whole.length;
            });
            ByteSpan const now = bytes_at(scene, host, whole);
            Bytes const then = before(scene, host, whole);
            if (proven && now.size() == then.size() &&
                !std::equal(now.begin(), now.end(), then.begin())) {
                spots.push_back(whole);
            }
        }
        return spots;
    }

    std::vector<std::vector<Bytes>> before_;  // by host of the scene, then by file
    std::uint32_t tried_ = 0;
    bool struck_ = false;
};

}  // namespace

std::unique_ptr<ActiveFault> make_lost_write() {
    return std::make_unique<LostWrite>();
}

std::unique_ptr<ActiveFault> make_stale_read() {
    return std::make_unique<StaleRead>();
}

}  // namespace brokersim
