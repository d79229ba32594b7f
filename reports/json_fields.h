// Typed access to the JSON of a line, with complaints that name the member.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace brokersim::reports::json_fields {

using Json = nlohmann::ordered_json;  // keeps the order of keys within a response

/// What is wrong with a line; thrown and caught while a history is read.
struct LineError {
    std::string text;
};

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) {
    throw LineError{fmt::format(format, std::forward<Args>(args)...)};
}

/// The member of that name, nullptr if there is none.
[[nodiscard]] const Json* member(const Json& object, const char* name);
/// The member of that name. All below refuse what is not of their type; name: for the complaint.
[[nodiscard]] const Json& required(const Json& object, const char* name);
[[nodiscard]] std::int64_t integer(const Json& json, const char* name);
[[nodiscard]] std::int64_t integer_within(const Json& json, const char* name, std::int64_t low,
                                          std::int64_t high);
/// absent if the member is not there or null.
[[nodiscard]] std::int64_t optional_integer(const Json& object, const char* name);
[[nodiscard]] const std::string& text(const Json& json, const char* name);
/// Checks, and returns what it was given.
const Json& list(const Json& json, const char* name);
const Json& object(const Json& json, const char* name);
[[nodiscard]] bool boolean(const Json& json, const char* name);

}  // namespace brokersim::reports::json_fields
