// Rule 11: messages of one producer stand in the order in which it sent them.
#include "reports/judge_rules.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace brokersim::reports {

namespace {

struct Pair {
    std::uint32_t first;
    std::uint32_t second;

    friend auto operator<=>(const Pair&, const Pair&) = default;
};

struct Entry {
    std::int64_t epoch;
    std::int64_t sequence;
    std::uint32_t place;  // in its op
    std::uint32_t send;   // ascends with time, for sends that claim one sequence
    std::uint32_t message;

    friend auto operator<=>(const Entry&, const Entry&) = default;
};

/// Collects neighbours that stand in the wrong order, each pair once.
class ProducerOrder {
public:
    explicit ProducerOrder(const Tables& tables) : tables_{tables} {}

    /// (a) idempotent sends with a sequence, per (key, pid or else process), by (epoch, sequence,
    /// place in op).
    void by_sequence() {
        for (const Send& send : tables_.pairing.sends) {
            if (!send.idempotent || send.status == Status::failed) {
                continue;
            }
            SendFields const fields = fields_of(send);
            if (fields.sequence == absent) {
                continue;
            }
            bool const has_pid = fields.pid != absent;
            std::int64_t const producer = has_pid ? fields.pid : send.process;
            std::int64_t const epoch = fields.epoch == absent ? 0 : fields.epoch;
            for (std::uint32_t i = 0; i < send.message_count; ++i) {
                std::uint32_t const message = send.first_message + i;
                if (tables_.low(tables_.pairing.messages[message]) != absent) {
                    group(tables_.pairing.messages[message].key, has_pid, producer)
                        .push_back({epoch, fields.sequence, i,
                                    tables_.pairing.messages[message].send, message});
                }
            }
        }
        for (std::vector<Entry>& entries : groups_) {
            if (!std::is_sorted(entries.begin(), entries.end())) {
                std::sort(entries.begin(), entries.end());
            }
            for (std::size_t i = 1; i < entries.size(); ++i) {
                compare(entries[i - 1].message, entries[i].message);
            }
        }
    }

    /// (b) one op and key, in order: idempotent, or one request in flight and ACKED.
    void within_ops() {
        bool const one_in_flight = tables_.history.config.max_in_flight == 1;
        for (const Send& send : tables_.pairing.sends) {
            bool const bound = send.idempotent || (one_in_flight && send.status == Status::acked);
            if (send.message_count < 2 || !bound || send.status == Status::failed) {
                continue;
            }
            last_of_key_.clear();
            for (std::uint32_t i = 0; i < send.message_count; ++i) {
                std::uint32_t const message = send.first_message + i;
                if (tables_.low(tables_.pairing.messages[message]) == absent) {
                    continue;
                }
                auto const [last, added] =
                    last_of_key_.try_emplace(tables_.pairing.messages[message].key, message);
                if (!added) {
                    compare(last->second, message);
                    last->second = message;
                }
            }
        }
    }

    void report(Findings& findings) {
        std::sort(pairs_.begin(), pairs_.end());
        pairs_.erase(std::unique(pairs_.begin(), pairs_.end()), pairs_.end());
        for (const Pair& pair : pairs_) {
            const Message& first = tables_.pairing.messages[pair.first];
            const Message& second = tables_.pairing.messages[pair.second];
            findings.add(Code::producer_reorder,
                         {findings.key(first.key), findings.value("first", first.value),
                          findings.value("second", second.value),
                          Findings::numbers("offsets", {tables_.low(first), tables_.low(second)})});
        }
    }

private:
    using GroupName = std::tuple<KeyId, bool, std::int64_t>;

    /// Both ops of a send may carry the producer's fields; the completion's win one by one.
    [[nodiscard]] SendFields fields_of(const Send& send) const {
        const auto& ops = tables_.history.ops();
        SendFields fields = tables_.history.send_fields(ops[send.last_op()]);
        if (send.invoked != none && send.completed != none) {
            SendFields const earlier = tables_.history.send_fields(ops[send.invoked]);
            fields.pid = fields.pid == absent ? earlier.pid : fields.pid;
            fields.epoch = fields.epoch == absent ? earlier.epoch : fields.epoch;
            fields.sequence = fields.sequence == absent ? earlier.sequence : fields.sequence;
        }
        return fields;
    }

    std::vector<Entry>& group(KeyId key, bool has_pid, std::int64_t producer) {
        GroupName const name{key, has_pid, producer};
        if (groups_.empty() || name != last_name_) {
            auto const [place, added] = group_ids_.try_emplace(name, groups_.size());
            if (added) {
                groups_.emplace_back();
            }
            last_name_ = name;
            last_group_ = place->second;
        }
        return groups_[last_group_];
    }

    void compare(std::uint32_t first, std::uint32_t second) {
        const Message& one = tables_.pairing.messages[first];
        if (tables_.low(tables_.pairing.messages[second]) <= tables_.low(one) &&
            first_copy_known(one)) {
            pairs_.push_back({first, second});
        }
    }
    /// Where its first copy stands: it has but one, or every record there ever was is in the drain.
    [[nodiscard]] bool first_copy_known(const Message& message) const {
        const KeyTable& key = tables_.key_of(message);
        return tables_.send_of(message)->copies_max == 1 || (key.drained() && key.start == 0);
    }

    const Tables& tables_;
    std::map<GroupName, std::size_t> group_ids_;
    std::vector<std::vector<Entry>> groups_;
    GroupName last_name_;
    std::size_t last_group_ = 0;
    std::map<KeyId, std::uint32_t> last_of_key_;
    std::vector<Pair> pairs_;
};

}  // namespace

/// Rule 11: low(second) <= low(first) for neighbours among messages not FAILED with low defined;
/// unless attempts of the first explain another copy, which may have stood before all that was read
/// and is gone with the records before the log start.
void producer_reorder(const Tables& tables, Findings& findings) {
    ProducerOrder order{tables};
    order.by_sequence();
    order.within_ops();
    order.report(findings);
}

}  // namespace brokersim::reports
