// Tests of the rules at the moment something leaves a node: each fires on what may not leave yet,
// and not once it may.
#include "broker_core/protocol/fetch.h"
#include "broker_core/protocol/list_offsets.h"
#include "broker_core/protocol/produce.h"
#include "tests/sim/watched_cluster.h"

namespace brokersim {
namespace {

namespace protocol = broker::protocol;
namespace wal = broker::wal;
using broker::BrokerId;
using broker::raft::Message;
using broker::raft::MessageKind;
using test::WatchedCluster;

Bytes datagram(Message message) {
    Bytes bytes;
    broker::append_le(bytes, std::uint64_t{1});
    broker::append_le(bytes, std::uint32_t{0});
    message.from = BrokerId{1};
    broker::raft::encode(bytes, message, broker::raft::Log{});
    return bytes;
}

template <class Response>
Bytes payload_of(Response const& response, std::int16_t version, std::int32_t correlation = 1) {
    Bytes frame;
    protocol::append_response(frame, correlation, response, version);
    return Bytes{frame.begin() + 4, frame.end()};
}

/// One node that leads alone. Offset 0 is its no-op; "a" at 1 is committed, "b" at 2 is not.
struct Answering : WatchedCluster {
    Answering() : WatchedCluster{0, 1, 1} {
        elect(1);
        crc_a = produce(1, "a");
        settle();
        crc_b = produce(1, "b");
        REQUIRE(fired_all().empty());
    }
    void tell_fate(broker::Fate fate) {
        broker::Fact fact{broker::FactKind::fate};
        fact.number = 1;
        fact.fate = fate;
        send.on_facts(1, {fact});
    }
    void acknowledge(std::int16_t acks, std::int64_t offset, std::uint32_t crc,
                     protocol::KafkaError error = protocol::KafkaError::none) {
        protocol::ProduceResponse response;
        protocol::ProduceTopicResponse& topic = response.topics.add();
        topic.name = "orders";
        topic.partitions.push_back(
            {.index = 0, .error = error, .base_offset = broker::Offset{offset}});
        RequestTag tag{RequestKind::produce, 1, 7, 0, acks, crc, 1};
        tell_fate(acks == 1 ? broker::Fate::appended : broker::Fate::committed);
        send.on_response(1, tag, payload_of(response, 7), node(1));
    }
    void show_watermark(std::int64_t watermark, RequestTag tag = {}, ByteSpan records = {}) {
        protocol::FetchResponse response;
        protocol::FetchTopicResponse& topic = response.topics.add();
        topic.name = "orders";
        topic.partitions.push_back({.index = 0,
                                    .high_watermark = broker::Offset{watermark},
                                    .last_stable_offset = broker::Offset{watermark},
                                    .records = records});
        tag.kind = RequestKind::fetch;
        tag.correlation_id = 1;
        tag.version = 11;
        send.on_response(1, tag, payload_of(response, 11), node(1));
    }
    Bytes batch_at(std::uint64_t index) {
        return replica(1).raft().log().at(LogIndex{index}).payload;
    }

