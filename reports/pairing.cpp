// One sweep over the ops; a stack per process finds the latest open send.
#include "reports/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace brokersim::reports {

namespace {

class Pairer {
public:
    Pairer(const History& history, Pairing& pairing) : history_{history}, pairing_{pairing} {
        const auto& ops = history.ops();
        pairing.message_of_value.assign(history.names.value_count(), none);
        pairing.sends.reserve(ops.size() / 2);
        pairing.messages.reserve(ops.size() / 2);
        open_.resize(history.names.process_count());
    }

    std::optional<Malformed> run() {
        const auto& ops = history_.ops();
        for (std::uint32_t position = 0; position < ops.size(); ++position) {
            if (ops[position].kind != OpKind::send) {
                continue;
            }
            if (ops[position].type == OpType::invoke) {
                on_invocation(position);
            } else {
                on_completion(position);
            }
        }
        for (Send& send : pairing_.sends) {
            settle(send);
        }
        return find_double_send();
    }

private:
    void on_invocation(std::uint32_t position) {
        Send& send = add_send(history_.ops()[position]);
        send.invoked = position;
        open_[send.process].push_back(static_cast<std::uint32_t>(pairing_.sends.size() - 1));
    }

    void on_completion(std::uint32_t position) {
        const History::Op& op = history_.ops()[position];
        std::uint32_t send = find_open_equal(op);
        if (send == none) {
            send = latest_open(op.process);
            if (send != none) {
                forget_messages(pairing_.sends[send]);
                add_messages(send, op);
            } else {
                add_send(op);
                send = static_cast<std::uint32_t>(pairing_.sends.size() - 1);
            }
        }
        pairing_.sends[send].completed = position;
        latest_open(op.process);  // drops what is closed from the top of the stack
    }

    Send& add_send(const History::Op& op) {
        auto const index = static_cast<std::uint32_t>(pairing_.sends.size());
        pairing_.sends.emplace_back().process = op.process;
        add_messages(index, op);
        return pairing_.sends.back();
    }

    void add_messages(std::uint32_t send, const History::Op& op) {
        pairing_.sends[send].first_message = static_cast<std::uint32_t>(pairing_.messages.size());
        pairing_.sends[send].message_count = op.count;
        for (const SendMop& mop : history_.sends(op)) {
            auto const index = static_cast<std::uint32_t>(pairing_.messages.size());
            std::uint32_t& head = pairing_.message_of_value[mop.value];
            if (head != none) {
                shared_values_.push_back(index);
            }
            pairing_.messages.push_back(
                {.key = mop.key, .value = mop.value, .send = send, .next = head});
            head = index;
        }
    }

    /// The invocation's list was replaced: its messages were never sent.
    void forget_messages(const Send& send) {
        for (std::uint32_t i = 0; i < send.message_count; ++i) {
            std::uint32_t const index = send.first_message + i;
            std::uint32_t* link = &pairing_.message_of_value[pairing_.messages[index].value];
            while (*link != index) {
                link = &pairing_.messages[*link].next;
            }
            *link = pairing_.messages[index].next;
            pairing_.messages[index].send = forgotten;
        }
    }

    [[nodiscard]] bool is_open(std::uint32_t send) const {
        return pairing_.sends[send].completed == none && pairing_.sends[send].invoked != none;
    }

    [[nodiscard]] std::uint32_t find_open_equal(const History::Op& op) const {
        auto const mops = history_.sends(op);
        if (mops.empty()) {
            return none;
        }
        std::uint32_t message = pairing_.message_of_value[mops[0].value];
        for (; message != none; message = pairing_.messages[message].next) {
            std::uint32_t const index = pairing_.messages[message].send;
            const Send& send = pairing_.sends[index];
            if (send.first_message == message && send.process == op.process && is_open(index) &&
                has_list(send, mops)) {
                return index;
            }
        }
        return none;
    }

    [[nodiscard]] bool has_list(const Send& send, std::span<const SendMop> mops) const {
        if (send.message_count != mops.size()) {
            return false;
        }
        const Message* message = &pairing_.messages[send.first_message];
        return std::all_of(mops.begin(), mops.end(), [&](const SendMop& mop) {
            bool const equal = message->key == mop.key && message->value == mop.value;
            ++message;
            return equal;
        });
    }

    std::uint32_t latest_open(ProcessId process) {
        auto& stack = open_[process];
        while (!stack.empty() && !is_open(stack.back())) {
            stack.pop_back();
        }
        return stack.empty() ? none : stack.back();
    }

