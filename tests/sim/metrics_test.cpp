// Tests of the sampler and of what a summary says.
#include "sim/metrics.h"

#include <catch2/catch.hpp>

namespace brokersim {
namespace {

broker::NodeMetrics state(std::uint64_t queued, std::uint64_t written) {
    broker::NodeMetrics metrics;
    metrics.log_queued = queued;
    metrics.log_written_bytes = written;
    return metrics;
}

}  // namespace

TEST_CASE("metrics: a run of any length keeps a bounded number of evenly spaced samples",
          "[metrics]") {
    MetricsSampler sampler{Duration{1'000}};

    for (std::int64_t t = 0; t < 1'000'000; t += 10) {
        if (sampler.due(Time{t})) {
            sampler.add(Time{t}, state(0, 0));
        }
    }

    REQUIRE(sampler.count() > MetricsSampler::samples_max / 2);
    REQUIRE(sampler.count() <= MetricsSampler::samples_max);
    Duration const step = sampler.sample(1).at - sampler.sample(0).at;
    CHECK(step == sampler.interval());
    for (std::size_t i = 1; i < sampler.count(); ++i) {
        CHECK(sampler.sample(i).at - sampler.sample(i - 1).at == step);
    }
}

TEST_CASE("metrics: gauges become mean and maximum, counters a total and a rate", "[metrics]") {
    MetricsSampler sampler{Duration{1'000'000'000}};
    sampler.add(Time{0}, state(2, 0));
    sampler.add(Time{1'000'000'000}, state(6, 100));
    sampler.add(Time{2'000'000'000}, state(1, 500));
    broker::NodeMetrics end = state(0, 700);
    end.syncs = 4;
    end.sync_time = Duration{8'000'000};
    end.sync_time_max = Duration{5'000'000};

    MetricsSummary const summary = summarize(sampler, end);

    CHECK(summary.log_queued.mean == 3);
    CHECK(summary.log_queued.max == 6);
    CHECK(summary.log_bytes_per_second.mean == 250);
    CHECK(summary.log_bytes_per_second.max == 400);
    CHECK(summary.log_written_bytes == 700);
    CHECK(summary.sync_time_mean == Duration{2'000'000});
    CHECK(metrics_json(summary).find("\"sync_us\":[2000,5000]") != std::string::npos);
}

TEST_CASE("metrics: without samples a summary is all zeros", "[metrics]") {
    MetricsSummary const summary = summarize(MetricsSampler{Duration{1}}, broker::NodeMetrics{});

    CHECK(summary.samples == 0);
    CHECK(summary.log_queued.mean == 0);
    CHECK(summary.sync_time_mean == Duration{});
}

}  // namespace brokersim
