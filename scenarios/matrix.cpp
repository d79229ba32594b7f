// Reading a matrix, naming its children, laying their values over the tree.
#include "scenarios/matrix.h"

#include "scenarios/keys.h"
#include "scenarios/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace brokersim {
namespace {

struct Axis {
    std::string pointer;
    std::string key;  // in the names of the children
    const JsonValue* values = nullptr;
};

/// "workload.acks" is the key "acks" of the place "workload"; a knob's name has dots of its own.
struct Path {
    std::string_view place;
    std::string_view key;
};

Path split(std::string_view path) {
    constexpr std::string_view knobs = "tuning.";
    if (path.substr(0, knobs.size()) == knobs) {
        return {"tuning", path.substr(knobs.size())};
    }
    std::size_t const dot = path.rfind('.');
    return dot == std::string_view::npos ? Path{"", path}
                                         : Path{path.substr(0, dot), path.substr(dot + 1)};
}

std::string pointer_of(const Path& path) {
    std::string pointer{path.place.empty() ? "" : "/"};
    for (char const c : path.place) {
        pointer += c == '.' ? '/' : c;
    }
    return pointer + "/" + std::string{path.key};
}

bool is_single(ValueType type) {
    switch (type) {
        case ValueType::word:
        case ValueType::boolean:
        case ValueType::integer:
        case ValueType::duration:
        case ValueType::auto_or_duration:
        case ValueType::size:
        case ValueType::probability:
        case ValueType::rate:
        case ValueType::target:
            return true;
        case ValueType::any:
        case ValueType::text:
        case ValueType::texts:
        case ValueType::seed:
        case ValueType::object:
        case ValueType::list:
            break;
    }
    return false;
}

std::string unknown_path_help(std::string_view path) {
    std::vector<std::string> known;
    for (const KeyRow& row : key_table()) {
        if (is_single(row.type) && row.place.find('[') == std::string_view::npos) {
            known.push_back(
                fmt::format("{}{}{}", row.place, row.place.empty() ? "" : ".", row.key));
        }
    }
    for (const KeyRow* knob : keys_of("tuning")) {
        known.push_back(fmt::format("tuning.{}", knob->key));
    }
    std::vector<Candidate> candidates(known.size());
    std::transform(known.begin(), known.end(), candidates.begin(),
                   [](const std::string& word) { return Candidate{word}; });
    std::optional<std::string> const near = nearest(path, candidates);
    return near ? fmt::format("did you mean \"{}\"?", *near)
                : "write the path of a key that has one value, such as workload.acks";
}

bool read_axis(Findings& findings, const JsonMember& member, std::vector<Axis>& axes) {
    std::string const at = pointer_to("/matrix", member.key);
    Path const path = split(member.key);
    bool const in_object = path.place.find('[') == std::string_view::npos &&
                           path.place != "distribution" && path.place != "exponential" &&
                           path.place != "when" && path.place != "arm" && path.place != "args" &&
                           path.place.find("KIND") == std::string_view::npos;
    const KeyRow* const row = in_object ? find_key(path.place, path.key) : nullptr;
    if (row == nullptr || !is_single(row->type) || path.place.empty()) {
        findings.add(member.key_span, at,
                     {"SCN226", fmt::format("a matrix cannot vary {}", quote_json(member.key)),
                      unknown_path_help(member.key)});
        return false;
    }
    if (!member.value.is(JsonValue::Kind::list) || member.value.items.empty()) {
        bool const empty = member.value.is(JsonValue::Kind::list);
        findings.error(member.value.span, at, empty ? "SCN016" : "SCN012",
                       empty ? "there is nothing to vary"
                             : fmt::format("a list of values belongs here, not {}",
                                           describe(member.value.kind)));
        return false;
    }
    for (std::size_t i = 0; i < member.value.items.size(); ++i) {
        const JsonValue& item = member.value.items[i];
        bool const plain = item.is(JsonValue::Kind::string) || item.is(JsonValue::Kind::number) ||
                           item.is(JsonValue::Kind::boolean);
        if (!plain) {
            findings.error(
                item.span, pointer_to(at, i), "SCN226",
                fmt::format("a matrix varies plain values, not {}", describe(item.kind)));
            return false;
        }
    }
    axes.push_back({pointer_of(path), std::string{path.key}, &member.value});
    return true;
}

std::string text_of(const JsonValue& value) {
    return value.is(JsonValue::Kind::boolean) ? (value.boolean ? "true" : "false") : value.text;
}

/// Two axes with the same last key are told apart by their whole path.
void tell_apart(std::vector<Axis>& axes) {
    std::vector<bool> clashes(axes.size(), false);
    for (std::size_t i = 0; i < axes.size(); ++i) {
        for (std::size_t j = 0; j < axes.size(); ++j) {
            clashes[i] = clashes[i] || (i != j && axes[i].key == axes[j].key);
        }
    }
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (clashes[i]) {
            axes[i].key = axes[i].pointer.substr(1);
            std::replace(axes[i].key.begin(), axes[i].key.end(), '/', '.');
        }
    }
}

}  // namespace

