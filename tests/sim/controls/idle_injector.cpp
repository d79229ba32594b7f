// make_fault as the linker sees it: the real one, or one whose fault does nothing.
#include "idle_injector.h"

#include "sim/faults/active_fault.h"

#include <utility>

namespace brokersim {
namespace {

/// Keeps what the kind says of itself, so that only the effect is missing.
class IdleFault final : public ActiveFault {
public:
    explicit IdleFault(std::unique_ptr<ActiveFault> real) : real_{std::move(real)} {}

    bool begin(FaultScene& scene) override {
        (void)scene;
        return true;
    }
    [[nodiscard]] bool lasting() const override { return real_->lasting(); }
    [[nodiscard]] bool ends_with_hosts() const override { return real_->ends_with_hosts(); }
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const override {
        return real_->chances(scene);
    }
    [[nodiscard]] bool had_chance(const Element& element, std::uint64_t chances) const override {
        return real_->had_chance(element, chances);
    }

private:
    std::unique_ptr<ActiveFault> real_;
};

}  // namespace

// The names that --wrap gives to the two.
std::unique_ptr<ActiveFault> real_make_fault(FaultKind kind) asm(
    "__real__ZN9brokersim10make_faultENS_9FaultKindE");
std::unique_ptr<ActiveFault> wrapped_make_fault(FaultKind kind) asm(
    "__wrap__ZN9brokersim10make_faultENS_9FaultKindE");

std::unique_ptr<ActiveFault> wrapped_make_fault(FaultKind kind) {
    std::unique_ptr<ActiveFault> real = real_make_fault(kind);
    if (IdleInjector::idle == kind) {
        return std::make_unique<IdleFault>(std::move(real));
    }
    return real;
}

}  // namespace brokersim
