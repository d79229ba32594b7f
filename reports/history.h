// The history of a run: what clients sent, were told and read, as flat arrays of plain data.
//
// A recorder (the simulator, or the JSON reader for histories recorded anywhere) appends ops in the
// order in which they happened; the judge reads nothing else. Keys, values and processes are
// interned once to dense 32-bit ids, so that recording an op copies a few words and never a string.
// The file form is brokersim-history/1, see history_json.h.
#pragma once

#include "reports/names.h"

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace brokersim::reports {

/// "Not given" for offsets, watermarks, epochs and times. Every number recorded lies within
/// [-2^62, 2^62], so that sums of two do not overflow.
inline constexpr std::int64_t absent = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t number_max = std::int64_t{1} << 62;

enum class OpType : std::uint8_t { invoke, ok, fail, info };
enum class OpKind : std::uint8_t {
    send,
    poll,
    assign,
    subscribe,
    drain,
    crash,
    restart,
    leader,
    partition,
    heal,
    hw,
    leo,
    replica,
    budget_exceeded,
    end,      // sampled end of a key: what a reader could have read; no rule uses it
    ignored,  // any other observation of the simulator: counted only
};
enum class Acks : std::uint8_t { zero, one, all, unset };
enum class Choice : std::uint8_t { no, yes, unset };
enum class DurableEnd : std::uint8_t { flushed, leo };
/// When the brokers counted a record as stored: after a sync, or already once it was written.
enum class DurabilityMode : std::uint8_t { fsync, write_cache, none };
constexpr std::array<std::string_view, 3> durability_words = {"fsync", "write_cache", "none"};
/// The reason of a budget_exceeded that power losses justify: only where records count as stored
/// before they are synced. Under `fsync` it excuses nothing.
constexpr std::string_view power_loss_reason = "power_loss";
enum class Disk : std::uint8_t { kept, lost, wiped, damaged };
enum class DrainSource : std::uint8_t { client, oracle };

/// What the judge must know about the recorder and the producers.
/// `acks` and `idempotent` may be overridden by a send.
struct Config {
    Acks acks = Acks::all;
    bool idempotent = false;
    std::int64_t max_in_flight = 1;
    bool contiguous = true;
    bool realtime = true;
    std::int64_t required_acks = 1;  // replicas that must hold a record before its ack
    DurableEnd durable = DurableEnd::flushed;
    DurabilityMode durability = DurabilityMode::fsync;
    std::int64_t network_dup = 0;
    bool retention = false;
    std::int64_t reader_stops_at = 0;  // records after which the reader stopped by order; 0: never

    friend bool operator==(const Config&, const Config&) = default;
};

/// Names for people; empty texts are not written.
struct Header {
    std::string name;
    std::string seed;
    std::string scenario;
    std::string recorder;

    friend bool operator==(const Header&, const Header&) = default;
};

/// One message of a send. offset: where the broker says it stands, on `ok` only.
struct SendMop {
    KeyId key;
    ValueId value;
    std::int64_t offset = absent;

    friend bool operator==(const SendMop&, const SendMop&) = default;
};

/// Optional facts of a send; they may stand on the invocation, the completion or both, and those of
/// the completion win one by one.
struct SendFields {
    std::int64_t pid = absent;
    std::int64_t epoch = absent;
    std::int64_t sequence = absent;  // of the first record, not wrapped
    std::uint32_t attempts = 0;      // produce requests made; 0: not given (counts as 1)
    std::uint32_t max_copies = 0;    // copies the fault model allows; 0: not given
    Acks acks = Acks::unset;
    Choice idempotent = Choice::unset;
    Choice batch = Choice::unset;  // yes: the mops are one record batch of one key

    friend bool operator==(const SendFields&, const SendFields&) = default;
};

/// One record as a client or a drain saw it.
struct Record {
    std::int64_t offset;
    ValueId value;

    friend bool operator==(const Record&, const Record&) = default;
};

/// What one poll response said about one key. Spans are copied when the op is recorded.
struct PollPart {
    KeyId key;
    std::int64_t hw = absent;
    std::int64_t from = absent;   // fetch offset of the request
    std::int64_t epoch = absent;  // leader epoch of the response
    std::span<const Record> records;
    std::span<const std::int64_t> corrupt;  // offsets whose checksum failed
    std::uint32_t mop = 0;                  // number of the response within the op, ascending
};

/// An authoritative read of all of [start, hw) of one key after quiescence.
struct Drain {
    KeyId key;
    std::int64_t start;
    std::int64_t hw;
    std::span<const Record> records;
    std::span<const std::int64_t> control;
    std::span<const std::int64_t> corrupt;
    std::int64_t epoch = absent;
    DrainSource source = DrainSource::client;
};

struct ReplicaEntry {
    std::int64_t offset;
    std::int64_t epoch;
    ValueId value;  // no_value: a control entry

    friend auto operator<=>(const ReplicaEntry&, const ReplicaEntry&) = default;
};

/// The log of one node at the end of the run.
struct Replica {
    KeyId key;
    std::uint32_t node;
    std::int64_t start;
    std::int64_t hw;
    std::span<const ReplicaEntry> entries;
};

/// The data of a run, appended to in the order of events and then only read.
/// Invariant: ids in ops come from this history's own `names`.
class History {
public:
    /// A stretch of one of the pools below.
    struct Range {
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };
    struct Op {
        std::int64_t time;  // virtual ns, or absent
        ProcessId process;
        KeyId key = no_key;       // of ops about one key
        std::uint32_t first = 0;  // range of sends / poll parts / keys / nodes / replica entries
        std::uint32_t count = 0;
        std::uint32_t details = none;  // index of send fields, drain or fact
        OpKind kind;
        OpType type;
        bool seek = false;       // assign, subscribe
        Disk disk = Disk::kept;  // crash, restart
    };
    struct StoredPart {
        std::int64_t hw;
        std::int64_t from;
        std::int64_t epoch;
        KeyId key;  // no_key: says only that the mop exists
        std::uint32_t mop;
        Range records;
        Range corrupt;
        bool has_records;  // the key stood in `records`; of a bare mop: `records` was not null
    };
    struct StoredDrain {
        std::int64_t start;
        std::int64_t hw;
        std::int64_t epoch;
        Range records;
        Range control;
        Range corrupt;
        DrainSource source;
    };
    /// Numbers of an op of the simulator. leader: epoch. hw: first = hw, epoch. leo: first = log
    /// end, second = durable end. replica: first = start, second = hw. end: first = start, second =
    /// end, epoch = control entries between them. ignored, budget_exceeded: text = name, reason.
    struct Fact {
        std::int64_t first = absent;
        std::int64_t second = absent;
        std::int64_t epoch = absent;
        std::uint32_t node = none;
        TextId text = none;
    };

    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

    Config config;
    Header header;
    Names names;

    /// Recording. time: virtual ns or `absent`. Every op takes the next position.
    void send_invoke(std::int64_t time, ProcessId process, std::span<const SendMop> mops,
                     const SendFields& fields = {});
    /// type: ok (took place), fail (definitely did not), info (unknown).
    void send_done(std::int64_t time, ProcessId process, OpType type, std::span<const SendMop> mops,
                   const SendFields& fields = {});
    void poll_invoke(std::int64_t time, ProcessId process);
    /// No parts: a response without any result.
    void poll_done(std::int64_t time, ProcessId process, OpType type,
                   std::span<const PollPart> parts);
    void assign(std::int64_t time, ProcessId process, OpType type, std::span<const KeyId> keys,
                Choice seek = Choice::no, OpKind kind = OpKind::assign);
    void drain(std::int64_t time, const Drain& drain);

    void crash(std::int64_t time, std::uint32_t node, Disk disk);
    void restart(std::int64_t time, std::uint32_t node, Disk disk);
    /// key: no_key if the change concerns all keys.
    void leader(std::int64_t time, KeyId key, std::uint32_t node, std::int64_t epoch);
    void partition(std::int64_t time, std::span<const std::uint32_t> nodes);
    void heal(std::int64_t time, std::span<const std::uint32_t> nodes);
    /// The node showed this watermark (exclusive) to clients.
    void hw(std::int64_t time, KeyId key, std::uint32_t node, std::int64_t hw,
            std::int64_t epoch = absent);
    /// Log end and durable end (both exclusive) of a node; one op per change, falls included.
    void leo(std::int64_t time, KeyId key, std::uint32_t node, std::int64_t leo,
             std::int64_t flushed);
    void replica(std::int64_t time, const Replica& replica);
    /// key: no_key covers every key. From here on acknowledged data may legally be lost.
    void budget_exceeded(std::int64_t time, KeyId key, std::string_view reason);
    /// Whether this budget_exceeded makes later losses legal: a power loss takes nothing that was
    /// synced, so it is no excuse under `fsync`.
    [[nodiscard]] bool excuses(const Op& op) const {
        return config.durability != DurabilityMode::fsync ||
               names.free_text(fact_of(op).text) != power_loss_reason;
    }
    /// The end of a key as sampled when all was quiet: [start, end) holds `control` control
    /// entries, the rest are records.
    void end(std::int64_t time, KeyId key, std::int64_t start, std::int64_t end,
             std::int64_t control = 0);
    /// Any other observation: kept and counted, never judged.
    void ignored(std::int64_t time, std::string_view name);

    /// For the JSON reader, whose mops may say "no result" (null) or "empty" ({}): appends a poll
    /// op, then its parts one by one.
    void begin_poll(std::int64_t time, ProcessId process, OpType type);
    void add_part(const PollPart& part, bool has_records);

    /// Reading.
    [[nodiscard]] const std::vector<Op>& ops() const { return ops_; }
    [[nodiscard]] std::span<const SendMop> sends(const Op& op) const;
    [[nodiscard]] SendFields send_fields(const Op& op) const;
    [[nodiscard]] std::span<const StoredPart> parts(const Op& op) const;
    [[nodiscard]] std::span<const std::uint32_t> listed(const Op& op) const;  // keys or nodes
    [[nodiscard]] const StoredDrain& drain_of(const Op& op) const { return drains_[op.details]; }
    [[nodiscard]] const Fact& fact_of(const Op& op) const { return facts_[op.details]; }
    [[nodiscard]] std::span<const ReplicaEntry> entries(const Op& op) const;
    [[nodiscard]] std::span<const Record> records(Range range) const {
        return std::span{records_}.subspan(range.first, range.count);
    }
    [[nodiscard]] std::span<const std::int64_t> offsets(Range range) const {
        return std::span{offsets_}.subspan(range.first, range.count);
    }

    /// Room for that many sends and records read, so that recording them does not allocate.
    void reserve(std::size_t sends, std::size_t records);
    /// Forgets all ops, keeps names, config and the memory.
    void clear_ops();

private:
    Op& append(OpKind kind, OpType type, std::int64_t time, ProcessId process);
    void append_send(OpType type, std::int64_t time, ProcessId process,
                     std::span<const SendMop> mops, const SendFields& fields);
    Op& append_fact(OpKind kind, std::int64_t time, const Fact& fact);
    Range store(std::span<const Record> records);
    Range store(std::span<const std::int64_t> offsets);
    Range store_list(std::span<const std::uint32_t> list);

    std::vector<Op> ops_;
    std::vector<SendMop> sends_;
    std::vector<SendFields> fields_;
    std::vector<StoredPart> parts_;
    std::vector<Record> records_;
    std::vector<std::int64_t> offsets_;
    std::vector<std::uint32_t> lists_;
    std::vector<StoredDrain> drains_;
    std::vector<Fact> facts_;
    std::vector<ReplicaEntry> entries_;
};

}  // namespace brokersim::reports
