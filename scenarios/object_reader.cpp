// Reading an object by its rows: unknown keys with the nearest right one, missing keys, values.
#include "scenarios/object_reader.h"

#include "broker_core/base/check.h"
#include "scenarios/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

/// Words of other tools for keys of ours.
struct Synonym {
    std::string_view word;
    std::string_view help;
};
constexpr std::array synonyms = {
    Synonym{"nodes", "did you mean \"brokers\"?"},
    Synonym{"replicas", "did you mean \"replication_factor\"?"},
    Synonym{"duration", "did you mean \"virtual_time\" of /run?"},
    Synonym{"percent", "did you mean \"probability\"?"},
    Synonym{"kill", "did you mean \"crash\"?"},
    Synonym{"power_loss", "did you mean \"crash\" with \"args\": {\"kind\": \"power\"}?"},
    Synonym{"knobs", "did you mean \"tuning\"?"},
    Synonym{"quiesce", "did you mean \"settle\"?"},
    Synonym{"seed", "did you mean \"seeds\" of /run?"},
    Synonym{"timeout", "did you mean \"wall_limit\" of /run?"},
};

std::string_view name_of_place(std::string_view place) {
    return place.empty() ? std::string_view{"the top level"} : place;
}

std::string path_of_place(std::string_view place) {
    std::string path = "/" + std::string{place};
    std::replace(path.begin(), path.end(), '.', '/');
    return path;
}

/// A line that is longer is not repeated below its message.
constexpr std::size_t longest_line_shown = 500;

/// Keys listed in a message; the knobs are too many for a line.
constexpr std::size_t keys_listed = 20;

}  // namespace

void Findings::add(Span span, std::string pointer, ValueError error,
                   std::vector<std::string> notes) {
    broken_.insert(pointer);
    if (full()) {
        return;
    }
    const SourceFile& file = files[span.file];
    std::string line = file.line(span.line);
    if (line.size() > longest_line_shown) {
        line.clear();
    }
    diagnostics.push_back({.file = file.path,
                           .line = span.line,
                           .column = span.column,
                           .end_column = span.column + span.length,
                           .pointer = std::move(pointer),
                           .code = std::move(error.code),
                           .message = std::move(error.message),
                           .help = std::move(error.help),
                           .replacement = std::move(error.replacement),
                           .notes = std::move(notes),
                           .source_line = std::move(line)});
}

void Findings::error(Span span, std::string pointer, std::string code, std::string message,
                     std::string help, std::string replacement) {
    add(span, std::move(pointer),
        {std::move(code), std::move(message), std::move(help), std::move(replacement)});
}

bool Findings::broken(std::string_view pointer) const {
    auto const at = broken_.lower_bound(pointer);
    if (at == broken_.end() || at->compare(0, pointer.size(), pointer) != 0) {
        return false;
    }
    if (at->size() == pointer.size()) {
        return true;
    }
    auto const inside = broken_.lower_bound(std::string{pointer} + "/");
    return inside != broken_.end() &&
           inside->compare(0, pointer.size() + 1, std::string{pointer} + "/") == 0;
}

std::string Findings::place(std::string_view what, const Span& span) const {
    return fmt::format("note: {} is at {}:{}:{}", what, files[span.file].path, span.line,
                       span.column);
}

std::string pointer_to(std::string_view parent, std::string_view key) {
    std::string made{parent};
    made += '/';
    for (char const c : key) {
        if (c == '~') {
            made += "~0";
        } else if (c == '/') {
            made += "~1";
        } else {
            made += c;
        }
    }
    return made;
}

std::string pointer_to(std::string_view parent, std::size_t index) {
    return fmt::format("{}/{}", parent, index);
}

ObjectReader::ObjectReader(Findings& findings, const JsonValue* value, std::string pointer,
                           std::string_view place, std::vector<std::string_view> not_required)
    : findings_{&findings}, pointer_{std::move(pointer)}, place_{place} {
    if (value == nullptr) {
        return;
    }
    span_ = value->span;
    if (!value->is(JsonValue::Kind::object)) {
        findings_->error(span_, pointer_, "SCN012",
                         fmt::format("an object belongs here, not {}", describe(value->kind)));
        return;
    }
    value_ = value;
    check_keys(not_required);
}

