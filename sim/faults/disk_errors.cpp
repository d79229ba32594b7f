// Disks that report errors: sync_error, write_error, read_error, disk_full. And those that do less
// than they were asked for, and say so, which no broker has to stop for: short_write, short_read.
//
// A broker that was told of an error stops (what it believes of its disk may be wrong). The end of
// the fault is the operator: the cause is gone, and who is down by then starts again.
#include "sim/disk_errors.h"

#include "sim/faults/active_fault.h"
#include "sim/virtual_disk.h"

namespace brokersim {
namespace {

class ReportedError final : public ActiveFault {
public:
    explicit ReportedError(FaultKind kind) : kind_{kind} {}

    bool begin(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.disk(host).errors().add(error_of(scene));
        }
        return !scene.hosts.empty();
    }
    bool end(FaultScene& scene) override {
        bool owed = false;
        latent_ = false;
        for (std::uint32_t const host : scene.hosts) {
            VirtualDisk& disk = scene.world.disk(host);
            disk.errors().remove(scene.index);
            owed = owed || disk.owes_error(scene.index);
            latent_ = latent_ || disk.forgave_error(scene.index);
        }
        latent_ = latent_ || owed;
        bool const stops = kind_ != FaultKind::short_write && kind_ != FaultKind::short_read;
        for (std::uint32_t const host : scene.hosts) {
            if (scene.running && stops) {
                scene.world.start(host);
            }
        }
        if (owed && scene.running) {
            // The cause is gone, but who is told of it at a later sync stops only then.
            constexpr Duration patience{50'000'000};
            scene.end_in(patience);
            return false;
        }
        return true;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::uint32_t const host : scene.hosts) {
            const DiskErrors& errors = scene.world.disk(host).errors();
            sum += kind_ == FaultKind::sync_error ? errors.sync_chances(error_of(scene))
                                                  : errors.chances(kind_, scene.element.full_at);
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0 && !latent_;
    }

private:
    [[nodiscard]] DiskError error_of(const FaultScene& scene) const {
        const Element& element = scene.element;
        return DiskError{scene.index,     kind_,          element.full_at,
                         element.strikes, element.during, element.nth};
    }

    FaultKind kind_;
    bool latent_ = false;  // pages failed, and so far nobody asked for them
};

}  // namespace

std::unique_ptr<ActiveFault> make_disk_error(FaultKind kind) {
    return std::make_unique<ReportedError>(kind);
}

}  // namespace brokersim
