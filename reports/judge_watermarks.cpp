// Rules 17 and 18: high watermarks that fell, or ran ahead of what nodes held.
#include "reports/judge_rules.h"
#include "reports/node_ends.h"

#include <algorithm>

namespace brokersim::reports {

namespace {

/// The watermarks that one key showed since the last budget_exceeded: per epoch the moments at
/// which its maximum rose, so that "the largest one before a position" is a binary search.
class Exposed {
public:
    /// The largest watermark shown before `position` by an epoch not later than `epoch`; those
    /// without epoch, or asked for without one, compare with all. absent: none.
    [[nodiscard]] std::int64_t largest(std::uint32_t position, std::int64_t epoch) const {
        std::int64_t result = absent;
        for (const Lane& lane : lanes_) {
            if (lane.epoch != absent && epoch != absent && lane.epoch > epoch) {
                continue;
            }
            auto const after = std::lower_bound(
                lane.rises.begin(), lane.rises.end(), position,
                [](const Rise& rise, std::uint32_t wanted) { return rise.position < wanted; });
            if (after != lane.rises.begin()) {
                result = std::max(result, (after - 1)->hw);
            }
        }
        return result;
    }

    [[nodiscard]] std::int64_t maximum() const { return maximum_; }

    void show(std::uint32_t position, std::int64_t epoch, std::int64_t hw) {
        maximum_ = std::max(maximum_, hw);
        auto lane = std::find_if(lanes_.rbegin(), lanes_.rend(),
                                 [&](const Lane& other) { return other.epoch == epoch; });
        Lane& chosen = lane == lanes_.rend() ? lanes_.emplace_back(Lane{epoch, {}}) : *lane;
        if (chosen.rises.empty() || chosen.rises.back().hw < hw) {
            chosen.rises.push_back({position, hw});
        }
    }

    void forget() {
        lanes_.clear();
        maximum_ = absent;
    }

private:
    struct Rise {
        std::uint32_t position;
        std::int64_t hw;
    };
    struct Lane {
        std::int64_t epoch;
        std::vector<Rise> rises;
    };

    std::vector<Lane> lanes_;  // one per epoch, in the order of appearance
    std::int64_t maximum_ = absent;
};

/// Walks over everything that shows a watermark, in the order of positions.
class WatermarkWalk {
public:
    explicit WatermarkWalk(const Tables& tables) : tables_{tables}, exposed_(tables.keys.size()) {}

    /// on_show(exposed, key, fact or poll position, asked position, epoch, hw) before each is
    /// added.
    template <class OnShow, class OnFact>
    void run(OnShow on_show, OnFact on_fact) {
        const History& history = tables_.history;
        std::size_t next_poll = 0;
        for (std::uint32_t position = 0; position < history.ops().size(); ++position) {
            const History::Op& op = history.ops()[position];
            if (op.kind == OpKind::poll && op.type != OpType::invoke) {
                std::uint32_t const invoked = tables_.polls[next_poll++].invoked;
                for (const History::StoredPart& part : history.parts(op)) {
                    if (part.hw != absent) {
                        on_show(exposed_[part.key], part.key, invoked, part.epoch, part.hw);
                        exposed_[part.key].show(position, part.epoch, part.hw);
                    }
                }
            } else if (op.kind == OpKind::drain) {
                const History::StoredDrain& drain = history.drain_of(op);
                on_show(exposed_[op.key], op.key, position, drain.epoch, drain.hw);
                exposed_[op.key].show(position, drain.epoch, drain.hw);
            } else if (op.kind == OpKind::hw) {
                const History::Fact& fact = history.fact_of(op);
                on_fact(exposed_[op.key], position, op);
                on_show(exposed_[op.key], op.key, position, fact.epoch, fact.first);
                exposed_[op.key].show(position, fact.epoch, fact.first);
            } else if (op.kind == OpKind::leo) {
                on_fact(exposed_[op.key], position, op);
            } else if (op.kind == OpKind::budget_exceeded && history.excuses(op)) {
                forget(op.key);
            }
        }
    }

private:
    void forget(KeyId key) {
        if (key != no_key) {
            exposed_[key].forget();
            return;
        }
        for (Exposed& exposed : exposed_) {
            exposed.forget();
        }
    }

    const Tables& tables_;
    std::vector<Exposed> exposed_;
};

}  // namespace

/// Rule 17: an exposed HW below the largest exposed before it (a poll: before its inv) among those
/// of no later epoch. Starts anew at a budget_exceeded on the key.
void hw_regression(const Tables& tables, Findings& findings) {
    if (!tables.history.config.realtime) {
        return;
    }
    auto const on_show = [&](const Exposed& exposed, KeyId key, std::uint32_t before,
                             std::int64_t epoch, std::int64_t hw) {
        if (exposed.maximum() == absent || hw >= exposed.maximum()) {
            return;
        }
        std::int64_t const from = exposed.largest(before, epoch);
        if (from != absent && hw < from) {
            findings.add(Code::hw_regression, {findings.key(key), Findings::number("from", from),
                                               Findings::number("to", hw)});
        }
    };
    WatermarkWalk{tables}.run(on_show, [](const Exposed&, std::uint32_t, const History::Op&) {});
}

/// Rule 18: an hw op above every HW exposed on k before, while fewer than required_acks nodes have
/// an end that reaches it.
void hw_ahead(const Tables& tables, Findings& findings) {
    if (!tables.history.config.realtime || tables.facts.empty()) {
        return;
    }
    NodeEnds ends{tables};
    auto const on_fact = [&](const Exposed& exposed, std::uint32_t position,
                             const History::Op& op) {
        const History::Fact& fact = tables.history.fact_of(op);
        if (op.kind == OpKind::leo) {
            ends.on_leo(op.key, fact);
            return;
        }
        bool const rises = exposed.maximum() == absent || fact.first > exposed.maximum();
        if (!rises || !ends.any(op.key) || tables.keys[op.key].budget_before(position)) {
            return;
        }
        std::int64_t const have = ends.count_reaching(op.key, fact.first);
        if (have < tables.history.config.required_acks) {
            findings.add(Code::hw_ahead,
                         {findings.key(op.key), Findings::number("node", fact.node),
                          Findings::number("hw", fact.first), Findings::number("have", have),
                          Findings::number("need", tables.history.config.required_acks)});
        }
    };
    WatermarkWalk{tables}.run(
        [](const Exposed&, KeyId, std::uint32_t, std::int64_t, std::int64_t) {}, on_fact);
}

}  // namespace brokersim::reports
