// A matrix: one file, one scenario per combination of values.
#pragma once

#include "scenarios/findings.h"

#include <string>
#include <utility>
#include <vector>

namespace brokersim {

inline constexpr std::size_t matrix_children_at_most = 64;

/// One combination: what it is called, and the values it lays over the file.
struct MatrixChild {
    std::string suffix;                                     // "acks=1,brokers=3"
    std::vector<std::pair<std::string, JsonValue>> values;  // by JSON pointer
};

/// The combinations that `root`'s matrix names, the last path fastest; none if it has no matrix.
/// Reports SCN012, SCN016 and SCN226.
std::vector<MatrixChild> read_matrix(Findings& findings, const JsonValue& root);

/// `root` with the values of `child` and without its matrix.
JsonValue apply_matrix(JsonValue root, const MatrixChild& child);

/// The values that children lay over a file, by JSON pointer: for saying where a value came from.
std::vector<std::string> matrix_pointers(const JsonValue& root);

}  // namespace brokersim
