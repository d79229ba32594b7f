// One value of a scenario file as a number: durations, sizes, rates, probabilities, words.
#pragma once

#include "scenarios/json_reader.h"
#include "scenarios/keys.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>

namespace brokersim {

/// What is wrong with a value; the caller knows where it stands.
struct ValueError {
    std::string code;
    std::string message;
    std::string help = {};
    std::string replacement = {};  // the token as it should be, if that is certain
};

/// The number that `value` stands for by the rules of `row`, checked against its range.
/// Errors: SCN004, 011, 012, 014, 017, 018, 019, 021.
tl::expected<std::int64_t, ValueError> read_scalar(const KeyRow& row, const JsonValue& value);

/// A seed: "42" or "0x2a".
tl::expected<std::uint64_t, ValueError> read_seed(const JsonValue& value);

/// The shortest exact writing of a number of the type: "1500ms" as "1.5s".
std::string write_scalar(const KeyRow& row, std::int64_t value);
std::string write_duration(std::int64_t nanoseconds);
std::string write_size(std::int64_t bytes);
std::string write_probability(std::int64_t parts_per_billion);

}  // namespace brokersim
