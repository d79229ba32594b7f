// From instant to instant, from one set of disks to the next.
#include "sim/enumerate/cluster_enumeration.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "scenarios/run_config.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace brokersim::enumeration {
namespace {

constexpr std::array<std::string_view, remains_count> words = {"keep", "drop", "min", "max"};

const std::vector<Element> no_faults;

std::string_view code_of(const RunResult& run) {
    return run.verdict == RunVerdict::fail ? std::string_view{run.violated.front()} : "";
}

}  // namespace

std::string text_of(const ClusterState& state) {
    std::string text = fmt::format("c{}", state.event);
    for (Remains const remains : state.remains) {
        text += fmt::format(".{}", words[static_cast<std::size_t>(remains)]);
    }
    return text;
}

std::optional<ClusterState> parse_cluster_state(std::string_view text) {
    ClusterState state;
    std::size_t const dot = std::min(text.find('.'), text.size());
    if (text.empty() || text.front() != 'c') {
        return std::nullopt;
    }
    auto const [end, error] = std::from_chars(text.data() + 1, text.data() + dot, state.event);
    if (error != std::errc{} || end != text.data() + dot) {
        return std::nullopt;
    }
    text.remove_prefix(dot);
    while (!text.empty()) {
        text.remove_prefix(1);
        std::string_view const word = text.substr(0, text.find('.'));
        auto const* const found = std::find(words.begin(), words.end(), word);
        if (found == words.end()) {
            return std::nullopt;
        }
        state.remains.push_back(static_cast<Remains>(found - words.begin()));
        text.remove_prefix(word.size());
    }
    return state;
}

RunResult ClusterEnumeration::play(const ClusterState& state) const {
    PowerCut const cut{.event = state.event, .remains = state.remains};
    RunOptions options;
    options.power_cut = &cut;
    options.plan = &no_faults;
    options.diagnose = false;
    return run_once(scenario_, seed_, options);
}

std::vector<std::uint64_t> ClusterEnumeration::instants() const {
    std::vector<std::uint64_t> events;
    RunOptions options;
    options.disk_events = &events;
    options.plan = &no_faults;
    options.diagnose = false;
    (void)run_once(scenario_, seed_, options);
    return events;
}

bool ClusterEnumeration::fits(const ClusterState& state) const {
    std::vector<std::uint64_t> const events = instants();
    return state.remains.size() == draw_run(scenario_, seed_).brokers &&
           std::binary_search(events.begin(), events.end(), state.event);
}

tl::expected<ClusterReport, std::string> ClusterEnumeration::run() {
    RunConfig const config = draw_run(scenario_, seed_);
    std::uint64_t partitions = 0;
    for (const broker::TopicConfig& topic : config.topics) {
        partitions += topic.partitions;
    }
    ClusterReport report;
    for (const StepConfig& step : config.steps) {
        report.records += step.messages;
    }
    if (config.brokers > cluster_brokers_max) {
        return tl::unexpected{
            fmt::format("{} brokers, at most {}", config.brokers, cluster_brokers_max)};
    }
    if (partitions > 1) {
        return tl::unexpected{fmt::format("{} partitions, at most 1", partitions)};
    }
    if (report.records > cluster_records_max) {
        return tl::unexpected{
            fmt::format("{} records, at most {}", report.records, cluster_records_max)};
    }
    std::vector<std::uint64_t> const events = instants();
    report.instants = events.size();
    for (std::uint64_t const event : events) {
        visit(event, config.brokers, report);
    }
    return report;
}

void ClusterEnumeration::visit(std::uint64_t event, std::uint32_t brokers,
                               ClusterReport& report) const {
    // What each disk looks like in each of the four ways; the first of equal ones stands for all.
    std::vector<std::vector<std::vector<AfterCut>>> seen(brokers);
    std::vector<std::vector<Remains>> ways(brokers);
    std::uint64_t all = 1;
    for (std::uint32_t way = 0; way < remains_count; ++way) {
        auto const remains = static_cast<Remains>(way);
        ClusterState const state{event, std::vector<Remains>(brokers, remains)};
        RunResult const run = play(state);
        CHECK(run.after_cut.size() == brokers);
        bool fresh = false;
        for (std::uint32_t broker = 0; broker < brokers; ++broker) {
            std::vector<std::vector<AfterCut>>& met = seen[broker];
            if (std::find(met.begin(), met.end(), run.after_cut[broker]) == met.end()) {
                met.push_back(run.after_cut[broker]);
                ways[broker].push_back(remains);
                fresh = true;
            }
        }
        if (fresh) {
            note(state, run, report);
        }
    }
    for (std::uint32_t broker = 0; broker < brokers; ++broker) {
        all *= remains_count;
    }
    report.states += all;
    std::vector<std::size_t> at(brokers, 0);
    while (true) {
        ClusterState state{event, {}};
        for (std::uint32_t broker = 0; broker < brokers; ++broker) {
            state.remains.push_back(ways[broker][at[broker]]);
        }
        bool const uniform = std::all_of(state.remains.begin(), state.remains.end(),
                                         [&](Remains one) { return one == state.remains[0]; });
        if (!uniform) {
            note(state, play(state), report);
        }
        std::uint32_t place = 0;
        while (place < brokers && ++at[place] == ways[place].size()) {
            at[place++] = 0;
        }
        if (place == brokers) {
            return;
        }
    }
}

void ClusterEnumeration::note(const ClusterState& state, const RunResult& run,
                              ClusterReport& report) {
    ++report.played;
    report.hash = broker::fold64(report.hash, run.trace_hash);
    if (run.verdict != RunVerdict::fail) {
        report.undecided += run.verdict == RunVerdict::pass ? 0 : 1;
        return;
    }
    auto row = std::find_if(report.findings.begin(), report.findings.end(),
                            [&](const auto& one) { return one.code == code_of(run); });
    if (row == report.findings.end()) {
        report.findings.push_back(ClusterReport::Row{std::string{code_of(run)}, 0, state});
        row = std::prev(report.findings.end());
    }
    ++row->states;
}

ClusterState ClusterEnumeration::shrink(const ClusterState& state, std::string_view code) const {
    ClusterState smallest = state;
    for (std::size_t broker = 0; broker < state.remains.size(); ++broker) {
        for (Remains const simpler : {Remains::keep_all, Remains::drop_all}) {
            ClusterState other = smallest;
            other.remains[broker] = simpler;
            if (smallest.remains[broker] > simpler && code_of(play(other)) == code) {
                smallest = std::move(other);
                break;
            }
        }
    }
    return smallest;
}

}  // namespace brokersim::enumeration
