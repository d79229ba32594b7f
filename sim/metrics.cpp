// Thinning out samples, and what a report says of them.
#include "sim/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

template <class Value>
MetricsSummary::Gauge gauge_of(const MetricsSampler& sampler, Value value) {
    MetricsSummary::Gauge gauge;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < sampler.count(); ++i) {
        std::uint64_t const now = value(sampler.sample(i).cluster);
        sum += now;
        gauge.max = std::max(gauge.max, now);
    }
    gauge.mean = sampler.count() == 0 ? 0 : sum / sampler.count();
    return gauge;
}

MetricsSummary::Gauge write_rate(const MetricsSampler& sampler) {
    MetricsSummary::Gauge rate;
    if (sampler.count() < 2) {
        return rate;
    }
    auto const between = [&](std::size_t from, std::size_t to) {
        const MetricsSample& early = sampler.sample(from);
        const MetricsSample& late = sampler.sample(to);
        auto const elapsed_ns = static_cast<std::uint64_t>((late.at - early.at).nanoseconds());
        std::uint64_t const bytes =
            late.cluster.log_written_bytes - early.cluster.log_written_bytes;
        return elapsed_ns == 0 ? 0 : bytes * std::uint64_t{second_ns} / elapsed_ns;
    };
    for (std::size_t i = 1; i < sampler.count(); ++i) {
        rate.max = std::max(rate.max, between(i - 1, i));
    }
    rate.mean = between(0, sampler.count() - 1);
    return rate;
}

std::int64_t micros(Duration duration) {
    return duration.nanoseconds() / 1'000;
}

}  // namespace

void MetricsSampler::add(Time now, const broker::NodeMetrics& cluster) {
    if (count_ == samples_max) {
        count_ = samples_max / 2;
        for (std::size_t i = 0; i < count_; ++i) {
            samples_[i] = samples_[i * 2];
        }
        interval_ = interval_ * 2;
    }
    samples_[count_] = MetricsSample{now, cluster};
    ++count_;
    next_ = now + interval_;
}

MetricsSummary summarize(const MetricsSampler& sampler, const broker::NodeMetrics& end) {
    using Metrics = broker::NodeMetrics;
    MetricsSummary summary;
    summary.samples = sampler.count();
    summary.interval = sampler.interval();
    summary.log_queued = gauge_of(sampler, [](const Metrics& m) { return m.log_queued; });
    summary.admitted_bytes = gauge_of(sampler, [](const Metrics& m) { return m.admitted_bytes; });
    summary.uncommitted_bytes =
        gauge_of(sampler, [](const Metrics& m) { return m.uncommitted_bytes; });
    summary.requests_unanswered =
        gauge_of(sampler, [](const Metrics& m) { return m.requests_unanswered; });
    summary.requests_waiting =
        gauge_of(sampler, [](const Metrics& m) { return m.requests_waiting; });
    summary.fetches_parked = gauge_of(sampler, [](const Metrics& m) { return m.fetches_parked; });
    summary.log_bytes_per_second = write_rate(sampler);
    summary.log_written_bytes = end.log_written_bytes;
    summary.syncs = end.syncs;
    summary.sync_time_max = end.sync_time_max;
    if (end.syncs > 0) {
        summary.sync_time_mean =
            Duration{end.sync_time.nanoseconds() / static_cast<std::int64_t>(end.syncs)};
    }
    summary.elections_won = end.elections_won;
    return summary;
}

std::string metrics_json(const MetricsSummary& summary) {
    std::string text = fmt::format("{{\"samples\":{},\"interval_us\":{}", summary.samples,
                                   micros(summary.interval));
    auto const add = [&text](const char* name, const MetricsSummary::Gauge& gauge) {
        fmt::format_to(std::back_inserter(text), ",\"{}\":[{},{}]", name, gauge.mean, gauge.max);
    };
    add("log_queued", summary.log_queued);
    add("admitted_bytes", summary.admitted_bytes);
    add("uncommitted_bytes", summary.uncommitted_bytes);
    add("requests_unanswered", summary.requests_unanswered);
    add("requests_waiting", summary.requests_waiting);
    add("fetches_parked", summary.fetches_parked);
    add("log_bytes_per_s", summary.log_bytes_per_second);
    fmt::format_to(std::back_inserter(text),
                   ",\"log_written_bytes\":{},\"syncs\":{},\"sync_us\":[{},{}],\"elections\":{}}}",
                   summary.log_written_bytes, summary.syncs, micros(summary.sync_time_mean),
                   micros(summary.sync_time_max), summary.elections_won);
    return text;
}

std::string metrics_text(const MetricsSummary& summary) {
    std::string text = fmt::format("metrics of all brokers, {} samples, one in {} ms\n",
                                   summary.samples, micros(summary.interval) / 1'000);
    auto const add = [&text](const char* name, const MetricsSummary::Gauge& gauge) {
        fmt::format_to(std::back_inserter(text), "  {:<26} mean {:>9}   max {:>9}\n", name,
                       gauge.mean, gauge.max);
    };
    add("batches not stored yet", summary.log_queued);
    add("produce bytes in hand", summary.admitted_bytes);
    add("uncommitted bytes", summary.uncommitted_bytes);
    add("requests unanswered", summary.requests_unanswered);
    add("requests waiting for room", summary.requests_waiting);
    add("fetches parked", summary.fetches_parked);
    add("log bytes per second", summary.log_bytes_per_second);
    fmt::format_to(std::back_inserter(text),
                   "  {} bytes written to logs, {} syncs (mean {} us, max {} us), {} elections\n",
                   summary.log_written_bytes, summary.syncs, micros(summary.sync_time_mean),
                   micros(summary.sync_time_max), summary.elections_won);
    return text;
}

}  // namespace brokersim
