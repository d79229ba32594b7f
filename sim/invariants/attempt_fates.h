// B14 FateTruth: what a broker answers to an attempt, what it knows of it, and what it did.
//
//   B14  an attempt whose fate the broker knows as "not appended" was not appended by it; a code
//        that proves to a client that nothing was appended leaves only with that fate; success
//        leaves only with the fate "committed", or "appended" where acks=1 (KAFKA-13574: a leader
//        that loses its leadership knows nothing of what it had appended). The other half of B14,
//        that what was accepted is appended once, is in raft_invariants.h.
//
// The broker states fates as facts; the codes are read from the responses that leave.
#pragma once

#include "broker_core/broker/fact.h"
#include "broker_core/protocol/error_code.h"
#include "sim/invariants/violation.h"
#include "sim/virtual_network.h"

#include <cstdint>
#include <map>

namespace brokersim {

class AttemptFates {
public:
    explicit AttemptFates(Violations& violations) : violations_{violations} {}

    /// Looks at what was accepted, and at fates.
    void on_fact(std::uint32_t node, const broker::Fact& fact);
    /// The answer to a produce request for one partition leaves.
    void on_answer(std::uint32_t node, const RequestTag& tag, broker::protocol::KafkaError error);
    /// The process is gone, and with it what it owed.
    void on_down(std::uint32_t node);

private:
    struct Attempt {
        std::uint32_t node = 0;
        bool accepted = false;
        bool told = false;  // its fate
        broker::Fate fate = broker::Fate::unknown;
    };

    Violations& violations_;
    std::map<std::uint64_t, Attempt> attempts_;  // under way, by broker::attempt_number()
};

}  // namespace brokersim
