// Writing the members of an object.
#include "scenarios/object_writer.h"

#include "broker_core/base/check.h"
#include "scenarios/diagnostic.h"
#include "scenarios/scalar.h"

#include <fmt/format.h>

namespace brokersim {

void ObjectWriter::raw(std::string_view key, const std::string& json) {
    CHECK(find_key(place_, key) != nullptr);
    text_ += (text_.empty() ? "" : ", ") + quote_json(key) + ": " + json;
}

void ObjectWriter::text(std::string_view key, std::string_view value) {
    raw(key, quote_json(value));
}

void ObjectWriter::number(std::string_view key, std::int64_t value) {
    raw(key, write_scalar(row(key), value));
}

void ObjectWriter::drawn(std::string_view key, const Distribution& value) {
    raw(key, write_distribution(row(key), value));
}

void ObjectWriter::texts(std::string_view key, const std::vector<std::string>& values) {
    if (!values.empty()) {
        std::string list;
        for (const std::string& value : values) {
            list += (list.empty() ? "" : ", ") + quote_json(value);
        }
        raw(key, "[" + list + "]");
    }
}

const KeyRow& ObjectWriter::row(std::string_view key) const {
    const KeyRow* const found = find_key(place_, key);
    CHECK(found != nullptr);
    return *found;
}

std::string write_distribution(const KeyRow& row, const Distribution& value) {
    auto const one = [&row](std::int64_t number) { return write_scalar(row, number); };
    switch (value.kind()) {
        case Distribution::Kind::fixed:
            break;
        case Distribution::Kind::uniform:
            return fmt::format(R"({{"uniform": [{}, {}]}})", one(value.low()), one(value.high()));
        case Distribution::Kind::log_uniform:
            return fmt::format(R"({{"log_uniform": [{}, {}]}})", one(value.low()),
                               one(value.high()));
        case Distribution::Kind::exponential:
            return fmt::format(R"({{"exponential": {{"mean": {}, "max": {}}}}})", one(value.low()),
                               one(value.high()));
        case Distribution::Kind::choice: {
            std::string values;
            std::string weights;
            for (std::int64_t const number : value.values()) {
                values += (values.empty() ? "" : ", ") + one(number);
            }
            for (std::uint32_t const weight : value.weights()) {
                weights += (weights.empty() ? "" : ", ") + fmt::format("{}", weight);
            }
            return weights.empty()
                       ? fmt::format(R"({{"choice": [{}]}})", values)
                       : fmt::format(R"({{"choice": [{}], "weights": [{}]}})", values, weights);
        }
    }
    return one(value.low());
}

}  // namespace brokersim
