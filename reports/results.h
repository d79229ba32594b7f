// Results of a campaign: one JSON line per chunk of seeds, and one per seed that did not pass.
//
//   {"v":1,"type":"start",...}    who wrote this file, of which campaign
//   {"v":1,"type":"seed",...}     a seed that failed, was void or inconclusive, or broke its worker
//   {"v":1,"type":"chunk",...}    64 seeds of one scenario; counts only once this line is there
//   {"v":1,"type":"recheck",...}  the same chunk again in another process: equal or not
//   {"v":1,"type":"trouble",...}  the machine's fault, not the product's: out of memory, killed
//   {"v":1,"type":"end",...}      why the writer stopped
// A line is written by one write() to a file opened for appending, so a kill loses at most the line
// under way. Seeds and hashes are strings.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::reports {

/// What a campaign says of one of its scenarios.
struct CampaignScenario {
    std::string name;
    std::string path;
    std::string hash;
    std::string mutant;   // planted; empty: the broker as it is
    std::string expects;  // "holds", "violates X", "voids"
    std::uint64_t weight = 1;
    std::uint64_t seeds_first = 1;  // of its first chunk
    bool drawn = false;             // takes part in what is left of the budget

    friend bool operator==(const CampaignScenario&, const CampaignScenario&) = default;
};

/// What a shard must know to do its part, and a merge to say whether all parts are there.
struct Manifest {
    std::uint64_t campaign_seed = 0;
    std::uint64_t seeds = 0;  // in all; 0: as many as the time allows
    std::uint32_t shard = 0;  // from 0
    std::uint32_t shards = 1;
    std::string source;
    std::string commit;
    bool dirty = false;
    std::string build;
    bool canaries = true;
    std::vector<CampaignScenario> scenarios;
};
std::string to_json(const Manifest& manifest);
tl::expected<Manifest, std::string> parse_manifest(std::string_view json);

/// A seed that is worth a line.
struct SeedResult {
    std::string scenario;
    std::string scenario_hash;
    std::string mutant;
    std::uint64_t k = 0;
    std::uint64_t seed = 0;
    std::string verdict;
    bool expected = false;  // as its scenario demands
    std::vector<std::string> violated;
    std::string signature;
    std::string summary;
    std::uint64_t trace_hash = 0;
    std::uint64_t events = 0;
    std::int64_t virtual_ns = 0;
    std::int64_t found_ns = 0;  // virtual time of the first finding; 0: none, or none known
    std::int64_t wall_ns = 0;
    std::int64_t acked = 0;
    std::int64_t lost = 0;
    std::int64_t duplicated = 0;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> faults;  // scheduled, effective
    std::vector<std::uint32_t> probes;                                      // reached
};
/// wall: with the time it took, which no two runs share.
std::string to_json(const SeedResult& result, bool wall = true);

struct FaultSums {
    std::uint64_t scheduled = 0;
    std::uint64_t effective = 0;
    std::uint64_t seeds = 0;            // that drew the class
    std::uint64_t seeds_effective = 0;  // and in which it mattered
    friend bool operator==(const FaultSums&, const FaultSums&) = default;
};

struct ChunkResult {
    std::string scenario;
    std::string scenario_hash;
    std::string mutant;
    std::uint64_t chunk = 0;
    std::uint64_t seeds = 0;
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    std::uint64_t voided = 0;
    std::uint64_t inconclusive = 0;
    std::uint64_t expected = 0;  // as the scenario demands
    std::uint64_t fold = 0;      // ordered, of the trace hashes
    std::uint64_t events = 0;
    std::int64_t virtual_ns = 0;
    std::int64_t wall_ns = 0;
    std::int64_t acked = 0;
    std::map<std::string, FaultSums> faults;
    std::vector<std::uint32_t> probes;  // reached by some seed, ascending

    void add(const SeedResult& seed);
};
std::string to_json(const ChunkResult& result, bool wall = true);

struct Recheck {
    std::uint64_t chunk = 0;
    bool equal = true;
    std::string detail;
};
std::string to_json(const Recheck& recheck);

struct Trouble {
    std::string scenario;
    std::uint64_t seed = 0;
    std::string what;
};
std::string to_json(const Trouble& trouble);

/// One line, whatever its type. type: empty if the line is torn or no result.
struct ResultLine {
    std::string type;
    SeedResult seed;
    ChunkResult chunk;
    Recheck recheck;
    Trouble trouble;
    std::string source;         // of a start line
    std::string campaign_seed;  // of a start line
    std::string reason;         // of an end line
};
ResultLine parse_result_line(std::string_view line);

std::string start_line(const Manifest& manifest, std::string_view host, std::int64_t pid,
                       std::uint32_t attempt);
std::string end_line(std::string_view reason, std::uint64_t seeds);

}  // namespace brokersim::reports
