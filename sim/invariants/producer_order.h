// B3 SeqExactlyOnce, which is B8 ProducerOrder too: what is committed of an idempotent producer.
//
//   B3  per (producer id, epoch) the committed batches carry every sequence number once, in order
//       and without a gap, from 0 on (and after 2^31-1 from 0 again). A new epoch begins at 0, and
//       an older one never comes back. A producer that the log itself had expired may begin again
//       in its old epoch. Where brokers are permissive, who is unknown or expired may begin
//       anywhere (KIP-98; Kafka ProducerStateManager; KAFKA-4393, KAFKA-9144).
//
// The model is its own: it shares nothing with the broker's table of producers but the numbers in
// the batches. It is folded along G, one batch at a time, when an entry is first reported as
// committed.
#pragma once

#include "broker_core/base/ids.h"
#include "broker_core/partition/producer_state.h"
#include "broker_core/partition/record_batch.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace brokersim {

/// The numbers of one data batch that this rule looks at. producer -1: of no idempotent producer.
struct ProducerNumbers {
    std::int64_t producer = -1;
    std::int16_t epoch = 0;
    std::int32_t first_sequence = 0;
    std::int32_t records = 0;
    std::int64_t timestamp_ms = 0;  // the largest of its records
};

[[nodiscard]] ProducerNumbers producer_numbers(broker::partition::RecordBatchView batch);

class ProducerOrder {
public:
    explicit ProducerOrder(const broker::partition::ProducerStateOptions& options)
        : strict_{options.unknown_producer == broker::partition::UnknownProducer::strict},
          expiry_ms_{options.expiry.nanoseconds() / 1'000'000} {}

    /// Takes the next committed batch. Returns what is wrong with it, or nothing.
    [[nodiscard]] std::optional<std::string> commit(const ProducerNumbers& batch);

private:
    struct Producer {
        std::int16_t epoch = 0;
        std::int64_t next = 0;         // sequence of the record that must come next
        std::int64_t last_use_ms = 0;  // log time at its last batch
    };

    bool strict_;
    std::int64_t expiry_ms_;
    std::int64_t log_time_ms_ = INT64_MIN;  // the largest timestamp so far
    std::map<std::int64_t, Producer> producers_;
};

}  // namespace brokersim
