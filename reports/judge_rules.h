// Every rule of the judge as one function that adds its findings; the sink they add to.
#pragma once

#include "reports/finding.h"
#include "reports/judge_tables.h"

#include <initializer_list>
#include <optional>
#include <vector>

namespace brokersim::reports {

/// Collects findings and turns ids into their names.
class Findings {
public:
    explicit Findings(const Names& names) : names_{names} {}

    std::vector<Finding> list;

    void add(Code code, std::vector<Field> fields) { list.push_back({code, std::move(fields)}); }

    [[nodiscard]] Field key(KeyId key) const { return text("key", names_.key_text(key)); }
    [[nodiscard]] Field sent_key(KeyId key) const { return text("sent_key", names_.key_text(key)); }
    [[nodiscard]] Field value(std::string_view name, ValueId value) const {
        return {name, false, {datum(value)}};
    }
    /// In the order given.
    [[nodiscard]] Field values(std::string_view name, const std::vector<ValueId>& values) const;
    /// Ascending, null first.
    [[nodiscard]] Field sorted_values(std::string_view name,
                                      const std::vector<ValueId>& values) const;
    [[nodiscard]] Field process(ProcessId process) const;
    /// null if absent.
    [[nodiscard]] static Field number(std::string_view name, std::int64_t number);
    [[nodiscard]] static Field numbers(std::string_view name,
                                       const std::vector<std::int64_t>& numbers);

private:
    [[nodiscard]] static Field text(std::string_view name, std::string_view text);
    [[nodiscard]] Datum datum(ValueId value) const;  // no_value: null

    const Names& names_;
};

// judge_messages.cpp: what became of each message.
void lost_acked(const Tables& tables, Findings& findings);
void duplicate(const Tables& tables, Findings& findings);
void aborted_read(const Tables& tables, Findings& findings);
void phantom(const Tables& tables, Findings& findings);
void wrong_partition(const Tables& tables, Findings& findings);
void read_before_send(const Tables& tables, Findings& findings);
void ack_offset_mismatch(const Tables& tables, Findings& findings);
void read_then_lost(const Tables& tables, Findings& findings);
void torn_batch(const Tables& tables, Findings& findings);

// judge_offsets.cpp: what stands at each offset.
void corrupt_record(const Tables& tables, Findings& findings);
void inconsistent_offset(const Tables& tables, Findings& findings);
void offset_gap(const Tables& tables, Findings& findings);
void read_above_hw(const Tables& tables, Findings& findings);

// judge_order.cpp: in which order things were written and read.
void realtime_reorder(const Tables& tables, Findings& findings);
void producer_reorder(const Tables& tables, Findings& findings);
/// Rules 12 and 13 share the walk along each consumer's position.
void poll_nonmonotonic_and_skip(const Tables& tables, Findings& findings);

// judge_watermarks.cpp, judge_nodes.cpp: what nodes showed and held.
void hw_regression(const Tables& tables, Findings& findings);
void hw_ahead(const Tables& tables, Findings& findings);
void ack_before_durable(const Tables& tables, Findings& findings);
void replica_divergence(const Tables& tables, Findings& findings);
void committed_truncated(const Tables& tables, Findings& findings);

// judge_notes.cpp
void duplicate_allowed(const Tables& tables, Findings& findings);
void recovered(const Tables& tables, Findings& findings);
void lost_excused(const Tables& tables, Findings& findings);
void unseen(const Tables& tables, Findings& findings);
/// VACUOUS, given that there is no anomaly.
void vacuous(const Tables& tables, Findings& findings);

// judge_accounting.cpp
/// Fills the sums; returns what does not balance (A1 to A6), if anything.
[[nodiscard]] std::optional<std::string> account(const Tables& tables, Sums& sums);

}  // namespace brokersim::reports
