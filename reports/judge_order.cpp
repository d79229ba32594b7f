// Rules 10, 12 and 13: real-time order of writes, and the path of each consumer.
#include "reports/judge_rules.h"

#include <algorithm>

namespace brokersim::reports {

namespace {

/// Rule 10's floor of one key: the largest offset known so far.
class Floors {
public:
    explicit Floors(std::size_t keys) : floors_(keys, -1) {}
    void raise(KeyId key, std::int64_t offset) { floors_[key] = std::max(floors_[key], offset); }
    [[nodiscard]] std::int64_t of(KeyId key) const { return floors_[key]; }

private:
    std::vector<std::int64_t> floors_;
};

void raise_by_poll(const Tables& tables, std::uint32_t position, Floors& floors) {
    const History& history = tables.history;
    for (const History::StoredPart& part : history.parts(history.ops()[position])) {
        // An observation with a later budget_exceeded on its key raises nothing, void or not; so
        // J7 need not be asked.
        if (part.key == no_key || tables.keys[part.key].budget_after(position)) {
            continue;
        }
        for (const Record& record : history.records(part.records)) {
            floors.raise(part.key, record.offset);
        }
    }
}

}  // namespace

/// Rule 10: not FAILED, inv exists, low <= floor = the largest offset of k known before inv by
/// acks of A(k) of messages that are not excused, or by polls.
void realtime_reorder(const Tables& tables, Findings& findings) {
    if (!tables.history.config.realtime) {
        return;
    }
    const auto& ops = tables.history.ops();
    Floors floors{tables.keys.size()};
    auto const on_invocation = [&](const Send& send) {
        for (std::uint32_t i = 0; i < send.message_count; ++i) {
            const Message& message = tables.pairing.messages[send.first_message + i];
            std::int64_t const low = send.status == Status::failed ? absent : tables.low(message);
            if (low != absent && low <= floors.of(message.key)) {
                findings.add(Code::realtime_reorder,
                             {findings.key(message.key), findings.value("value", message.value),
                              Findings::number("offset", low),
                              Findings::number("floor", floors.of(message.key))});
            }
        }
    };
    auto const on_ack = [&](const History::Op& op) {
        for (const SendMop& mop : tables.history.sends(op)) {
            if (mop.offset == absent) {
                continue;
            }
            const Message& message =
                tables.pairing.messages[tables.pairing.find(mop.key, mop.value)];
            if (tables.is_acked(message) && (message.flags & message_flag::excused) == 0) {
                floors.raise(mop.key, mop.offset);
            }
        }
    };
    std::size_t next_send = 0;  // sends stand in the order of their first op
    const auto& sends = tables.pairing.sends;
    for (std::uint32_t position = 0; position < ops.size(); ++position) {
        const History::Op& op = ops[position];
        if (op.kind == OpKind::send) {
            bool const begins = next_send < sends.size() && sends[next_send].invoked == position;
            bool const alone = next_send < sends.size() && sends[next_send].invoked == none &&
                               sends[next_send].completed == position;
            if (begins) {
                on_invocation(sends[next_send]);
            } else if (op.type == OpType::ok) {
                on_ack(op);
            }
            next_send += begins || alone ? 1U : 0U;
        } else if (op.kind == OpKind::poll && op.type != OpType::invoke) {
            raise_by_poll(tables, position, floors);
        }
    }
}

namespace {

/// J13: the last offset that each consumer was given, per process and key.
class Positions {
public:
    explicit Positions(std::size_t processes) : of_process_(processes) {}

    [[nodiscard]] std::int64_t of(ProcessId process, KeyId key) const {
        auto const place = find(process, key);
        const auto& list = of_process_[process];
        return place != list.end() && place->key == key ? place->offset : absent;
    }
    /// The op that moved it there; meaningful where of() is present.
    [[nodiscard]] std::uint32_t moved_by(ProcessId process, KeyId key) const {
        return find(process, key)->op;
    }
    void set(ProcessId process, KeyId key, std::int64_t offset, std::uint32_t op) {
        auto const place = find(process, key);
        auto& list = of_process_[process];
        if (place != list.end() && place->key == key) {
            Position& position = list[static_cast<std::size_t>(place - list.begin())];
            position.offset = offset;
            position.op = op;
        } else {
            list.insert(place, {key, offset, op});
        }
    }
    /// A completed assign or subscribe keeps only the listed keys; none if it seeks.
    void keep_only(ProcessId process, std::span<const KeyId> keys, bool seek) {
        std::vector<KeyId> kept(keys.begin(), keys.end());
        std::sort(kept.begin(), kept.end());
        std::erase_if(of_process_[process], [&](const Position& position) {
            return seek || !std::binary_search(kept.begin(), kept.end(), position.key);
        });
    }

private:
    struct Position {
        KeyId key;
        std::int64_t offset;
        std::uint32_t op;
    };
    using List = std::vector<Position>;  // ascending by key

    [[nodiscard]] List::const_iterator find(ProcessId process, KeyId key) const {
        const List& list = of_process_[process];
        return std::lower_bound(
            list.begin(), list.end(), key,
            [](const Position& position, KeyId wanted) { return position.key < wanted; });
    }