void ObjectReader::check_keys(const std::vector<std::string_view>& not_required) {
    for (const JsonMember& member : value_->members) {
        if (find_key(place_, member.key) == nullptr) {
            report_unknown(member);
        }
    }
    for (const KeyRow* row : keys_of(place_)) {
        bool const needed = row->required && std::find(not_required.begin(), not_required.end(),
                                                       row->key) == not_required.end();
        // A mistyped key is not also a missing one.
        bool const mistyped =
            needed && !findings_->full() &&
            std::any_of(value_->members.begin(), value_->members.end(), [&](const JsonMember& m) {
                return find_key(place_, m.key) == nullptr &&
                       nearest(m.key, {{row->key}}).has_value();
            });
        if (needed && value_->find(row->key) == nullptr && !mistyped) {
            findings_->error(span_, pointer_, "SCN013",
                             fmt::format("key \"{}\" is missing", row->key),
                             fmt::format("\"{}\": {}", row->key, row->text));
        }
    }
}

void ObjectReader::report_unknown(const JsonMember& member) {
    if (findings_->full()) {
        return;
    }
    std::vector<Candidate> here;
    std::string allowed;
    std::vector<KeyRow const*> const rows = keys_of(place_);
    for (const KeyRow* row : rows) {
        here.push_back({row->key, row->required && value_->find(row->key) == nullptr});
        allowed += (allowed.empty() ? "" : ", ") + std::string{row->key};
    }
    bool const knob = place_ == "tuning";
    ValueError made{knob ? "SCN218" : "SCN010",
                    fmt::format("unknown {} {}", knob ? "knob" : "key", quote_json(member.key))};
    if (std::optional<std::string> const near = nearest(member.key, here)) {
        made.help = fmt::format("did you mean \"{}\"?", *near);
        made.replacement = quote_json(*near);
    } else {
        for (const KeyRow& row : key_table()) {
            if (row.key == member.key && row.place != place_ && row.place != "distribution") {
                made.help = fmt::format("\"{}\" belongs in {}", row.key, path_of_place(row.place));
                break;
            }
        }
        for (const Synonym& synonym : synonyms) {
            if (made.help.empty() && synonym.word == member.key) {
                made.help = synonym.help;
            }
        }
        std::vector<Candidate> anywhere;
        for (const KeyRow& row : key_table()) {
            anywhere.push_back({row.key});
        }
        if (std::optional<std::string> const far = nearest(member.key, anywhere);
            made.help.empty() && far) {
            made.help = fmt::format("did you mean \"{}\"? It does not belong in {}", *far,
                                    name_of_place(place_));
        }
    }
    std::vector<std::string> notes;
    if (rows.size() <= keys_listed) {
        notes.push_back("keys allowed here: " + allowed);
    }
    findings_->add(member.key_span, pointer_to(pointer_, member.key), std::move(made),
                   std::move(notes));
}

const JsonValue* ObjectReader::value_of(std::string_view key) const {
    const JsonMember* const member = value_ == nullptr ? nullptr : value_->find(key);
    return member == nullptr ? nullptr : &member->value;
}

Span ObjectReader::span(std::string_view key) const {
    const JsonValue* const value = value_of(key);
    return value == nullptr ? span_ : value->span;
}

