// Recorder: writes the clients' history of a run, with the names of its messages.
#pragma once

#include "broker_core/broker/topics.h"
#include "reports/history.h"
#include "sim/client/payload.h"

#include <cstdint>
#include <vector>

namespace brokersim {

class Recorder {
public:
    Recorder(std::uint64_t run_id, const broker::Topics& topics, std::uint32_t clients);

    [[nodiscard]] reports::History& history() { return history_; }
    [[nodiscard]] const reports::History& history() const { return history_; }
    [[nodiscard]] std::uint64_t run_id() const { return run_id_; }
    [[nodiscard]] reports::KeyId key(std::uint32_t partition) const { return keys_[partition]; }
    [[nodiscard]] reports::ProcessId process(std::uint32_t client) const {
        return processes_[client];
    }
    /// A reader asks for several partitions at once; each of its fetches in flight is a process of
    /// its own, so that an answer finds its request: client * 1000 + partition.
    [[nodiscard]] reports::ProcessId poller(std::uint32_t client, std::uint32_t partition) const {
        return pollers_[client * keys_.size() + partition];
    }
    /// The id of a message of this run.
    reports::ValueId message(std::uint32_t producer, std::uint32_t sequence) {
        return history_.names.value(run_, producer, sequence);
    }
    /// The id of whatever was read: this run's message, another run's, or unknown bytes.
    reports::ValueId value_read(broker::ByteSpan value);

private:
    std::uint64_t run_id_;
    reports::History history_;
    reports::RunId run_;
    std::vector<reports::KeyId> keys_;
    std::vector<reports::ProcessId> processes_;
    std::vector<reports::ProcessId> pollers_;  // by client, then partition
};

}  // namespace brokersim
