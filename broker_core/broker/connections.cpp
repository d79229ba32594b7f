// Responses in request order, and the assembly of produce responses from their parts.
#include "broker_core/broker/connections.h"

#include "broker_core/base/check.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/produce.h"

namespace broker {

std::uint64_t Connections::open_slot(ConnectionId connection, std::int32_t correlation_id,
                                     std::int16_t api_version) {
    Connection& entry = connections_[connection];
    entry.slots.emplace_back();
    entry.slots.back().correlation_id = correlation_id;
    entry.slots.back().api_version = api_version;
    ++unanswered_;
    update_reading(connection, entry);
    return entry.first + entry.slots.size() - 1;
}

void Connections::set_waiting(ConnectionId connection, bool waiting) {
    auto at = connections_.find(connection);
    if (at == connections_.end()) {
        if (!waiting) {
            return;
        }
        at = connections_.emplace(connection, Connection{}).first;
    }
    at->second.waiting = waiting;
    update_reading(connection, at->second);
}

void Connections::update_reading(ConnectionId id, Connection& connection) {
    bool const full = connection.slots.size() >= pipelined_max_;
    bool const read = !full && !connection.waiting;
    if (read == connection.read) {
        return;
    }
    connection.read = read;
    if (!read) {
        probes_.reached(Probe::reading_stopped);
        if (full) {
            probes_.reached(Probe::pipeline_full);
        }
    }
    network_.read(id, read ? Network::Reading::yes : Network::Reading::no);
}

Slot* Connections::find(ConnectionId connection, std::uint64_t slot) {
    auto const at = connections_.find(connection);
    if (at == connections_.end() || slot < at->second.first) {
        return nullptr;
    }
    CHECK(slot - at->second.first < at->second.slots.size());
    Slot& found = at->second.slots[slot - at->second.first];
    return found.answered ? nullptr : &found;
}

void Connections::answer(ConnectionId connection, std::uint64_t slot, Bytes frame) {
    Slot* const found = find(connection, slot);
    if (found == nullptr) {
        return;
    }
    found->frame = std::move(frame);
    found->answered = true;
    --unanswered_;
    flush(connection, connections_.find(connection)->second);
}

std::uint64_t Connections::end_part(const wal::ProducePart& part, protocol::KafkaError error,
                                    Offset base_offset) {
    Slot* const slot = find(part.connection, part.slot);
    if (slot == nullptr) {
        return 0;
    }
    ProduceResult& result = slot->produce[part.part];
    if (result.done) {
        return 0;
    }
    result.done = true;
    result.error = error;
    result.base_offset = base_offset;
    CHECK(slot->produce_open > 0);
    --slot->produce_open;
    std::uint64_t const released = result.admitted_bytes;
    result.admitted_bytes = 0;
    if (slot->produce_open == 0) {
        encode_produce(*slot);
        slot->answered = true;
        --unanswered_;
        flush(part.connection, connections_.find(part.connection)->second);
    }
    return released;
}

void Connections::encode_produce(Slot& slot) {
    protocol::ProduceResponse response;
    for (const ProduceResult& result : slot.produce) {
        bool const unknown = !result.unknown_topic.empty();
        std::string_view const name = unknown ? std::string_view{result.unknown_topic}
                                              : topics_.topic_of(result.partition).name;
        if (response.topics.empty() || response.topics[response.topics.size() - 1].name != name) {
            response.topics.add().name = name;
        }
        protocol::ProducePartitionResponse& part =
            response.topics[response.topics.size() - 1].partitions.add();
        part.index = unknown ? result.unknown_index : topics_.partition(result.partition).index;
        part.error = result.error;
        part.base_offset = result.base_offset;
        part.log_start_offset = result.error == protocol::KafkaError::none ? Offset{0} : Offset{-1};
    }
    protocol::append_response(slot.frame, slot.correlation_id, response, slot.api_version);
}

void Connections::flush(ConnectionId id, Connection& connection) {
    while (!connection.slots.empty() && connection.slots.front().answered) {
        network_.respond(id, std::move(connection.slots.front().frame));
        connection.slots.pop_front();
        ++connection.first;
    }
    update_reading(id, connection);
}

std::uint64_t Connections::forget(ConnectionId connection) {
    auto const at = connections_.find(connection);
    if (at == connections_.end()) {
        return 0;
    }
    std::uint64_t released = 0;
    for (const Slot& slot : at->second.slots) {
        if (!slot.answered) {
            --unanswered_;
        }
        for (const ProduceResult& result : slot.produce) {
            released += result.admitted_bytes;
        }
    }
    connections_.erase(at);
    return released;
}

std::uint64_t Connections::close(ConnectionId connection) {
    network_.close(connection);
    return forget(connection);
}

std::uint64_t Connections::close_all() {
    std::uint64_t released = 0;
    while (!connections_.empty()) {
        released += close(connections_.begin()->first);
    }
    return released;
}

}  // namespace broker
