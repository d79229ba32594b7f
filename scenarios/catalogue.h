// What a scenario can say it covers: rows of catalogues, by id.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace brokersim {

/// One row of the legality table: what happened between an append and the judgement, and what may
/// then be lost or doubled.
struct LegalityRow {
    std::string_view id;    // "T07"
    std::string_view text;  // the fault
    std::string_view lost;  // whether an acknowledged record may be lost
    std::string_view copies;
};
std::span<const LegalityRow> legality_table();

/// States that chance does not compose and that a scenario must build: `trap:NAME`.
struct TrapRow {
    std::string_view name;
    std::string_view text;
};
std::span<const TrapRow> trap_table();

/// Whether `id` names something: a legality row, a row of a fault catalogue (FD, FP, FN, FC, FM), a
/// lesson of the incident (I-02), an invariant (R16), a trap, or a planted bug by id or name.
bool covers_something(std::string_view id);

/// Something that exists and is spelt like `id`.
std::optional<std::string> nearest_cover(std::string_view id);

}  // namespace brokersim
