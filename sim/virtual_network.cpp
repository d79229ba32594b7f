// Delivery times, loss, copies, and the ways a connection ends.
#include "sim/virtual_network.h"

#include "broker_core/base/check.h"
#include "broker_core/broker/fate.h"

#include <algorithm>

namespace brokersim {

VirtualNetwork::VirtualNetwork(std::uint64_t seed, std::uint32_t brokers, std::uint32_t clients,
                               const Distribution& latency, const Distribution& client_latency,
                               Scheduler& scheduler)
    : brokers_{brokers},
      members_{brokers + clients},
      latency_{latency},
      client_latency_{client_latency},
      scheduler_{scheduler},
      random_{seed, "network.latency"},
      fault_random_{seed, "network.faults"},
      queue_random_{seed, "network.queues"},
      blockers_(std::size_t{members_} * members_),
      wanted_(std::size_t{members_} * members_, 0),
      largest_latency_{std::max(latency.largest(), client_latency.largest())} {}

namespace {

/// Brokers are few (9 at most), so a set of them is one word.
constexpr std::uint32_t bit_of(std::uint32_t broker) {
    return 1U << broker;
}

}  // namespace

void VirtualNetwork::mark_effective(std::uint32_t element) {
    if (element != UINT32_MAX &&
        std::find(effective_.begin(), effective_.end(), element) == effective_.end()) {
        effective_.push_back(element);
    }
}

std::vector<std::uint32_t> VirtualNetwork::take_effective() {
    std::vector<std::uint32_t> taken;
    taken.swap(effective_);
    return taken;
}

Duration VirtualNetwork::added_delay(std::uint32_t ends, std::uint32_t word) {
    Duration added;
    for (MessageFault& fault : faults_) {
        if (fault.kind == FaultKind::delay && fault.strikes(ends, word)) {
            ++fault.chances;
            added += fault.by;
            mark_effective(fault.element);
        }
    }
    return added;
}

std::int64_t VirtualNetwork::slowed(std::uint32_t ends, std::uint32_t word) {
    std::int64_t factor = 1;
    for (MessageFault& fault : faults_) {
        if (fault.kind == FaultKind::slow_link && fault.strikes(ends, word) && fault.factor > 1) {
            ++fault.chances;
            factor *= fault.factor;
            mark_effective(fault.element);
        }
    }
    return factor;
}

Time VirtualNetwork::leave(MessageFault& fault, std::uint32_t to, std::uint32_t slot) {
    const DatagramInFlight& datagram = datagrams_.at(slot);
    Time const now = scheduler_.now();
    auto lane = std::find_if(fault.lanes.begin(), fault.lanes.end(), [&](const auto& one) {
        return one.from == datagram.from && one.to == to;
    });
    if (lane == fault.lanes.end()) {
        fault.lanes.push_back(MessageFault::Lane{datagram.from, to, now, now, {}});
        lane = std::prev(fault.lanes.end());
    }
    constexpr std::int64_t second = 1'000'000'000;
    Duration const takes{static_cast<std::int64_t>(datagram.bytes.size()) * second /
                         fault.bytes_per_second};
    fault.chances += now < lane->busy_until ? 1U : 0U;
    lane->busy_until = now + takes;
    while (!lane->waiting.empty() && lane->waiting.front().first <= now) {
        lane->waiting.pop_front();
    }
    if (lane->free_at > now) {
        mark_effective(fault.element);
    }
    if (lane->waiting.size() >= fault.queue_max) {
        std::uint64_t const victim = fault_random_.below(lane->waiting.size() + 1);
        mark_effective(fault.element);
        if (victim == lane->waiting.size()) {
            datagrams_.at(slot).evicted = true;
            return now;
        }
        datagrams_.at(lane->waiting[victim].second).evicted = true;
        lane->waiting.erase(lane->waiting.begin() + static_cast<std::ptrdiff_t>(victim));
    }
    lane->free_at = std::max(lane->free_at, now) + takes;
    lane->waiting.emplace_back(lane->free_at, slot);
    return lane->free_at;
}

void VirtualNetwork::dispatch(std::uint32_t to, Time at, DatagramInFlight datagram) {
    std::uint32_t const ends = bit_of(datagram.from) | bit_of(to);
    std::uint32_t const word = datagram.word;
    datagram.to = to;
    std::uint32_t const slot = datagrams_.put(std::move(datagram));
    enqueue(slot);
    for (MessageFault& fault : faults_) {
        if (!fault.strikes(ends, word)) {
            continue;
        }
        if (fault.kind == FaultKind::clog) {
            mark_effective(fault.element);
            fault.held.emplace_back(to, slot);
            return;
        }
        if (fault.kind == FaultKind::bandwidth) {
            at = at + (leave(fault, to, slot) - scheduler_.now());
        }
    }
    scheduler_.push(at, Work{WorkKind::datagram, to, 0, slot});
}

Time VirtualNetwork::arrival(const Distribution& latency, std::uint32_t ends, std::uint32_t word) {
    std::int64_t const drawn = latency.draw(random_);
    std::int64_t const factor = slowed(ends, word);
    return scheduler_.now() + Duration{drawn * factor} + added_delay(ends, word);
}

void VirtualNetwork::send(std::uint32_t from, std::uint32_t to, Bytes bytes, std::uint32_t word) {
    ++datagrams_sent;
    ++wanted_[from * members_ + to];
    if (blocked(from, to, word)) {
        mark_cut(from, to, word);
        ++datagrams_lost;
        return;
    }
    std::uint32_t const ends = bit_of(from) | bit_of(to);
    Time at = arrival(latency_, ends, word);
    std::uint32_t copy_by = UINT32_MAX;
    Time copy_at = at;
    for (MessageFault& fault : faults_) {
        if (!fault.strikes(ends, word)) {
            continue;
        }
        bool const counted = fault.kind == FaultKind::drop || fault.kind == FaultKind::duplicate ||
                             fault.kind == FaultKind::reorder || fault.kind == FaultKind::clog;
        fault.chances += counted ? 1U : 0U;  // others are counted where they are asked
        if (fault.kind == FaultKind::drop) {
            if (fault_random_.chance(fault.probability)) {
                mark_effective(fault.element);
                ++datagrams_lost;
                return;
            }
        } else if (fault.kind == FaultKind::duplicate) {
            if (fault_random_.chance(fault.probability)) {
                copy_by = fault.element;
                copy_at = arrival(latency_, ends, word);
            }
        } else if (fault.kind == FaultKind::reorder) {
            if (fault_random_.chance(fault.probability)) {
                std::int64_t const extra =
                    fault_random_.exponential(fault.by.nanoseconds(), fault.by.nanoseconds() * 10);
                at = at + Duration{extra};
                mark_effective(fault.element);
            }
        }
    }
    if (copy_by != UINT32_MAX) {
        mark_effective(copy_by);
        dispatch(to, copy_at, DatagramInFlight{from, copy_by, false, to, word, bytes});
    }
    dispatch(to, at, DatagramInFlight{from, UINT32_MAX, false, to, word, std::move(bytes)});
}

std::uint32_t VirtualNetwork::open(std::uint32_t client, std::uint32_t broker) {
    auto const id = static_cast<std::uint32_t>(connections_.size());
    Connection connection;
    connection.client = client;
    connection.broker = broker;
    connections_.push_back(std::move(connection));
    live_.push_back(id);
    std::uint32_t const member = client_member(client);
    ++wanted_[member * members_ + broker];
    ++wanted_[broker * members_ + member];
    if (blocked(member, broker, 0) || blocked(broker, member, 0)) {
        // The connect vanishes; the client gives up by its own timeout.
        mark_cut(member, broker, 0);
        mark_cut(broker, member, 0);
        connections_[id].dead = true;
        return id;
    }
    Time const at = arrival(client_latency_, bit_of(broker));
    for (MessageFault& fault : faults_) {
        if (fault.kind == FaultKind::refuse && (fault.brokers & bit_of(broker)) != 0) {
            ++fault.chances;
            mark_effective(fault.element);
            connections_[id].closed_by_broker = true;
            scheduler_.push(at, Work{WorkKind::refused, id, 0, 0});
            return id;
        }
    }
    connections_[id].last_to_client = at;
    connections_[id].last_to_broker = at;
    scheduler_.push(at, Work{WorkKind::connected, id, 0, 0});
    return id;
}

void VirtualNetwork::request(std::uint32_t id, const RequestTag& tag, Bytes frame) {
    Connection& connection = connections_[id];
    if (connection.answers_lost) {
        return;  // it broke just now; the client is about to learn it
    }
    std::uint32_t const member = client_member(connection.client);
    wanted_[member * members_ + connection.broker] += connection.dead ? 0 : 1;
    std::uint32_t const word = tag.kind == RequestKind::produce ? bit_of(MessageWord::produce)
                               : tag.kind == RequestKind::fetch ? bit_of(MessageWord::fetch)
                                                                : 0;
    if (connection.dead || blocked(member, connection.broker, word)) {
        if (!connection.dead) {
            mark_cut(member, connection.broker, word);
            connection.dead = true;
        }
        return;
    }
    bool const owed = tag.kind != RequestKind::produce || tag.acks != 0;
    if (owed) {
        connection.expected.push_back(tag);
        broker::wal::ProducePart part;
        part.connection = broker::ConnectionId{std::uint64_t{id} + 1};
        part.slot = connection.asked;
        connection.expected.back().attempt = broker::attempt_number(part);
        ++connection.asked;
    }
    Time const at = std::max(arrival(client_latency_, bit_of(connection.broker), word),
                             connection.last_to_broker + Duration{1});
    connection.last_to_broker = at;
    std::uint32_t const slot = frames_.put(FrameInFlight{.bytes = std::move(frame), .owed = owed});
    scheduler_.push_in_order(at, Work{WorkKind::request, id, 0, slot});
}

bool VirtualNetwork::respond(std::uint32_t id, Bytes frame, std::int64_t leader_epoch,
                             const RequestTag& tag) {
    ++responses_sent;
    Connection& connection = connections_[id];
    if (connection.answers_lost) {
        return false;
    }
    std::uint32_t const member = client_member(connection.client);
    wanted_[connection.broker * members_ + member] += connection.dead ? 0 : 1;
    constexpr std::uint32_t word = bit_of(MessageWord::responses);
    if (connection.dead || blocked(connection.broker, member, word)) {
        if (!connection.dead) {
            mark_cut(connection.broker, member, word);
            connection.dead = true;
        }
        return false;
    }
    Time const at = std::max(arrival(client_latency_, bit_of(connection.broker), word),
                             connection.last_to_client + Duration{1});
    connection.last_to_client = at;
    std::uint32_t const slot = frames_.put(FrameInFlight{.bytes = std::move(frame),
                                                         .leader_epoch = leader_epoch,
                                                         .arrival_epoch = tag.arrival_epoch,
                                                         .partition = tag.partition});
    scheduler_.push_in_order(at, Work{WorkKind::response, id, 0, slot});
    return true;
}

void VirtualNetwork::close_by_client(std::uint32_t id) {
    Connection& connection = connections_[id];
    if (connection.closed_by_client) {
        return;
    }
    connection.closed_by_client = true;
    std::erase(live_, id);
    if (connection.dead || connection.answers_lost || connection.closed_by_broker ||
        !connection.connected) {
        return;
    }
    if (blocked(client_member(connection.client), connection.broker, 0)) {
        std::uint32_t const member = client_member(connection.client);
        mark_cut(member, connection.broker, 0);
        connection.dead = true;  // the broker is not told
        return;
    }
    Time const at = std::max(arrival(client_latency_, bit_of(connection.broker)),
                             connection.last_to_broker + Duration{1});
    connection.last_to_broker = at;
    scheduler_.push_in_order(at, Work{WorkKind::closed_node, id, connection.incarnation, 0});
}

void VirtualNetwork::close_by_broker(std::uint32_t id) {
    Connection& connection = connections_[id];
    if (connection.closed_by_broker) {
        return;
    }
    connection.closed_by_broker = true;
    drop_unread(connection);
    if (connection.dead || connection.answers_lost || connection.closed_by_client) {
        return;
    }
    if (blocked(connection.broker, client_member(connection.client), 0)) {
        std::uint32_t const member = client_member(connection.client);
        mark_cut(connection.broker, member, 0);
        connection.dead = true;  // the client finds out by its own timeout
        return;
    }
    // Behind every response that left before.
    Time const at = std::max(arrival(client_latency_, bit_of(connection.broker)),
                             connection.last_to_client + Duration{1});
    connection.last_to_client = at;
    scheduler_.push_in_order(at, Work{WorkKind::closed_client, id, 0, 0});
}

void VirtualNetwork::drop_unread(Connection& connection) {
    for (std::uint32_t const slot : connection.unread) {
        frames_.take(slot);
    }
    connection.unread.clear();
    connection.close_unread = false;
}

bool VirtualNetwork::reset(std::uint32_t id, bool lose_requests) {
    Connection& connection = connections_[id];
    if (connection.dead || connection.closed_by_client || connection.closed_by_broker ||
        connection.answers_lost || !connection.connected) {
        return false;
    }
    bool const in_flight = !connection.expected.empty();
    if (lose_requests) {
        connection.dead = true;  // what is on its way never arrives
        scheduler_.push(scheduler_.now(),
                        Work{WorkKind::closed_node, id, connection.incarnation, 0});
    } else {
        // Requests on their way arrive and are processed; responses are lost.
        Time const at = connection.last_to_broker + Duration{1};
        scheduler_.push_in_order(at, Work{WorkKind::closed_node, id, connection.incarnation, 0});
        connection.answers_lost = true;
    }
    scheduler_.push(scheduler_.now(), Work{WorkKind::closed_client, id, 0, 0});
    return in_flight;
}

void VirtualNetwork::broker_gone(std::uint32_t broker, bool silently) {
    std::vector<std::uint32_t> const ids = live_;
    for (std::uint32_t const id : ids) {
        Connection& connection = connections_[id];
        if (connection.broker != broker || connection.dead || !connection.connected) {
            continue;
        }
        if (silently) {
            connection.dead = true;
            drop_unread(connection);
            continue;
        }
        close_by_broker(id);
    }
}

void VirtualNetwork::block(std::uint32_t from, std::uint32_t to, std::uint32_t element,
                           std::uint32_t only) {
    blockers_[from * members_ + to].push_back(Block{element, only});
}

void VirtualNetwork::unblock(std::uint32_t from, std::uint32_t to, std::uint32_t element) {
    std::vector<Block>& blockers = blockers_[from * members_ + to];
    auto const at = std::find_if(blockers.begin(), blockers.end(),
                                 [=](const Block& block) { return block.element == element; });
    CHECK(at != blockers.end());
    blockers.erase(at);
}

bool VirtualNetwork::blocked(std::uint32_t from, std::uint32_t to, std::uint32_t word) const {
    const std::vector<Block>& blockers = blockers_[from * members_ + to];
    return std::any_of(blockers.begin(), blockers.end(),
                       [=](const Block& block) { return block.strikes(word); });
}

void VirtualNetwork::mark_cut(std::uint32_t from, std::uint32_t to, std::uint32_t word) {
    for (const Block& block : blockers_[from * members_ + to]) {
        if (block.strikes(word)) {
            mark_effective(block.element);
        }
    }
}

void VirtualNetwork::limit_queues(std::uint32_t most) {
    queue_max_ = most;
    queues_.resize(std::size_t{brokers_} * brokers_);
}

void VirtualNetwork::enqueue(std::uint32_t slot) {
    if (queue_max_ == 0) {
        return;
    }
    const DatagramInFlight& datagram = datagrams_.at(slot);
    std::vector<std::uint32_t>& queue = queues_[datagram.from * brokers_ + datagram.to];
    queue.push_back(slot);
    if (queue.size() > queue_max_) {
        std::uint64_t const victim = queue_random_.below(queue.size());
        datagrams_.at(queue[victim]).evicted = true;
        queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(victim));
    }
}

