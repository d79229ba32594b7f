// Tests of producing: when an answer may leave, and what it says.
#include "tests/broker_core/broker/cluster_bench.h"

namespace broker {
namespace {

using protocol::KafkaError;
using test::batch_of;
using test::ClusterBench;
using Kind = ClusterBench::Kind;

/// One broker that leads; offset 0 is the no-op of its term.
struct SingleLeader : ClusterBench {
    explicit SingleLeader(Tuning const& tuning = test::immediate_groups())
        : ClusterBench{1, tuning} {
        elect(1);
    }
};

/// Three brokers; 1 leads.
struct LeaderOfThree : ClusterBench {
    explicit LeaderOfThree(Tuning const& tuning = test::immediate_groups())
        : ClusterBench{3, tuning} {
        elect(1);
        settle();
    }
};

}  // namespace

TEST_CASE("produce: acks=1 is answered when the write completed, before the sync", "[broker]") {
    SingleLeader bench;

    bench.produce(batch_of(2), 1, 7);
    CHECK(bench.answers() == 0);
    bench.complete(1, Kind::write);

    auto const answer = bench.take_produced();
    CHECK(answer.correlation == 7);
    CHECK(answer.error == KafkaError::none);
    CHECK(answer.offset == 1);
    CHECK(bench.disk().count(Kind::sync) == 1);
}

TEST_CASE("produce: acks=1 tuned to synced waits for the leader's own sync", "[broker]") {
    Tuning tuning = test::immediate_groups();
    tuning.broker.acks1 = Acks1::synced;
    SingleLeader bench{tuning};

    bench.produce(batch_of(1), 1);
    bench.complete(1, Kind::write);
    CHECK(bench.answers() == 0);
    bench.complete(1, Kind::sync);

    CHECK(bench.take_produced().error == KafkaError::none);
}

TEST_CASE("produce: acks=all is answered after the commit and the leader's own sync", "[broker]") {
    LeaderOfThree bench;

    bench.produce(batch_of(1), -1);
    bench.deliver_from(1);
    bench.complete_disk(2);
    bench.complete_disk(3);
    bench.deliver_from(2);
    bench.deliver_from(3);
    CHECK(bench.answers() == 0);  // durable on both followers, not here
    bench.complete(1, Kind::write);
    CHECK(bench.answers() == 0);
    bench.complete(1, Kind::sync);

    CHECK(bench.take_produced().offset == 1);
}

TEST_CASE("produce: acks=all waits for a quorum however durable the leader is", "[broker]") {
    LeaderOfThree bench;

    bench.produce(batch_of(1), -1);
    bench.complete_disk(1);
    CHECK(bench.answers() == 0);
    bench.deliver_from(1);
    CHECK(bench.answers() == 0);
    bench.complete_disk(2);
    bench.deliver_from(2);

    CHECK(bench.take_produced().error == KafkaError::none);
}

TEST_CASE("produce: acks=0 is appended and never answered", "[broker]") {
    SingleLeader bench;

    bench.produce(batch_of(3), 0);
    bench.settle();

    CHECK(bench.answers() == 0);
    CHECK(bench.replica().high_watermark() == Offset{4});
}

TEST_CASE("produce: an error of acks=0 closes the connection", "[broker]") {
    SingleLeader bench;

    bench.produce(batch_of(3), 0, 0, "nothing");

    CHECK(bench.take().frame.empty());
}

TEST_CASE("produce: what cannot be appended is refused with its own code", "[broker]") {
    Tuning tuning = test::immediate_groups();
    tuning.broker.message_max_bytes = 2000;
    SingleLeader bench{tuning};
    Bytes wrong_crc = batch_of(1);
    wrong_crc.back() ^= std::byte{1};
    Bytes two = batch_of(1);
    append(two, batch_of(1));
    Bytes cut = batch_of(1);
    cut.pop_back();

    bench.produce(batch_of(1), -1, 0, "nothing");
    CHECK(bench.take_produced().error == KafkaError::unknown_topic_or_partition);
    bench.produce(batch_of(1), -1, 0, "orders", 7);
    CHECK(bench.take_produced().error == KafkaError::unknown_topic_or_partition);
    bench.produce(batch_of(1), 2);
    CHECK(bench.take_produced().error == KafkaError::invalid_required_acks);
    bench.produce(wrong_crc);
    CHECK(bench.take_produced().error == KafkaError::corrupt_message);
    bench.produce(cut);
    CHECK(bench.take_produced().error == KafkaError::corrupt_message);
    bench.produce(two);
    CHECK(bench.take_produced().error == KafkaError::invalid_record);
    bench.produce(batch_of(300));
    CHECK(bench.take_produced().error == KafkaError::message_too_large);

    CHECK(bench.replica().offsets().log_end() == Offset{1});
    CHECK(bench.node().admitted_bytes() == 0);
    CHECK(bench.probe(Probe::produce_refused) == 7);
}

TEST_CASE("produce: a transactional request is refused", "[broker]") {
    SingleLeader bench;
    protocol::ProduceRequest message;
    message.transactional_id = "t";
    Bytes const batch = batch_of(1);
    protocol::ProduceTopic& topic = message.topics.add();
    topic.name = "orders";
    topic.partitions.push_back({0, batch});

    bench.request(1, 1, message, 7);

    CHECK(bench.take_produced().error == KafkaError::invalid_request);
}

TEST_CASE("produce: who does not lead says so", "[broker]") {
    ClusterBench bench{3};
    bench.elect(2);

    bench.produce(batch_of(1));

    CHECK(bench.take_produced().error == KafkaError::not_leader_or_follower);
}

TEST_CASE("produce: a leader that loses its leadership answers with an unknown fate", "[broker]") {
    LeaderOfThree bench;
    bench.cut(1);
    bench.produce(batch_of(1));
    bench.settle();
    CHECK(bench.answers() == 0);

    bench.advance(1_s);

    CHECK_FALSE(bench.replica().leads());
    CHECK(bench.take_produced().error == KafkaError::not_leader_or_follower);
    CHECK(bench.replica().offsets().log_end() == Offset{2});
}

TEST_CASE("produce: an entry that is cut is answered once, as of unknown fate", "[broker]") {
    LeaderOfThree bench;
    bench.cut(1);
    bench.produce(batch_of(1));
    bench.settle();
    bench.elect(2);
    bench.cut(0);

    bench.advance(100_ms);
    bench.settle();

    CHECK(bench.take_produced().error == KafkaError::not_leader_or_follower);
    CHECK(bench.answers() == 0);
    CHECK(bench.node().admitted_bytes() == 0);
}

TEST_CASE("produce: after its timeout a request is answered 7, and its append goes on",
          "[broker]") {
    LeaderOfThree bench;
    bench.produce(batch_of(1), -1, 5, "orders", 0, 40);

    bench.advance(39_ms);
    CHECK(bench.answers() == 0);
    bench.advance(1_ms);
    auto const answer = bench.take_produced();
    bench.settle();

    CHECK(answer.correlation == 5);
    CHECK(answer.error == KafkaError::request_timed_out);
    CHECK(bench.answers() == 0);
    CHECK(bench.replica().high_watermark() == Offset{2});
    CHECK(bench.node().admitted_bytes() == 0);
}

TEST_CASE("produce: responses leave in request order, whatever is done first", "[broker]") {
    LeaderOfThree bench;

    bench.produce(batch_of(1), -1, 1);
    bench.produce(batch_of(1), 9, 2);  // refused at once
    bench.produce(batch_of(1), 1, 3);  // done with the write
    bench.fetch(Offset{0}, 0, 4);      // done at once
    bench.complete_disk(1);
    CHECK(bench.answers() == 0);
    bench.settle();

    CHECK(bench.take_produced().correlation == 1);
    CHECK(bench.take_produced().correlation == 2);
    CHECK(bench.take_produced().correlation == 3);
    CHECK(bench.take_fetched().correlation == 4);
}

TEST_CASE("produce: connections do not wait for each other", "[broker]") {
    LeaderOfThree bench;

    bench.produce(batch_of(1), -1, 1);
    bench.request(1, 2, protocol::ApiVersionsRequest{}, 0, 2);

    CHECK(bench.take().connection == ConnectionId{2});
}

TEST_CASE("produce: offsets are contiguous, and a batch is stamped with the term", "[broker]") {
    SingleLeader bench;

    for (std::int32_t count : {3, 1, 2}) {
        bench.produce(batch_of(count));
    }
    bench.settle();

    CHECK(bench.take_produced().offset == 1);
    CHECK(bench.take_produced().offset == 4);
    CHECK(bench.take_produced().offset == 5);
    auto const& entry = bench.replica().raft().log().at(LogIndex{3});
    CHECK(partition::RecordBatchView{entry.payload}.base_offset() == Offset{4});
    CHECK(partition::RecordBatchView{entry.payload}.leader_epoch() == entry.term);
}

TEST_CASE("produce: a duplicate gets the original offset, and nothing is appended", "[broker]") {
    SingleLeader bench;
    bench.produce(batch_of(2, 5, 0), -1, 1);
    bench.produce(batch_of(1, 5, 2), -1, 2);
    bench.settle();
    bench.take_produced();
    bench.take_produced();

    bench.produce(batch_of(2, 5, 0), -1, 3);

    auto const answer = bench.take_produced();
    CHECK(answer.error == KafkaError::none);
    CHECK(answer.offset == 1);
    CHECK(bench.replica().offsets().log_end() == Offset{4});
    CHECK(bench.probe(Probe::duplicate_answered) == 1);
}

TEST_CASE("produce: a duplicate of a batch in flight waits for the same outcome", "[broker]") {
    LeaderOfThree bench;
    bench.produce(batch_of(2, 5, 0), -1, 1);

    bench.produce(batch_of(2, 5, 0), -1, 2);
    bench.complete_disk(1);
    CHECK(bench.answers() == 0);
    bench.settle();

    CHECK(bench.take_produced().offset == 1);
    CHECK(bench.take_produced().offset == 1);
    CHECK(bench.replica().offsets().log_end() == Offset{3});
    CHECK(bench.probe(Probe::duplicate_in_flight) == 1);
}

TEST_CASE("produce: a duplicate with acks=1 waits for the write of its original", "[broker]") {
    SingleLeader bench;
    bench.produce(batch_of(1, 5, 0), 0);

    bench.produce(batch_of(1, 5, 0), 1);
    CHECK(bench.answers() == 0);
    bench.complete(1, Kind::write);

    CHECK(bench.take_produced().offset == 1);
}

TEST_CASE("produce: sequences that do not follow are refused, each with its code", "[broker]") {
    SingleLeader bench;
    for (std::int32_t first = 0; first < 7; ++first) {
        bench.produce(batch_of(1, 5, first));
    }
    bench.settle();
    while (bench.answers() > 0) {
        bench.take();
    }

    bench.produce(batch_of(1, 5, 9));
    CHECK(bench.take_produced().error == KafkaError::out_of_order_sequence_number);
    bench.produce(batch_of(1, 5, 0));  // older than the five that are remembered
    CHECK(bench.take_produced().error == KafkaError::duplicate_sequence_number);
    bench.produce(batch_of(1, 6, 3));
    CHECK(bench.take_produced().error == KafkaError::unknown_producer_id);
}

TEST_CASE("produce: producer state survives a restart, and so does the answer to a retry",
          "[broker]") {
    SingleLeader bench;
    bench.produce(batch_of(2, 5, 0));
    bench.settle();
    CHECK(bench.take_produced().offset == 1);

    bench.kill(1);
    bench.boot(1);
    bench.elect(1);
    bench.produce(batch_of(2, 5, 0));

    CHECK(bench.take_produced().offset == 1);
}

TEST_CASE("produce: admission bounds the unanswered bytes, and is released with each answer",
          "[broker]") {
    Tuning tuning = test::immediate_groups();
    Bytes const batch = batch_of(1);
    tuning.broker.admission_bytes = 2 * batch.size();
    SingleLeader bench{tuning};

    bench.produce(batch, -1, 1);
    bench.produce(batch, -1, 2);
    CHECK(bench.node().admitted_bytes() == 2 * batch.size());
    CHECK(bench.reads(1));
    bench.produce(batch, -1, 3);
    CHECK_FALSE(bench.reads(1));
    CHECK(bench.node().admitted_bytes() == 2 * batch.size());
    bench.settle();

    for (int i = 1; i <= 3; ++i) {
        CHECK(bench.take_produced().offset == i);
    }
    CHECK(bench.reads(1));
    CHECK(bench.node().admitted_bytes() == 0);
    CHECK(bench.probe(Probe::admission_waited) == 1);
    CHECK(bench.probe(Probe::admission_expired) == 0);
}

TEST_CASE("produce: a request that waited for its timeout is refused and was never appended",
          "[broker]") {
    Tuning tuning = test::immediate_groups();
    tuning.broker.admission_bytes = 1;
    tuning.broker.request_timeout = 50_ms;
    SingleLeader bench{tuning};
    bench.produce(batch_of(1), 0);  // alone it is always let in
    bench.produce(batch_of(1), -1, 2);
    CHECK_FALSE(bench.reads(1));

    bench.advance(50_ms);

    CHECK(bench.reads(1));
    CHECK(bench.probe(Probe::admission_expired) == 1);
    CHECK(bench.take_produced().error == KafkaError::request_timed_out);
    bench.settle();
    CHECK(bench.replica().offsets().log_end() == Offset{2});
}

TEST_CASE("produce: a request waits for room no longer than its own timeout says", "[broker]") {
    Tuning tuning = test::immediate_groups();
    tuning.broker.admission_bytes = 1;
    SingleLeader bench{tuning};
    bench.produce(batch_of(1), 0);
    bench.produce(batch_of(1), -1, 2, "orders", 0, 40);
    CHECK_FALSE(bench.reads(1));

    bench.advance(40_ms);

    CHECK(bench.reads(1));
    CHECK(bench.take_produced().error == KafkaError::request_timed_out);
    bench.settle();
    CHECK(bench.replica().offsets().log_end() == Offset{2});
}

TEST_CASE("produce: acks=0 is in hand until it is written", "[broker]") {
    Tuning tuning = test::immediate_groups();
    tuning.broker.admission_bytes = 1;
    SingleLeader bench{tuning};

    bench.produce(batch_of(1), 0);
    CHECK(bench.node().admitted_bytes() > 0);
    bench.produce(batch_of(1), 0);
    CHECK_FALSE(bench.reads(1));
    CHECK(bench.replica().offsets().log_end() == Offset{2});
    bench.complete(1, Kind::write);
    CHECK(bench.reads(1));
    bench.settle();

    CHECK(bench.replica().offsets().log_end() == Offset{3});
    CHECK(bench.node().admitted_bytes() == 0);
}

TEST_CASE("produce: it waits for uncommitted bytes and for the queue of the log", "[broker]") {
    Tuning tuning = test::immediate_groups();
    Probe expected = Probe::uncommitted_waited;
    SECTION("uncommitted bytes") {
        tuning.raft.max_uncommitted_bytes = 1;
    }
    SECTION("log queue") {
        tuning.wal.queue_max = 1;
        expected = Probe::log_queue_waited;
    }
    SingleLeader bench{tuning};

    bench.produce(batch_of(1), -1, 1);
    bench.produce(batch_of(1), -1, 2);
    CHECK_FALSE(bench.reads(1));
    CHECK(bench.probe(expected) == 1);
    CHECK(bench.replica().offsets().log_end() == Offset{2});
    bench.settle();

    CHECK(bench.take_produced().offset == 1);
    CHECK(bench.take_produced().offset == 2);
    CHECK(bench.reads(1));
}

TEST_CASE("produce: a connection with too many unanswered requests is not read", "[broker]") {
    Tuning tuning = test::immediate_groups();
    tuning.broker.pipelined_max = 2;
    SingleLeader bench{tuning};

    bench.produce(batch_of(1), -1, 1);
    CHECK(bench.reads(1));
    bench.produce(batch_of(1), -1, 2);
    CHECK_FALSE(bench.reads(1));
    CHECK(bench.probe(Probe::pipeline_full) == 1);
    bench.settle();

    CHECK(bench.reads(1));
}

TEST_CASE("produce: a stop refuses who waits, and reads again to refuse who comes", "[broker]") {
    Tuning tuning = test::immediate_groups();
    tuning.broker.admission_bytes = 1;
    SingleLeader bench{tuning};
    bench.produce(batch_of(1), -1, 1);
    bench.produce(batch_of(1), -1, 2);

    bench.step(1, StopRequested{});
    CHECK(bench.reads(1));
    bench.settle();

    CHECK(bench.take_produced().error == KafkaError::none);
    CHECK(bench.take_produced().error == KafkaError::not_leader_or_follower);
}

TEST_CASE("produce: a client that leaves while it waits is forgotten", "[broker]") {
    Tuning tuning = test::immediate_groups();
    tuning.broker.admission_bytes = 1;
    SingleLeader bench{tuning};
    bench.produce(batch_of(1), -1, 1);
    bench.produce(batch_of(1), -1, 2);

    bench.step(1, ConnectionClosed{ConnectionId{1}});
    bench.settle();

    CHECK(bench.answers() == 0);
    CHECK(bench.replica().offsets().log_end() == Offset{2});
    CHECK(bench.node().admitted_bytes() == 0);
}

TEST_CASE("produce: a client that leaves takes its bytes along, and its append stays", "[broker]") {
    SingleLeader bench;
    bench.produce(batch_of(1));

    bench.step(1, ConnectionClosed{ConnectionId{1}});
    CHECK(bench.node().admitted_bytes() == 0);
    bench.settle();

    CHECK(bench.answers() == 0);
    CHECK(bench.replica().high_watermark() == Offset{2});
}

TEST_CASE("produce: one request for several partitions is answered once, part by part",
          "[broker]") {
    SingleLeader bench;
    Bytes const batch = batch_of(1);
    protocol::ProduceRequest message;
    protocol::ProduceTopic& orders = message.topics.add();
    orders.name = "orders";
    orders.partitions.push_back({0, batch});
    orders.partitions.push_back({4, batch});
    message.timeout_ms = 1000;

    bench.request(1, 1, message, 7, 3);
    CHECK(bench.answers() == 0);
    bench.settle();

    REQUIRE(bench.answers() == 1);
    test::Sent const sent = bench.take();
    auto const frame = protocol::decode_response_frame(ByteSpan{sent.frame}.subspan(4));
    auto const response = protocol::decode_produce_response(frame->body, 7);
    REQUIRE(response.has_value());
    std::vector<KafkaError> errors;
    for (auto const& topic : response->topics) {
        for (auto const& part : topic.partitions) {
            errors.push_back(part.error);
        }
    }
    CHECK(errors ==
          std::vector<KafkaError>{KafkaError::none, KafkaError::unknown_topic_or_partition});
}

TEST_CASE("produce: a disk error stops the node, and no answer leaves", "[broker]") {
    for (Kind const kind : {Kind::write, Kind::sync}) {
        SingleLeader bench;
        bench.produce(batch_of(1), -1);
        if (kind == Kind::sync) {
            bench.complete(1, Kind::write);
        }

        bench.complete(1, kind, DiskOutcome::io_error);

        CHECK(bench.node().state() == NodeState::failed);
        CHECK(bench.node().over());
        REQUIRE(bench.answers() == 1);
        CHECK(bench.take().frame.empty());
    }
}

}  // namespace broker
