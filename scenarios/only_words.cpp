// Reading and writing the words of "only".
#include "scenarios/only_words.h"

#include "scenarios/suggest.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {

std::uint32_t read_only_words(ObjectReader& object, const KindRules& rules) {
    std::uint32_t const struck = words_struck_by(rules.kind);
    if (struck == 0 && object.has("only")) {
        object.error("only", "SCN224", fmt::format("{} takes no \"only\"", name_of(rules.kind)),
                     "remove the key");
        return 0;
    }
    std::uint32_t only = 0;
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < message_words.size(); ++i) {
        if ((struck & (1U << i)) != 0) {
            candidates.push_back({message_words[i]});
        }
    }
    for (const std::string& word : object.texts("only")) {
        auto const* const at = std::find(message_words.begin(), message_words.end(), word);
        std::uint32_t const bit = 1U << static_cast<std::uint32_t>(at - message_words.begin());
        if (at == message_words.end() || (struck & bit) == 0) {
            std::optional<std::string> const near = nearest(word, candidates);
            object.error("only", at == message_words.end() ? "SCN011" : "SCN224",
                         fmt::format("{} strikes no messages about {}", name_of(rules.kind),
                                     quote_json(word)),
                         near ? fmt::format("did you mean \"{}\"?", *near) : "");
            return 0;
        }
        only |= bit;
    }
    return only;
}

std::vector<std::string> only_words(std::uint32_t only) {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < message_words.size(); ++i) {
        if ((only & (1U << i)) != 0) {
            words.emplace_back(message_words[i]);
        }
    }
    return words;
}

}  // namespace brokersim
