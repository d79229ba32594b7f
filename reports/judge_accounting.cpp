// The sums and the identities that must hold between them (A1 to A6). Each side of an identity is
// counted by a loop of its own over different data, so that a wrong table shows as an imbalance.
#include "reports/judge_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokersim::reports {

namespace {

class Accountant {
public:
    Accountant(const Tables& tables, Sums& sums) : tables_{tables}, sums_{sums} {}

    void count() {
        count_ops();
        count_sends();
        count_statuses();
        count_records();
        count_values();
        count_copies();
        count_acked();
    }

    [[nodiscard]] std::optional<std::string> imbalance() const {
        const auto& s = sums_;
        struct Identity {
            const char* name;
            std::int64_t left;
            std::int64_t right;
        };
        Identity const identities[] = {
            {"A1 sends", s.sends, s.acked + s.handed + s.failed + s.indeterminate},
            {"A2 attempts", std::max(s.attempts, s.send_ops), s.attempts},
            {"A3 records", s.records, s.unique + s.extra_copies},
            {"A4 extra_copies", s.extra_copies, s.extra_legal + s.extra_illegal},
            {"A5 unique", s.unique,
             s.acked_found + s.recovered + s.aborted + s.misplaced + s.phantom},
            {"A6 acked", s.acked, acked_seen_ + s.lost + s.excused + s.below_start + s.unseen},
            {"A6 acked_found", s.acked_found, acked_seen_},
        };
        for (const Identity& identity : identities) {
            if (identity.left != identity.right) {
                return fmt::format("broken accounting: {} is {}, the other side {}", identity.name,
                                   identity.left, identity.right);
            }
        }
        return std::nullopt;
    }

private:
    /// R(k): of the drain if k is drained, else what polls saw.
    [[nodiscard]] std::uint8_t read_flag(KeyId key) const {
        return tables_.keys[key].drained() ? sighting::drained : sighting::polled;
    }

    void count_ops() {
        const auto& ops = tables_.history.ops();
        sums_.ops = static_cast<std::int64_t>(ops.size());
        for (const History::Op& op : ops) {
            sums_.ignored += op.kind == OpKind::ignored || op.kind == OpKind::end ? 1 : 0;
        }
        for (const KeyTable& key : tables_.keys) {
            sums_.keys += key.named ? 1 : 0;
            sums_.drained += key.drained() ? 1 : 0;
        }
    }

    void count_sends() {
        for (const Send& send : tables_.pairing.sends) {
            ++sums_.send_ops;
            sums_.attempts += send.attempts;
            sums_.sends += send.message_count;
        }
    }

    void count_statuses() {
        for (const Message& message : tables_.pairing.messages) {
            const Send* send = tables_.send_of(message);
            if (send == nullptr) {
                continue;
            }
            switch (send->status) {
                case Status::acked:
                    ++sums_.acked;
                    break;
                case Status::failed:
                    ++sums_.failed;
                    break;
                case Status::indeterminate:
                    ++(send->handed ? sums_.handed : sums_.indeterminate);
                    break;
            }
        }
    }

    /// By sightings: every pair once; the first of a message is unique, the rest are extra.
    void count_records() {
        std::vector<bool> met(tables_.pairing.messages.size(), false);
        for (const Sighting& sighting : tables_.sightings) {
            if (sighting.message == none) {
                continue;
            }
            KeyId const key = tables_.pairing.messages[sighting.message].key;
            if ((sighting.flags & read_flag(key)) == 0) {
                continue;
            }
            ++sums_.records;
            sums_.extra_copies += met[sighting.message] ? 1 : 0;
            met[sighting.message] = true;
        }
    }

    [[nodiscard]] std::int64_t copies(const Message& message) const {
        std::uint8_t const flag = read_flag(message.key);
        std::int64_t count = 0;
        for (std::uint32_t index = message.sightings; index != none;
             index = tables_.sightings[index].next_of_message) {
            count += (tables_.sightings[index].flags & flag) != 0 ? 1 : 0;
        }
        return count;
    }

    /// By values read: each is somebody's message, or nobody's.
    void count_values() {
        for (const Message& message : tables_.pairing.messages) {
            if (copies(message) == 0) {
                continue;
            }
            ++sums_.unique;
            const Send* send = tables_.send_of(message);
            if (send == nullptr) {
                ++(was_sent(message.value) ? sums_.misplaced : sums_.phantom);
                continue;
            }
            switch (send->status) {
                case Status::acked:
                    ++sums_.acked_found;
                    break;
                case Status::failed:
                    ++sums_.aborted;
                    break;
                case Status::indeterminate:
                    ++sums_.recovered;
                    break;
            }
        }
    }

    [[nodiscard]] bool was_sent(ValueId value) const {
        std::uint32_t message = tables_.pairing.message_of_value[value];
        while (message != none && tables_.pairing.messages[message].send == none) {
            message = tables_.pairing.messages[message].next;
        }
        return message != none;
    }

    void count_copies() {
        for (const Message& message : tables_.pairing.messages) {
            std::int64_t const count = copies(message);
            if (count < 2) {
                continue;
            }
            bool const foreign = (message.flags & message_flag::foreign) != 0;
            std::int64_t const legal =
                foreign ? 0
                        : std::min<std::int64_t>(count, tables_.send_of(message)->copies_max) - 1;
            sums_.extra_legal += legal;
            sums_.extra_illegal += count - 1 - legal;
        }
    }

    /// By sends: what became of every acked message, from the flags that the rules use.
    void count_acked() {
        for (const Send& send : tables_.pairing.sends) {
            if (send.status != Status::acked) {
                continue;
            }
            for (std::uint32_t i = 0; i < send.message_count; ++i) {
                count_acked(tables_.pairing.messages[send.first_message + i]);
            }
        }
    }

    void count_acked(const Message& message) {
        std::uint8_t const there =
            tables_.key_of(message).drained() ? message_flag::in_drain : message_flag::visible;
        if ((message.flags & there) != 0) {
            ++acked_seen_;
        } else if ((message.flags & message_flag::missing) != 0) {
            ++((message.flags & message_flag::excused) != 0 ? sums_.excused : sums_.lost);
        } else if ((message.flags & message_flag::below_start) != 0) {
            ++sums_.below_start;
        } else {
            ++sums_.unseen;
        }
    }

    const Tables& tables_;
    Sums& sums_;
    std::int64_t acked_seen_ = 0;
};

}  // namespace

std::optional<std::string> account(const Tables& tables, Sums& sums) {
    Accountant accountant{tables, sums};
    accountant.count();
    return accountant.imbalance();
}

}  // namespace brokersim::reports
