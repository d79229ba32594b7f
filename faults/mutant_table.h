// The planted bugs that this source tree knows, by id and by name.
#pragma once

#include <span>
#include <string_view>

namespace brokersim {

struct MutantRow {
    std::string_view id;    // such as the one in the patch's header
    std::string_view name;  // of its patch, without the ending
};

/// One row per patch in faults/mutants, in the order of its CMakeLists.txt.
std::span<const MutantRow> mutant_table();

/// The row whose id or name is `text`, or nullptr.
const MutantRow* find_mutant(std::string_view text);

}  // namespace brokersim
