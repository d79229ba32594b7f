// What a member must be, and what is said if it is not.
#include "reports/json_fields.h"

#include "reports/history.h"

namespace brokersim::reports::json_fields {

const Json* member(const Json& object, const char* name) {
    auto const found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

const Json& required(const Json& object, const char* name) {
    const Json* found = member(object, name);
    if (found == nullptr) {
        refuse("'{}' is missing", name);
    }
    return *found;
}

std::int64_t integer(const Json& json, const char* name) {
    if (!json.is_number_integer()) {
        refuse("'{}' must be an integer", name);
    }
    bool const too_large = json.is_number_unsigned() &&
                           json.get<std::uint64_t>() > static_cast<std::uint64_t>(number_max);
    auto const number = too_large ? 0 : json.get<std::int64_t>();
    if (too_large || number < -number_max) {
        refuse("'{}' is out of range", name);
    }
    return number;
}

std::int64_t integer_within(const Json& json, const char* name, std::int64_t low,
                            std::int64_t high) {
    std::int64_t const number = integer(json, name);
    if (number < low || number > high) {
        refuse("'{}' must be from {} to {}", name, low, high);
    }
    return number;
}

std::int64_t optional_integer(const Json& object, const char* name) {
    const Json* found = member(object, name);
    return found == nullptr || found->is_null() ? absent : integer(*found, name);
}

const std::string& text(const Json& json, const char* name) {
    if (!json.is_string()) {
        refuse("'{}' must be a string", name);
    }
    return json.get_ref<std::string const&>();
}

const Json& list(const Json& json, const char* name) {
    if (!json.is_array()) {
        refuse("'{}' must be a list", name);
    }
    return json;
}

const Json& object(const Json& json, const char* name) {
    if (!json.is_object()) {
        refuse("'{}' must be an object", name);
    }
    return json;
}

bool boolean(const Json& json, const char* name) {
    if (!json.is_boolean()) {
        refuse("'{}' must be true or false", name);
    }
    return json.get<bool>();
}

}  // namespace brokersim::reports::json_fields
