// What the judge returns: findings with named fields, the sums and the verdict; self-contained.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::reports {

/// Anomalies in the order of their rules (1 to 22), then notes in the order of their table.
enum class Code : std::uint8_t {
    lost_acked,
    duplicate,
    aborted_read,
    phantom,
    wrong_partition,
    read_before_send,
    corrupt_record,
    inconsistent_offset,
    ack_offset_mismatch,
    realtime_reorder,
    producer_reorder,
    poll_nonmonotonic,
    poll_skip,
    offset_gap,
    read_then_lost,
    read_above_hw,
    hw_regression,
    hw_ahead,
    ack_before_durable,
    replica_divergence,
    committed_truncated,
    torn_batch,
    // notes
    duplicate_allowed,
    recovered,
    lost_excused,
    unseen,
    vacuous,
};
inline constexpr std::size_t code_count = 27;
inline constexpr std::size_t anomaly_count = 22;

/// The name that reports and JSON use, such as LOST_ACKED.
std::string_view code_name(Code code);

/// A field's value: null, a number or a text. Ordered null, numbers by size, texts by code point
/// (which for UTF-8 is the order of bytes).
struct Datum {
    enum class Kind : std::uint8_t { null, number, text };
    Kind kind = Kind::null;
    std::int64_t number = 0;
    std::string text;

    friend auto operator<=>(const Datum&, const Datum&) = default;
};

/// One named field; a list if `is_list`, else exactly one value.
struct Field {
    std::string_view name;  // static text
    bool is_list = false;
    std::vector<Datum> values;

    /// By values alone: findings of one code have the same fields in the same places.
    friend std::strong_ordering operator<=>(const Field& left, const Field& right) {
        return left.values <=> right.values;
    }
    friend bool operator==(const Field& left, const Field& right) {
        return left.name == right.name && left.is_list == right.is_list &&
               left.values == right.values;
    }
};

/// One anomaly or note. Ordered by code, then field by field; `key` is the first field of all
/// but VACUOUS, which has none.
struct Finding {
    Code code;
    std::vector<Field> fields;

    friend auto operator<=>(const Finding&, const Finding&) = default;
    /// The field of that name, nullptr if this code has none.
    [[nodiscard]] const Field* field(std::string_view name) const;
};

/// The sums over all keys; names and order are those of the JSON object.
struct Sums {
    std::int64_t ops = 0;
    std::int64_t send_ops = 0;
    std::int64_t attempts = 0;
    std::int64_t sends = 0;
    std::int64_t acked = 0;
    std::int64_t handed = 0;
    std::int64_t failed = 0;
    std::int64_t indeterminate = 0;
    std::int64_t records = 0;
    std::int64_t unique = 0;
    std::int64_t extra_copies = 0;
    std::int64_t extra_legal = 0;
    std::int64_t extra_illegal = 0;
    std::int64_t acked_found = 0;
    std::int64_t recovered = 0;
    std::int64_t aborted = 0;
    std::int64_t misplaced = 0;
    std::int64_t phantom = 0;
    std::int64_t lost = 0;
    std::int64_t excused = 0;
    std::int64_t below_start = 0;
    std::int64_t unseen = 0;
    std::int64_t keys = 0;     // named by any op
    std::int64_t drained = 0;  // keys with a drain
    std::int64_t ignored = 0;  // ops of the simulator that no rule knows

    friend bool operator==(const Sums&, const Sums&) = default;
};

struct NamedSum {
    std::string_view name;
    std::int64_t Sums::* member;
};
extern const std::array<NamedSum, 25> sum_names;

enum class Verdict : std::uint8_t { pass, fail, inconclusive };
std::string_view verdict_name(Verdict verdict);

/// The judge's answer. `anomalies` and `notes` are sorted.
struct Judgement {
    Verdict verdict = Verdict::pass;
    std::vector<Finding> anomalies;
    std::vector<Finding> notes;
    Sums sums;

    /// How many findings of that code there are; probes `judge.lost_excused` and so on.
    [[nodiscard]] std::size_t count(Code code) const;
};

/// The object of `check --json` on one line, without a line end: same history, same bytes.
std::string to_json(const Judgement& judgement);
/// One finding as a JSON object.
std::string to_json(const Finding& finding);
/// `text` with JSON quotes and escapes.
std::string json_quoted(std::string_view text);

}  // namespace brokersim::reports
