// The table that the build makes from the patches.
#include "faults/mutant_table.h"

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

constexpr std::array table = {
#include "mutant_table.inc"
};

}  // namespace

std::span<const MutantRow> mutant_table() {
    return table;
}

const MutantRow* find_mutant(std::string_view text) {
    auto const* const found = std::find_if(table.begin(), table.end(), [&](const MutantRow& row) {
        return row.id == text || row.name == text;
    });
    return found == table.end() ? nullptr : found;
}

}  // namespace brokersim
