// Export of a history as Jepsen's Kafka workload records one, so that an outside checker can judge
// the same run.
//
// One operation map per line, as in a Jepsen store's history.edn; lines that begin with ; are
// comments of EDN. The shapes are those of the docstring of jepsen.tests.kafka:
//
//   {:index 0, :time 5, :type :invoke, :process 0, :f :send, :value [[:send 0 "r/1/0"]], :client 1}
//   {:index 1, :time 9, :type :ok, :process 0, :f :send, :value [[:send 0 [7 "r/1/0"]]], :client 1}
//   {:index 2, :time 9, :type :invoke, :process 1, :f :poll, :value [[:poll]], :client 2}
//   {:index 3, :time 9, :type :ok, :process 1, :f :poll, :value [[:poll {0 [[7 "r/1/0"]]}]], ..}
//
// What is mapped how:
//   key         an integer, by the order of names; the comments at the top say which is which.
//   value       itself: an integer or a string.
//   process     Jepsen's process has one operation at a time and never another after :info. A
//               client of ours gets further processes when it needs them; :client names it.
//   send        ok: with offset, nil if unknown. Handed over with acks "0": :info, because nobody
//               promised anything. fail and info: without offset.
//   poll        one [:poll ..] per response; a response without result is [:poll].
//   assign, subscribe   invoked and completed at once; a seek is :seek-to-beginning? true.
//   drain       what Jepsen's final polls do: a new process assigns the key, seeks to its beginning
//               and polls all of it. The client is "drain", or "oracle" if no client could read.
//   crash, restart, leader, partition, heal, budget_exceeded   two :info of process :nemesis.
//   A completion without invocation gets one right before it.
// What Jepsen's format cannot say, so that its checker knows less or calls a legal run wrong:
// copies that retries without idempotence may leave, losses that acks "1" or an exceeded budget
// excuse, watermarks, log ends and replicas, corrupt records, a log start above zero, and that a
// consumer goes on where it was after a poll of unknown outcome.
// Source: jepsen-io/jepsen, jepsen.tests.kafka (operations) and jepsen.history (pairs, processes).
#pragma once

#include "reports/history.h"

#include <string>

namespace brokersim::reports {

/// Requires a history that judge() does not call malformed, as read_history() gives. The same
/// history gives the same bytes.
[[nodiscard]] std::string jepsen_edn(const History& history);

}  // namespace brokersim::reports
