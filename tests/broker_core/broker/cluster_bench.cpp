// What moves in a ClusterBench, and how answers are read.
#include "tests/broker_core/broker/cluster_bench.h"

namespace broker::test {

using partition::RecordBatchView;

Bytes batch_of(std::int32_t count, std::int64_t pid, std::int32_t first) {
    std::vector<partition::Record> const records(
        static_cast<std::size_t>(count),
        partition::Record{.value = as_bytes("value"), .timestamp_ms = 1000});
    Bytes bytes;
    partition::BatchProducer producer;
    if (pid >= 0) {
        producer = {ProducerId{pid}, ProducerEpoch{0}, Sequence{first}};
    }
    partition::encode_batch(bytes, producer, records);
    return bytes;
}

ClusterBench::ClusterBench(std::uint32_t brokers, Tuning const& tuning)
    : topics_{{TopicConfig{"orders", 1, brokers, 0}}, brokers}, tuning_{tuning} {
    for (std::uint32_t number = 1; number <= brokers; ++number) {
        machines_.push_back(std::make_unique<Machine>());
        boot(number);
    }
}

void ClusterBench::boot(std::uint32_t number) {
    Machine& host = machine(number);
    wal::DiskIdentity const identity{ClusterId{9}, BrokerId{number}, DiskUuid{number}};
    host.node =
        std::make_unique<Node>(NodeConfig{identity, &topics_, tuning_, 1}, host.disk, host.network);
    REQUIRE(host.node->boot(Instant{now_, now_}).has_value());
    complete_disk(number);
    REQUIRE(host.node->serving());
    host.disk.take_story();
}

void ClusterBench::kill(std::uint32_t number) {
    machine(number).node.reset();
    machine(number).disk.abandon();
    machine(number).network.datagrams.clear();
}

void ClusterBench::step(std::uint32_t number, Event const& event) {
    node(number).step(Instant{now_, now_}, event);
}

void ClusterBench::complete(std::uint32_t number, Kind kind, DiskOutcome outcome) {
    REQUIRE(disk(number).count(kind) > 0);
    step(number, disk(number).complete(kind, outcome));
}

void ClusterBench::complete_disk(std::uint32_t number) {
    while (!disk(number).pending().empty() && !node(number).over()) {
        step(number, disk(number).complete_at(0));
    }
}

bool ClusterBench::deliver_one(std::uint32_t from) {
    auto& datagrams = machine(from).network.datagrams;
    if (datagrams.empty()) {
        return false;
    }
    auto const [to, bytes] = std::move(datagrams.front());
    datagrams.pop_front();
    bool const lost =
        from == cut_ || to.value() == cut_ || !machine(to.value()).node || node(to.value()).over();
    if (!lost) {
        step(to.value(), DatagramReceived{BrokerId{from}, bytes});
    }
    return true;
}

void ClusterBench::deliver_from(std::uint32_t number) {
    while (deliver_one(number)) {
    }
}

void ClusterBench::settle() {
    for (bool moved = true; moved;) {
        moved = false;
        for (std::uint32_t number = 1; number <= machines_.size(); ++number) {
            if (!machine(number).node || node(number).over()) {
                continue;
            }
            moved = moved || !disk(number).pending().empty();
            complete_disk(number);
            moved = deliver_one(number) || moved;
        }
    }
}

void ClusterBench::advance(Duration duration) {
    Time const end = now_ + duration;
    for (;;) {
        std::uint32_t next = 0;
        Time at = Time::never();
        for (std::uint32_t number = 1; number <= machines_.size(); ++number) {
            if (machine(number).node && !node(number).over() && node(number).next_deadline() < at) {
                next = number;
                at = node(number).next_deadline();
            }
        }
        if (next == 0 || at > end) {
            break;
        }
        now_ = std::max(now_, at);
        step(next, DeadlineReached{});
    }
    now_ = end;
}

void ClusterBench::tick(std::uint32_t number) {
    now_ = std::max(now_, node(number).next_deadline());
    step(number, DeadlineReached{});
}

void ClusterBench::elect(std::uint32_t number) {
    for (int round = 0; round < 5 && !replica(number).leads(); ++round) {
        tick(number);
        settle();
    }
    REQUIRE(replica(number).leads());
    machine(number).disk.take_story();
}

void ClusterBench::produce(Bytes const& batch, std::int16_t acks, std::int32_t correlation,
                           std::string_view topic, std::int32_t index, std::int32_t timeout_ms) {
    protocol::ProduceRequest message;
    message.acks = acks;
    message.timeout_ms = timeout_ms;
    protocol::ProduceTopic& target = message.topics.add();
    target.name = topic;
    target.partitions.push_back({index, batch});
    request(1, 1, message, 7, correlation);
}

void ClusterBench::fetch(Offset from, std::int32_t max_wait_ms, std::int32_t correlation,
                         std::int32_t epoch, std::int32_t max_bytes) {
    protocol::FetchRequest message;
    message.max_wait_ms = max_wait_ms;
    message.min_bytes = 1;
    protocol::FetchTopic& target = message.topics.add();
    target.name = "orders";
    target.partitions.push_back(
        {.index = 0, .current_leader_epoch = epoch, .fetch_offset = from, .max_bytes = max_bytes});
    request(1, 1, message, 11, correlation);
}

Sent ClusterBench::take(std::uint32_t number) {
    auto& sent = machine(number).network.sent;
    REQUIRE_FALSE(sent.empty());
    Sent const answer = sent.front();
    sent.pop_front();
    return answer;
}

ClusterBench::Answer ClusterBench::take_produced(std::uint32_t number) {
    Sent const sent = take(number);
    REQUIRE_FALSE(sent.frame.empty());
    auto const frame = protocol::decode_response_frame(ByteSpan{sent.frame}.subspan(4));
    REQUIRE(frame.has_value());
    auto const response = protocol::decode_produce_response(frame->body, 7);
    REQUIRE(response.has_value());
    REQUIRE(response->topics.size() == 1);
    protocol::ProducePartitionResponse const& part = response->topics[0].partitions[0];
    return Answer{frame->correlation_id, part.error, part.base_offset.value()};
}

ClusterBench::Fetched ClusterBench::take_fetched(std::uint32_t number) {
    Sent const sent = take(number);
    REQUIRE_FALSE(sent.frame.empty());
    auto const frame = protocol::decode_response_frame(ByteSpan{sent.frame}.subspan(4));
    REQUIRE(frame.has_value());
    auto const response = protocol::decode_fetch_response(frame->body, 11);
    REQUIRE(response.has_value());
    REQUIRE(response->topics.size() == 1);
    protocol::FetchPartitionResponse const& part = response->topics[0].partitions[0];
    Fetched fetched{frame->correlation_id, part.error, part.high_watermark.value(), {}};
    for (ByteSpan records = part.records; !records.empty();) {
        RecordBatchView const batch{records};
        for (std::int64_t i = 0; !batch.is_control() && i < batch.records_count(); ++i) {
            fetched.offsets.push_back(batch.base_offset().value() + i);
        }
        records = records.subspan(partition::batch_length_overhead_bytes +
                                  static_cast<std::size_t>(batch.length_bytes()));
    }
    return fetched;
}

}  // namespace broker::test
