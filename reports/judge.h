// The judge: says from the clients' own records whether messages were lost, doubled or disordered.
//
// Words. A message is a (key, value), sent by one op. It is ACKED, FAILED (definitely did not
// happen) or INDETERMINATE. A poll shows (offset, value) pairs; a drain is the authoritative read
// of a key's [start, end) after all is quiet. V = the offsets where a value was read, O = the
// values read at an offset. An acked message may be excused (its loss is legal: the fault budget
// was exceeded after it was sent; or acks=1 and a crash or leader change came after it was sent),
// and observations of it may then be void. That power was lost exceeds the budget only where the
// history declares a durability in which records count as stored before they are synced.
//
// Anomalies; any one makes the verdict FAIL:
//   1 LOST_ACKED           an acked, unexcused message is not in the drain, or was overtaken by
//                          readers without being read.
//   2 DUPLICATE            a message stands at more offsets than its attempts can explain.
//   3 ABORTED_READ         a message that definitely was not written was read.
//   4 PHANTOM              a value was read that nobody sent.
//   5 WRONG_PARTITION      a value was read in a key it was not sent to.
//   6 READ_BEFORE_SEND     a message was read before it was sent.
//   7 CORRUPT_RECORD       a reader reported a bad checksum at an offset.
//   8 INCONSISTENT_OFFSET  reads and acks name two values (or a control entry) at one offset.
//   9 ACK_OFFSET_MISMATCH  an ack names an offset at which the message is not.
//  10 REALTIME_REORDER     a message stands at or below an offset known before it was sent.
//  11 PRODUCER_REORDER     messages of one producer stand in another order than they were sent.
//  12 POLL_NONMONOTONIC    one consumer was given an offset at or below its position.
//  13 POLL_SKIP            one consumer was carried over an offset that is known to hold something.
//  14 OFFSET_GAP           the drained log has a hole.
//  15 READ_THEN_LOST       a pair was read, and the drain does not have the value: a read is a
//                          promise, whether acked or not.
//  16 READ_ABOVE_HW        a record was served at or above the high watermark shown with it.
//  17 HW_REGRESSION        a high watermark fell below one shown before under no later epoch.
//  18 HW_AHEAD             a node showed a watermark that too few nodes held durably.
//  19 ACK_BEFORE_DURABLE   an ack (all) left although too few nodes ever held the record durably.
//  20 REPLICA_DIVERGENCE   two final logs differ below both watermarks.
//  21 COMMITTED_TRUNCATED  a node cut durable records below a watermark it had shown.
//  22 TORN_BATCH           a record batch is present in part, or not in one piece.
// Notes; they never fail a run: DUPLICATE_ALLOWED (an extra copy that retries explain), RECOVERED
// (of unknown fate, and there), LOST_EXCUSED (a legal loss), UNSEEN (acked, and nobody looked that
// far: INCONCLUSIVE), VACUOUS (nothing acked, nothing read: INCONCLUSIVE).
//
// The exact condition of each stands at its function. Two
// passes, linear in ops and records: Tables are built, then every rule looks at them.
#pragma once

#include "reports/finding.h"
#include "reports/history.h"
#include "reports/pairing.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>

namespace brokersim::reports {

/// Why there is no judgement.
struct JudgeError {
    enum class Kind : std::uint8_t {
        malformed,          // two ops send one message; `op` is the later one
        broken_accounting,  // the judge's own sums do not balance: the judge is wrong
    };
    Kind kind;
    std::uint32_t op = none;
    std::string text;
};

/// Judges a complete history. Pure: the same history gives the same judgement, byte for byte, and
/// neither the order of ids nor anything outside the history matters.
[[nodiscard]] tl::expected<Judgement, JudgeError> judge(const History& history);

}  // namespace brokersim::reports
