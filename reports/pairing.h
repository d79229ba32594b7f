// Pairs completions of sends with their invocations and lists the messages that were sent (J2, J3).
//
// A completion closes the open send of its process with an equal (key, value) list. Is there none,
// it closes the latest open send of its process and its mops replace those of the invocation; is
// none open, it stands alone. Looking the list up by its first message keeps this linear however
// many sends one process has in flight.
#pragma once

#include "reports/history.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brokersim::reports {

inline constexpr std::uint32_t none = History::none;

/// J3. With acks "0" an `ok` is indeterminate (and handed).
enum class Status : std::uint8_t { acked, failed, indeterminate };

/// One send: its ops and what both together say.
struct Send {
    std::uint32_t invoked = none;    // position of the invocation; none counts as before all
    std::uint32_t completed = none;  // position of the completion; none while open
    std::uint32_t first_message = 0;
    std::uint32_t message_count = 0;
    std::uint32_t attempts = 1;
    std::uint32_t copies_max = 1;  // J4
    ProcessId process = 0;
    Status status = Status::indeterminate;
    Acks acks = Acks::all;
    bool handed = false;
    bool idempotent = false;
    bool batch = false;

    /// The op whose mops and fields count: the completion, else the invocation.
    [[nodiscard]] std::uint32_t last_op() const { return completed != none ? completed : invoked; }
};

/// A (key, value): sent by `send`, or only seen (send is none). Those of one send stand together.
struct Message {
    std::int64_t acked = absent;  // a of J3
    KeyId key;
    ValueId value;
    std::uint32_t send = none;
    std::uint32_t next = none;       // further message of the same value
    std::uint32_t sightings = none;  // first of the chain in Tables
    std::uint8_t flags = 0;          // MessageFlag of Tables
};

/// Sends and messages in the order of their first op.
struct Pairing {
    std::vector<Send> sends;
    std::vector<Message> messages;
    std::vector<std::uint32_t> message_of_value;  // head of the chain by value, or none

    /// The message of that key and value, or none.
    [[nodiscard]] std::uint32_t find(KeyId key, ValueId value) const {
        std::uint32_t message = message_of_value[value];
        while (message != none && messages[message].key != key) {
            message = messages[message].next;
        }
        return message;
    }
    /// Adds a message that nobody sent.
    std::uint32_t add_unsent(KeyId key, ValueId value);
};

/// Why a history cannot be judged: two ops send one message, at the later one.
struct Malformed {
    std::uint32_t op;  // position
    std::string text;
};

/// Fills `pairing`; returns the flaw that makes the history malformed, if it has one.
[[nodiscard]] std::optional<Malformed> pair_sends(const History& history, Pairing& pairing);

}  // namespace brokersim::reports
