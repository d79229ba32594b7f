// Did-you-mean: the nearest of the words that would have been right.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

struct Candidate {
    std::string_view word;
    bool preferred = false;  // wins ties: required and missing
};

/// Insertions, deletions, replacements and swaps of neighbours from one word to the other, on lower
/// case without `_` and `-` (optimal string alignment).
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The candidate nearest to `word`, if it is at most max(1, min(3, length / 3)) edits away. Ties:
/// preferred, then fewer edits as written, same first letter, nearest length, order.
std::optional<std::string> nearest(std::string_view word, const std::vector<Candidate>& candidates);

}  // namespace brokersim
