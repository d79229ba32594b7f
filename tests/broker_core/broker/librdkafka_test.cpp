// A real client against a node: librdkafka produces and consumes over a loopback socket.
//
// Everything but Metadata, whose addresses are of the test, is answered by the node itself, on a
// scripted disk that completes at once. With BROKERSIM_CAPTURE=FILE the request frames are written
// there as hex, one a line: that is how tests/vectors/librdkafka-2.0.2.hex was made.
#include "broker_core/protocol/api_table.h"
#include "tests/broker_core/broker/cluster_bench.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <librdkafka/rdkafka.h>
#include <map>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace broker {
namespace {

using test::ClusterBench;

constexpr int listener_backlog = 8;
constexpr std::size_t frame_max = 1 << 20;

/// One broker on a loopback port, driven by pump().
class SocketBroker {
public:
    SocketBroker() : bench_{1} {
        bench_.elect(1);
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        REQUIRE(listener_ >= 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        REQUIRE(bind(listener_, generic, sizeof address) == 0);
        REQUIRE(listen(listener_, listener_backlog) == 0);
        socklen_t length = sizeof address;
        REQUIRE(getsockname(listener_, generic, &length) == 0);
        port_ = ntohs(address.sin_port);
        if (const char* const path = std::getenv("BROKERSIM_CAPTURE")) {
            capture_.open(path);
        }
    }
    SocketBroker(const SocketBroker&) = delete;
    SocketBroker& operator=(const SocketBroker&) = delete;
    ~SocketBroker() {
        for (const auto& [id, connection] : connections_) {
            close(connection.socket);
        }
        close(listener_);
    }

    [[nodiscard]] std::string address() const { return fmt::format("127.0.0.1:{}", port_); }
    [[nodiscard]] ClusterBench& bench() { return bench_; }
    [[nodiscard]] const std::map<std::int16_t, int>& requests() const { return requests_; }

    /// Takes what has come, lets the node answer, and some milliseconds pass.
    void pump() {
        accept_all();
        for (auto& [id, connection] : connections_) {
            receive(id, connection);
        }
        bench_.advance(5_ms);
        answer();
    }

private:
    struct Connection {
        int socket = -1;
        Bytes received;
    };

    void accept_all() {
        for (;;) {
            int const accepted = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
            if (accepted < 0) {
                return;
            }
            ++last_;
            connections_[last_].socket = accepted;
        }
    }
    void receive(std::uint64_t id, Connection& connection) {
        std::byte chunk[4096];
        for (ssize_t n = 0; (n = recv(connection.socket, chunk, sizeof chunk, 0)) > 0;) {
            append(connection.received, ByteSpan{chunk, static_cast<std::size_t>(n)});
        }
        for (;;) {
            auto const frame = protocol::next_frame(connection.received, frame_max);
            REQUIRE(frame.has_value());
            if (!*frame) {
                return;
            }
            handle(id, **frame);
            auto const used =
                static_cast<std::ptrdiff_t>((*frame)->size() + protocol::frame_length_size_bytes);
            connection.received.erase(connection.received.begin(),
                                      connection.received.begin() + used);
        }
    }
    void handle(std::uint64_t id, ByteSpan payload) {
        for (std::byte const byte : payload) {
            capture_ << fmt::format("{:02x}", static_cast<unsigned>(byte));
        }
        capture_ << "\n";
        auto const request = protocol::decode_request_frame(payload);
        REQUIRE(request.has_value());
        ++requests_[request->header.api_key];
        if (request->header.api_key == static_cast<std::int16_t>(protocol::ApiKey::metadata)) {
            answer_metadata(id, request->header);
            return;
        }
        bench_.step(1, RequestReceived{ConnectionId{id}, payload});
        bench_.settle();
    }
    void answer_metadata(std::uint64_t id, const protocol::RequestHeader& header) {
        protocol::MetadataResponse response;
        response.brokers.push_back({.node_id = 1, .host = "127.0.0.1", .port = port_});
        response.controller_id = 1;
        protocol::MetadataTopic& topic = response.topics.add();
        topic.name = "orders";
        protocol::MetadataPartition& partition = topic.partitions.add();
        partition.leader_id = 1;
        partition.replica_nodes.push_back(1);
        partition.isr_nodes.push_back(1);
        Bytes frame;
        protocol::append_response(frame, header.correlation_id, response, header.api_version);
        send_all(id, frame);
    }
    void answer() {
        while (bench_.answers() > 0) {
            test::Sent const sent = bench_.take();
            REQUIRE_FALSE(sent.frame.empty());  // the node closes no connection of a sound client
            send_all(sent.connection.value(), sent.frame);
        }
    }
    void send_all(std::uint64_t id, const Bytes& frame) {
        // Small against any socket buffer.
        ssize_t const sent =
            send(connections_[id].socket, frame.data(), frame.size(), MSG_NOSIGNAL);
        CHECK(sent == static_cast<ssize_t>(frame.size()));
    }

    ClusterBench bench_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, Connection> connections_;
    std::map<std::int16_t, int> requests_;
    std::ofstream capture_;
};

struct Client {
    Client(rd_kafka_type_t type, const SocketBroker& broker, bool idempotent) {
        char error[256];
        rd_kafka_conf_t* const conf = rd_kafka_conf_new();
        auto const set = [&](const char* name, const std::string& value) {
            REQUIRE(rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) ==
                    RD_KAFKA_CONF_OK);
        };
        set("bootstrap.servers", broker.address());
        set("client.id", "capture");
        set("broker.address.family", "v4");
        if (type == RD_KAFKA_PRODUCER) {
            set("enable.idempotence", idempotent ? "true" : "false");
            set("linger.ms", "20");
            rd_kafka_conf_set_dr_msg_cb(conf, &Client::on_delivery);
            rd_kafka_conf_set_opaque(conf, this);
        } else {
            set("group.id", "unused");
            set("enable.auto.commit", "false");
        }
        handle = rd_kafka_new(type, conf, error, sizeof error);
        REQUIRE(handle != nullptr);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }

