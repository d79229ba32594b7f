// Meaning: what the checks of meaning share, one function per subject.
#pragma once

#include "scenarios/findings.h"
#include "scenarios/scenario.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

/// One scenario under check, the tree it was read from, and where to report.
struct Meaning {
    Findings& findings;
    const JsonValue& root;
    const Scenario& scenario;

    /// The value at `pointer`, or the nearest object around it.
    [[nodiscard]] Span span(std::string_view pointer) const;
    /// Whether the file, or what it extends, says `key`.
    [[nodiscard]] bool written(std::string_view parent, std::string_view key) const;
    /// Whether nothing at these pointers was reported.
    [[nodiscard]] bool good(std::initializer_list<std::string_view> pointers) const;
    void error(const std::string& pointer, std::string code, std::string message,
               std::string help = "", std::vector<std::string> notes = {}) const;
    [[nodiscard]] std::int64_t fewest_brokers() const;
    [[nodiscard]] std::int64_t most_brokers() const;
};

bool contains(const std::vector<std::string>& list, std::string_view word);

// SCN201-204, 208, 218, 230
void check_topics(Meaning& m);
void check_workload(Meaning& m);
void check_tuning(Meaning& m);
// SCN204, 205, 219-224
void check_ids(Meaning& m);
void check_script(Meaning& m);
void check_random(Meaning& m);
void check_limits(Meaning& m);
/// drawn: fields of the trigger that are not fixed.
void check_trigger(Meaning& m, const Trigger& trigger, const std::vector<DrawnField>& drawn,
                   const std::string& at);
void check_number(Meaning& m, const Target& target, const std::string& at);
/// The fewest brokers that the target can mean; 0 if that cannot be said.
std::int64_t least_down(Meaning& m, const Target& target);
// SCN209-212, 216, 229
void check_expect(Meaning& m);
// SCN217, 227
void check_references(Meaning& m);
// SCN231, 232
void check_proof(Meaning& m);

}  // namespace brokersim
