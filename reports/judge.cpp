// The judge: builds the tables, asks every rule, balances the sums, and says the verdict.
#include "reports/judge.h"

#include "reports/judge_rules.h"

#include <algorithm>

namespace brokersim::reports {

namespace {

constexpr std::array rules{lost_acked,
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
                           poll_nonmonotonic_and_skip,
                           offset_gap,
                           read_then_lost,
                           read_above_hw,
                           hw_regression,
                           hw_ahead,
                           ack_before_durable,
                           replica_divergence,
                           committed_truncated,
                           torn_batch};
static_assert(rules.size() == anomaly_count - 1);  // two of them share a function

constexpr std::array notes{duplicate_allowed, recovered, lost_excused, unseen};

}  // namespace

Field Findings::text(std::string_view name, std::string_view text) {
    return {name, false, {{.kind = Datum::Kind::text, .number = 0, .text = std::string{text}}}};
}

Field Findings::number(std::string_view name, std::int64_t number) {
    if (number == absent) {
        return {name, false, {Datum{}}};
    }
    return {name, false, {{.kind = Datum::Kind::number, .number = number, .text = {}}}};
}

Field Findings::numbers(std::string_view name, const std::vector<std::int64_t>& numbers) {
    Field field{name, true, {}};
    for (std::int64_t const number : numbers) {
        field.values.push_back({.kind = Datum::Kind::number, .number = number, .text = {}});
    }
    return field;
}

Datum Findings::datum(ValueId value) const {
    if (value == no_value) {
        return {};
    }
    if (names_.is_number(value)) {
        return {.kind = Datum::Kind::number, .number = names_.number(value), .text = {}};
    }
    return {.kind = Datum::Kind::text, .number = 0, .text = names_.value_text(value)};
}

Field Findings::values(std::string_view name, const std::vector<ValueId>& values) const {
    Field field{name, true, {}};
    for (ValueId const value : values) {
        field.values.push_back(datum(value));
    }
    return field;
}

Field Findings::sorted_values(std::string_view name, const std::vector<ValueId>& values) const {
    Field field = this->values(name, values);
    std::sort(field.values.begin(), field.values.end());
    return field;
}

Field Findings::process(ProcessId process) const {
    return names_.process_is_number(process) ? number("process", names_.process_number(process))
                                             : text("process", names_.process_text(process));
}

tl::expected<Judgement, JudgeError> judge(const History& history) {
    Tables tables{history};
    if (auto flaw = tables.build()) {
        return tl::unexpected{
            JudgeError{JudgeError::Kind::malformed, flaw->op, std::move(flaw->text)}};
    }
    Findings anomalies{history.names};
    for (auto const rule : rules) {
        rule(tables, anomalies);
    }
    Findings noted{history.names};
    for (auto const note : notes) {
        note(tables, noted);
    }
    bool const none_unseen =
        std::none_of(noted.list.begin(), noted.list.end(),
                     [](const Finding& finding) { return finding.code == Code::unseen; });
    std::size_t const before_vacuous = noted.list.size();
    if (anomalies.list.empty()) {
        vacuous(tables, noted);
    }
    bool const conclusive = none_unseen && noted.list.size() == before_vacuous;

    Judgement judgement;
    if (auto imbalance = account(tables, judgement.sums)) {
        return tl::unexpected{
            JudgeError{JudgeError::Kind::broken_accounting, none, std::move(*imbalance)}};
    }
    std::sort(anomalies.list.begin(), anomalies.list.end());
    std::sort(noted.list.begin(), noted.list.end());
    judgement.verdict = !anomalies.list.empty() ? Verdict::fail
                        : conclusive            ? Verdict::pass
                                                : Verdict::inconclusive;
    judgement.anomalies = std::move(anomalies.list);
    judgement.notes = std::move(noted.list);
    return judgement;
}

}  // namespace brokersim::reports
