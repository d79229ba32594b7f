// The order of one producer's batches along the committed log.
#include "sim/invariants/producer_order.h"

#include <fmt/core.h>

#include <algorithm>

namespace brokersim {
namespace {

constexpr std::int64_t sequences = std::int64_t{1} << 31U;  // they wrap behind 2^31-1

}  // namespace

ProducerNumbers producer_numbers(broker::partition::RecordBatchView batch) {
    ProducerNumbers numbers;
    numbers.timestamp_ms = batch.max_timestamp_ms();
    if (batch.has_producer()) {
        numbers.producer = batch.producer_id().value();
        numbers.epoch = batch.producer_epoch().value();
        numbers.first_sequence = batch.base_sequence().value();
        numbers.records = batch.records_count();
    }
    return numbers;
}

std::optional<std::string> ProducerOrder::commit(const ProducerNumbers& batch) {
    std::int64_t const log_time_before = log_time_ms_;
    log_time_ms_ = std::max(log_time_ms_, batch.timestamp_ms);
    if (batch.producer < 0) {
        return std::nullopt;
    }
    auto const [at, fresh] = producers_.try_emplace(batch.producer);
    Producer const before = at->second;
    at->second =
        Producer{batch.epoch, (std::int64_t{batch.first_sequence} + batch.records) % sequences,
                 log_time_ms_};
    bool const begins = batch.first_sequence == 0;
    // The entry that moves the log time this far expires it, before the next batch is looked at.
    bool const expired = !fresh && log_time_before - before.last_use_ms >= expiry_ms_;
    bool const continues =
        !fresh && batch.epoch == before.epoch && batch.first_sequence == before.next;
    bool const unknown = fresh || expired;
    bool const begins_anew =
        (unknown && (begins || !strict_)) || (begins && batch.epoch > before.epoch);
    if (continues || begins_anew) {
        return std::nullopt;
    }
    return fmt::format("producer {} epoch {} continues with sequence {} for {} records; {}",
                       batch.producer, batch.epoch, batch.first_sequence, batch.records,
                       fresh
                           ? std::string{"nothing of it came before"}
                           : fmt::format("expected was {} of epoch {}", before.next, before.epoch));
}

}  // namespace brokersim
