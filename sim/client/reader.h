// Reader: fetches partitions from the start on, either for ever (a consumer) or to an end sampled
// once all is quiet (the drain, whose word on what the log holds is final).
//
// A consumer takes assigned partitions and moves its position behind every batch it received,
// control batches included. It never stops at a count of records, except where a demonstration
// orders it to. A drain first asks for the end offset, then reads until it is reached.
#pragma once

#include "broker_core/partition/record_batch.h"
#include "broker_core/protocol/fetch.h"
#include "reports/history.h"
#include "sim/client/client.h"
#include "sim/recorder.h"

#include <optional>
#include <span>
#include <vector>

namespace brokersim {

enum class ReaderRole : std::uint8_t { consumer, drain };

class Reader final : public Client {
public:
    Reader(const ClientConfig& config, ReaderRole role, const broker::Topics& topics,
           ClientPort& port, Recorder& recorder, std::optional<std::uint64_t> stops_at);

    /// A consumer starts over from the first record so long after it last did; 0: never.
    void set_reread_after(Duration after) { reread_after_ = after; }
    /// A drain begins; a consumer begins by being pumped.
    void begin();
    /// Drain, before it begins: nothing can be read of this partition, and nothing is said of it.
    void leave_out(std::uint32_t partition) { partitions_[partition].complete = true; }
    /// No more requests; what is in flight is ignored.
    void stop() { stopped_ = true; }
    /// Drain: every partition was read to its sampled end and written to the history.
    [[nodiscard]] bool complete() const;
    [[nodiscard]] bool complete(std::uint32_t partition) const {
        return partitions_[partition].complete;
    }
    [[nodiscard]] std::int64_t position(std::uint32_t partition) const {
        return partitions_[partition].position;
    }
    /// The sampled end of a partition; nothing before it is known.
    [[nodiscard]] std::optional<std::int64_t> end(std::uint32_t partition) const {
        return partitions_[partition].end;
    }
    [[nodiscard]] std::uint64_t records() const { return records_read_; }

private:
    struct Partition {
        std::int64_t position = 0;
        std::int64_t start = 0;  // drain: of what may be read
        bool seeks = false;      // the position is gone: asks where the records begin
        bool asks_end = false;   // consumer: how far it is behind, before it starts over
        Time began;              // reading from the start on
        std::optional<std::int64_t> end;
        std::vector<reports::Record> records;  // drain: all of them
        std::vector<std::int64_t> control;
        std::vector<std::int64_t> corrupt;
        bool asked = false;
        bool complete = false;
        Time retry_at;
    };

    void work() override;
    void answered(const Request& request, ByteSpan body) override;
    void unanswered(const Request& request) override;
    bool wants_metadata() const override;
    [[nodiscard]] Time own_deadline() const override;
    void maybe_start_over(Partition& partition) const;

    void ask_offset(std::uint32_t partition, std::uint32_t broker);
    void on_offset(std::uint32_t partition, std::int64_t offset);
    void ask_records(std::uint32_t partition, std::uint32_t broker);
    void read_batches(Partition& partition, ByteSpan records, std::int64_t from);
    /// A batch that is damaged, of `size` bytes.
    void note_corrupt(Partition& partition, const broker::partition::RecordBatchView& header,
                      std::uint64_t size);
    void on_fetch(std::uint32_t partition, const broker::protocol::FetchPartitionResponse& part,
                  std::int64_t from);
    /// Ends the poll that this consumer recorded when it asked.
    void end_poll(std::uint32_t partition, reports::OpType type,
                  std::span<const reports::PollPart> parts = {});
    void write_drain(std::uint32_t partition);
    void back_off(Partition& partition);
    [[nodiscard]] bool active() const;

    ReaderRole role_;
    Duration reread_after_;
    Recorder& recorder_;
    std::optional<std::uint64_t> stops_at_;
    bool begun_ = false;
    bool stopped_ = false;
    std::vector<Partition> partitions_;
    std::vector<reports::Record> batch_records_;  // of the response being read
    std::vector<std::int64_t> batch_corrupt_;
    std::uint64_t records_read_ = 0;
};

}  // namespace brokersim
