// Looking things up in the table of keys, the knobs among them.
#include "scenarios/keys.h"
#include "scenarios/knobs.h"

#include <algorithm>

namespace brokersim {

const KeyRow* find_key(std::string_view place, std::string_view key) {
    for (const KeyRow& row : key_table()) {
        if (row.place == place && row.key == key) {
            return &row;
        }
    }
    const KnobRow* const knob = place == "tuning" ? find_knob(key) : nullptr;
    return knob == nullptr ? nullptr : &knob->key;
}

std::vector<KeyRow const*> keys_of(std::string_view place) {
    std::vector<KeyRow const*> found;
    if (place == "tuning") {
        for (const KnobRow& knob : knob_table()) {
            found.push_back(&knob.key);
        }
    }
    const KeyRow* comment = nullptr;
    for (const KeyRow& row : key_table()) {
        if (row.place == place && row.key == "comment") {
            comment = &row;
        } else if (row.place == place) {
            found.push_back(&row);
        }
    }
    if (comment != nullptr) {
        found.push_back(comment);
    }
    return found;
}

std::vector<std::string_view> words_of(const KeyRow& row) {
    std::vector<std::string_view> words;
    std::string_view left = row.words;
    while (!left.empty()) {
        std::size_t const end = std::min(left.find(' '), left.size());
        words.push_back(left.substr(0, end));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    return words;
}

std::string_view describe(ValueType type) {
    switch (type) {
        case ValueType::any:
            return "any value";
        case ValueType::text:
        case ValueType::word:
            return "a string";
        case ValueType::texts:
            return "a list of strings";
        case ValueType::boolean:
            return "true or false";
        case ValueType::integer:
            return "a whole number";
        case ValueType::duration:
            return "a duration such as \"250ms\"";
        case ValueType::auto_or_duration:
            return "\"auto\" or a duration such as \"30s\"";
        case ValueType::size:
            return "a size such as \"64KiB\"";
        case ValueType::probability:
            return "a probability such as 0.02";
        case ValueType::rate:
            return "a rate such as \"200/s\"";
        case ValueType::seed:
            return "a seed in quotes, such as \"0x9e37\"";
        case ValueType::target:
            return "a target such as \"n1\" or \"leader(orders/0)\"";
        case ValueType::object:
            return "an object";
        case ValueType::list:
            return "a list";
    }
    return "";
}

}  // namespace brokersim
