// Merge: many result files into one answer, whatever their order and however often they are read.
//
// A chunk counts once, by its number; a second copy is compared with the first, which is a free
// check of determinism. Lines that were torn by a kill are counted and ignored. A chunk without its
// line did not happen, even if seeds of it have theirs: it is run again.
#pragma once

#include "reports/results.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokersim::reports {

/// All seeds that failed in one way.
struct SignatureRow {
    std::string signature;
    bool planted = false;  // only in scenarios that plant a bug and expect it
    std::uint64_t seeds = 0;
    std::vector<SeedResult> shortest;  // at most four, by events, then by seed
};

class Merge {
public:
    /// Takes a whole file. Lines of another source or campaign are refused, with a complaint.
    void add_file(std::string_view name, std::string_view text);

    /// Everything that was learned, for any order of files the same.
    [[nodiscard]] const std::map<std::uint64_t, ChunkResult>& chunks() const { return chunks_; }
    [[nodiscard]] std::vector<SeedResult> seeds() const;         // not passed, of whole chunks
    [[nodiscard]] std::vector<SignatureRow> signatures() const;  // most seeds first
    [[nodiscard]] const std::map<std::uint64_t, Recheck>& rechecks() const { return rechecks_; }
    [[nodiscard]] const std::vector<Trouble>& troubles() const { return troubles_; }
    [[nodiscard]] const std::vector<std::string>& conflicts() const { return conflicts_; }
    [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }
    [[nodiscard]] std::uint64_t torn() const { return torn_; }
    [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
    /// Canonical lines, sorted, without what no two runs share: equal results give equal bytes.
    [[nodiscard]] std::string lines() const;

private:
    using SeedKey = std::pair<std::uint64_t, std::string>;  // k, scenario hash

    void add_chunk(const ChunkResult& chunk);
    void add_seed(const SeedResult& seed);

    std::string source_;
    std::string campaign_;
    std::map<std::uint64_t, ChunkResult> chunks_;
    std::map<SeedKey, SeedResult> seeds_;
    std::map<std::uint64_t, Recheck> rechecks_;
    std::vector<Trouble> troubles_;
    std::vector<std::string> conflicts_;
    std::vector<std::string> refused_;
    std::uint64_t torn_ = 0;
    std::uint64_t duplicates_ = 0;
};

inline constexpr std::uint64_t seeds_per_chunk = 64;

}  // namespace brokersim::reports
