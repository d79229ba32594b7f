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
    snapshot,         // one chunk of a snapshot (Raft paper, figure 13: InstallSnapshot)
    snapshot_reply,   //
    timeout_now,      // campaign at once (thesis 3.10: leadership transfer)
};

struct Message {
    MessageKind kind = MessageKind::heartbeat;
    BrokerId from;
    BrokerId to;
    Term term;
    bool reject = false;  // of replies
    bool force = false;   // vote: the leader itself asked for this election (thesis 4.2.3)
    DiskUuid from_disk;   // with `from`, the member that speaks
    DiskUuid to_disk;     // with `to`, the member it is meant for: another disk is somebody else
    /// vote, pre_vote: last entry of the candidate. append: the entry before the first one.
    /// append_reply: last entry now known equal, or, if rejected, the entry that did not match.
    /// snapshot, snapshot_reply: the last entry that the snapshot stands for.
    LogIndex index;
    Term log_term;    // of the entry at `index`; rejected append_reply: of the entry at `hint`
    LogIndex commit;  // append, heartbeat: what the receiver may commit
    LogIndex hint;    // rejected append_reply: the last index where the logs may agree
    /// heartbeat, heartbeat_reply: the round of reads it confirms (thesis 6.4).
    std::uint64_t round = 0;
    /// snapshot: where in the snapshot the chunk stands; snapshot_reply: where the next one begins.
    std::uint64_t offset = 0;
    std::uint64_t total = 0;  // snapshot: bytes of the whole
    /// append: the entries of the sender's log it carries; snapshot: the bytes of the chunk. They
    /// are encoded from that log.
    LogIndex first;
    std::uint32_t count = 0;
};

/// A received message; the views point into the datagram.
struct Received {
    Message message;
    std::vector<EntryView> entries;
    ByteSpan chunk;  // of a snapshot
};

/// Appends the message to `target`, with its entries or chunk taken from `log`. Little endian:
/// kind u8, flags u8 {reject, force}, from u32, to u32, from_disk u64, to_disk u64, term u64,
/// index u64, log_term u64, then by kind
///   append: commit u64, count u32, per entry term u64, control u8, length u32, payload
///   append_reply: hint u64
///   heartbeat: commit u64, round u64
///   heartbeat_reply: round u64
///   snapshot: offset u64, total u64, count u32, bytes
///   snapshot_reply: offset u64
void encode(Bytes& target, const Message& message, const Log& log);
/// How many bytes encode() appends.
std::size_t encoded_bytes(const Message& message, const Log& log);

/// Decodes into `into`, whose buffers are used again. Errors: corrupt.
Result<void> decode(ByteSpan bytes, Received& into);

}  // namespace broker::raft
