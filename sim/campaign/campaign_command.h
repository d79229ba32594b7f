// `brokersim campaign`, `merge` and `status`.
#pragma once

#include "sim/command/exit_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim {

struct CampaignCommand {
    std::vector<std::string> scenarios;  // empty: the library
    std::optional<std::int64_t> budget_ns;
    std::optional<std::uint64_t> seeds;
    std::optional<std::uint64_t> seed;  // of the campaign
    std::uint32_t jobs = 0;             // 0: one per core
    std::string out;                    // empty: runs/UTC time-campaign seed
    bool resume = false;
    std::uint32_t shard = 0;  // from 0
    std::uint32_t shards = 1;
    std::int64_t timeout_ns = 60'000'000'000;
    std::uint64_t memory_mib = 2048;
    bool canaries = true;
    std::string known;
    std::string ci;
    bool quiet = false;
};
ExitCode campaign_command(const CampaignCommand& command);

struct MergeCommand {
    std::vector<std::string> folders;
    std::string out;  // empty: the first folder
    std::string known;
    std::string ci;
};
ExitCode merge_command(const MergeCommand& command);

/// Prints status.json of a campaign, running or not; from any machine that sees the folder.
ExitCode status_command(const std::string& folder, bool json);

/// "3/16", counted from 1. Nothing if it is no shard.
std::optional<std::pair<std::uint32_t, std::uint32_t>> parse_shard(const std::string& text);
/// "90s", "10m", "8h", in nanoseconds. Nothing if it is no duration, or none above 0.
std::optional<std::int64_t> parse_budget(const std::string& text);

}  // namespace brokersim
