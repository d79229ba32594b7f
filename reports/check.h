// `brokersim check`: judges a history recorded anywhere and says so in JSON or in words.
#pragma once

#include "reports/finding.h"
#include "reports/trust.h"

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

namespace brokersim::reports {

/// One finding as a sentence that names the message, offset or node.
[[nodiscard]] std::string in_words(const Finding& finding);

/// The report for people: counts per code with the first ten of each in words, phantoms of other
/// runs grouped by run, what was read, whether the loss is trustworthy, and the sums.
[[nodiscard]] std::string report_text(const Judgement& judgement, const Trust& trust);

/// The block about reading and loss alone, as it stands in the report.
[[nodiscard]] std::string trust_text(const Judgement& judgement, const Trust& trust);

/// The last lines of a check on stderr: verdict, first finding, and the command that repeats it.
[[nodiscard]] std::string closing_block(const Judgement& judgement, std::string_view path,
                                        std::size_t ops);

enum class CheckOutput : unsigned char { text, json };

/// Judges the file at `path`, or `in` if path is "-". The report, or with json the one line of
/// Judgement, goes to `out`; errors and the closing block go to `err`.
/// Returns the exit code: 0 PASS, 1 FAIL, 6 INCONCLUSIVE, 70 the judge is wrong (broken
/// accounting), 77 transactions, 125 malformed or unreadable. Never throws.
[[nodiscard]] int run_check(const std::string& path, std::istream& in, CheckOutput output,
                            std::ostream& out, std::ostream& err) noexcept;
/// The same with standard input for "-".
[[nodiscard]] int run_check(const std::string& path, CheckOutput output, std::ostream& out,
                            std::ostream& err) noexcept;

}  // namespace brokersim::reports
