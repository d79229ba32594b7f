// Names of keys, clients and messages in the history.
#include "sim/recorder.h"

#include "broker_core/base/hash.h"

#include <fmt/core.h>

namespace brokersim {

Recorder::Recorder(std::uint64_t run_id, const broker::Topics& topics, std::uint32_t clients)
    : run_id_{run_id}, run_{history_.names.run(fmt::format("{:016x}", run_id))} {
    for (const broker::PartitionInfo& partition : topics.partitions()) {
        keys_.push_back(history_.names.key(topics.label(partition.id)));
    }
    auto const partitions = static_cast<std::int64_t>(keys_.size());
    for (std::uint32_t client = 0; client < clients; ++client) {
        processes_.push_back(history_.names.process(std::int64_t{client} + 1));
        for (std::int64_t partition = 0; partition < partitions; ++partition) {
            pollers_.push_back(
                history_.names.process((std::int64_t{client} + 1) * 1'000 + partition));
        }
    }
}

reports::ValueId Recorder::value_read(broker::ByteSpan value) {
    std::optional<MessageIdentity> const identity = read_payload(value);
    if (!identity) {
        return history_.names.value(
            fmt::format("unreadable {:016x} of {} bytes", broker::hash_bytes(value), value.size()));
    }
    if (identity->run == run_id_) {
        return history_.names.value(run_, identity->client, identity->sequence);
    }
    reports::RunId const run = history_.names.run(fmt::format("{:016x}", identity->run));
    return history_.names.value(run, identity->client, identity->sequence);
}

}  // namespace brokersim
