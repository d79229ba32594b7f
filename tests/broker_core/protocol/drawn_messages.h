// Arbitrary Kafka messages for property tests, one draw() per message.
//
// Every field that the version carries is drawn, every other keeps its default, so that
// decode(encode(m)) == m must hold.
#pragma once

#include "broker_core/protocol/api_versions.h"
#include "broker_core/protocol/fetch.h"
#include "broker_core/protocol/init_producer_id.h"
#include "broker_core/protocol/list_offsets.h"
#include "broker_core/protocol/metadata.h"
#include "broker_core/protocol/produce.h"

#include <rapidcheck.h>

#include <array>

namespace broker::test {

using namespace broker::protocol;

template <class T>
T drawn() {
    return *rc::gen::arbitrary<T>();
}

inline KafkaError drawn_error() {
    return *rc::gen::element(KafkaError::none, KafkaError::unknown_server_error,
                             KafkaError::not_leader_or_follower, KafkaError::invalid_record);
}

inline IsolationLevel drawn_isolation() {
    return *rc::gen::element(IsolationLevel::read_uncommitted, IsolationLevel::read_committed);
}

/// Static text, since messages only borrow their names.
inline std::string_view drawn_name() {
    static constexpr std::array<std::string_view, 4> names{
        "", "t", "orders",
        "a-name-of-a-topic-that-is-longer-than-one-byte-of-a-compact-length-could-"
        "say-because-it-goes-on-well-past-one-hundred-and-twenty-seven"};
    return names[*rc::gen::inRange<std::size_t>(0, names.size())];
}

inline std::optional<std::string_view> drawn_nullable_name() {
    return drawn<bool>() ? std::optional{drawn_name()} : std::nullopt;
}

inline ByteSpan drawn_records() {
    return as_bytes(drawn_name());
}

/// Zero to three elements: none, the one that lies inside the list, and some on the heap.
template <class T, class Fill>
List<T> drawn_list(Fill fill) {
    List<T> list;
    auto const count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) {
        fill(list.add());
    }
    return list;
}

inline List<std::int32_t> drawn_numbers() {
    return drawn_list<std::int32_t>([](auto& number) { number = drawn<std::int32_t>(); });
}

inline void draw(ProduceRequest& message, std::int16_t /*version*/) {
    message.transactional_id = drawn_nullable_name();
    message.acks = drawn<std::int16_t>();
    message.timeout_ms = drawn<std::int32_t>();
    message.topics = drawn_list<ProduceTopic>([](auto& topic) {
        topic.name = drawn_name();
        topic.partitions = drawn_list<ProducePartition>([](auto& partition) {
            partition.index = drawn<std::int32_t>();
            partition.records = drawn_records();
        });
    });
}

inline void draw(ProduceResponse& message, std::int16_t version) {
    message.throttle_time_ms = drawn<std::int32_t>();
    message.topics = drawn_list<ProduceTopicResponse>([&](auto& topic) {
        topic.name = drawn_name();
        topic.partitions = drawn_list<ProducePartitionResponse>([&](auto& partition) {
            partition.index = drawn<std::int32_t>();
            partition.error = drawn_error();
            partition.base_offset = Offset{drawn<std::int64_t>()};
            partition.log_append_time_ms = drawn<std::int64_t>();
            if (version >= 5) {
                partition.log_start_offset = Offset{drawn<std::int64_t>()};
            }
        });
    });
}

inline void draw(FetchRequest& message, std::int16_t version) {
    message.replica_id = drawn<std::int32_t>();
    message.max_wait_ms = drawn<std::int32_t>();
    message.min_bytes = drawn<std::int32_t>();
    message.max_bytes = drawn<std::int32_t>();
    message.isolation_level = drawn_isolation();
    message.topics = drawn_list<FetchTopic>([&](auto& topic) {
        topic.name = drawn_name();
        topic.partitions = drawn_list<FetchPartition>([&](auto& partition) {
            partition.index = drawn<std::int32_t>();
            partition.current_leader_epoch = version >= 9 ? drawn<std::int32_t>() : -1;
            partition.fetch_offset = Offset{drawn<std::int64_t>()};
            partition.log_start_offset = Offset{version >= 5 ? drawn<std::int64_t>() : -1};
            partition.max_bytes = drawn<std::int32_t>();
        });
    });
    if (version >= 7) {
        message.session_id = drawn<std::int32_t>();
        message.session_epoch = drawn<std::int32_t>();
        message.forgotten_topics = drawn_list<ForgottenTopic>([](auto& topic) {
            topic.name = drawn_name();
            topic.partitions = drawn_numbers();
        });
    }
    if (version >= 11) {
        message.rack_id = drawn_name();
    }
}

