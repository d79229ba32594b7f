// What Raft nodes say to each other, and its bytes.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/result.h"
#include "broker_core/raft/log.h"

#include <cstdint>
#include <vector>

namespace broker::raft {

enum class MessageKind : std::uint8_t {
    pre_vote,         // would you vote for me in term + 1? (Raft thesis 9.6); `term` is that term
    pre_vote_reply,   //
    vote,             // Raft paper, figure 2: RequestVote
    vote_reply,       //
    append,           // AppendEntries
    append_reply,     //
    heartbeat,        // keeps a leader alive; says nothing about the log but a safe commit index
    heartbeat_reply,  //
};

struct Message {
    MessageKind kind = MessageKind::heartbeat;
    BrokerId from;
    BrokerId to;
    Term term;
    bool reject = false;  // of replies
    /// vote, pre_vote: last entry of the candidate. append: the entry before the first one.
    /// append_reply: last entry now known equal, or, if rejected, the entry that did not match.
    LogIndex index;
    Term log_term;    // of the entry at `index`; rejected append_reply: of the entry at `hint`
    LogIndex commit;  // append, heartbeat: what the receiver may commit
    LogIndex hint;    // rejected append_reply: the last index where the logs may agree
    /// append: the entries of the sender's log it carries; they are encoded from that log.
    LogIndex first;
    std::uint32_t count = 0;
};

/// A received message; the views point into the datagram.
struct Received {
    Message message;
    std::vector<EntryView> entries;
};

/// Appends the message to `target`, with its entries taken from `log`. Little endian:
/// kind u8, reject u8, from u32, to u32, term u64, index u64, log_term u64, commit u64, hint u64,
/// count u32, then per entry term u64, control u8, length u32, payload.
void encode(Bytes& target, const Message& message, const Log& log);
/// How many bytes encode() appends.
std::size_t encoded_bytes(const Message& message, const Log& log);

/// Decodes into `into`, whose buffers are used again. Errors: corrupt.
Result<void> decode(ByteSpan bytes, Received& into);

}  // namespace broker::raft
