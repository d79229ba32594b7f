// Disks that report errors: sync_error, write_error, read_error, disk_full.
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
            scene.world.disk(host).errors().add(
                DiskError{scene.index, kind_, scene.element.full_at, scene.element.strikes});
        }
        return !scene.hosts.empty();
    }
    bool end(FaultScene& scene) override {
        for (std::uint32_t const host : scene.hosts) {
            scene.world.disk(host).errors().remove(scene.index);
        }
        for (std::uint32_t const host : scene.hosts) {
            if (scene.running) {
                scene.world.start(host);
            }
        }
        return true;
    }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        std::uint64_t sum = 0;
        for (std::uint32_t const host : scene.hosts) {
            sum += scene.world.disk(host).errors().chances(kind_, scene.element.full_at);
        }
        return sum;
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        (void)element;
        return chances > 0;
    }

private:
    FaultKind kind_;
};

}  // namespace

std::unique_ptr<ActiveFault> make_disk_error(FaultKind kind) {
    return std::make_unique<ReportedError>(kind);
}

}  // namespace brokersim