std::vector<MatrixChild> read_matrix(Findings& findings, const JsonValue& root) {
    const JsonMember* const matrix = root.find("matrix");
    if (matrix == nullptr) {
        return {};
    }
    if (!matrix->value.is(JsonValue::Kind::object)) {
        findings.error(matrix->value.span, "/matrix", "SCN012",
                       fmt::format("an object belongs here, not {}", describe(matrix->value.kind)));
        return {};
    }
    std::vector<Axis> axes;
    std::size_t count = 1;
    bool good = true;
    for (const JsonMember& member : matrix->value.members) {
        if (member.key == "comment") {
            continue;
        }
        if (read_axis(findings, member, axes)) {
            count = std::min(count * axes.back().values->items.size(), matrix_children_at_most + 1);
        } else {
            good = false;
        }
    }
    if (count > matrix_children_at_most) {
        findings.error(
            matrix->key_span, "/matrix", "SCN226",
            fmt::format("a matrix has at most {} combinations", matrix_children_at_most));
        good = false;
    } else if (axes.empty() && good) {
        findings.error(matrix->value.span, "/matrix", "SCN016", "there is nothing to vary");
    }
    if (!good || axes.empty()) {
        return {};
    }
    tell_apart(axes);
    std::vector<MatrixChild> children(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t block = count;
        for (const Axis& axis : axes) {
            block /= axis.values->items.size();
            const JsonValue& value = axis.values->items[i / block % axis.values->items.size()];
            children[i].suffix += fmt::format("{}{}={}", children[i].suffix.empty() ? "" : ",",
                                              axis.key, text_of(value));
            children[i].values.emplace_back(axis.pointer, value);
        }
    }
    return children;
}

JsonValue apply_matrix(JsonValue root, const MatrixChild& child) {
    std::erase_if(root.members, [](const JsonMember& member) { return member.key == "matrix"; });
    for (const auto& [pointer, value] : child.values) {
        JsonValue* at = &root;
        std::string_view left = pointer;
        while (!left.empty()) {
            left.remove_prefix(1);
            std::size_t const end = std::min(left.find('/'), left.size());
            std::string const key{left.substr(0, end)};
            left.remove_prefix(end);
            if (!at->is(JsonValue::Kind::object)) {
                break;  // of the wrong type, and reported as such
            }
            auto found = std::find_if(at->members.begin(), at->members.end(),
                                      [&](const JsonMember& member) { return member.key == key; });
            if (found == at->members.end()) {
                JsonValue fresh;
                fresh.kind = JsonValue::Kind::object;
                fresh.span = value.span;
                at->members.push_back({key, value.span, std::move(fresh)});
                found = std::prev(at->members.end());
            }
            at = &found->value;
            if (left.empty()) {
                *at = value;
            }
        }
    }
    return root;
}

std::vector<std::string> matrix_pointers(const JsonValue& root) {
    std::vector<std::string> pointers;
    if (const JsonMember* const matrix = root.find("matrix")) {
        for (const JsonMember& member : matrix->value.members) {
            pointers.push_back(pointer_of(split(member.key)));
        }
    }
    return pointers;
}

}  // namespace brokersim
