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
    explicit Findings(Names const& names) : names_{names} {}

    std::vector<Finding> list;

    void add(Code code, std::vector<Field> fields) { list.push_back({code, std::move(fields)}); }

    [[nodiscard]] Field key(KeyId key) const { return text("key", names_.key_text(key)); }
    [[nodiscard]] Field sent_key(KeyId key) const { return text("sent_key", names_.key_text(key)); }
    [[nodiscard]] Field value(std::string_view name, ValueId value) const {
        return {name, false, {datum(value)}};
    }
    /// In the order given.
    [[nodiscard]] Field values(std::string_view name, std::vector<ValueId> const& values) const;
    /// Ascending, null first.
    [[nodiscard]] Field sorted_values(std::string_view name,
                                      std::vector<ValueId> const& values) const;
    [[nodiscard]] Field process(ProcessId process) const;
    /// null if absent.
    [[nodiscard]] static Field number(std::string_view name, std::int64_t number);
    [[nodiscard]] static Field numbers(std::string_view name,
                                       std::vector<std::int64_t> const& numbers);

private:
    [[nodiscard]] static Field text(std::string_view name, std::string_view text);
    [[nodiscard]] Datum datum(ValueId value) const;  // no_value: null

    Names const& names_;
};

// judge_messages.cpp: what became of each message.
void lost_acked(Tables const& tables, Findings& findings);
void duplicate(Tables const& tables, Findings& findings);
void aborted_read(Tables const& tables, Findings& findings);
void phantom(Tables const& tables, Findings& findings);
void wrong_partition(Tables const& tables, Findings& findings);
void read_before_send(Tables const& tables, Findings& findings);
void ack_offset_mismatch(Tables const& tables, Findings& findings);
void read_then_lost(Tables const& tables, Findings& findings);
void torn_batch(Tables const& tables, Findings& findings);

// judge_offsets.cpp: what stands at each offset.
void corrupt_record(Tables const& tables, Findings& findings);
void inconsistent_offset(Tables const& tables, Findings& findings);
void offset_gap(Tables const& tables, Findings& findings);
void read_above_hw(Tables const& tables, Findings& findings);

// judge_order.cpp: in which order things were written and read.
void realtime_reorder(Tables const& tables, Findings& findings);
void producer_reorder(Tables const& tables, Findings& findings);
/// Rules 12 and 13 share the walk along each consumer's position.
void poll_nonmonotonic_and_skip(Tables const& tables, Findings& findings);

// judge_watermarks.cpp, judge_nodes.cpp: what nodes showed and held.
void hw_regression(Tables const& tables, Findings& findings);
void hw_ahead(Tables const& tables, Findings& findings);
void ack_before_durable(Tables const& tables, Findings& findings);
void replica_divergence(Tables const& tables, Findings& findings);
void committed_truncated(Tables const& tables, Findings& findings);

// judge_notes.cpp
void duplicate_allowed(Tables const& tables, Findings& findings);
void recovered(Tables const& tables, Findings& findings);
void lost_excused(Tables const& tables, Findings& findings);
void unseen(Tables const& tables, Findings& findings);
/// VACUOUS, given that there is no anomaly.
void vacuous(Tables const& tables, Findings& findings);

// judge_accounting.cpp
/// Fills the sums; returns what does not balance (A1 to A6), if anything.
[[nodiscard]] std::optional<std::string> account(Tables const& tables, Sums& sums);

}  // namespace brokersim::reports
