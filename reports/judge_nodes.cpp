// Rules 19 to 21: what nodes held when acks left, cut from their logs, and hold at the end.
#include "reports/judge_rules.h"
#include "reports/node_ends.h"

#include <algorithm>
#include <map>

namespace brokersim::reports {

/// Rule 19: ACKED with acks "all" and a known, and from inv to the completion fewer than
/// required_acks nodes ever had an end above a.
void ack_before_durable(const Tables& tables, Findings& findings) {
    const History& history = tables.history;
    if (!history.config.realtime || tables.facts.empty()) {
        return;
    }
    NodeEnds ends{tables};
    auto const check = [&](const Message& message, const Send& send) {
        if (message.acked == absent || !ends.any(message.key) ||
            tables.keys[message.key].budget_before(send.completed)) {
            return;
        }
        std::int64_t const have = ends.count_having_held(message.key, message.acked, send.invoked);
        if (have < history.config.required_acks) {
            findings.add(Code::ack_before_durable,
                         {findings.key(message.key), findings.value("value", message.value),
                          Findings::number("offset", message.acked), Findings::number("have", have),
                          Findings::number("need", history.config.required_acks)});
        }
    };
    for (std::uint32_t position = 0; position < history.ops().size(); ++position) {
        const History::Op& op = history.ops()[position];
        if (op.kind == OpKind::leo) {
            ends.on_leo(op.key, history.fact_of(op), position);
        } else if (op.kind == OpKind::send && op.type == OpType::ok && op.count != 0) {
            const SendMop& mop = history.sends(op).front();
            const Message& first = tables.pairing.messages[tables.pairing.find(mop.key, mop.value)];
            const Send& send = tables.pairing.sends[first.send];
            if (send.status == Status::acked && send.acks == Acks::all) {
                for (std::uint32_t i = 0; i < send.message_count; ++i) {
                    check(tables.pairing.messages[send.first_message + i], send);
                }
            }
        }
    }
}

namespace {

struct Dump {
    std::uint32_t node;
    std::int64_t start;
    std::int64_t hw;
    std::vector<ReplicaEntry> entries;  // ascending
};

/// Offsets of [from, to) at which the two dumps hold different entries, or one holds none.
std::vector<std::int64_t> differences(const Dump& left, const Dump& right) {
    std::int64_t const from = std::max(left.start, right.start);
    std::int64_t const to = std::min(left.hw, right.hw);
    auto const begin_of = [from](const Dump& dump) {
        return std::lower_bound(
            dump.entries.begin(), dump.entries.end(), from,
            [](const ReplicaEntry& entry, std::int64_t wanted) { return entry.offset < wanted; });
    };
    auto const end_of_offset = [](const Dump& dump, auto begin) {
        auto end = begin;
        while (end != dump.entries.end() && end->offset == begin->offset) {
            ++end;
        }
        return end;
    };
    std::vector<std::int64_t> offsets;
    auto l = begin_of(left);
    auto r = begin_of(right);
    while (true) {
        bool const more_left = l != left.entries.end() && l->offset < to;
        bool const more_right = r != right.entries.end() && r->offset < to;
        if (!more_left && !more_right) {
            return offsets;
        }
        if (!more_right || (more_left && l->offset < r->offset)) {
            offsets.push_back(l->offset);
            l = end_of_offset(left, l);
        } else if (!more_left || r->offset < l->offset) {
            offsets.push_back(r->offset);
            r = end_of_offset(right, r);
        } else {
            auto const l_end = end_of_offset(left, l);
            auto const r_end = end_of_offset(right, r);
            if (!std::equal(l, l_end, r, r_end)) {
                offsets.push_back(l->offset);
            }
            l = l_end;
            r = r_end;
        }
    }
}

}  // namespace

/// Rule 20: two final logs, o in [larger start, smaller hw): (epoch, value) differ, or absent in
/// one. Off for keys with a budget_exceeded.
void replica_divergence(const Tables& tables, Findings& findings) {
    const History& history = tables.history;
    std::map<KeyId, std::map<std::uint32_t, Dump>> dumps;  // by node, the last one counts
    for (std::uint32_t const position : tables.dumps) {
        const History::Op& op = history.ops()[position];
        if (tables.keys[op.key].first_budget != none) {
            continue;
        }
        const History::Fact& fact = history.fact_of(op);
        auto const entries = history.entries(op);
        Dump dump{fact.node, fact.first, fact.second, {entries.begin(), entries.end()}};
        if (!std::is_sorted(dump.entries.begin(), dump.entries.end())) {
            std::sort(dump.entries.begin(), dump.entries.end());
        }
        dumps[op.key].insert_or_assign(fact.node, std::move(dump));
    }
    for (const auto& [key, by_node] : dumps) {
        for (auto left = by_node.begin(); left != by_node.end(); ++left) {
            for (auto right = std::next(left); right != by_node.end(); ++right) {
                for (std::int64_t const offset : differences(left->second, right->second)) {
                    findings.add(Code::replica_divergence,
                                 {findings.key(key), Findings::number("offset", offset),
                                  Findings::numbers("nodes", {left->first, right->first})});
                }
            }
        }
    }
}

namespace {

/// What one node showed and held of one key.
struct Held {
    std::int64_t flushed = absent;
    std::int64_t shown = absent;      // largest HW since the disk was last lost
    std::uint32_t shown_in_life = 0;  // disk life in which it was shown
};

}  // namespace

/// Rule 21: a leo op of n with flushed `to` < min(n's previous flushed, largest HW n exposed on k
/// since its last crash with disk wiped or damaged).
void committed_truncated(const Tables& tables, Findings& findings) {
    const History& history = tables.history;
    if (!history.config.realtime) {
        return;
    }
    std::map<std::pair<KeyId, std::uint32_t>, Held> held;
    std::map<std::uint32_t, std::uint32_t> lives;  // crashes of the node that lost its disk
    for (std::uint32_t const position : tables.facts) {
        const History::Op& op = history.ops()[position];
        const History::Fact& fact = history.fact_of(op);
        if (op.kind == OpKind::crash) {
            lives[fact.node] += op.disk == Disk::wiped || op.disk == Disk::damaged ? 1U : 0U;
            continue;
        }
        if (op.kind != OpKind::hw && op.kind != OpKind::leo) {
            continue;
        }
        Held& node = held[{op.key, fact.node}];
        if (node.shown_in_life != lives[fact.node]) {
            node.shown = absent;
            node.shown_in_life = lives[fact.node];
        }
        if (op.kind == OpKind::hw) {
            node.shown = std::max(node.shown, fact.first);
            continue;
        }
        std::int64_t const from = std::min(node.flushed, node.shown);
        bool const off = tables.keys[op.key].budget_before(position);
        if (node.flushed != absent && node.shown != absent && fact.second < from && !off) {
            findings.add(Code::committed_truncated,
                         {findings.key(op.key), Findings::number("node", fact.node),
                          Findings::number("from", from), Findings::number("to", fact.second)});
        }
        node.flushed = fact.second;
    }
}

}  // namespace brokersim::reports