DatagramInFlight VirtualNetwork::take(std::uint32_t slot) {
    DatagramInFlight datagram = datagrams_.take(slot);
    if (!queues_.empty()) {
        std::erase(queues_[datagram.from * brokers_ + datagram.to], slot);
    }
    return datagram;
}

void VirtualNetwork::end(std::uint32_t element) {
    auto const at = std::find_if(faults_.begin(), faults_.end(), [=](const MessageFault& fault) {
        return fault.element == element;
    });
    if (at == faults_.end()) {
        return;
    }
    std::vector<std::pair<std::uint32_t, std::uint32_t>> held;
    held.swap(at->held);
    faults_.erase(at);
    for (const auto& [to, slot] : held) {  // each on its own way now, in any order
        std::uint32_t const ends = bit_of(to) | bit_of(datagrams_.at(slot).from);
        Time const then = arrival(latency_, ends, datagrams_.at(slot).word);
        scheduler_.push(then, Work{WorkKind::datagram, to, 0, slot});
    }
}

std::uint64_t VirtualNetwork::chances(std::uint32_t element) const {
    for (const MessageFault& fault : faults_) {
        if (fault.element == element) {
            return fault.chances;
        }
    }
    return 0;
}

void VirtualNetwork::lift_all() {
    for (std::vector<Block>& blockers : blockers_) {
        blockers.clear();
    }
    faults_.clear();
    queue_max_ = 0;
}

}  // namespace brokersim
