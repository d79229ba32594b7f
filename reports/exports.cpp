// Slices, arrows and vector clocks out of rungs and moments.
#include "reports/exports.h"

#include "reports/finding.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace brokersim::reports {
namespace {

constexpr std::uint32_t first_producer_pid = 100;
constexpr std::uint32_t role_thread = 1;
constexpr std::uint32_t disk_thread = 3;
constexpr std::uint32_t network_thread = 4;

std::string microseconds(std::int64_t nanoseconds) {
    return fmt::format("{}.{:03}", nanoseconds / 1'000, nanoseconds % 1'000);
}

class TraceEvents {
public:
    explicit TraceEvents(const Timeline& timeline) : timeline_{timeline} {}

    std::string json() {
        name(0, "faults");
        for (std::uint32_t broker = 1; broker <= timeline_.brokers; ++broker) {
            name(broker, fmt::format("n{} (broker)", broker));
        }
        std::uint32_t producers = 0;
        for (const TracedMessage& message : timeline_.messages) {
            producers = std::max(producers, message.producer);
        }
        for (std::uint32_t producer = 1; producer <= producers; ++producer) {
            name(first_producer_pid + producer, fmt::format("producer-{}", producer));
        }
        roles();
        faults();
        stations();
        return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + text_ + "\n]}\n";
    }

private:
    void add(const std::string& event) { text_ += (text_.empty() ? "" : ",\n") + event; }

    void name(std::uint32_t pid, const std::string& name) {
        add(fmt::format(
            R"({{"ph":"M","name":"process_name","pid":{},"tid":0,"args":{{"name":{}}}}})", pid,
            json_quoted(name)));
    }
    void slice(std::uint32_t pid, std::uint32_t tid, std::string_view category,
               const std::string& name, std::int64_t begin_ns, std::int64_t length_ns,
               std::uint64_t event) {
        add(fmt::format(R"({{"ph":"X","name":{},"cat":"{}","pid":{},"tid":{},"ts":{},"dur":{},)"
                        R"("args":{{"event":{}}}}})",
                        json_quoted(name), category, pid, tid, microseconds(begin_ns),
                        microseconds(std::max<std::int64_t>(length_ns, 1)), event));
    }

    void roles() {
        std::int64_t const end = timeline_.moments.empty() ? 0 : timeline_.moments.back().time_ns;
        std::map<std::pair<std::uint32_t, std::uint32_t>, const Moment*> leading;
        auto const close = [&](std::uint32_t node, std::optional<std::uint32_t> partition,
                               std::int64_t now) {
            for (auto at = leading.begin(); at != leading.end();) {
                bool const meant =
                    at->first.first == node && (!partition || at->first.second == *partition);
                if (!meant) {
                    ++at;
                    continue;
                }
                const Moment& from = *at->second;
                slice(node, role_thread, "role",
                      fmt::format("leader {} term={}", timeline_.partitions[from.partition].label,
                                  from.term),
                      from.time_ns, now - from.time_ns, from.event);
                at = leading.erase(at);
            }
        };
        for (const Moment& moment : timeline_.moments) {
            bool const down = moment.change >= Change::crashed && moment.change <= Change::broke;
            if (down) {
                close(moment.node, std::nullopt, moment.time_ns);
                add(fmt::format(
                    R"({{"ph":"i","s":"p","name":"down","cat":"role","pid":{},"tid":{},"ts":{}}})",
                    moment.node, role_thread, microseconds(moment.time_ns)));
            } else if (moment.change == Change::became_leader) {
                close(moment.node, moment.partition, moment.time_ns);
                leading[{moment.node, moment.partition}] = &moment;
            } else if (moment.change == Change::stepped_down) {
                close(moment.node, moment.partition, moment.time_ns);
            }
        }
        for (std::uint32_t node = 1; node <= timeline_.brokers; ++node) {
            close(node, std::nullopt, end);
        }
    }

    void faults() {
        for (const Fault& fault : timeline_.faults) {
            slice(0, 1, "fault", fmt::format("FAULT {} {}", fault.id, fault.kind), fault.time_ns,
                  fault.end_ns < 0 ? 0 : fault.end_ns - fault.time_ns, fault.event);
        }
    }

    void stations() {
        for (const Rung& rung : timeline_.rungs) {
            const TracedMessage& message = timeline_.messages[rung.message];
            bool const disk = rung.step == Step::written || rung.step == Step::synced;
            std::uint32_t const pid =
                rung.node == 0 ? first_producer_pid + message.producer : rung.node;
            std::uint32_t const tid = disk ? disk_thread : network_thread;
            slice(pid, tid, disk ? "disk" : "net",
                  fmt::format("{} {}", name_of(rung.step), timeline_.message_text(rung.message)),
                  rung.time_ns, 1'000, rung.event);
            bool const leaves = rung.step == Step::sent;
            if (leaves || rung.step == Step::acked) {
                add(fmt::format(R"({{"ph":"{}","id":{},"name":"message","cat":"net",)"
                                R"("pid":{},"tid":{},"ts":{}{}}})",
                                leaves ? "s" : "f", rung.message + 1, pid, tid,
                                microseconds(rung.time_ns), leaves ? "" : R"(,"bp":"e")"));
            }
        }
    }

    const Timeline& timeline_;
    std::string text_;
};

using Clock = std::map<std::string, std::uint64_t>;

void learn(Clock& clock, const Clock& other) {
    for (const auto& [host, count] : other) {
        clock[host] = std::max(clock[host], count);
    }
}

std::string clock_text(const Clock& clock) {
    std::string text;
    for (const auto& [host, count] : clock) {
        text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ", ", host, count);
    }
    return "{" + text + "}";
}

}  // namespace

std::string perfetto_json(const Timeline& timeline) {
    return TraceEvents{timeline}.json();
}

std::string shiviz_log(const Timeline& timeline, const std::vector<std::uint32_t>& messages) {
    std::map<std::string, Clock> clocks;
    std::map<std::uint32_t, Clock> known;  // by message: of its last station
    std::string text;
    for (const Rung& rung : timeline.rungs) {
        bool const wanted = messages.empty() || std::find(messages.begin(), messages.end(),
                                                          rung.message) != messages.end();
        if (!wanted) {
            continue;
        }
        std::string const host =
            rung.node == 0 ? fmt::format("producer-{}", timeline.messages[rung.message].producer)
                           : fmt::format("n{}", rung.node);
        Clock& clock = clocks[host];
        learn(clock, known[rung.message]);
        ++clock[host];
        known[rung.message] = clock;
        text += fmt::format("{} {} event {} at {}\n{} {}\n", timeline.message_text(rung.message),
                            name_of(rung.step), rung.event, seconds_text(rung.time_ns), host,
                            clock_text(clock));
    }
    return text;
}

}  // namespace brokersim::reports