    std::uint32_t crc_a = 0;
    std::uint32_t crc_b = 0;
};

}  // namespace

TEST_CASE("R16: a message names a term that is not durable; a pre-vote may", "[sim]") {
    WatchedCluster cluster{0, 1, 1};
    cluster.elect(1);
    cluster.send.on_datagram(1, datagram({.kind = MessageKind::heartbeat, .term = Term{1}}));
    cluster.send.on_datagram(1, datagram({.kind = MessageKind::pre_vote,
                                          .term = Term{2},
                                          .index = LogIndex{1},
                                          .log_term = Term{1}}));
    cluster.send.on_datagram(1, datagram({.kind = MessageKind::pre_vote_reply, .term = Term{2}}));
    CHECK(cluster.fired_all().empty());

    cluster.send.on_datagram(1, datagram({.kind = MessageKind::heartbeat, .term = Term{2}}));

    CHECK(cluster.fired("R16"));
}

TEST_CASE("R16: a granted vote that is not durable; a refusal promises nothing", "[sim]") {
    WatchedCluster cluster{0, 1, 1};
    cluster.elect(1);  // its own vote of term 1 is durable
    Message vote{.kind = MessageKind::vote_reply, .to = BrokerId{1}, .term = Term{1}};
    cluster.send.on_datagram(1, datagram(vote));
    vote.to = BrokerId{2};
    vote.reject = true;
    cluster.send.on_datagram(1, datagram(vote));
    CHECK(cluster.fired_all().empty());

    vote.reject = false;
    cluster.send.on_datagram(1, datagram(vote));

    CHECK(cluster.fired("R16"));
}

TEST_CASE("R11: a vote for a candidate whose log is behind the voter's", "[sim]") {
    for (bool const behind : {false, true}) {
        WatchedCluster cluster{0, 2, 1};
        cluster.elect(1);
        cluster.elect(2);
        Message ask{.kind = MessageKind::vote, .term = Term{2}};
        if (!behind) {
            ask.index = LogIndex{1};
            ask.log_term = Term{1};
        }
        cluster.send.on_datagram(1, datagram(ask));
        CHECK_FALSE(cluster.fired("R11"));

        cluster.send.on_datagram(
            2, datagram({.kind = MessageKind::vote_reply, .to = BrokerId{1}, .term = Term{2}}));

        CHECK(cluster.fired("R11") == behind);
    }
}

TEST_CASE("R18: two nodes speak as the leader of one term", "[sim]") {
    WatchedCluster cluster{0, 2, 1};
    cluster.elect(1);
    cluster.elect(2);
    CHECK_FALSE(cluster.fired("R18"));
    cluster.send.on_datagram(1, datagram({.kind = MessageKind::heartbeat, .term = Term{1}}));
    CHECK_FALSE(cluster.fired("R18"));

    cluster.send.on_datagram(2, datagram({.kind = MessageKind::append, .term = Term{1}}));

    CHECK(cluster.fired("R18"));
}

TEST_CASE("R16: an append success for an entry that is only written", "[sim]") {
    Answering bench;
    Message success{.kind = MessageKind::append_reply, .term = Term{1}, .index = LogIndex{2}};
    bench.send.on_datagram(1, datagram(success));
    CHECK(bench.fired_all().empty());
    bench.complete_one(1);  // the write of "b"

    success.index = LogIndex{3};
    bench.send.on_datagram(1, datagram(success));
    CHECK(bench.fired("R16"));

    Answering synced;
    synced.settle();
    synced.send.on_datagram(1, datagram(success));
    CHECK(synced.fired_all().empty());
}

TEST_CASE("R16: a vote request that names an entry which may be lost", "[sim]") {
    Answering bench;
    Message vote{
        .kind = MessageKind::vote, .term = Term{1}, .index = LogIndex{2}, .log_term = Term{1}};
    bench.send.on_datagram(1, datagram(vote));
    CHECK(bench.fired_all().empty());

    vote.index = LogIndex{3};
    bench.send.on_datagram(1, datagram(vote));

    CHECK(bench.fired("R16"));
}

TEST_CASE("R16: bytes that are no message", "[sim]") {
    WatchedCluster cluster{0, 1, 1};

    cluster.send.on_datagram(1, Bytes(5));

    CHECK(cluster.fired("R16"));
}

TEST_CASE("R16: acks=1 leaves before its write completed, and not after", "[sim]") {
    Answering early;
    early.acknowledge(1, 2, early.crc_b);
    CHECK(early.fired_all() == "R16");

    Answering written;
    written.complete_one(1);
    written.acknowledge(1, 2, written.crc_b);
    CHECK(written.fired_all().empty());
    CHECK(written.send.acks_checked() == 1);
}

TEST_CASE("B1 and R16: acks=all leaves before the entry committed, and not after", "[sim]") {
    Answering early;
    early.acknowledge(-1, 1, early.crc_a);
    CHECK(early.fired_all().empty());
    early.acknowledge(-1, 2, early.crc_b);
    CHECK(early.fired_all() == "B1 R16");

    Answering committed;
    committed.settle();
    committed.acknowledge(-1, 2, committed.crc_b);
    CHECK(committed.fired_all().empty());
}

TEST_CASE("B9: said to be appended before: in the log, and stored as its acks ask", "[sim]") {
    constexpr auto duplicate = protocol::KafkaError::duplicate_sequence_number;
    Answering bench;
    bench.acknowledge(-1, -1, bench.crc_a, duplicate);
    bench.acknowledge(1, -1, bench.crc_b, duplicate);
    CHECK(bench.fired_all().empty());
    bench.acknowledge(-1, -1, bench.crc_b, duplicate);
    CHECK(bench.fired_all() == "B9");

    Answering absent;
    absent.acknowledge(1, -1, absent.crc_a ^ 1U, duplicate);
    CHECK(absent.fired_all() == "B9");
}

TEST_CASE("R16: acks=all of a committed entry that no majority of disks holds", "[sim]") {
    WatchedCluster cluster{0, 3, 3};
    cluster.elect(1);
    std::uint32_t const crc = cluster.produce(1, "a");
    cluster.settle();
    protocol::ProduceResponse response;
    protocol::ProduceTopicResponse& topic = response.topics.add();
    topic.name = "orders";
    topic.partitions.push_back({.index = 0, .base_offset = broker::Offset{1}});

    cluster.send.on_response(1, RequestTag{RequestKind::produce, 1, 7, 0, -1, crc},
                             payload_of(response, 7), cluster.node(1));

    CHECK(cluster.fired("R16"));
    CHECK_FALSE(cluster.fired("B1"));
}

TEST_CASE("B5: an ack names an offset where another batch stands", "[sim]") {
    for (std::int16_t const acks : {std::int16_t{1}, std::int16_t{-1}}) {
        Answering bench;
        bench.acknowledge(acks, 1, bench.crc_a);
        CHECK_FALSE(bench.fired("B5"));

        bench.acknowledge(acks, 1, bench.crc_b);

        CHECK(bench.fired("B5"));
    }
}

TEST_CASE("B5: a fetch serves another batch than was committed", "[sim]") {
    Answering bench;
    Bytes batch = bench.batch_at(2);
    bench.show_watermark(2, {}, batch);
    CHECK(bench.fired_all().empty());

    batch.back() ^= std::byte{1};
    broker::store_be(batch.data() + broker::partition::batch_layout::crc_at, std::uint32_t{7});
    bench.show_watermark(2, {}, batch);

    CHECK(bench.fired_all() == "B5");
}

TEST_CASE("B6: a watermark above what is committed", "[sim]") {
    Answering bench;
    bench.show_watermark(2);
    CHECK(bench.fired_all().empty());

    bench.show_watermark(3);

    CHECK(bench.fired_all() == "B6");
}

TEST_CASE("B6: ListOffsets shows the same watermark as a fetch may", "[sim]") {
    for (std::int64_t const latest : {2, 3}) {
        Answering bench;
        protocol::ListOffsetsResponse response;
        protocol::ListOffsetsTopicResponse& topic = response.topics.add();
        topic.name = "orders";
        topic.partitions.push_back({.index = 0, .offset = broker::Offset{latest}});

        bench.send.on_response(1, RequestTag{RequestKind::list_offsets, 1, 2},
                               payload_of(response, 2), bench.node(1));

        CHECK(bench.fired("B6") == (latest == 3));
    }
}

TEST_CASE("B6: a record at or above the watermark is served", "[sim]") {
    Answering bench;

    bench.show_watermark(2, {}, bench.batch_at(3));

    CHECK(bench.fired("B6"));
}

TEST_CASE("B6: a later request is shown a smaller watermark; an earlier one may be", "[sim]") {
    Answering bench;
    RequestTag earlier{RequestKind::fetch};
    bench.send.on_request(earlier);
    bench.show_watermark(2);
    bench.show_watermark(1, earlier);  // its answer had left before
    CHECK(bench.fired_all().empty());

    RequestTag later{RequestKind::fetch};
    bench.send.on_request(later);
    bench.show_watermark(1, later);

    CHECK(bench.fired_all() == "B6");
}

TEST_CASE("B6: after an acknowledgement no later epoch shows a smaller watermark", "[sim]") {
    Answering bench;
    RequestTag earlier{RequestKind::fetch};
    bench.send.on_request(earlier);
    bench.acknowledge(-1, 1, bench.crc_a);
    bench.show_watermark(1, earlier);
    CHECK(bench.fired_all().empty());

    RequestTag later{RequestKind::fetch};
    bench.send.on_request(later);
    bench.show_watermark(1, later);

    CHECK(bench.fired_all() == "B6");
}

TEST_CASE("B6: with read index no ListOffsets falls behind, whoever answers", "[sim]") {
    bool const read_index = GENERATE(false, true);
    std::int64_t const latest = GENERATE(1, 2);
    bool const is_shown = GENERATE(false, true);
    Answering bench;
    broker::Tuning tuning;
    tuning.raft.read_index = read_index;
    SendInvariants send{bench.topics(), bench.truth, bench.logs, tuning, bench.violations};
    RequestTag tag{RequestKind::list_offsets, 1, 2};
    // Somebody in a later epoch has told more than this leader, who does not know of it.
    (is_shown ? tag.watermark_floor : tag.acked_floor) = 2;
    (is_shown ? tag.floor_epoch : tag.acked_epoch) = 9;
    protocol::ListOffsetsResponse response;
    protocol::ListOffsetsTopicResponse& topic = response.topics.add();
    topic.name = "orders";
    topic.partitions.push_back({.index = 0, .offset = broker::Offset{latest}});

    send.on_response(1, tag, payload_of(response, 2), bench.node(1));

    CHECK(bench.fired("B6") == (read_index && latest == 1));
}

TEST_CASE("B14: what is answered agrees with the fate, and the fate with the log", "[sim]") {
    using broker::Fate;
    using protocol::KafkaError;
    struct Row {
        bool is_accepted;
        std::optional<Fate> fate;
        std::int16_t acks;
        KafkaError error;
        bool is_legal;
    };
    auto const row =
        GENERATE(Row{false, Fate::not_appended, -1, KafkaError::not_enough_replicas, true},
                 Row{false, Fate::not_appended, -1, KafkaError::not_leader_or_follower, true},
                 Row{true, Fate::unknown, -1, KafkaError::not_leader_or_follower, true},
                 Row{true, Fate::unknown, -1, KafkaError::request_timed_out, true},
                 Row{true, Fate::committed, -1, KafkaError::none, true},
                 Row{false, Fate::committed, -1, KafkaError::duplicate_sequence_number, true},
                 Row{true, Fate::appended, 1, KafkaError::none, true},
                 // What must not be said.
                 Row{true, Fate::unknown, -1, KafkaError::not_enough_replicas, false},
                 Row{false, Fate::unknown, -1, KafkaError::not_enough_replicas, false},
                 Row{true, Fate::not_appended, -1, KafkaError::not_leader_or_follower, false},
                 Row{true, std::nullopt, -1, KafkaError::corrupt_message, false},
                 Row{false, std::nullopt, -1, KafkaError::none, false},
                 Row{false, Fate::not_appended, -1, KafkaError::none, false},
                 Row{true, Fate::unknown, -1, KafkaError::none, false},
                 Row{true, Fate::appended, -1, KafkaError::none, false});
    INFO(protocol::name_of(row.error) << " acks " << row.acks);
    Violations violations;
    AttemptFates fates{violations};
    broker::Fact fact{broker::FactKind::accepted};
    fact.number = 7;
    if (row.is_accepted) {
        fates.on_fact(1, fact);
    }
    if (row.fate) {
        fact.kind = broker::FactKind::fate;
        fact.fate = *row.fate;
        fates.on_fact(1, fact);
    }
    RequestTag tag{RequestKind::produce};
    tag.acks = row.acks;
    tag.attempt = 7;

    fates.on_answer(1, tag, row.error);

    CHECK(violations.empty() == row.is_legal);
}

TEST_CASE("B13: an answer that carries another request's id", "[sim]") {
    Answering bench;
    protocol::ProduceResponse const response;
    RequestTag const tag{RequestKind::metadata, 5};
    bench.send.on_response(1, tag, payload_of(response, 7, 5), bench.node(1));
    CHECK_FALSE(bench.fired("B13"));

    bench.send.on_response(1, tag, payload_of(response, 7, 6), bench.node(1));

    CHECK(bench.fired("B13"));
}

TEST_CASE("violations: a rule fires once with its facts, and then only counts", "[sim]") {
    Violations violations;
    violations.at(7, Time{9});
    violations.incarnation(2, 3);
    int told = 0;

    for (int i = 0; i < 3; ++i) {
        violations.add("R1", 2, [&] {
            ++told;
            return std::string{"text"};
        });
    }

    REQUIRE(violations.list().size() == 1);
    CHECK(told == 1);
    CHECK(violations.list()[0].times == 3);
    CHECK(violations.list()[0].event == 7);
    CHECK(violations.list()[0].incarnation == 3);
}

}  // namespace brokersim
