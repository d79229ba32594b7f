// Client: what producers and readers have in common: connections, metadata, time-outs.
//
// A client speaks Kafka frames to brokers it finds by asking. It keeps at most one connection per
// broker; a request that is not answered in time closes its connection, and with it every other
// request there, whose fate is then unknown. It sees nothing but frames and its own clock.
#pragma once

#include "broker_core/base/bytes.h"
#include "broker_core/base/random.h"
#include "broker_core/base/time.h"
#include "broker_core/broker/topics.h"
#include "broker_core/protocol/error_code.h"
#include "sim/virtual_network.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace brokersim {

/// What a client may do to the world.
class ClientPort {
public:
    ClientPort() = default;
    ClientPort(const ClientPort&) = delete;
    ClientPort& operator=(const ClientPort&) = delete;
    virtual ~ClientPort() = default;

    [[nodiscard]] virtual Time now() const = 0;
    virtual std::uint32_t open(std::uint32_t client, std::uint32_t broker) = 0;
    virtual void send(std::uint32_t connection, const RequestTag& tag, Bytes frame) = 0;
    virtual void close(std::uint32_t connection) = 0;
    /// Calls on_timer() at `at` or a little later; an earlier wish stands beside it.
    virtual void wake(std::uint32_t client, Time at) = 0;
    /// Something that a script may wait for, which concerns a broker (0-based).
    virtual void happened(std::string_view event, std::uint32_t broker) {
        (void)event;
        (void)broker;
    }
};

struct ClientConfig {
    std::uint32_t id = 0;  // member number among clients
    std::uint64_t seed = 0;
    std::uint32_t first_contact = 0;  // 0-based broker asked first
    Duration request_timeout{1'000'000'000};
    Duration retry_backoff{100'000'000};
};

class Client {
public:
    Client(const ClientConfig& config, const broker::Topics& topics, ClientPort& port);
    virtual ~Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void on_connected(std::uint32_t connection);
    void on_closed(std::uint32_t connection);  // broke, or was refused
    /// leader_epoch: FrameInFlight::leader_epoch.
    void on_response(std::uint32_t connection, ByteSpan payload, std::int64_t leader_epoch);
    void on_timer();
    /// Its number among the clients.
    [[nodiscard]] std::uint32_t id() const { return config_.id; }
    /// Looks for something to do; called once to start and after everything that happens.
    void pump();

    [[nodiscard]] bool has_requests() const;
    /// Whom a script wants asked first from now on.
    void set_contact(std::uint32_t broker);

protected:
    struct Request {
        RequestTag tag;
        std::uint64_t cookie = 0;  // of the derived client
        Time deadline;
    };

    /// Does what can be done now; called until it changes nothing is not needed: once per event.
    virtual void work() = 0;
    virtual void answered(const Request& request, ByteSpan body) = 0;
    /// No answer: the fate of the request is unknown.
    virtual void unanswered(const Request& request) = 0;
    /// Whether this client needs to know leaders now.
    virtual bool wants_metadata() const = 0;
    [[nodiscard]] virtual Time own_deadline() const { return Time::never(); }

    /// Whether a request can be sent to `broker` right away; begins to connect if not.
    bool reach(std::uint32_t broker);
    [[nodiscard]] std::size_t in_flight(std::uint32_t broker) const;
    /// Requires reach(broker). Encode: void(Bytes&, const RequestInfo&).
    void send(std::uint32_t broker, RequestTag tag, std::uint64_t cookie, Duration timeout,
              Bytes frame);
    /// The same for a produce request with acks=0, which nobody answers.
    void send_without_answer(std::uint32_t broker, const RequestTag& tag, Bytes frame);
    std::int32_t next_correlation() { return ++correlation_; }

    /// 0-based leader of a partition as last heard; nothing if unknown.
    [[nodiscard]] std::optional<std::uint32_t> leader(std::uint32_t partition) const {
        return leaders_[partition];
    }
    /// Its answer or silence shows that the leader is another: ask again.
    void forget_leader(std::uint32_t partition);
    /// A broker to ask about the cluster; changes when one does not help.
    [[nodiscard]] std::uint32_t contact() const { return contact_; }
    void next_contact();
    [[nodiscard]] Time now() const { return port_.now(); }
    Duration backoff();

    ClientConfig config_;
    const broker::Topics& topics_;
    ClientPort& port_;
    broker::Random random_;
    std::int64_t answer_epoch_ = -1;  // of the answer being handled

private:
    struct Link {
        std::optional<std::uint32_t> connection;
        bool open = false;  // connected, and the broker's versions are known to fit
        Time connect_deadline = Time::never();
        Time retry_at;  // not before
        std::deque<Request> requests;
    };

    void ask_versions(Link& link);
    /// Whether the broker offers every request in the version this client speaks.
    [[nodiscard]] static bool speaks_our_versions(ByteSpan body);
    void ask_metadata();
    void read_metadata(ByteSpan body, std::int16_t version);
    void break_link(Link& link, bool close);
    [[nodiscard]] Link* link_of(std::uint32_t connection);
    [[nodiscard]] Time next_deadline() const;
    void arm();

    std::vector<Link> links_;  // by broker
    std::vector<std::optional<std::uint32_t>> leaders_;
    std::uint32_t contact_ = 0;
    std::int32_t correlation_ = 0;
    bool metadata_asked_ = false;
    Time metadata_retry_at_;
    Time armed_ = Time::never();
    bool pumping_ = false;
};

}  // namespace brokersim
