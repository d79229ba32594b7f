// Disks that store or show what they should not: bit_rot, sector_error, misdirected_write,
// read_flip, misdirected_read, lost_fsync, stale_image, wipe. lost_write and stale_read are in
// old_bytes.cpp.
//
// A broker reads its disk when it starts, so damage comes with a restart, which makes sure that it
// is met. Only places that a recovery can tell from a torn tail are damaged (class D): what it
// cannot tell is silent loss (class S), which lost_fsync and stale_image bring, within their own
// budget. All damage asks the budget first, scripted or not.
#include "broker_core/wal/hard_state.h"
#include "sim/disk_truth.h"
#include "sim/faults/damaged_places.h"

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

using broker::ByteSpan;

/// What stands there with one to eight bits flipped; empty if nothing does.
Bytes rotten(FaultScene& scene, ByteSpan content) {
    Bytes shown{content.begin(), content.end()};
    if (shown.empty()) {
        return shown;
    }
    std::uint64_t const flips = 1 + scene.random.below(8);
    for (std::uint64_t i = 0; i < flips; ++i) {
        std::uint64_t const at = scene.random.below(shown.size());
        std::uint64_t const bit = scene.random.below(8);
        shown[at] ^= static_cast<std::byte>(1U << bit);
    }
    if (std::equal(content.begin(), content.end(), shown.begin())) {
        shown.front() ^= std::byte{1};  // the same bit twice
    }
    return shown;
}

std::vector<Spot> spots_for(FaultScene& scene, std::uint32_t host) {
    if (scene.element.damage_at != DamageAt::any) {
        return spots_of(scene, host, scene.element.damage_at);
    }
    constexpr std::array all = {DamageAt::payload, DamageAt::header, DamageAt::segment,
                                DamageAt::hard_state, DamageAt::snapshot};
    std::uint64_t const first = scene.random.below(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        DamageAt const where = all[(first + i) % all.size()];
        std::vector<Spot> spots = spots_of(scene, host, where);
        if (!spots.empty()) {
            scene.element.damage_at = where;  // for reports
            return spots;
        }
    }
    return {};
}

class BitRot final : public WithRestart {
    bool strike(FaultScene& scene, std::uint32_t host) override {
        std::vector<Spot> const spots = spots_for(scene, host);
        if (spots.empty() || !allowed(scene, host, DamageClass::detectable)) {
            return false;
        }
        Spot spot = spots[scene.random.below(spots.size())];
        DiskDamage& damage = scene.world.disk(host).damage();
        Bytes shown = rotten(scene, bytes_at(scene, host, spot));
        if (shown.empty()) {
            return false;
        }
        damage.show(scene.index, spot.inode, spot.offset, std::move(shown));
        if (scene.element.damage_at == DamageAt::hard_state) {
            // One bad slot looks like an update that power cut short: the other would be believed.
            spot.offset += broker::wal::hard_state_slot_stride;
            Bytes other = rotten(scene, bytes_at(scene, host, spot));
            if (!other.empty()) {
                damage.show(scene.index, spot.inode, spot.offset, std::move(other));
            }
        }
        return true;
    }
};

class SectorError final : public WithRestart {
    bool strike(FaultScene& scene, std::uint32_t host) override {
        std::vector<Spot> const spots = spots_for(scene, host);
        if (spots.empty() || !allowed(scene, host, DamageClass::detectable)) {
            return false;
        }
        constexpr std::uint64_t sector = 512;
        Spot const spot = spots[scene.random.below(spots.size())];
        std::uint64_t const run = 1 + scene.random.below(8);
        scene.world.disk(host).damage().hide(scene.index, spot.inode, spot.offset / sector * sector,
                                             run * sector);
        return true;
    }
};

/// A write for one proven frame landed on another: the first was never written, as far as the media
/// know, and the second holds what belongs to the first.
class MisdirectedWrite final : public WithRestart {
    bool strike(FaultScene& scene, std::uint32_t host) override {
        std::vector<Spot> const spots = spots_of(scene, host, DamageAt::header);
        if (spots.size() < 2 || !allowed(scene, host, DamageClass::detectable)) {
            return false;
        }
        std::uint64_t const meant = scene.random.below(spots.size());
        std::uint64_t const other = scene.random.below(spots.size() - 1);
        std::uint64_t const met = other + (other >= meant ? 1 : 0);
        DiskDamage& damage = scene.world.disk(host).damage();
        ByteSpan const content = bytes_at(scene, host, spots[meant]);
        damage.show(scene.index, spots[met].inode, spots[met].offset,
                    Bytes{content.begin(), content.end()});
        damage.show(scene.index, spots[meant].inode, spots[meant].offset, Bytes(content.size()));
        return true;
    }
};

