// The file form of a history: brokersim-history/1, JSON Lines.
//
//   {"format":"brokersim-history/1","config":{"acks":"all","idempotent":true}}
//   {"process":1,"type":"ok","f":"send","mops":[{"f":"send","key":"t/0","value":"m1","offset":0}]}
//   {"process":"drain","type":"ok","f":"drain","key":"t/0","start":0,"hw":1,"records":[[0,"m1"]]}
//
// Lines are read one by one; a file never has to fit in memory beside the history made of it.
// The simulator's sampled ends are ops {"process":"sim","type":"info","f":"end","key":K,
// "start":S,"end":E,"control":N}: offsets [S, E) hold N control entries and otherwise records.
// The config key `reader_stops_at` says that the reader stopped by order after that many records.
#pragma once

#include "reports/history.h"

#include <tl/expected.hpp>

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::reports {

/// Why a file gives no history.
struct ReadError {
    enum class Kind : unsigned char {
        malformed,      // exit code 125
        transactional,  // multi-key transactions are not judged; exit code 77
    };
    Kind kind;
    std::string text;  // "file:line: error"

    friend bool operator==(const ReadError&, const ReadError&) = default;
};

/// Reads a whole history. file: its name in error texts. Unknown keys are ignored. All rules of the
/// format are tested, so that judge() will not call the result malformed.
/// Never throws because of what it reads; bytes of any kind give a history or an error.
[[nodiscard]] tl::expected<History, ReadError> read_history(std::istream& in,
                                                            std::string_view file);

/// Writes it back: read_history(write_history(h)) has the same ops, and equal histories give equal
/// bytes, whatever ids their names have.
void write_history(const History& history, std::ostream& out);
[[nodiscard]] std::string history_text(const History& history);

}  // namespace brokersim::reports
