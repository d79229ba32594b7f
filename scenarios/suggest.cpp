// Damerau-Levenshtein distance (optimal string alignment) and the order of ties.
#include "scenarios/suggest.h"

#include <algorithm>
#include <tuple>

namespace brokersim {
namespace {

/// Words longer than this are no typos of ours; the bound also keeps the square of it small.
constexpr std::size_t longest_word = 64;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string plain(std::string_view word) {
    std::string made;
    for (char const c : word) {
        if (c != '_' && c != '-') {
            made += lower(c);
        }
    }
    return made;
}

std::size_t distance_as_written(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
    return distance_as_written(plain(from), plain(to));
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<Candidate>& candidates) {
    if (word.size() > longest_word) {
        return std::nullopt;
    }
    std::size_t const length = plain(word).size();
    std::size_t const limit = std::max<std::size_t>(1, std::min<std::size_t>(3, length / 3));
    using Rank = std::tuple<std::size_t, bool, std::size_t, bool, std::size_t>;
    std::optional<Rank> best;
    std::string_view found;
    for (const Candidate& candidate : candidates) {
        std::size_t const edits = edit_distance(word, candidate.word);
        if (edits > limit) {
            continue;
        }
        bool const other_letter =
            word.empty() || candidate.word.empty() || lower(word[0]) != lower(candidate.word[0]);
        std::size_t const size = candidate.word.size();
        Rank const rank{edits, !candidate.preferred, distance_as_written(word, candidate.word),
                        other_letter, size > word.size() ? size - word.size() : word.size() - size};
        if (!best || rank < *best) {
            best = rank;
            found = candidate.word;
        }
    }
    return best ? std::optional{std::string{found}} : std::nullopt;
}

}  // namespace brokersim