inline void draw(FetchResponse& message, std::int16_t version) {
    message.throttle_time_ms = drawn<std::int32_t>();
    if (version >= 7) {
        message.error = drawn_error();
        message.session_id = drawn<std::int32_t>();
    }
    message.topics = drawn_list<FetchTopicResponse>([&](auto& topic) {
        topic.name = drawn_name();
        topic.partitions = drawn_list<FetchPartitionResponse>([&](auto& partition) {
            partition.index = drawn<std::int32_t>();
            partition.error = drawn_error();
            partition.high_watermark = Offset{drawn<std::int64_t>()};
            partition.last_stable_offset = Offset{drawn<std::int64_t>()};
            partition.log_start_offset = Offset{version >= 5 ? drawn<std::int64_t>() : -1};
            if (drawn<bool>()) {
                partition.aborted_transactions = drawn_list<AbortedTransaction>([](auto& aborted) {
                    aborted.producer_id = ProducerId{drawn<std::int64_t>()};
                    aborted.first_offset = Offset{drawn<std::int64_t>()};
                });
            }
            partition.preferred_read_replica = version >= 11 ? drawn<std::int32_t>() : -1;
            partition.records = drawn_records();
        });
    });
}

inline void draw(ListOffsetsRequest& message, std::int16_t version) {
    message.replica_id = drawn<std::int32_t>();
    if (version >= 2) {
        message.isolation_level = drawn_isolation();
    }
    message.topics = drawn_list<ListOffsetsTopic>([](auto& topic) {
        topic.name = drawn_name();
        topic.partitions = drawn_list<ListOffsetsPartition>([](auto& partition) {
            partition.index = drawn<std::int32_t>();
            partition.timestamp_ms = drawn<std::int64_t>();
        });
    });
}

inline void draw(ListOffsetsResponse& message, std::int16_t version) {
    message.throttle_time_ms = version >= 2 ? drawn<std::int32_t>() : 0;
    message.topics = drawn_list<ListOffsetsTopicResponse>([](auto& topic) {
        topic.name = drawn_name();
        topic.partitions = drawn_list<ListOffsetsPartitionResponse>([](auto& partition) {
            partition.index = drawn<std::int32_t>();
            partition.error = drawn_error();
            partition.timestamp_ms = drawn<std::int64_t>();
            partition.offset = Offset{drawn<std::int64_t>()};
        });
    });
}

inline void draw(MetadataRequest& message, std::int16_t version) {
    if (drawn<bool>()) {
        message.topics = drawn_list<std::string_view>([](auto& name) { name = drawn_name(); });
    }
    if (version >= 4) {
        message.allow_auto_topic_creation = drawn<bool>();
    }
}

inline void draw(MetadataResponse& message, std::int16_t version) {
    message.throttle_time_ms = version >= 3 ? drawn<std::int32_t>() : 0;
    message.brokers = drawn_list<MetadataBroker>([](auto& broker) {
        broker.node_id = drawn<std::int32_t>();
        broker.host = drawn_name();
        broker.port = drawn<std::int32_t>();
        broker.rack = drawn_nullable_name();
    });
    if (version >= 2) {
        message.cluster_id = drawn_nullable_name();
    }
    message.controller_id = drawn<std::int32_t>();
    message.topics = drawn_list<MetadataTopic>([](auto& topic) {
        topic.error = drawn_error();
        topic.name = drawn_name();
        topic.is_internal = drawn<bool>();
        topic.partitions = drawn_list<MetadataPartition>([](auto& partition) {
            partition.error = drawn_error();
            partition.index = drawn<std::int32_t>();
            partition.leader_id = drawn<std::int32_t>();
            partition.replica_nodes = drawn_numbers();
            partition.isr_nodes = drawn_numbers();
        });
    });
}

inline void draw(ApiVersionsRequest& message, std::int16_t version) {
    if (version >= 3) {
        message.client_software_name = drawn_name();
        message.client_software_version = drawn_name();
    }
}

inline void draw(ApiVersionsResponse& message, std::int16_t version) {
    message.error = drawn_error();
    message.api_keys = drawn_list<ApiVersionRange>([](auto& range) {
        range.api_key = drawn<std::int16_t>();
        range.version_min = drawn<std::int16_t>();
        range.version_max = drawn<std::int16_t>();
    });
    message.throttle_time_ms = version >= 1 ? drawn<std::int32_t>() : 0;
}

inline void draw(InitProducerIdRequest& message, std::int16_t /*version*/) {
    message.transactional_id = drawn_nullable_name();
    message.transaction_timeout_ms = drawn<std::int32_t>();
}

inline void draw(InitProducerIdResponse& message, std::int16_t /*version*/) {
    message.throttle_time_ms = drawn<std::int32_t>();
    message.error = drawn_error();
    message.producer_id = ProducerId{drawn<std::int64_t>()};
    message.producer_epoch = ProducerEpoch{drawn<std::int16_t>()};
}

}  // namespace broker::test
