// The reserved names, by place. A name leaves this table when what it stands for is built.
#include "scenarios/not_built.h"

#include "faults/kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

struct Reserved {
    std::string_view place;
    std::string_view words;  // separated by blanks
};

constexpr std::array reserved = {
    Reserved{"cluster.disk", "read sector"},
    Reserved{"faults.random",
             "replace "
             "memory_limit start_conflict "
             "create_topic delete_topic"},
};

}  // namespace

bool is_not_built(std::string_view place, std::string_view word) {
    return !word.empty() && std::any_of(reserved.begin(), reserved.end(), [&](const Reserved& row) {
        return row.place == place && has_word(row.words, word);
    });
}

ValueError not_built_error(std::string_view what, std::string_view word) {
    return {"SCN030",
            fmt::format("{} \"{}\" is part of the format, but this build cannot honour "
                        "it yet",
                        what, word),
            "remove it: a scenario that is played without it would prove something else"};
}

}  // namespace brokersim
