// Producer: sends messages in batches, retries, and records what it was told.
//
// Per partition the unanswered batches stand in a queue in sequence order. A batch that failed with
// a retriable code, or whose fate is unknown, is sent again; an idempotent producer never lets a
// later batch pass one that waits for its retry. A batch whose delivery time is over is given up:
// failed if every attempt was definitely not appended, else of unknown fate. After giving up a
// batch that may have been appended, an idempotent producer takes a new producer id, so that no
// sequence number ever names two batches.
//
// A producer of flavour naive_bump does what KIP-360 forbids: as soon as the fate of a batch is
// unknown, or its sequence is refused, it raises its epoch and sends everything unanswered again
// under new sequences. Brokers cannot know those batches again, so each may be stored once per
// name it was sent under; that many copies, and only of those batches, are declared legal (T18).
// Sources: KIP-98, KIP-91 (delivery timeout), KIP-360, KAFKA-5494 (retries with several in flight).
#pragma once

#include "reports/history.h"
#include "scenarios/run_config.h"
#include "sim/client/client.h"
#include "sim/recorder.h"

#include <deque>
#include <optional>
#include <vector>

namespace brokersim {

class Producer final : public Client {
public:
    Producer(const ClientConfig& config, const ProducerConfig& producer, std::uint32_t number,
             const Distribution& payload, const broker::Topics& topics, ClientPort& port,
             Recorder& recorder);

    /// Accepts one more message, to be sent to `partition`.
    void produce(std::uint32_t partition);
    /// From here on as many copies as attempts are legal, although the producer is idempotent.
    void allow_copies() { copies_allowed_ = true; }
    /// Nothing is queued or unanswered.
    /// Whether messages of this partition are unanswered.
    [[nodiscard]] bool waits_for(std::uint32_t partition) const {
        return !partitions_[partition].queued.empty() || !partitions_[partition].batches.empty();
    }
    [[nodiscard]] bool idle() const { return open_messages_ == 0; }
    /// The end of the run: what is still open gets an unknown fate (or failed, if certain).
    void give_up();

    [[nodiscard]] std::uint64_t messages_accepted() const { return next_sequence_; }
    /// Messages whose time was over before a single request was made for them: not in the history.
    [[nodiscard]] std::uint64_t never_sent() const { return never_sent_; }
    [[nodiscard]] std::uint64_t attempts() const { return attempts_; }
    [[nodiscard]] std::uint64_t retries() const { return retries_; }
    [[nodiscard]] std::uint64_t timeouts() const { return timeouts_; }

private:
    enum class BatchState : std::uint8_t { ready, in_flight, backing_off };
    struct Batch {
        std::uint64_t cookie = 0;
        std::vector<std::uint32_t> sequences;  // of its messages, at the producer
        Bytes records;                         // encoded once; every attempt sends these bytes
        std::uint32_t crc = 0;
        std::int64_t timestamp_ms = 0;  // of its records
        BatchState state = BatchState::ready;
        Time retry_at;
        Time expires;
        std::uint32_t attempts = 0;
        bool maybe_appended = false;  // some attempt ended with an unknown fate
        std::int64_t pid = -1;
        // Its name: brokers know a batch again by these three.
        std::int16_t epoch = 0;
        std::int32_t base_sequence = -1;
        std::int64_t unwrapped = -1;           // the sequence without the wrap, for the history
        bool maybe_under_name = false;         // an attempt under this name has an unknown fate
        std::uint32_t names_maybe_stored = 1;  // the present name, and earlier ones of that kind
    };
    struct Queued {
        std::uint32_t sequence;
        Time accepted;
    };
    struct Partition {
        std::deque<Queued> queued;
        std::deque<Batch> batches;
        std::int32_t next_sequence = 0;   // of the idempotent producer; wraps to 0
        std::int64_t next_unwrapped = 0;  // the same without the wrap, for the history
        std::int64_t pid = -1;            // the id its next batch will carry
        std::int16_t epoch = 0;
    };

    void work() override;
    void answered(const Request& request, ByteSpan body) override;
    void unanswered(const Request& request) override;
    bool wants_metadata() const override { return open_messages_ > 0; }
    [[nodiscard]] Time own_deadline() const override;

    void ask_producer_id();
    void expire(std::uint32_t partition);
    void work_on(std::uint32_t partition);
    bool form_batch(std::uint32_t partition);
    /// Gives a batch the next sequences of its partition.
    void name_batch(Partition& state, Batch& batch) const;
    void encode_batch(Batch& batch);
    /// naive_bump: new names for all that is unanswered.
    void bump_epoch(std::uint32_t partition);
    /// An attempt of the batch may have been appended, or not.
    void on_unknown_fate(std::uint32_t partition, Batch& batch);
    void send_batch(std::uint32_t partition, Batch& batch, std::uint32_t broker);
    void retry(Batch& batch);
    void finish(std::uint32_t partition, std::uint64_t cookie, reports::OpType outcome,
                std::int64_t base_offset);
    void renew_producer_id();
    Batch* find(std::uint32_t partition, std::uint64_t cookie);

    ProducerConfig producer_;
    std::uint32_t number_;
    Distribution payload_;
    Recorder& recorder_;
    broker::Random payload_random_;
    std::vector<Partition> partitions_;
    std::vector<std::uint32_t> payload_sizes_;  // by message
    std::uint32_t next_sequence_ = 0;           // of messages
    std::uint64_t next_cookie_ = 0;
    std::uint64_t open_messages_ = 0;
    std::uint64_t never_sent_ = 0;
    std::uint64_t attempts_ = 0;
    std::uint64_t retries_ = 0;
    std::uint64_t timeouts_ = 0;
    std::int64_t pid_ = -1;
    bool pid_asked_ = false;
    bool copies_allowed_ = false;
    Time pid_retry_at_;
};

}  // namespace brokersim
