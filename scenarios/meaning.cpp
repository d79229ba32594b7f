// Positions of what is checked, and reports about it.
#include "scenarios/meaning.h"

#include <algorithm>

namespace brokersim {

bool contains(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

Span Meaning::span(std::string_view pointer) const {
    const JsonValue* at = &root;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        std::size_t const end = std::min(pointer.find('/'), pointer.size());
        std::string_view const step = pointer.substr(0, end);
        pointer.remove_prefix(end);
        if (at->is(JsonValue::Kind::list)) {
            std::size_t index = 0;
            for (char const c : step) {
                index = index * 10 + static_cast<std::size_t>(c - '0');
            }
            if (index >= at->items.size()) {
                break;
            }
            at = &at->items[index];
            continue;
        }
        const JsonMember* const member = at->find(step);
        if (member == nullptr) {
            break;
        }
        at = &member->value;
    }
    return at->span;
}

bool Meaning::written(std::string_view parent, std::string_view key) const {
    return span(parent) != span(pointer_to(parent, key));
}

bool Meaning::good(std::initializer_list<std::string_view> pointers) const {
    return std::none_of(pointers.begin(), pointers.end(),
                        [&](std::string_view p) { return findings.broken(p); });
}

void Meaning::error(const std::string& pointer, std::string code, std::string message,
                    std::string help, std::vector<std::string> notes) const {
    findings.add(span(pointer), pointer, {std::move(code), std::move(message), std::move(help)},
                 std::move(notes));
}

std::int64_t Meaning::fewest_brokers() const {
    return scenario.cluster.brokers.smallest();
}

std::int64_t Meaning::most_brokers() const {
    return scenario.cluster.brokers.largest();
}

}  // namespace brokersim
