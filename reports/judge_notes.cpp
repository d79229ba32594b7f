// The notes: what is worth saying and no anomaly.
#include "reports/judge_rules.h"

namespace brokersim::reports {

namespace {

bool has(const Message& message, std::uint8_t flag) {
    return (message.flags & flag) != 0;
}

std::vector<Field> named(const Findings& findings, const Message& message) {
    return {findings.key(message.key), findings.value("value", message.value)};
}

}  // namespace

/// Not foreign, 1 < |V| <= max.
void duplicate_allowed(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        if (!has(message, message_flag::visible) || has(message, message_flag::foreign) ||
            tables.sightings[message.sightings].next_of_message == none) {
            continue;
        }
        auto const offsets = tables.visible_offsets(message);
        if (offsets.size() > 1 && offsets.size() <= tables.send_of(message)->copies_max) {
            auto fields = named(findings, message);
            fields.push_back(Findings::numbers("offsets", offsets));
            findings.add(Code::duplicate_allowed, std::move(fields));
        }
    }
}

/// INDETERMINATE (handed included), and in the drain if the key is drained, else visible.
void recovered(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        const Send* send = tables.send_of(message);
        std::uint8_t const there =
            tables.key_of(message).drained() ? message_flag::in_drain : message_flag::visible;
        if (send != nullptr && send->status == Status::indeterminate && has(message, there)) {
            findings.add(Code::recovered, named(findings, message));
        }
    }
}

/// ACKED, Missing and excused; or handed, drained and not in the drain.
void lost_excused(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        const Send* send = tables.send_of(message);
        bool const excused_loss =
            has(message, message_flag::missing) && has(message, message_flag::excused);
        bool const handed_loss = send != nullptr && send->handed &&
                                 tables.key_of(message).drained() &&
                                 !has(message, message_flag::in_drain);
        if (excused_loss || handed_loss) {
            findings.add(Code::lost_excused, named(findings, message));
        }
    }
}

/// ACKED, not Missing, V empty, and nobody looked where it could be.
void unseen(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        if (!tables.is_acked(message) ||
            has(message, message_flag::missing | message_flag::visible)) {
            continue;
        }
        const KeyTable& key = tables.key_of(message);
        if (!key.drained() || (message.acked == absent && key.start > 0)) {
            auto fields = named(findings, message);
            fields.push_back(Findings::number("offset", message.acked));
            findings.add(Code::unseen, std::move(fields));
        }
    }
}

/// No message ACKED, no record polled or drained.
void vacuous(const Tables& tables, Findings& findings) {
    for (const Send& send : tables.pairing.sends) {
        if (send.status == Status::acked && send.message_count != 0) {
            return;
        }
    }
    const auto& ops = tables.history.ops();
    for (const CompletedPoll& poll : tables.polls) {
        for (const History::StoredPart& part : tables.history.parts(ops[poll.op])) {
            if (part.records.count != 0) {
                return;
            }
        }
    }
    for (const KeyTable& key : tables.keys) {
        if (key.drained() && tables.history.drain_of(ops[key.drain_op]).records.count != 0) {
            return;
        }
    }
    findings.add(Code::vacuous, {});
}

}  // namespace brokersim::reports
