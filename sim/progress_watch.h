// L6: progress under fault. While a majority of a partition's voters works, its clients must get
// on.
//
// The rule is asked only where its answer is certain. For a whole window nothing in the world
// changes: no fault begins or ends, no broker starts or goes. Some voters, a quorum, are up, with
// machines, disks and clocks that nothing slows or stops; the links between them and to a producer
// that waits for an answer are free; every other voter is silent. If no entry of the partition
// commits in that window, the cluster waits for somebody it does not need (Raft paper, section 5.4:
// available as long as a majority is).
#pragma once

#include "broker_core/base/ids.h"
#include "broker_core/base/time.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace brokersim {

class ProgressWatch {
public:
    /// window: how long a working majority may take for one entry.
    ProgressWatch(std::size_t partitions, broker::Duration window)
        : window_{window}, partitions_(partitions) {}

    [[nodiscard]] bool due(broker::Time now) const { return now >= next_look_; }
    /// A look begins; the next one is a sixteenth of a window away. changes: of the world, so far.
    void look(broker::Time now, std::uint64_t changes) {
        next_look_ = now + window_ / 16;
        if (changes != changes_) {
            changes_ = changes;
            undisturbed_since_ = now;
        }
    }
    /// One partition in this look. working: the hosts that must get on by themselves, one bit each;
    /// 0: none. asked: somebody waits for them. Returns whether they did not, for a whole window.
    [[nodiscard]] bool is_stuck(std::uint32_t partition, std::uint32_t working, bool asked,
                                broker::LogIndex committed, broker::Time now) {
        Partition& state = partitions_[partition];
        if (working == 0 || working != state.working) {
            state = Partition{working, committed, now, now};
        }
        if (committed != state.committed || !asked) {
            state.committed = committed;
            state.progress_at = now;
        }
        broker::Time const stands_since = std::max(state.stands_since, undisturbed_since_);
        if (now - stands_since >= window_) {
            ++windows_;
            state.stands_since = now;
        }
        broker::Time const waits_since = std::max(state.progress_at, undisturbed_since_);
        return working != 0 && now - waits_since >= window_;
    }
    /// Whole windows in which somebody had to get on: how often the rule had something to say.
    [[nodiscard]] std::uint64_t windows() const { return windows_; }
    [[nodiscard]] broker::Duration window() const { return window_; }

private:
    struct Partition {
        std::uint32_t working = 0;
        broker::LogIndex committed;
        broker::Time stands_since;
        broker::Time progress_at;
    };
    broker::Duration window_;
    std::vector<Partition> partitions_;
    broker::Time next_look_;
    broker::Time undisturbed_since_;
    std::uint64_t changes_ = 0;
    std::uint64_t windows_ = 0;
};

}  // namespace brokersim