    static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        auto* const client = static_cast<Client*>(opaque);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            client->offsets.push_back(message->offset);
        }
    }

    rd_kafka_t* handle = nullptr;
    std::vector<std::int64_t> offsets;  // of delivered messages
};

constexpr int patience_rounds = 2000;  // of a few milliseconds each

// The macros of rdkafka.h are C.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
void produce_three(SocketBroker& broker, Client& client) {
    for (const char* value : {"one", "two", "three"}) {
        REQUIRE(rd_kafka_producev(client.handle, RD_KAFKA_V_TOPIC("orders"),
                                  RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY("key", 3),
                                  RD_KAFKA_V_VALUE(const_cast<char*>(value), std::strlen(value)),
                                  RD_KAFKA_V_HEADER("name", "header", 6),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                  RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    for (int i = 0; i < patience_rounds && client.offsets.size() < 3; ++i) {
        broker.pump();
        rd_kafka_poll(client.handle, 2);
    }
    REQUIRE(client.offsets.size() == 3);
}
#pragma GCC diagnostic pop

}  // namespace

TEST_CASE("librdkafka: what it produces it can consume again, message by message", "[librdkafka]") {
    bool const idempotent = GENERATE(false, true);
    SocketBroker broker;
    Client producer{RD_KAFKA_PRODUCER, broker, idempotent};

    produce_three(broker, producer);
    CHECK(producer.offsets == std::vector<std::int64_t>{1, 2, 3});  // behind the leader's no-op
    CHECK(broker.bench().replica().high_watermark() == Offset{4});

    Client consumer{RD_KAFKA_CONSUMER, broker, false};
    rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "orders", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    REQUIRE(rd_kafka_assign(consumer.handle, list) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    std::vector<std::string> values;
    for (int i = 0; i < patience_rounds && values.size() < 3; ++i) {
        broker.pump();
        if (rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer.handle, 2)) {
            if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                values.emplace_back(static_cast<const char*>(message->payload), message->len);
                CHECK(message->offset == static_cast<std::int64_t>(values.size()));
                CHECK(std::string(static_cast<const char*>(message->key), message->key_len) ==
                      "key");
            }
            rd_kafka_message_destroy(message);
        }
    }

    CHECK(values == std::vector<std::string>{"one", "two", "three"});
    for (protocol::ApiKey const key :
         {protocol::ApiKey::api_versions, protocol::ApiKey::metadata, protocol::ApiKey::produce,
          protocol::ApiKey::list_offsets, protocol::ApiKey::fetch}) {
        CHECK(broker.requests().count(static_cast<std::int16_t>(key)) == 1);
    }
    auto const pid_key = static_cast<std::int16_t>(protocol::ApiKey::init_producer_id);
    CHECK((broker.requests().count(pid_key) == 1) == idempotent);
}

}  // namespace broker