    /// J3 and J4 from both ops; the completion's fields win one by one.
    void settle(Send& send) {
        const History::Op& last = history_.ops()[send.last_op()];
        SendFields fields = history_.send_fields(last);
        if (send.completed != none && send.invoked != none) {
            fill_in(fields, history_.send_fields(history_.ops()[send.invoked]));
        }
        const Config& config = history_.config;
        send.acks = fields.acks == Acks::unset ? config.acks : fields.acks;
        send.idempotent = fields.idempotent == Choice::unset ? config.idempotent
                                                             : fields.idempotent == Choice::yes;
        send.batch = fields.batch == Choice::yes;
        send.attempts = std::max(fields.attempts, 1U);
        send.copies_max = copies_max(fields.max_copies, send);
        bool const ok = last.type == OpType::ok;
        send.handed = ok && send.acks == Acks::zero;
        if (ok && !send.handed) {
            send.status = Status::acked;
            take_offsets(send, last);
        } else if (last.type == OpType::fail) {
            send.status = Status::failed;
        }
    }

    static void fill_in(SendFields& fields, const SendFields& earlier) {
        auto const fill = [](auto& field, auto other, auto unset) {
            field = field == unset ? other : field;
        };
        fill(fields.attempts, earlier.attempts, 0U);
        fill(fields.max_copies, earlier.max_copies, 0U);
        fill(fields.acks, earlier.acks, Acks::unset);
        fill(fields.idempotent, earlier.idempotent, Choice::unset);
        fill(fields.batch, earlier.batch, Choice::unset);
    }

    [[nodiscard]] std::uint32_t copies_max(std::uint32_t given, const Send& send) const {
        if (given != 0) {
            return given;
        }
        if (send.idempotent) {
            return 1;
        }
        constexpr std::uint64_t bound = std::numeric_limits<std::uint32_t>::max();
        auto const per_attempt =
            std::min(bound, static_cast<std::uint64_t>(history_.config.network_dup) + 1);
        return static_cast<std::uint32_t>(std::min(bound, per_attempt * send.attempts));
    }

    void take_offsets(const Send& send, const History::Op& op) {
        std::uint32_t message = send.first_message;
        for (const SendMop& mop : history_.sends(op)) {
            pairing_.messages[message++].acked = mop.offset;
        }
    }

    std::optional<Malformed> find_double_send() {
        std::optional<Malformed> flaw;
        for (std::uint32_t const index : shared_values_) {
            const Message& message = pairing_.messages[index];
            if (message.send == forgotten) {
                continue;
            }
            for (std::uint32_t other = message.next; other != none;
                 other = pairing_.messages[other].next) {
                if (pairing_.messages[other].key != message.key) {
                    continue;
                }
                std::uint32_t const op = first_op(index);
                if (!flaw || op < flaw->op) {
                    flaw = Malformed{op, fmt::format("message {} of {} is sent twice",
                                                     history_.names.value_text(message.value),
                                                     history_.names.key_text(message.key))};
                }
                break;
            }
        }
        // Forgotten messages were only kept while chains could still change.
        for (Message& message : pairing_.messages) {
            message.send = message.send == forgotten ? none : message.send;
        }
        return flaw;
    }

    /// Where the message first stands: in the invocation, unless the completion replaced its list.
    [[nodiscard]] std::uint32_t first_op(std::uint32_t message) const {
        const Send& send = pairing_.sends[pairing_.messages[message].send];
        if (send.invoked == none) {
            return send.completed;
        }
        auto const mops = history_.sends(history_.ops()[send.invoked]);
        return has_list(send, mops) ? send.invoked : send.last_op();
    }

    static constexpr std::uint32_t forgotten = none - 1;

    const History& history_;
    Pairing& pairing_;
    std::vector<std::vector<std::uint32_t>> open_;  // by process: invoked sends, latest last
    std::vector<std::uint32_t> shared_values_;      // messages added to a chain that had one
};

}  // namespace

std::uint32_t Pairing::add_unsent(KeyId key, ValueId value) {
    auto const index = static_cast<std::uint32_t>(messages.size());
    messages.push_back({.key = key, .value = value, .next = message_of_value[value]});
    message_of_value[value] = index;
    return index;
}

std::optional<Malformed> pair_sends(const History& history, Pairing& pairing) {
    return Pairer{history, pairing}.run();
}

}  // namespace brokersim::reports