std::optional<std::int64_t> ObjectReader::scalar(const KeyRow& row, const JsonValue& value,
                                                 const std::string& at) {
    tl::expected<std::int64_t, ValueError> read = read_scalar(row, value);
    if (read) {
        return *read;
    }
    if (place_ == "tuning" && read.error().code == "SCN014") {
        read.error().code = "SCN218";
    }
    findings_->add(value.span, at, std::move(read.error()));
    return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::number(std::string_view key) {
    const JsonValue* const value = value_of(key);
    const KeyRow* const row = find_key(place_, key);
    CHECK(row != nullptr);
    return value == nullptr ? std::nullopt : scalar(*row, *value, pointer(key));
}

std::optional<Distribution> ObjectReader::distribution(std::string_view key) {
    const JsonValue* const value = value_of(key);
    const KeyRow* const row = find_key(place_, key);
    CHECK(row != nullptr);
    CHECK(row->distribution);
    return value == nullptr ? std::nullopt : read_distribution(*row, *value, pointer(key));
}

void ObjectReader::read(std::string_view key, Distribution& into) {
    if (std::optional<Distribution> found = distribution(key)) {
        into = std::move(*found);
    }
}

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

std::optional<std::string> ObjectReader::text(std::string_view key) {
    const JsonValue* const value = value_of(key);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is(JsonValue::Kind::string)) {
        error(key, "SCN012",
              fmt::format("\"{}\" takes a string, not {}", key, describe(value->kind)));
        return std::nullopt;
    }
    return value->text;
}

std::vector<std::string> ObjectReader::texts(std::string_view key) {
    std::vector<std::string> read;
    std::size_t index = 0;
    for (const JsonValue* item : list(key)) {
        if (item->is(JsonValue::Kind::string)) {
            read.push_back(item->text);
        } else {
            findings_->error(item->span, pointer_to(pointer(key), index), "SCN012",
                             fmt::format("a string belongs here, not {}", describe(item->kind)));
        }
        ++index;
    }
    return read;
}

ObjectReader ObjectReader::object(std::string_view key, std::string_view place,
                                  std::vector<std::string_view> not_required) {
    ObjectReader made{*findings_, value_of(key), pointer(key), place, std::move(not_required)};
    if (value_of(key) == nullptr) {
        made.span_ = span_;
    }
    return made;
}

std::vector<JsonValue const*> ObjectReader::list(std::string_view key) {
    std::vector<JsonValue const*> items;
    const JsonValue* const value = value_of(key);
    if (value == nullptr) {
        return items;
    }
    if (!value->is(JsonValue::Kind::list)) {
        error(key, "SCN012",
              fmt::format("\"{}\" takes a list, not {}", key, describe(value->kind)));
        return items;
    }
    if (value->items.empty()) {
        error(key, "SCN016", fmt::format("the list of \"{}\" is empty", key), "remove the key");
    }
    for (const JsonValue& item : value->items) {
        items.push_back(&item);
    }
    return items;
}

bool ObjectReader::one_of(const std::vector<std::string_view>& keys, bool none) {
    std::string names;
    std::vector<std::string_view> present;
    for (std::string_view const key : keys) {
        names += (names.empty() ? "" : ", ") + std::string{key};
        if (has(key)) {
            present.push_back(key);
        }
    }
    if (present.size() > 1) {
        error(present[1], "SCN015",
              fmt::format("\"{}\" and \"{}\" exclude each other", present[0], present[1]),
              "remove one of them");
        return false;
    }
    // A misspelt one was reported as unknown; it is not also missing.
    bool const misspelt =
        value_ != nullptr &&
        std::any_of(value_->members.begin(), value_->members.end(), [&](const JsonMember& m) {
            return find_key(place_, m.key) == nullptr &&
                   std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
                       return nearest(m.key, {{key}}).has_value();
                   });
        });
    if (present.empty() && !none && !misspelt && value_ != nullptr) {
        findings_->error(span_, pointer_, "SCN015",
                         keys.size() == 1 ? fmt::format("\"{}\" is needed", names)
                                          : fmt::format("one of {} is needed", names));
    }
    return present.size() == 1;
}

void ObjectReader::error(std::string_view key, std::string code, std::string message,
                         std::string help, std::string replacement) {
    findings_->error(span(key), has(key) ? pointer(key) : pointer_, std::move(code),
                     std::move(message), std::move(help), std::move(replacement));
}

}  // namespace brokersim
