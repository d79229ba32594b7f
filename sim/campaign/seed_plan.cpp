// The plan of chunks.
#include "sim/campaign/seed_plan.h"

#include "broker_core/base/hash.h"
#include "reports/merge.h"

#include <algorithm>

namespace brokersim {
namespace {

using reports::seeds_per_chunk;
constexpr std::uint64_t twice_one_in = 20;  // 5 %

}  // namespace

SeedPlan::SeedPlan(const reports::Manifest& manifest) : manifest_{manifest} {
    for (const reports::CampaignScenario& one : manifest.scenarios) {
        weights_ += one.drawn ? one.weight : 0;
        first_seeds_ += std::min(one.seeds_first, seeds_per_chunk);
    }
    if (manifest.seeds > 0) {
        // Every scenario has its first chunk, even if fewer seeds were asked for than that takes.
        std::uint64_t const later =
            weights_ > 0 && manifest.seeds > first_seeds_ ? manifest.seeds - first_seeds_ : 0;
        chunks_ = manifest.scenarios.size() + (later + seeds_per_chunk - 1) / seeds_per_chunk;
        last_chunk_seeds_ =
            later % seeds_per_chunk == 0 ? seeds_per_chunk : later % seeds_per_chunk;
    } else if (weights_ == 0) {
        chunks_ = manifest.scenarios.size();
        last_chunk_seeds_ = seeds_per_chunk;
    }
}

std::uint64_t SeedPlan::seed_of(std::uint64_t campaign_seed, std::uint64_t k) {
    return broker::mix64(campaign_seed + k);
}

ChunkPlan SeedPlan::at(std::uint64_t chunk) const {
    ChunkPlan plan;
    plan.chunk = chunk;
    plan.first_k = chunk * seeds_per_chunk;
    std::uint64_t const drawn =
        broker::mix64(broker::fold64(broker::mix64(manifest_.campaign_seed), chunk));
    plan.twice = chunk == 0 || (drawn >> 32U) % twice_one_in == 0;
    if (chunk < manifest_.scenarios.size()) {
        plan.scenario = chunk;
        std::uint64_t const wanted =
            std::min(manifest_.scenarios[chunk].seeds_first, seeds_per_chunk);
        bool const scarce = manifest_.seeds > 0 && manifest_.seeds < first_seeds_;
        std::uint64_t const share = scarce ? wanted * manifest_.seeds / first_seeds_ : wanted;
        plan.seeds = std::max<std::uint64_t>(share, 1);
        return plan;
    }
    plan.seeds = chunks_ && chunk + 1 == *chunks_ ? last_chunk_seeds_ : seeds_per_chunk;
    std::uint64_t left = drawn % std::max<std::uint64_t>(weights_, 1);
    for (std::size_t i = 0; i < manifest_.scenarios.size(); ++i) {
        const reports::CampaignScenario& one = manifest_.scenarios[i];
        if (!one.drawn) {
            continue;
        }
        plan.scenario = i;
        if (left < one.weight) {
            break;
        }
        left -= one.weight;
    }
    return plan;
}

}  // namespace brokersim
