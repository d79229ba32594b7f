// What a recorded log is asked for: the scenario's batches, and how long its disk takes.
#pragma once

#include "scenarios/run_config.h"
#include "sim/enumerate/io_trace.h"
#include "sim/virtual_disk.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace brokersim::enumeration {

/// Completions, each at its own drawn time.
class LatencyTimer final : public DiskTimer {
public:
    explicit LatencyTimer(const RunConfig& config)
        : config_{config}, random_{config.seed, "enumerate.disk"} {}

    void schedule(Op op, std::uint32_t slot) override {
        const Distribution& latency = op == Op::sync ? config_.disk_sync : config_.disk_write;
        Due const due{now + Duration{latency.draw(random_)}, slot};
        auto const behind = std::upper_bound(
            due_.begin(), due_.end(), due, [](const Due& a, const Due& b) { return a.at < b.at; });
        due_.insert(behind, due);
    }
    [[nodiscard]] Time next() const { return due_.empty() ? Time::never() : due_.front().at; }
    std::uint32_t take() {
        std::uint32_t const slot = due_.front().slot;
        due_.pop_front();
        return slot;
    }

    Time now;

private:
    struct Due {
        Time at;
        std::uint32_t slot;
    };
    const RunConfig& config_;
    broker::Random random_;
    std::deque<Due> due_;  // by time; of one time in order of submission
};

/// One client batch, on its way to the log.
struct Batch {
    Duration at;  // since the log opened
    std::uint32_t records = 0;
    Bytes payload;
};

/// The scenario's messages in batches of its size, ascending by time. Messages are not retried and
/// batches not split: one log takes them all.
std::vector<Batch> draw_batches(const RunConfig& config, broker::Random& random);

/// Whether a write to a segment holds an entry of a client.
bool carries_batch(ByteSpan data);

}  // namespace brokersim::enumeration
