// Walking the resolved form beside the tree of what was written.
#include "scenarios/origin.h"

#include "scenarios/findings.h"
#include "scenarios/layout.h"
#include "scenarios/matrix.h"
#include "scenarios/writer.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim {
namespace {

JsonValue resolved_tree(const Scenario& scenario) {
    JsonDocument document = read_json({"", write_scenario(scenario)}, 0, false);
    sort_keys(*document.root);
    return std::move(*document.root);
}

bool is_distribution(const JsonValue& value) {
    return value.find("uniform") != nullptr || value.find("log_uniform") != nullptr ||
           value.find("exponential") != nullptr || value.find("choice") != nullptr;
}

bool has_objects(const JsonValue& list) {
    return std::any_of(list.items.begin(), list.items.end(),
                       [](const JsonValue& item) { return item.is(JsonValue::Kind::object); });
}

class Walk {
public:
    explicit Walk(const SourceTree& source) : source_{source} {
        if (source.root) {
            of_matrix_ = matrix_pointers(*source.root);
        }
    }

    /// written: what a file says at `pointer`, or nullptr.
    void visit(const JsonValue& value, const JsonValue* written, const std::string& pointer) {
        bool const opens = value.is(JsonValue::Kind::object) && !is_distribution(value);
        if (opens) {
            for (const JsonMember& member : value.members) {
                const JsonMember* const below =
                    written == nullptr ? nullptr : written->find(member.key);
                visit(member.value, below == nullptr ? nullptr : &below->value,
                      pointer_to(pointer, member.key));
            }
        } else if (value.is(JsonValue::Kind::list) && has_objects(value)) {
            for (std::size_t i = 0; i < value.items.size(); ++i) {
                bool const there = written != nullptr && i < written->items.size();
                visit(value.items[i], there ? &written->items[i] : nullptr, pointer_to(pointer, i));
            }
        } else {
            rows.push_back({pointer, one_line(value), origin(written, pointer)});
        }
    }

    std::vector<OriginRow> rows;

private:
    [[nodiscard]] std::string origin(const JsonValue* written, const std::string& pointer) const {
        if (std::find(of_matrix_.begin(), of_matrix_.end(), pointer) != of_matrix_.end()) {
            Span const span = source_.root->find("matrix")->value.span;
            return fmt::format("{}:{} (matrix)", source_.files[span.file].path, span.line);
        }
        if (written == nullptr) {
            return "default";
        }
        return fmt::format("{}:{}", source_.files[written->span.file].path, written->span.line);
    }

    const SourceTree& source_;
    std::vector<std::string> of_matrix_;
};

}  // namespace

std::vector<OriginRow> origins_of(const std::string& path, const Scenario& scenario) {
    SourceTree const source = load_source(path);
    Walk walk{source};
    walk.visit(resolved_tree(scenario), source.root ? &*source.root : nullptr, "");
    return std::move(walk.rows);
}

std::string resolved_text(const Scenario& scenario) {
    return lay_out(resolved_tree(scenario));
}

}  // namespace brokersim
