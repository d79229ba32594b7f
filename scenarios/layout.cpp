// Breaking a tree into lines, and putting its keys into the table's order.
#include "scenarios/layout.h"

#include "scenarios/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace brokersim {
namespace {

constexpr std::size_t indent_step = 2;

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

bool is_scalar(const JsonValue& value) {
    return !value.is(JsonValue::Kind::list) && !value.is(JsonValue::Kind::object);
}

class Layout {
public:
    [[nodiscard]] std::string take() { return std::move(text_); }

    /// used: columns already taken on this line. after: columns that must stay free behind it.
    void write(const JsonValue& value, std::size_t indent, std::size_t after, bool outermost) {
        std::string line = one_line(value);
        bool const fits = column_ + characters(line) + after <= layout_columns;
        if (is_scalar(value) || (fits && !outermost)) {
            put(line);
        } else if (value.is(JsonValue::Kind::list)) {
            write_list(value, indent);
        } else {
            write_object(value, indent, outermost);
        }
    }

private:
    void put(std::string_view text) {
        text_ += text;
        column_ += characters(text);
    }

    void new_line(std::size_t indent) {
        text_ += "\n" + std::string(indent, ' ');
        column_ = indent;
    }

    void write_list(const JsonValue& value, std::size_t indent) {
        put("[");
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            new_line(indent + indent_step);
            ++lists_;
            write(value.items[i], indent + indent_step, 1, false);
            --lists_;
            put(i + 1 < value.items.size() ? "," : "");
        }
        new_line(indent);
        put("]");
    }

    void write_object(const JsonValue& value, std::size_t indent, bool outermost) {
        put("{");
        bool fresh = true;  // the next member begins a line
        for (std::size_t i = 0; i < value.members.size(); ++i) {
            const JsonMember& member = value.members[i];
            bool const last = i + 1 == value.members.size();
            std::string const line =
                quote_json(member.key) + ": " + one_line(member.value) + (last ? "" : ",");
            std::size_t const width = characters(line);
            bool const whole = indent + indent_step + width <= layout_columns;
            bool const joins = !outermost && !fresh && whole && is_short(member.value) &&
                               column_ + 1 + width <= layout_columns;
            if (joins) {
                put(" ");
                put(line);
                continue;
            }
            new_line(indent + indent_step);
            put(quote_json(member.key) + ": ");
            write(member.value, indent + indent_step, 1, false);
            put(last ? "" : ",");
            fresh = !whole || !is_short(member.value);
        }
        new_line(indent);
        put("}");
    }

    /// Scalars share lines, and in an element of a list everything; else what has parts of its own
    /// begins a line.
    [[nodiscard]] bool is_short(const JsonValue& value) const {
        return lists_ > 0 || is_scalar(value);
    }

    std::string text_;
    std::size_t column_ = 0;
    std::size_t lists_ = 0;  // around what is being written
};

/// The place of the table that the value of `key` at `place` is, or "" if it is none.
std::string place_below(std::string_view place, std::string_view key) {
    if (place == "faults.random") {
        return "faults.random.KIND";
    }
    for (std::string_view const shared : {"when", "arm", "args"}) {
        if (key == shared && place != "") {
            return std::string{shared};
        }
    }
    std::string const inner = fmt::format("{}{}{}", place, place.empty() ? "" : ".", key);
    for (std::string const& candidate : {inner, inner + "[]"}) {
        auto const table = key_table();
        if (std::any_of(table.begin(), table.end(),
                        [&](const KeyRow& row) { return row.place == candidate; })) {
            return candidate;
        }
    }
    return inner == "tuning" ? inner : "";
}

/// Keys that the table does not know stand last, as they were written.
std::size_t rank_of(std::string_view place, std::string_view key) {
    if (place.empty()) {
        std::size_t rank = 0;
        for (const KeyRow& row : key_table()) {
            if (row.place.empty()) {
                if (row.key == key) {
                    return rank;
                }
                ++rank;
            }
        }
        return rank;
    }
    std::vector<KeyRow const*> const rows = keys_of(place);
    auto const found =
        std::find_if(rows.begin(), rows.end(), [&](const KeyRow* row) { return row->key == key; });
    return static_cast<std::size_t>(found - rows.begin());
}

void sort_object(JsonValue& value, const std::string& place, bool known) {
    if (value.is(JsonValue::Kind::list)) {
        for (JsonValue& item : value.items) {
            sort_object(item, place, known);
        }
        return;
    }
    if (!value.is(JsonValue::Kind::object) || !known) {
        return;
    }
    std::stable_sort(value.members.begin(), value.members.end(),
                     [&](const JsonMember& a, const JsonMember& b) {
                         return rank_of(place, a.key) < rank_of(place, b.key);
                     });
    for (JsonMember& member : value.members) {
        std::string const below = place_below(place, member.key);
        sort_object(member.value, below, !below.empty());
    }
}

}  // namespace

std::string one_line(const JsonValue& value) {
    std::string text;
    switch (value.kind) {
        case JsonValue::Kind::null:
            return "null";
        case JsonValue::Kind::boolean:
            return value.boolean ? "true" : "false";
        case JsonValue::Kind::number:
            return value.text;
        case JsonValue::Kind::string:
            return quote_json(value.text);
        case JsonValue::Kind::list:
            for (const JsonValue& item : value.items) {
                text += (text.empty() ? "" : ", ") + one_line(item);
            }
            return "[" + text + "]";
        case JsonValue::Kind::object:
            break;
    }
    for (const JsonMember& member : value.members) {
        text += (text.empty() ? "" : ", ") + quote_json(member.key) + ": " + one_line(member.value);
    }
    return "{" + text + "}";
}

std::string lay_out(const JsonValue& value) {
    Layout layout;
    layout.write(value, 0, 0, true);
    return layout.take() + "\n";
}

void sort_keys(JsonValue& scenario) {
    sort_object(scenario, "", true);
}

std::string format_scenario(const SourceFile& source) {
    JsonDocument document = read_json(source, 0, false);
    if (!document.root || !document.errors.empty()) {
        return "";
    }
    sort_keys(*document.root);
    return lay_out(*document.root);
}

std::string why_not_formatted(const SourceFile& source) {
    JsonDocument const strict = read_json(source, 0, false);
    JsonDocument const lenient = read_json(source, 0, true);
    std::uint32_t const line = strict.errors.empty() ? 1 : strict.errors.front().span.line;
    bool const only_comments = lenient.root && lenient.errors.empty();
    return fmt::format("{}: {}", line,
                       only_comments
                           ? "this comment would be lost; write it as \"comment\": \"...\""
                           : "not JSON");
}

}  // namespace brokersim
