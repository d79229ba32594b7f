// Adding files and sorting what they say.
#include "reports/merge.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim::reports {
namespace {

constexpr std::size_t shortest_max = 4;

}  // namespace

void Merge::add_file(std::string_view name, std::string_view text) {
    bool refused = false;
    while (!text.empty() && !refused) {
        std::size_t const end = text.find('\n');
        if (end == std::string_view::npos) {
            ++torn_;  // no line end: the writer was killed in the middle of it
            return;
        }
        std::string_view const line = text.substr(0, end);
        text.remove_prefix(end + 1);
        ResultLine const result = parse_result_line(line);
        if (result.type.empty()) {
            ++torn_;
        } else if (result.type == "chunk") {
            add_chunk(result.chunk);
        } else if (result.type == "seed") {
            add_seed(result.seed);
        } else if (result.type == "recheck") {
            rechecks_.insert_or_assign(result.recheck.chunk, result.recheck);
        } else if (result.type == "trouble") {
            bool const known =
                std::any_of(troubles_.begin(), troubles_.end(), [&](const Trouble& trouble) {
                    return trouble.scenario == result.trouble.scenario &&
                           trouble.seed == result.trouble.seed &&
                           trouble.what == result.trouble.what;
                });
            if (!known) {
                troubles_.push_back(result.trouble);
            }
        } else if (result.type == "start") {
            bool const first = source_.empty();
            refused = !first && (result.source != source_ || result.campaign_seed != campaign_);
            if (refused) {
                refused_.push_back(fmt::format("{}: of another source or campaign", name));
            } else if (first) {
                source_ = result.source;
                campaign_ = result.campaign_seed;
            }
        }
    }
}

void Merge::add_chunk(const ChunkResult& chunk) {
    auto const [at, is_new] = chunks_.emplace(chunk.chunk, chunk);
    if (is_new) {
        return;
    }
    ++duplicates_;
    const ChunkResult& first = at->second;
    if (first.fold != chunk.fold || first.scenario_hash != chunk.scenario_hash ||
        first.seeds != chunk.seeds || first.passed != chunk.passed) {
        conflicts_.push_back(
            fmt::format("chunk {} of {} ran twice and differs: {:016x} and {:016x}", chunk.chunk,
                        chunk.scenario, first.fold, chunk.fold));
    }
}

void Merge::add_seed(const SeedResult& seed) {
    auto const [at, is_new] = seeds_.emplace(SeedKey{seed.k, seed.scenario_hash}, seed);
    if (is_new) {
        return;
    }
    const SeedResult& first = at->second;
    if (first.trace_hash != seed.trace_hash || first.verdict != seed.verdict) {
        conflicts_.push_back(
            fmt::format("seed {:#x} of {} ran twice and differs: {} {:016x} and "
                        "{} {:016x}",
                        seed.seed, seed.scenario, first.verdict, first.trace_hash, seed.verdict,
                        seed.trace_hash));
    }
}

std::vector<SeedResult> Merge::seeds() const {
    std::vector<SeedResult> list;
    for (const auto& [key, seed] : seeds_) {
        if (chunks_.contains(seed.k / seeds_per_chunk)) {
            list.push_back(seed);
        }
    }
    return list;
}

std::vector<SignatureRow> Merge::signatures() const {
    std::map<std::string, SignatureRow> rows;
    for (SeedResult& seed : seeds()) {
        if (seed.verdict != "fail") {
            continue;
        }
        SignatureRow& row = rows[seed.signature];
        row.planted = (row.seeds == 0 || row.planted) && !seed.mutant.empty();
        row.signature = seed.signature;
        ++row.seeds;
        row.shortest.push_back(std::move(seed));
        std::sort(row.shortest.begin(), row.shortest.end(),
                  [](const SeedResult& a, const SeedResult& b) {
                      return a.events != b.events ? a.events < b.events : a.seed < b.seed;
                  });
        if (row.shortest.size() > shortest_max) {
            row.shortest.pop_back();
        }
    }
    std::vector<SignatureRow> list;
    for (auto& [signature, row] : rows) {
        list.push_back(std::move(row));
    }
    std::stable_sort(list.begin(), list.end(), [](const SignatureRow& a, const SignatureRow& b) {
        return a.planted != b.planted ? !a.planted : a.seeds > b.seeds;
    });
    return list;
}

std::string Merge::lines() const {
    std::string text;
    for (const auto& [number, chunk] : chunks_) {
        text += to_json(chunk, false) + "\n";
    }
    for (const SeedResult& seed : seeds()) {
        text += to_json(seed, false) + "\n";
    }
    return text;
}

}  // namespace brokersim::reports
