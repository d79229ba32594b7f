// The event queue of a run: virtual time, and one total order that the seed decides.
//
// Order: time, then a tie drawn from the seed, then the order of scheduling. Events of one instant
// therefore come in an order that no code can rely on, except those scheduled in_order(), which
// keep theirs among themselves (first in first out, as on a connection).
#pragma once

#include "broker_core/base/random.h"
#include "broker_core/base/time.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace brokersim {

using broker::Duration;
using broker::Time;

enum class WorkKind : std::uint8_t {
    node_start,     // target: host
    node_timer,     // target: host
    disk_done,      // target: host; payload: operation
    datagram,       // target: host; payload: datagram
    request,        // target: connection; payload: frame, towards the broker
    unread,         // target: connection: its next waiting frame may be read
    response,       // target: connection; payload: frame, towards the client
    connected,      // target: connection: the client learns that it stands
    refused,        // target: connection: or that nobody listens
    closed_client,  // target: connection: the client learns that it broke
    closed_node,    // target: connection: the broker learns it
    client_timer,   // target: client
    resume,         // target: host: its pause is over
    backlog,        // target: host: its step is over, the next event may be looked at
    fault_fire,     // target: element
    fault_end,      // target: element
    phase,          // payload: phase
};

/// One thing to happen, as plain data. `incarnation` voids work for a life that is over.
struct Work {
    WorkKind kind = WorkKind::phase;
    std::uint32_t target = 0;
    std::uint32_t incarnation = 0;
    std::uint32_t payload = 0;
};

class Scheduler {
public:
    explicit Scheduler(std::uint64_t seed) : ties_{seed, "scheduler.ties"} {}

    [[nodiscard]] Time now() const { return now_; }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] std::uint64_t events() const { return events_; }

    /// Schedules `work` at `at` (not before now).
    void push(Time at, const Work& work) {
        std::uint64_t const tie = ties_.next() >> tie_shift;
        insert(at, tie << sequence_bits, work);
    }
    /// Schedules before everything drawn for the same instant, after earlier in-order work of it.
    void push_in_order(Time at, const Work& work) { insert(at, 0, work); }

    /// The next work; moves time to it. Requires !empty().
    Work pop() {
        std::pop_heap(heap_.begin(), heap_.end(), Later{});
        Item const item = heap_.back();
        heap_.pop_back();
        now_ = item.at;
        ++events_;
        return item.work;
    }
    [[nodiscard]] Time next_time() const {
        return heap_.empty() ? Time::never() : heap_.front().at;
    }

private:
    static constexpr unsigned sequence_bits = 40;
    static constexpr unsigned tie_shift = sequence_bits;  // 24 bits are left

    struct Item {
        Time at;
        std::uint64_t order;
        Work work;
    };
    struct Later {
        bool operator()(const Item& a, const Item& b) const {
            return a.at != b.at ? a.at > b.at : a.order > b.order;
        }
    };

    void insert(Time at, std::uint64_t tie, const Work& work) {
        ++sequence_;
        heap_.push_back(Item{std::max(at, now_), tie | sequence_, work});
        std::push_heap(heap_.begin(), heap_.end(), Later{});
    }

    broker::Random ties_;
    std::vector<Item> heap_;
    std::uint64_t sequence_ = 0;  // < 2^40 in any run
    std::uint64_t events_ = 0;
    Time now_;
};

/// Slots for what is on its way, used again and again.
template <class T>
class Pool {
public:
    std::uint32_t put(T value) {
        if (free_.empty()) {
            items_.push_back(std::move(value));
            return static_cast<std::uint32_t>(items_.size() - 1);
        }
        std::uint32_t const slot = free_.back();
        free_.pop_back();
        items_[slot] = std::move(value);
        return slot;
    }
    T& at(std::uint32_t slot) { return items_[slot]; }
    T take(std::uint32_t slot) {
        free_.push_back(slot);
        return std::move(items_[slot]);
    }

private:
    std::vector<T> items_;
    std::vector<std::uint32_t> free_;
};

}  // namespace brokersim
