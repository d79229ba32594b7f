// Interning: an open-addressing table for texts, arrays by sequence for messages.
#include "reports/names.h"

#include "broker_core/base/hash.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace brokersim::reports {

namespace {

constexpr TextId empty_slot = std::numeric_limits<TextId>::max();

struct MessageText {
    std::string_view run;
    std::uint32_t client;
    std::int64_t sequence;
};

/// A decimal number written the one way we would write it, so that text -> number -> text is exact.
template <class T>
std::optional<T> parse_plain(std::string_view text) {
    T number{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || number < T{0} || text[0] == '-' || (text[0] == '0' && text.size() > 1)) {
        return std::nullopt;
    }
    return number;
}

std::optional<MessageText> parse_message(std::string_view text) {
    auto const first = text.find('/');
    auto const second = first == std::string_view::npos ? first : text.find('/', first + 1);
    if (second == std::string_view::npos || first == 0) {
        return std::nullopt;
    }
    auto const client = parse_plain<std::uint32_t>(text.substr(first + 1, second - first - 1));
    auto const sequence = parse_plain<std::int64_t>(text.substr(second + 1));
    if (!client || !sequence) {
        return std::nullopt;
    }
    return MessageText{text.substr(0, first), *client, *sequence};
}

}  // namespace

TextId Texts::intern(std::string_view text) {
    if (2 * (begins_.size() + 1) > table_.size()) {
        grow();
    }
    std::size_t const mask = table_.size() - 1;
    std::size_t place = broker::hash_text(text) & mask;
    while (table_[place] != empty_slot) {
        if (this->text(table_[place]) == text) {
            return table_[place];
        }
        place = (place + 1) & mask;
    }
    auto const id = size();
    table_[place] = id;
    arena_.append(text);
    begins_.push_back(arena_.size());
    return id;
}

void Texts::grow() {
    table_.assign(table_.empty() ? 16 : 2 * table_.size(), empty_slot);
    std::size_t const mask = table_.size() - 1;
    for (TextId id = 0; id < size(); ++id) {
        std::size_t place = broker::hash_text(text(id)) & mask;
        while (table_[place] != empty_slot) {
            place = (place + 1) & mask;
        }
        table_[place] = id;
    }
}

Names::Names() {
    lanes_.push_back({});
    process("drain");
    process("sim");
}

ValueId Names::value(std::string_view text) {
    if (auto const message = parse_message(text)) {
        return value(run(message->run), message->client, message->sequence);
    }
    TextId const id = value_texts_.intern(text);
    if (id == value_of_text_.size()) {
        value_of_text_.push_back(value_count());
        values_.push_back({.number = id, .lane = 0, .kind = Kind::text});
    }
    return value_of_text_[id];
}

ValueId Names::value(std::int64_t number) {
    return in_lane(0, number, Kind::number);
}

ValueId Names::value(RunId run, std::uint32_t client, std::int64_t sequence) {
    return in_lane(lane_of(run, client), sequence, Kind::message);
}

std::uint32_t Names::lane_of(RunId run, std::uint32_t client) {
    if (last_lane_ != 0 && lanes_[last_lane_].run == run && lanes_[last_lane_].client == client) {
        return last_lane_;
    }
    auto const fresh = static_cast<std::uint32_t>(lanes_.size());
    auto const [place, added] = lane_ids_.try_emplace({run, client}, fresh);
    if (added) {
        lanes_.push_back({.run = run, .client = client, .ids = {}});
    }
    last_lane_ = place->second;
    return last_lane_;
}

ValueId Names::in_lane(std::uint32_t lane, std::int64_t number, Kind kind) {
    std::vector<ValueId>& ids = lanes_[lane].ids;
    // The array may at most double (or take a first page) for one new number; what lies further
    // out, or below zero, goes to the ordered map.
    bool const near = number >= 0 && static_cast<std::uint64_t>(number) < 2 * ids.size() + 256;
    if (near && static_cast<std::size_t>(number) >= ids.size()) {
        ids.resize(static_cast<std::size_t>(number) + 1, no_value);
    }
    ValueId* found = near ? &ids[static_cast<std::size_t>(number)] : nullptr;
    if (found != nullptr && *found != no_value) {
        return *found;
    }
    auto const known = far_.empty() ? far_.end() : far_.find({lane, number});
    ValueId const id = known == far_.end() ? value_count() : known->second;
    if (known == far_.end()) {
        values_.push_back({.number = number, .lane = lane, .kind = kind});
    }
    if (found != nullptr) {
        *found = id;
    } else if (known == far_.end()) {
        far_.emplace(std::pair{lane, number}, id);
    }
    return id;
}

ProcessId Names::process(std::int64_t number) {
    auto const fresh = process_count();
    auto const [place, added] = process_ids_.try_emplace({true, number}, fresh);
    if (added) {
        processes_.push_back({.number = number, .is_number = true});
    }
    return place->second;
}

ProcessId Names::process(std::string_view text) {
    std::int64_t const id = texts_.intern(text);
    auto const [place, added] = process_ids_.try_emplace({false, id}, process_count());
    if (added) {
        processes_.push_back({.number = id, .is_number = false});
    }
    return place->second;
}

std::string Names::value_text(ValueId value) const {
    const Value& entry = values_[value];
    switch (entry.kind) {
        case Kind::number:
            return std::to_string(entry.number);
        case Kind::text:
            return std::string{value_texts_.text(static_cast<TextId>(entry.number))};
        case Kind::message:
            break;
    }
    const Lane& lane = lanes_[entry.lane];
    return fmt::format("{}/{}/{}", runs_.text(lane.run), lane.client, entry.number);
}

bool Names::message_name(ValueId value, MessageName& name) const {
    const Value& entry = values_[value];
    if (entry.kind != Kind::message) {
        return false;
    }
    name = {lanes_[entry.lane].run, lanes_[entry.lane].client, entry.number};
    return true;
}

}  // namespace brokersim::reports
