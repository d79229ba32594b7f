// Every simultaneous power loss of a small cluster: at each instant at which some disk was asked
// for something or had done it, all brokers lose power, each disk in one of four ways, and the run
// goes on with the real recovery, elections, clients and all checks to its verdict.
//
// Of two ways that leave a disk with the same names and bytes one is played. (The same log end,
// term and vote are not enough: what is torn behind them is what a wrong recovery trips over.)
// Faults of the scenario are left out. Nothing is forked: a state is (seed, event, fate of each
// disk), and a run is played from its beginning, so that each state is one that any machine can
// play alone.
#pragma once

#include "scenarios/scenario.h"
#include "sim/power_cut.h"
#include "sim/run.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::enumeration {

inline constexpr std::uint32_t cluster_brokers_max = 3;
inline constexpr std::uint64_t cluster_records_max = 64;

/// One simultaneous power loss.
struct ClusterState {
    std::uint64_t event = 0;
    std::vector<Remains> remains;  // by broker
};
/// "c120.keep.drop.max": after event 120 broker 1 keeps everything, and so on.
std::string text_of(const ClusterState& state);
std::optional<ClusterState> parse_cluster_state(std::string_view text);

struct ClusterReport {
    std::uint64_t records = 0;    // of the workload
    std::uint64_t instants = 0;   // of I/O, up to the end of the run phase
    std::uint64_t states = 0;     // instants x four ways for each disk
    std::uint64_t played = 0;     // of them, those that differ
    std::uint64_t undecided = 0;  // of these, void or inconclusive
    std::uint64_t hash = 0;       // of all runs played, in their order
    struct Row {
        std::string code;          // what was violated first
        std::uint64_t states = 0;  // played ones
        ClusterState first;
    };
    std::vector<Row> findings;  // in the order in which they were met

    [[nodiscard]] bool clean() const { return findings.empty(); }
};

class ClusterEnumeration {
public:
    ClusterEnumeration(const Scenario& scenario, std::uint64_t seed)
        : scenario_{scenario}, seed_{seed} {}

    /// Errors: why the scenario is too large for this, in words.
    tl::expected<ClusterReport, std::string> run();
    /// Requires fits(state).
    [[nodiscard]] RunResult play(const ClusterState& state) const;
    /// Whether this scenario and seed have such an instant and so many brokers.
    [[nodiscard]] bool fits(const ClusterState& state) const;
    /// A state with the same finding in which as many disks as possible keep everything, or lose
    /// everything rather than tear.
    [[nodiscard]] ClusterState shrink(const ClusterState& state, std::string_view code) const;

private:
    [[nodiscard]] std::vector<std::uint64_t> instants() const;
    void visit(std::uint64_t event, std::uint32_t brokers, ClusterReport& report) const;
    static void note(const ClusterState& state, const RunResult& run, ClusterReport& report);

    const Scenario& scenario_;
    std::uint64_t seed_;
};

}  // namespace brokersim::enumeration