    std::vector<List> of_process_;
};

/// Rules 12 and 13 along one consumer after the other.
class PollWalk {
public:
    PollWalk(const Tables& tables, Findings& findings)
        : tables_{tables},
          findings_{findings},
          positions_{tables.history.names.process_count()},
          known_before_(tables.keys.size()) {}

    void on_poll(const CompletedPoll& poll) {
        const History::Op& op = tables_.history.ops()[poll.op];
        moved_.clear();
        for (const History::StoredPart& part : tables_.history.parts(op)) {
            if (part.key != no_key && part.records.count != 0) {
                walk(poll, op, part);
            }
        }
        if (op.type == OpType::ok) {
            for (const auto& [key, offset] : moved_) {
                positions_.set(op.process, key, offset, poll.op);
            }
        }
    }

    void on_assign(const History::Op& op) {
        positions_.keep_only(op.process, tables_.history.listed(op), op.seek);
    }

private:
    struct Moved {
        KeyId key;
        std::int64_t offset;
    };

    void walk(const CompletedPoll& poll, const History::Op& op, const History::StoredPart& part) {
        Moved& moved = moved_in_op(part.key);
        std::int64_t previous = moved.offset;
        std::uint32_t since = poll.op;
        if (previous == absent) {
            previous = positions_.of(op.process, part.key);
            since = previous == absent ? since : positions_.moved_by(op.process, part.key);
        }
        if (previous == absent && part.from != absent) {
            previous = part.from - 1;
        }
        for (const Record& record : tables_.history.records(part.records)) {
            if (previous != absent && record.offset <= previous) {
                findings_.add(
                    Code::poll_nonmonotonic,
                    {findings_.key(part.key), findings_.process(op.process),
                     Findings::number("from", previous), Findings::number("to", record.offset)});
            } else if (previous != absent && record.offset > previous + 1) {
                skip(since, op, part.key, previous, record);
            }
            previous = record.offset;
            since = poll.op;
        }
        moved.offset = previous;
    }

    void skip(std::uint32_t since, const History::Op& op, KeyId id, std::int64_t previous,
              const Record& record) {
        // No budget_exceeded on k since the position was taken: it may have been passed in a
        // history that was lost. A void observation always has a later one.
        const KeyTable& key = tables_.keys[id];
        if (key.budget_after(since)) {
            return;
        }
        std::uint32_t const first = tables_.lower_slot(key, previous + 1);
        std::uint32_t const last = tables_.lower_slot(key, record.offset);
        if (!any_known(id, first, last)) {
            return;
        }
        std::vector<std::int64_t> skipped;
        for (std::uint32_t slot = first; slot < last; ++slot) {
            if (tables_.known(slot)) {
                skipped.push_back(tables_.offset_of(key, slot));
            }
        }
        findings_.add(
            Code::poll_skip,
            {findings_.key(id), findings_.process(op.process), Findings::number("from", previous),
             Findings::number("to", record.offset), Findings::numbers("skipped", skipped)});
    }

    /// Long stretches are answered from prefix sums, so that many readers over one large hole stay
    /// linear.
    bool any_known(KeyId id, std::uint32_t first, std::uint32_t last) {
        constexpr std::uint32_t short_stretch = 32;
        if (last - first <= short_stretch) {
            for (std::uint32_t slot = first; slot < last; ++slot) {
                if (tables_.known(slot)) {
                    return true;
                }
            }
            return false;
        }
        const KeyTable& key = tables_.keys[id];
        auto& before = known_before_[id];
        if (before.empty()) {
            before.resize(key.slot_count + 1);
            for (std::uint32_t i = 0; i < key.slot_count; ++i) {
                before[i + 1] = before[i] + (tables_.known(key.first_slot + i) ? 1U : 0U);
            }
        }
        return before[last - key.first_slot] != before[first - key.first_slot];
    }

    /// The entry of that key for the present op; its offset is absent before the first record.
    Moved& moved_in_op(KeyId key) {
        auto const found = std::find_if(moved_.begin(), moved_.end(),
                                        [&](const Moved& moved) { return moved.key == key; });
        if (found != moved_.end()) {
            return *found;
        }
        return moved_.emplace_back(Moved{key, absent});
    }

    const Tables& tables_;
    Findings& findings_;
    Positions positions_;
    std::vector<Moved> moved_;
    std::vector<std::vector<std::uint32_t>> known_before_;  // by key, filled when first needed
};

}  // namespace

/// Rule 12: o <= prev, where prev is the record of k before it in this op, else the position of the
/// process, else `from` - 1. Rule 13: o > prev, known offsets lie between,
/// and no budget_exceeded on k came since the process took that position. Polls of type fail
/// and info are checked and move nothing.
void poll_nonmonotonic_and_skip(const Tables& tables, Findings& findings) {
    PollWalk walk{tables, findings};
    std::size_t next_poll = 0;
    const auto& ops = tables.history.ops();
    for (std::uint32_t position = 0; position < ops.size(); ++position) {
        const History::Op& op = ops[position];
        bool const assigns = op.kind == OpKind::assign || op.kind == OpKind::subscribe;
        if (assigns && (op.type == OpType::ok || op.type == OpType::info)) {
            walk.on_assign(op);
        } else if (next_poll < tables.polls.size() && tables.polls[next_poll].op == position) {
            walk.on_poll(tables.polls[next_poll++]);
        }
    }
}

}  // namespace brokersim::reports
