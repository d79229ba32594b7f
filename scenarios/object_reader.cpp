// Reading an object by its rows: unknown keys with the nearest right one, missing keys, values.
#include "scenarios/object_reader.h"

#include "broker_core/base/check.h"
#include "scenarios/not_built.h"
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

/// Keys listed in a message; the knobs are too many for a line.
constexpr std::size_t keys_listed = 20;

}  // namespace

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
    if (is_not_built(place_, member.key)) {
        findings_->add(member.key_span, pointer_to(pointer_, member.key),
                       not_built_error("key", member.key));
        return;
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
        // Files come in the order in which they were read, the one that was asked for first.
        bool const second_inherited = span(present[1]).file > span(present[0]).file;
        bool const inherited = span(present[1]).file != span(present[0]).file;
        std::string_view const own = second_inherited ? present[0] : present[1];
        std::string_view const other = second_inherited ? present[1] : present[0];
        error(own, "SCN015",
              fmt::format("\"{}\" and \"{}\" exclude each other", present[0], present[1]),
              inherited ? fmt::format("\"{0}\" is inherited: write \"{0}\": null", other)
                        : "remove one of them");
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
