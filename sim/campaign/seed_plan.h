// Which seed runs in which scenario: a function of the campaign's seed alone.
//
// Chunk c is the 64 consecutive numbers k = 64c .. 64c + 63, and seed(k) = mix(campaign seed + k).
// The first chunks go to the scenarios in turn, one each, with as many seeds as their files ask for
// (at most 64; fewer, but at least one, if the campaign has fewer seeds in all); every later chunk
// goes to the scenario that its weight and the hash of (campaign seed, c) pick. Shard i of n does
// the chunks with c mod n = i, so the plan does not depend on n.
#pragma once

#include "reports/results.h"

#include <cstdint>
#include <optional>

namespace brokersim {

struct ChunkPlan {
    std::uint64_t chunk = 0;
    std::size_t scenario = 0;  // index into the manifest's
    std::uint64_t first_k = 0;
    std::uint64_t seeds = 0;
    bool twice = false;  // runs again in another process
};

class SeedPlan {
public:
    explicit SeedPlan(const reports::Manifest& manifest);

    /// Chunks that the campaign has in all; nothing if only time limits it.
    [[nodiscard]] std::optional<std::uint64_t> chunks() const { return chunks_; }
    [[nodiscard]] ChunkPlan at(std::uint64_t chunk) const;
    [[nodiscard]] static std::uint64_t seed_of(std::uint64_t campaign_seed, std::uint64_t k);

private:
    const reports::Manifest& manifest_;
    std::uint64_t weights_ = 0;      // of those that are drawn
    std::uint64_t first_seeds_ = 0;  // that the files ask for, together
    std::optional<std::uint64_t> chunks_;
    std::uint64_t last_chunk_seeds_ = 0;
};

}  // namespace brokersim
