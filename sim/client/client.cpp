// Connections, metadata and time-outs of simulated clients.
#include "sim/client/client.h"

#include "broker_core/base/check.h"
#include "broker_core/protocol/api_versions.h"
#include "broker_core/protocol/frame.h"
#include "broker_core/protocol/metadata.h"

#include <algorithm>

namespace brokersim {

namespace protocol = broker::protocol;

namespace {
constexpr std::int16_t metadata_version = 4;
constexpr std::int16_t api_versions_version = 3;
}  // namespace

Client::Client(const ClientConfig& config, const broker::Topics& topics, ClientPort& port)
    : config_{config},
      topics_{topics},
      port_{port},
      random_{config.seed, "client", config.id},
      contact_{config.first_contact} {
    links_.resize(topics.brokers());
    leaders_.resize(topics.partitions().size());
}

Duration Client::backoff() {
    // Jitter of a fifth, so that clients do not come back in step.
    std::int64_t const base = config_.retry_backoff.nanoseconds();
    return Duration{base + random_.between(std::int64_t{0}, base / 5)};
}

void Client::set_contact(std::uint32_t broker) {
    contact_ = broker;
    pump();
}

void Client::next_contact() {
    contact_ = (contact_ + 1) % topics_.brokers();
}

Client::Link* Client::link_of(std::uint32_t connection) {
    for (Link& link : links_) {
        if (link.connection == connection) {
            return &link;
        }
    }
    return nullptr;
}

bool Client::has_requests() const {
    return std::any_of(links_.begin(), links_.end(),
                       [](const Link& link) { return !link.requests.empty(); });
}

std::size_t Client::in_flight(std::uint32_t broker) const {
    return links_[broker].requests.size();
}

bool Client::reach(std::uint32_t broker) {
    Link& link = links_[broker];
    if (link.connection) {
        return link.open;
    }
    if (now() < link.retry_at) {
        return false;
    }
    link.connection = port_.open(config_.id, broker);
    link.open = false;
    link.connect_deadline = now() + config_.request_timeout;
    return false;
}

void Client::send(std::uint32_t broker, RequestTag tag, std::uint64_t cookie, Duration timeout,
                  Bytes frame) {
    Link& link = links_[broker];
    CHECK(link.open);
    link.requests.push_back(Request{tag, cookie, now() + timeout});
    port_.send(*link.connection, tag, std::move(frame));
}

void Client::send_without_answer(std::uint32_t broker, const RequestTag& tag, Bytes frame) {
    CHECK(links_[broker].open);
    port_.send(*links_[broker].connection, tag, std::move(frame));
}

void Client::on_connected(std::uint32_t connection) {
    if (Link* const link = link_of(connection)) {
        link->connect_deadline = Time::never();
        ask_versions(*link);
        pump();
    }
}

void Client::ask_versions(Link& link) {
    // What every Kafka client asks first on a new connection (KIP-35, KIP-511).
    RequestTag tag;
    tag.kind = RequestKind::api_versions;
    tag.correlation_id = next_correlation();
    tag.version = api_versions_version;
    Bytes frame;
    protocol::append_request(frame,
                             protocol::RequestInfo{.api_version = tag.version,
                                                   .correlation_id = tag.correlation_id,
                                                   .client_id = std::nullopt},
                             protocol::ApiVersionsRequest{.client_software_name = "brokersim",
                                                          .client_software_version = "1"});
    link.requests.push_back(Request{tag, 0, now() + config_.request_timeout});
    port_.send(*link.connection, tag, std::move(frame));
}

bool Client::speaks_our_versions(ByteSpan body) {
    broker::Result<protocol::ApiVersionsResponse> const response =
        protocol::decode_api_versions_response(body, api_versions_version);
    if (!response || response->error != protocol::KafkaError::none) {
        return false;
    }
    auto const offered = [&](protocol::ApiKey key, std::int16_t version) {
        return std::any_of(response->api_keys.begin(), response->api_keys.end(),
                           [&](const protocol::ApiVersionRange& range) {
                               return range.api_key == static_cast<std::int16_t>(key) &&
                                      range.version_min <= version && version <= range.version_max;
                           });
    };
    return offered(protocol::ApiKey::produce, 7) && offered(protocol::ApiKey::fetch, 11) &&
           offered(protocol::ApiKey::list_offsets, 2) &&
           offered(protocol::ApiKey::metadata, metadata_version) &&
           offered(protocol::ApiKey::init_producer_id, 1);
}

void Client::break_link(Link& link, bool close) {
    if (!link.connection) {
        return;
    }
    std::uint32_t const connection = *link.connection;
    std::deque<Request> failed;
    failed.swap(link.requests);
    bool const was_open = link.open;
    link.connection.reset();
    link.open = false;
    link.connect_deadline = Time::never();
    link.retry_at = now() + backoff();
    if (close) {
        port_.close(connection);
    }
    auto const broker = static_cast<std::uint32_t>(&link - links_.data());
    if (!was_open || !failed.empty()) {
        if (broker == contact_) {
            next_contact();
        }
        // Whoever led from there may lead no more.
        for (std::uint32_t partition = 0; partition < leaders_.size(); ++partition) {
            if (leaders_[partition] == broker) {
                forget_leader(partition);
            }
        }
    }
    for (const Request& request : failed) {
        if (request.tag.kind == RequestKind::api_versions) {
            continue;  // nothing was asked of the broker yet
        }
        if (request.tag.kind == RequestKind::metadata) {
            metadata_asked_ = false;
            metadata_retry_at_ = now() + backoff();
            next_contact();
        } else {
            unanswered(request);
        }
    }
}

void Client::on_closed(std::uint32_t connection) {
    if (Link* const link = link_of(connection)) {
        break_link(*link, true);
        pump();
    }
}

void Client::on_response(std::uint32_t connection, ByteSpan payload, std::int64_t leader_epoch) {
    answer_epoch_ = leader_epoch;
    Link* const link = link_of(connection);
    if (link == nullptr) {
        return;  // closed meanwhile; the bytes are dropped with the connection
    }
    broker::Result<protocol::ResponseFrame> const frame = protocol::decode_response_frame(payload);
    if (!frame || link->requests.empty() ||
        frame->correlation_id != link->requests.front().tag.correlation_id) {
        break_link(*link, true);  // not a broker that can be talked to
        pump();
        return;
    }
    Request const request = link->requests.front();
    link->requests.pop_front();
    if (request.tag.kind == RequestKind::api_versions) {
        if (speaks_our_versions(frame->body)) {
            link->open = true;
        } else {
            break_link(*link, true);
        }
    } else if (request.tag.kind == RequestKind::metadata) {
        read_metadata(frame->body, request.tag.version);
    } else {
        answered(request, frame->body);
    }
    pump();
}

void Client::on_timer() {
    if (now() < armed_) {
        return;  // an earlier wish, overtaken by one that still stands
    }
    armed_ = Time::never();
    for (Link& link : links_) {
        bool const late = !link.requests.empty() && link.requests.front().deadline <= now();
        if (link.connection && (late || link.connect_deadline <= now())) {
            break_link(link, true);
        }
    }
    pump();
}

void Client::forget_leader(std::uint32_t partition) {
    leaders_[partition].reset();
}

void Client::ask_metadata() {
    bool const unknown =
        std::any_of(leaders_.begin(), leaders_.end(), [](const auto& leader) { return !leader; });
    if (metadata_asked_ || !unknown || !wants_metadata() || now() < metadata_retry_at_) {
        return;
    }
    if (!reach(contact_)) {
        if (links_[contact_].retry_at > now()) {
            next_contact();  // that one just failed
        }
        return;
    }
    RequestTag tag;
    tag.kind = RequestKind::metadata;
    tag.correlation_id = next_correlation();
    tag.version = metadata_version;
    Bytes frame;
    protocol::MetadataRequest request;
    request.allow_auto_topic_creation = false;
    protocol::append_request(frame,
                             protocol::RequestInfo{.api_version = tag.version,
                                                   .correlation_id = tag.correlation_id,
                                                   .client_id = std::nullopt},
                             request);
    metadata_asked_ = true;
    send(contact_, tag, 0, config_.request_timeout, std::move(frame));
}

void Client::read_metadata(ByteSpan body, std::int16_t version) {
    metadata_asked_ = false;
    broker::Result<protocol::MetadataResponse> const response =
        protocol::decode_metadata_response(body, version);
    bool complete = response.has_value();
    if (response) {
        for (const protocol::MetadataTopic& topic : response->topics) {
            for (const protocol::MetadataPartition& partition : topic.partitions) {
                std::optional<broker::PartitionId> const id =
                    topics_.find(topic.name, partition.index);
                if (!id || leaders_[id->value()]) {
                    continue;
                }
                if (partition.leader_id >= 1) {
                    leaders_[id->value()] = static_cast<std::uint32_t>(partition.leader_id - 1);
                } else {
                    complete = false;
                }
            }
        }
    }
    if (!complete) {
        // A broker knows only the partitions it holds: another one may know the rest.
        next_contact();
    }
    metadata_retry_at_ = now() + backoff();
}

void Client::pump() {
    if (pumping_) {
        return;
    }
    pumping_ = true;
    ask_metadata();
    work();
    pumping_ = false;
    arm();
}

Time Client::next_deadline() const {
    Time deadline = own_deadline();
    for (const Link& link : links_) {
        deadline = std::min(deadline, link.connect_deadline);
        if (!link.requests.empty()) {
            deadline = std::min(deadline, link.requests.front().deadline);
        }
        if (!link.connection && link.retry_at > now()) {
            deadline = std::min(deadline, link.retry_at);
        }
    }
    if (!metadata_asked_ && metadata_retry_at_ > now() && wants_metadata()) {
        deadline = std::min(deadline, metadata_retry_at_);
    }
    return deadline;
}

void Client::arm() {
    Time const deadline = next_deadline();
    if (deadline < armed_) {
        armed_ = std::max(deadline, now());
        port_.wake(config_.id, armed_);
    }
}

}  // namespace brokersim
