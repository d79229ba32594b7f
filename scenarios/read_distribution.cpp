// Reading distributions: their kinds, bounds, means and weights.
#include "scenarios/object_reader.h"

#include <fmt/format.h>

namespace brokersim {

std::optional<Distribution> ObjectReader::read_distribution(const KeyRow& row,
                                                            const JsonValue& value,
                                                            const std::string& at) {
    if (!value.is(JsonValue::Kind::object)) {
        std::optional<std::int64_t> const number = scalar(row, value, at);
        return number ? std::optional{Distribution::fixed(*number)} : std::nullopt;
    }
    std::size_t const before = findings_->diagnostics.size();
    ObjectReader reader{*findings_, &value, at, "distribution"};
    std::vector<std::string_view> kinds;
    for (std::string_view const kind : {"uniform", "log_uniform", "exponential", "choice"}) {
        if (reader.has(kind)) {
            kinds.push_back(kind);
        }
    }
    bool const weights_alone = reader.has("weights") && !reader.has("choice");
    if (kinds.size() != 1 || weights_alone) {
        if (findings_->diagnostics.size() == before) {
            findings_->error(value.span, at, "SCN020",
                             kinds.empty()   ? "a distribution needs a kind"
                             : weights_alone ? "weights belong to choice"
                                             : "a distribution has one kind",
                             "kinds are uniform, log_uniform, exponential and choice");
        }
        return std::nullopt;
    }
    std::string_view const kind = kinds.front();
    const JsonValue& body = *reader.value_of(kind);
    std::string const inside = pointer_to(at, kind);
    bool const only_choice = row.type == ValueType::word || row.type == ValueType::boolean;
    if (only_choice && kind != "choice") {
        findings_->error(body.span, inside, "SCN020",
                         fmt::format("\"{}\" is drawn by choice", row.key));
        return std::nullopt;
    }
    if (kind == "choice") {
        return read_choice(row, body, reader.value_of("weights"), at);
    }
    if (kind == "exponential") {
        return read_exponential(row, body, inside);
    }
    return read_range(row, body, inside, kind == "log_uniform");
}

std::optional<Distribution> ObjectReader::read_range(const KeyRow& row, const JsonValue& bounds,
                                                     const std::string& at, bool logarithmic) {
    if (!bounds.is(JsonValue::Kind::list) || bounds.items.size() != 2) {
        findings_->error(bounds.span, at, "SCN020", "two bounds belong here: [low, high]");
        return std::nullopt;
    }
    std::optional<std::int64_t> const low = scalar(row, bounds.items[0], pointer_to(at, 0U));
    std::optional<std::int64_t> const high = scalar(row, bounds.items[1], pointer_to(at, 1U));
    if (!low || !high) {
        return std::nullopt;
    }
    if (*low > *high) {
        findings_->error(
            bounds.span, at, "SCN206", "the low bound is above the high one",
            fmt::format("write [{}, {}]", write_scalar(row, *high), write_scalar(row, *low)));
        return std::nullopt;
    }
    if (logarithmic && *low < 1) {
        findings_->error(bounds.items[0].span, pointer_to(at, 0U), "SCN014",
                         "log_uniform begins at 1 or above: zero has no logarithm");
        return std::nullopt;
    }
    return logarithmic ? Distribution::log_uniform(*low, *high)
                       : Distribution::uniform(*low, *high);
}

std::optional<Distribution> ObjectReader::read_exponential(const KeyRow& row,
                                                           const JsonValue& value,
                                                           const std::string& at) {
    std::size_t const before = findings_->diagnostics.size();
    ObjectReader reader{*findings_, &value, at, "exponential"};
    const JsonValue* const mean_value = reader.value_of("mean");
    if (mean_value == nullptr || findings_->diagnostics.size() != before) {
        return std::nullopt;
    }
    if (row.low > 0) {
        findings_->error(value.span, at, "SCN014",
                         fmt::format("exponential can draw 0, but \"{}\" begins at {}", row.key,
                                     write_scalar(row, row.low)));
        return std::nullopt;
    }
    std::optional<std::int64_t> const mean = scalar(row, *mean_value, pointer_to(at, "mean"));
    if (!mean) {
        return std::nullopt;
    }
    if (*mean < 0) {
        findings_->error(mean_value->span, pointer_to(at, "mean"), "SCN014",
                         "the mean of an exponential distribution is not negative");
        return std::nullopt;
    }
    const JsonValue* const max_value = reader.value_of("max");
    if (max_value == nullptr) {
        return Distribution::exponential(*mean, *mean > row.high / 10 ? row.high : *mean * 10);
    }
    std::optional<std::int64_t> const max = scalar(row, *max_value, pointer_to(at, "max"));
    if (!max) {
        return std::nullopt;
    }
    if (*max < *mean) {
        findings_->error(max_value->span, pointer_to(at, "max"), "SCN207", "max is below the mean");
        return std::nullopt;
    }
    return Distribution::exponential(*mean, *max);
}

std::optional<Distribution> ObjectReader::read_choice(const KeyRow& row, const JsonValue& values,
                                                      const JsonValue* weights,
                                                      const std::string& at) {
    std::string const inside = pointer_to(at, "choice");
    if (!values.is(JsonValue::Kind::list)) {
        findings_->error(values.span, inside, "SCN012", "choice takes a list of values");
        return std::nullopt;
    }
    if (values.items.empty()) {
        findings_->error(values.span, inside, "SCN016", "there is nothing to choose from");
        return std::nullopt;
    }
    std::vector<std::int64_t> numbers;
    for (std::size_t i = 0; i < values.items.size(); ++i) {
        if (std::optional<std::int64_t> const number =
                scalar(row, values.items[i], pointer_to(inside, i))) {
            numbers.push_back(*number);
        }
    }
    std::vector<std::uint32_t> numbered_weights;
    if (weights != nullptr) {
        std::string const place = pointer_to(at, "weights");
        KeyRow const weight{
            .key = "weights", .type = ValueType::integer, .low = 1, .high = 1'000'000};
        bool good =
            weights->is(JsonValue::Kind::list) && weights->items.size() == values.items.size();
        for (const JsonValue& item : weights->items) {
            tl::expected<std::int64_t, ValueError> const read = read_scalar(weight, item);
            good = good && read.has_value();
            numbered_weights.push_back(read ? static_cast<std::uint32_t>(*read) : 0U);
        }
        if (!good) {
            findings_->error(weights->span, place, "SCN020",
                             fmt::format("weights are {} whole numbers from 1, one per value",
                                         values.items.size()));
            return std::nullopt;
        }
    }
    if (numbers.size() != values.items.size()) {
        return std::nullopt;
    }
    return Distribution::choice(std::move(numbers), std::move(numbered_weights));
}

}  // namespace brokersim