/// A reading that is wrong once. It may strike anywhere: whoever reads twice finds out.
class WrongReading final : public WithRestart {
public:
    explicit WrongReading(FaultKind kind) : kind_{kind} {}

private:
    bool strike(FaultScene& scene, std::uint32_t host) override {
        std::vector<Spot> spots;
        for (DamageAt const where : {DamageAt::payload, DamageAt::header, DamageAt::segment,
                                     DamageAt::hard_state, DamageAt::snapshot}) {
            std::vector<Spot> const some = spots_of(scene, host, where);
            spots.insert(spots.end(), some.begin(), some.end());
        }
        if (spots.size() < 2) {
            return false;
        }
        std::uint64_t const at = scene.random.below(spots.size());
        const Spot& spot = spots[at];
        ByteSpan const right = bytes_at(scene, host, spot);
        Bytes wrong;
        if (kind_ == FaultKind::read_flip) {
            wrong = rotten(scene, right);
        } else {
            std::uint64_t const other = scene.random.below(spots.size() - 1);
            ByteSpan const from = bytes_at(scene, host, spots[other + (other >= at ? 1 : 0)]);
            wrong.assign(from.begin(), from.end());
            wrong.resize(right.size());
            if (std::equal(right.begin(), right.end(), wrong.begin())) {
                return false;
            }
        }
        if (wrong.empty()) {
            return false;
        }
        scene.world.disk(host).damage().mislead(scene.index, spot.inode, spot.offset,
                                                std::move(wrong));
        return true;
    }

    FaultKind kind_;
};

/// Syncs lie for a while. When power fails, then or later, a drawn part of what they covered turns
/// out to be missing, if the budget allows that at that moment; else all of it comes true.
class LostSync final : public ActiveFault {
public:
    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            VirtualDisk& disk = scene.world.disk(host);
            disk.lies().begin(scene.index);
            synced_before_.push_back(disk.synced_writes());
        }
        return !scene.hosts.empty();
    }
    bool end(FaultScene& scene) override {
        if (down_) {
            for (std::uint32_t const host : scene.hosts) {
                scene.world.start(host);
            }
            return true;
        }
        bool const fails = scene.running && scene.element.then_power && scene.allowed;
        if (fails && is_by_chance(scene.element) && tried_ < tries && !would_show(scene)) {
            wait(scene);
            return false;
        }
        for (std::uint32_t const host : scene.hosts) {
            scene.world.disk(host).lies().stop(scene.index);
            if (fails) {
                scene.world.crash(host, CrashKind::power);
            }
        }
        if (!fails) {
            return true;
        }
        met_ = chances(scene);
        down_ = true;
        scene.end_in(Duration{scene.random.between(1'000'000, 500'000'000)});
        return false;
    }
    /// Its time is over, and it waits for the moment at which power has something to take.
    void on_stage(FaultScene& scene) override {
        if (++tried_ < tries && !would_show(scene)) {
            wait(scene);
        } else {
            scene.end_in(Duration{});
        }
    }
    /// Power losses that could have shown a lie told by then.
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        if (down_) {
            return met_;  // what is synced now is no lie
        }
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < synced_before_.size(); ++i) {
            sum += scene.world.disk(scene.hosts[i]).lossy_up_to() > synced_before_[i] ? 1U : 0U;
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }

private:
    static constexpr std::uint32_t tries = 160;

    static void wait(const FaultScene& scene) {
        scene.stage_in(Duration{scene.random.between(1'000'000, 50'000'000)});
    }

    /// Whether a power loss now may take what a sync lied about.
    bool would_show(FaultScene& scene) const {
        for (std::size_t i = 0; i < synced_before_.size(); ++i) {
            std::uint32_t const host = scene.hosts[i];
            bool const lied = scene.world.disk(host).synced_writes() > synced_before_[i];
            BudgetAnswer const answer = scene.world.peek_budget(host, DamageClass::silent);
            if (lied && answer.allowed) {
                return true;
            }
            scene.refusal = lied ? answer.why : "nothing was synced meanwhile";
        }
        return false;
    }

    std::vector<std::uint64_t> synced_before_;  // by host of the scene
    std::uint64_t met_ = 0;
    std::uint32_t tried_ = 0;
    bool down_ = false;
};

