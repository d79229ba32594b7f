// Metrics of a run: the brokers' gauges sampled on virtual time, in a fixed number of samples.
//
// Sampling looks and changes nothing: it schedules no event and folds into no hash. When all
// places are taken, every second sample goes and the interval doubles, so that a run of any length
// keeps between half and all of them, evenly spaced. No allocation after construction.
#pragma once

#include "broker_core/broker/metrics.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace brokersim {

using broker::Duration;
using broker::Time;

/// One instant of the whole cluster: gauges and counters summed over the brokers that are up,
/// counters also over lives that are over.
struct MetricsSample {
    Time at;
    broker::NodeMetrics cluster;
};

class MetricsSampler {
public:
    static constexpr std::size_t samples_max = 64;

    /// interval: of the first samples_max samples.
    explicit MetricsSampler(Duration interval) : interval_{interval} {}

    [[nodiscard]] bool due(Time now) const { return now >= next_; }
    void add(Time now, const broker::NodeMetrics& cluster);
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] const MetricsSample& sample(std::size_t i) const { return samples_[i]; }
    [[nodiscard]] Duration interval() const { return interval_; }

private:
    std::array<MetricsSample, samples_max> samples_;
    std::size_t count_ = 0;
    Duration interval_;
    Time next_;
};

/// What is left of the samples in a report.
struct MetricsSummary {
    struct Gauge {
        std::uint64_t mean = 0;
        std::uint64_t max = 0;
    };
    std::uint64_t samples = 0;
    Duration interval;
    Gauge log_queued;
    Gauge admitted_bytes;
    Gauge uncommitted_bytes;
    Gauge requests_unanswered;
    Gauge requests_waiting;
    Gauge fetches_parked;
    Gauge log_bytes_per_second;  // between neighbouring samples
    std::uint64_t log_written_bytes = 0;
    std::uint64_t syncs = 0;
    Duration sync_time_mean;
    Duration sync_time_max;
    std::uint64_t elections_won = 0;
};
/// end: the counters at the end of the run.
MetricsSummary summarize(const MetricsSampler& sampler, const broker::NodeMetrics& end);

/// One JSON object; gauges as [mean, max], times in microseconds.
std::string metrics_json(const MetricsSummary& summary);
/// A few lines for people.
std::string metrics_text(const MetricsSummary& summary);

}  // namespace brokersim
