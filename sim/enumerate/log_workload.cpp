// Drawing batches; reading frames as far as telling whose they are.
#include "sim/enumerate/log_workload.h"

#include "broker_core/wal/frame.h"
#include "sim/client/payload.h"

#include <algorithm>

namespace brokersim::enumeration {

std::vector<Batch> draw_batches(const RunConfig& config, broker::Random& random) {
    std::vector<Batch> batches;
    std::uint32_t const most =
        config.producers.empty() ? 1 : config.producers.front().batch_records;
    PayloadContent const content = config.producers.empty()
                                       ? PayloadContent::random
                                       : config.producers.front().payload_content;
    std::uint32_t sequence = 0;
    for (const StepConfig& step : config.steps) {
        Duration at = step.trigger.at;
        std::uint32_t left = step.messages;
        while (left > 0) {
            Batch batch;
            batch.records = std::min(left, most);
            at += step.interval * batch.records;
            batch.at = at;
            for (std::uint32_t i = 0; i < batch.records; ++i) {
                auto const size = static_cast<std::size_t>(config.payload.draw(random));
                MessageIdentity const identity{config.run_id, 1, sequence};
                Bytes value;
                append_payload(value, identity, size, content);
                broker::append_le(batch.payload, static_cast<std::uint32_t>(value.size()));
                broker::append(batch.payload, value);
                ++sequence;
            }
            left -= batch.records;
            batches.push_back(std::move(batch));
        }
    }
    std::stable_sort(batches.begin(), batches.end(),
                     [](const Batch& a, const Batch& b) { return a.at < b.at; });
    return batches;
}

bool carries_batch(ByteSpan data) {
    std::size_t at = 0;
    while (at + broker::wal::frame_header_bytes <= data.size()) {
        auto const length = broker::load_le<std::uint32_t>(data.data() + at + 8);
        auto const flags = broker::load_le<std::uint16_t>(data.data() + at + 12);
        auto const version = broker::load_le<std::uint16_t>(data.data() + at + 14);
        if (version != broker::wal::frame_version) {
            at += broker::wal::frame_alignment;  // zeros before a sector's border
            continue;
        }
        if ((flags & broker::wal::frame_entry) != 0 && (flags & broker::wal::frame_control) == 0) {
            return true;
        }
        at += broker::wal::frame_bytes(length);
    }
    return false;
}

}  // namespace brokersim::enumeration