/// An older image of the whole disk, taken when it begins and put back when it ends. Term and vote
/// must be the same in both, and all that is gone be on a quorum of others.
class StaleImage final : public Budgeted {
public:
    bool begin(FaultScene& scene) override {
        if (scene.hosts.size() != 1 || !scene.world.is_up(scene.hosts.front())) {
            return false;
        }
        take(scene);
        return true;
    }
    bool end(FaultScene& scene) override {
        over_ = over_ || !scene.running || proceed(scene);
        return over_;
    }
    void on_stage(FaultScene& scene) override {
        over_ = proceed(scene);
        if (over_) {
            scene.end_in(Duration{});
        }
    }
    /// What it waits for is decided when it ends, and told by its effect.
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }

private:
    static constexpr std::uint32_t retakes = 20;
    static constexpr std::uint32_t waits = 200;  // for something to forget, and for the budget

    /// Puts the image back if it may; returns whether it is over, else looks again later.
    bool proceed(FaultScene& scene) {
        std::uint32_t const host = scene.hosts.front();
        if (states_of(scene) != states_) {
            // Nobody may forget a term or a vote: an image of what it is now, while there is time.
            take(scene);
            scene.stage_in(scene.element.lasts.value_or(Duration{50'000'000}));
            return ++retaken_ == retakes;
        }
        if (scene.world.disk(host).image() == image_ ||
            !allowed(scene, host, DamageClass::silent)) {
            scene.stage_in(Duration{scene.random.between(1'000'000, 50'000'000)});
            return ++waited_ == waits;
        }
        // A vote that was on its way may have reached the media with the power loss.
        scene.world.crash(host, CrashKind::power);
        if (states_of(scene) == states_) {
            scene.world.replace_disk(host, image_, false);
            scene.effective = true;
        }
        scene.world.start(host);
        return true;
    }
    void take(const FaultScene& scene) {
        image_ = scene.world.disk(scene.hosts.front()).image();
        states_ = states_of(scene);
    }
    static std::vector<broker::HardState> states_of(const FaultScene& scene) {
        std::vector<broker::HardState> states;
        for (std::uint32_t number = 0; number < scene.world.partitions(); ++number) {
            states.push_back(scene.world.truth().hard_state(scene.hosts.front() + 1,
                                                            broker::PartitionId{number}));
        }
        return states;
    }

    DiskImage image_;
    std::vector<broker::HardState> states_;
    std::uint32_t retaken_ = 0;
    std::uint32_t waited_ = 0;
    bool over_ = false;
};

class Wipe final : public Budgeted {
public:
    bool begin(FaultScene& scene) override {
        bool const keeps = scene.element.keeps_identity;
        DamageClass const damage = keeps ? DamageClass::amnesia : DamageClass::detectable;
        for (std::uint32_t const host : scene.hosts) {
            if (scene.world.is_running(host) && allowed(scene, host, damage)) {
                scene.world.replace_disk(host, {}, !keeps);
                scene.world.start(host);
                scene.effective = true;
            }
        }
        return scene.effective;
    }
    [[nodiscard]] bool lasting() const override { return false; }
};

}  // namespace

std::unique_ptr<ActiveFault> make_damage(FaultKind kind) {
    if (kind == FaultKind::bit_rot) {
        return std::make_unique<BitRot>();
    }
    if (kind == FaultKind::sector_error) {
        return std::make_unique<SectorError>();
    }
    if (kind == FaultKind::misdirected_write) {
        return std::make_unique<MisdirectedWrite>();
    }
    if (kind == FaultKind::lost_write) {
        return make_lost_write();
    }
    if (kind == FaultKind::stale_read) {
        return make_stale_read();
    }
    if (kind == FaultKind::lost_fsync) {
        return std::make_unique<LostSync>();
    }
    if (kind == FaultKind::stale_image) {
        return std::make_unique<StaleImage>();
    }
    if (kind == FaultKind::wipe) {
        return std::make_unique<Wipe>();
    }
    return std::make_unique<WrongReading>(kind);
}

}  // namespace brokersim
