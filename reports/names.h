// Dense ids for the names in a history: keys, values, processes, runs and free texts.
//
// A value is an integer or a string. A string of the form RUN/CLIENT/SEQUENCE is kept as
// three numbers and found by array index, so that the simulator names a message without hashing
// or formatting; its text appears only when something is printed.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokersim::reports {

using KeyId = std::uint32_t;
using ValueId = std::uint32_t;
using ProcessId = std::uint32_t;
using RunId = std::uint32_t;
using TextId = std::uint32_t;

inline constexpr KeyId no_key = std::numeric_limits<KeyId>::max();
inline constexpr ValueId no_value = std::numeric_limits<ValueId>::max();

/// Strings to dense ids in the order of first appearance; ids stay valid, texts are never moved
/// out. Open addressing over one array of ids, texts in one arena.
class Texts {
public:
    TextId intern(std::string_view text);
    /// The view stays valid until the next intern().
    [[nodiscard]] std::string_view text(TextId id) const {
        return std::string_view{arena_}.substr(begins_[id], begins_[id + 1] - begins_[id]);
    }
    [[nodiscard]] std::uint32_t size() const {
        return static_cast<std::uint32_t>(begins_.size() - 1);
    }

private:
    void grow();

    std::string arena_;
    std::vector<std::uint64_t> begins_{0};
    std::vector<TextId> table_;  // size is 0 or a power of two, at most half full
};

/// The parts of a value RUN/CLIENT/SEQUENCE.
struct MessageName {
    RunId run;
    std::uint32_t client;
    std::int64_t sequence;
};

class Names {
public:
    Names();

    /// Find or add. The same name gives the same id, whichever overload names it.
    KeyId key(std::string_view text) { return keys_.intern(text); }
    ValueId value(std::string_view text);
    ValueId value(std::int64_t number);
    ValueId value(RunId run, std::uint32_t client, std::int64_t sequence);
    RunId run(std::string_view text) { return runs_.intern(text); }
    ProcessId process(std::int64_t number);
    ProcessId process(std::string_view text);
    TextId text(std::string_view text) { return texts_.intern(text); }

    /// The processes that are not clients.
    static constexpr ProcessId drain = 0;
    static constexpr ProcessId sim = 1;

    [[nodiscard]] std::uint32_t key_count() const { return keys_.size(); }
    [[nodiscard]] std::uint32_t value_count() const {
        return static_cast<std::uint32_t>(values_.size());
    }
    [[nodiscard]] std::uint32_t process_count() const {
        return static_cast<std::uint32_t>(processes_.size());
    }
    [[nodiscard]] std::string_view key_text(KeyId key) const { return keys_.text(key); }
    [[nodiscard]] std::string_view run_text(RunId run) const { return runs_.text(run); }
    [[nodiscard]] std::string_view free_text(TextId id) const { return texts_.text(id); }

    [[nodiscard]] bool is_number(ValueId value) const {
        return values_[value].kind == Kind::number;
    }
    [[nodiscard]] std::int64_t number(ValueId value) const { return values_[value].number; }
    [[nodiscard]] std::string value_text(ValueId value) const;
    /// True, and `name` filled, if the value has the form RUN/CLIENT/SEQUENCE.
    [[nodiscard]] bool message_name(ValueId value, MessageName& name) const;

    [[nodiscard]] bool process_is_number(ProcessId process) const {
        return processes_[process].is_number;
    }
    [[nodiscard]] std::int64_t process_number(ProcessId process) const {
        return processes_[process].number;
    }
    [[nodiscard]] std::string_view process_text(ProcessId process) const {
        return texts_.text(static_cast<TextId>(processes_[process].number));
    }

private:
    enum class Kind : std::uint8_t { number, text, message };
    struct Value {
        std::int64_t number;  // the number, the sequence, or the TextId
        std::uint32_t lane;
        Kind kind;
    };
    /// Values that differ by one number: those of one client of one run, or all plain integers.
    struct Lane {
        RunId run;
        std::uint32_t client;
        std::vector<ValueId> ids;  // by number; no_value where none is known
    };
    struct Process {
        std::int64_t number;  // or TextId
        bool is_number;
    };

    std::uint32_t lane_of(RunId run, std::uint32_t client);
    ValueId in_lane(std::uint32_t lane, std::int64_t number, Kind kind);

    Texts keys_;
    Texts runs_;
    Texts texts_;
    Texts value_texts_;
    std::vector<ValueId> value_of_text_;
    std::vector<Value> values_;
    std::vector<Lane> lanes_;  // lane 0 holds the integers
    std::map<std::pair<RunId, std::uint32_t>, std::uint32_t> lane_ids_;
    std::uint32_t last_lane_ = 0;
    std::map<std::pair<std::uint32_t, std::int64_t>, ValueId> far_;  // numbers too sparse for `ids`
    std::vector<Process> processes_;
    std::map<std::pair<bool, std::int64_t>, ProcessId> process_ids_;
};

}  // namespace brokersim::reports
