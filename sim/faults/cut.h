// A cut: pairs of members of which one does not reach the other, made and mended as a whole.
#pragma once

#include "sim/faults/active_fault.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace brokersim {

class Cut {
public:
    /// Resolves the groups or the shape of the element; false if nobody fits. The brokers of the
    /// first group become the hosts of the scene.
    bool plan(FaultScene& scene);
    /// Adds the pairs between two groups, in the direction of the element.
    void between(const FaultScene& scene, const std::vector<std::uint32_t>& a,
                 const std::vector<std::uint32_t>& b);
    /// Returns whether it blocks anything.
    bool make(FaultScene& scene);
    void mend(FaultScene& scene);
    [[nodiscard]] bool made() const { return made_; }
    /// Messages that wanted to pass so far while it was made. The network counts them before it
    /// asks what is cut.
    [[nodiscard]] std::uint64_t chances(const FaultScene& scene) const;

private:
    [[nodiscard]] std::uint64_t wanted(const FaultScene& scene) const;

    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs_;
    bool made_ = false;
    std::uint64_t wanted_before_ = 0;  // when it was made last
    std::uint64_t met_ = 0;            // in former times
};

}  // namespace brokersim
