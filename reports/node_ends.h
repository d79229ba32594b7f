// The log ends of nodes while the history is walked: what is held now, and what was held before a
// fall (rules 18 and 19). An end outlives crashes until a leo op changes it.
#pragma once

#include "reports/judge_tables.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace brokersim::reports {

class NodeEnds {
public:
    explicit NodeEnds(const Tables& tables)
        : durable_{tables.history.config.durable}, of_key_(tables.keys.size()) {}

    /// `position` matters only to count_having_held.
    void on_leo(KeyId key, const History::Fact& fact, std::uint32_t position = 0) {
        std::int64_t const end = durable_ == DurableEnd::flushed ? fact.second : fact.first;
        Node& node = node_of(key, fact.node);
        if (node.end != absent && end < node.end) {
            // An earlier fall from no higher is never the answer again.
            while (!node.falls.empty() && node.falls.back().from <= node.end) {
                node.falls.pop_back();
            }
            node.falls.push_back({position, node.end});
        }
        node.end = end;
    }

    /// A leo op of the key was seen.
    [[nodiscard]] bool any(KeyId key) const { return !of_key_[key].empty(); }

    /// Nodes whose end is >= `end` now.
    [[nodiscard]] std::int64_t count_reaching(KeyId key, std::int64_t end) const {
        return std::count_if(of_key_[key].begin(), of_key_[key].end(),
                             [&](const Node& node) { return node.end >= end; });
    }

    /// Nodes whose end was > `offset` at some position from `since` to now, the value in force at
    /// `since` included. since: none means from the beginning.
    [[nodiscard]] std::int64_t count_having_held(KeyId key, std::int64_t offset,
                                                 std::uint32_t since) const {
        auto const held = [&](const Node& node) {
            if (node.end > offset) {
                return true;
            }
            // Values of falls descend, so the first fall after `since` is from the highest end.
            auto const fall = since == none
                                  ? node.falls.begin()
                                  : std::upper_bound(node.falls.begin(), node.falls.end(), since,
                                                     [](std::uint32_t wanted, const Fall& other) {
                                                         return wanted < other.position;
                                                     });
            return fall != node.falls.end() && fall->from > offset;
        };
        return std::count_if(of_key_[key].begin(), of_key_[key].end(), held);
    }

private:
    struct Fall {
        std::uint32_t position;
        std::int64_t from;
    };
    struct Node {
        std::uint32_t node;
        std::int64_t end = absent;
        std::vector<Fall> falls;  // Invariant: positions ascend, `from` descends.
    };

    Node& node_of(KeyId key, std::uint32_t node) {
        auto& nodes = of_key_[key];
        auto const found = std::find_if(nodes.begin(), nodes.end(),
                                        [&](const Node& other) { return other.node == node; });
        if (found != nodes.end()) {
            return *found;
        }
        return nodes.emplace_back(Node{node, absent, {}});
    }

    DurableEnd durable_;
    std::vector<std::vector<Node>> of_key_;
};

}  // namespace brokersim::reports
