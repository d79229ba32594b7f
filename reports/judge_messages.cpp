// Rules 1 to 6, 9, 15 and 22: what became of each message.
#include "reports/judge_rules.h"

#include <algorithm>
#include <array>

namespace brokersim::reports {

namespace {

bool has(const Message& message, std::uint8_t flag) {
    return (message.flags & flag) != 0;
}

/// Fields key, value, and the least offset at which the value was read.
std::vector<Field> where_read(const Tables& tables, const Findings& findings,
                              const Message& message) {
    return {findings.key(message.key), findings.value("value", message.value),
            Findings::number("offset", tables.min_offset(message, sighting::observed))};
}

/// A message that nobody sent to this key: the smallest key to which its value was sent, if any.
KeyId smallest_sent_key(const Tables& tables, const Message& message) {
    const Names& names = tables.history.names;
    KeyId smallest = no_key;
    std::uint32_t other = tables.pairing.message_of_value[message.value];
    for (; other != none; other = tables.pairing.messages[other].next) {
        const Message& candidate = tables.pairing.messages[other];
        if (candidate.send != none &&
            (smallest == no_key || names.key_text(candidate.key) < names.key_text(smallest))) {
            smallest = candidate.key;
        }
    }
    return smallest;
}

bool visible_unsent(const Message& message) {
    return message.send == none && has(message, message_flag::visible);
}

}  // namespace

/// Rule 1: ACKED, Missing (J12), not excused (J6).
void lost_acked(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        if (has(message, message_flag::missing) && !has(message, message_flag::excused)) {
            findings.add(Code::lost_acked,
                         {findings.key(message.key), findings.value("value", message.value),
                          Findings::number("offset", message.acked)});
        }
    }
}

/// Rule 2: not foreign and |V| > max (J4).
void duplicate(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        if (!has(message, message_flag::visible) || has(message, message_flag::foreign) ||
            tables.sightings[message.sightings].next_of_message == none) {
            continue;
        }
        auto const offsets = tables.visible_offsets(message);
        if (offsets.size() > tables.send_of(message)->copies_max) {
            findings.add(Code::duplicate,
                         {findings.key(message.key), findings.value("value", message.value),
                          Findings::numbers("offsets", offsets)});
        }
    }
}

/// Rule 3: FAILED and visible.
void aborted_read(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        if (message.send != none && has(message, message_flag::foreign)) {
            findings.add(Code::aborted_read, where_read(tables, findings, message));
        }
    }
}

/// Rule 4: visible, sent to no key.
void phantom(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        if (visible_unsent(message) && smallest_sent_key(tables, message) == no_key) {
            findings.add(Code::phantom, where_read(tables, findings, message));
        }
    }
}

/// Rule 5: visible here, sent only to other keys.
void wrong_partition(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        if (!visible_unsent(message)) {
            continue;
        }
        KeyId const sent = smallest_sent_key(tables, message);
        if (sent != no_key) {
            auto fields = where_read(tables, findings, message);
            fields.insert(fields.begin() + 1, findings.sent_key(sent));
            findings.add(Code::wrong_partition, std::move(fields));
        }
    }
}

/// Rule 6: visible, not foreign, and a completed poll that returned it is before inv.
void read_before_send(const Tables& tables, Findings& findings) {
    if (!tables.history.config.realtime) {
        return;
    }
    for (const Message& message : tables.pairing.messages) {
        if (has(message, message_flag::read_early) && has(message, message_flag::visible) &&
            !has(message, message_flag::foreign)) {
            findings.add(Code::read_before_send, where_read(tables, findings, message));
        }
    }
}

/// Rule 9: (a, v) in A(k), V non-empty, a not in V; and the copy at a can be no unread further one:
/// max = 1, or everything at a was read (drained from S <= a on, or overtaken).
void ack_offset_mismatch(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        if (!has(message, message_flag::visible) || !tables.is_acked(message) ||
            message.acked == absent || has(message, message_flag::void_ack)) {
            continue;
        }
        const KeyTable& key = tables.key_of(message);
        bool const must_show =
            tables.send_of(message)->copies_max == 1 ||
            (key.drained() ? message.acked >= key.start : tables.overtaken(key, message.acked));
        // Almost always the only sighting is the acked one itself.
        const Sighting& newest = tables.sightings[message.sightings];
        bool const plain = newest.next_of_message == none;
        if (!must_show || plain) {
            continue;
        }
        auto const found = tables.visible_offsets(message);
        if (!std::binary_search(found.begin(), found.end(), message.acked)) {
            findings.add(
                Code::ack_offset_mismatch,
                {findings.key(message.key), findings.value("value", message.value),
                 Findings::number("acked", message.acked), Findings::numbers("found", found)});
        }
    }
}

/// Rule 15: drained; a non-void poll observation (o, v), not foreign, o >= S, v not in the drain.
void read_then_lost(const Tables& tables, Findings& findings) {
    for (const Message& message : tables.pairing.messages) {
        const KeyTable& key = tables.key_of(message);
        if (!key.drained() || !has(message, message_flag::visible) ||
            has(message, message_flag::foreign | message_flag::in_drain)) {
            continue;
        }
        for (std::int64_t const offset : tables.visible_offsets(message)) {
            if (offset >= key.start) {
                findings.add(Code::read_then_lost,
                             {findings.key(message.key), findings.value("value", message.value),
                              Findings::number("offset", offset)});
            }
        }
    }
}

namespace {

/// Rule 22 for one batch: e(i) = b + i - i0 is where member i belongs if the batch is in one piece.
void judge_batch(const Tables& tables, const Send& send, Findings& findings) {
    std::span const members{&tables.pairing.messages[send.first_message], send.message_count};
    auto const elsewhere = [&](const Message& member) { return member.key != members[0].key; };
    if (std::any_of(members.begin(), members.end(), elsewhere)) {
        return;  // a completion replaced the list by one that is no batch
    }
    const KeyTable& key = tables.key_of(members[0]);
    std::uint8_t const base = key.drained() ? sighting::drained : sighting::polled;
    auto const is_present = [&](const Message& member) {
        return tables.min_offset(member, base) != absent;
    };
    auto const first = std::find_if(members.begin(), members.end(), is_present);
    if (first == members.end()) {
        return;
    }
    std::int64_t const origin = tables.min_offset(*first, base) - (first - members.begin());
    std::vector<ValueId> present;
    std::vector<ValueId> missing;
    bool displaced = false;
    std::int64_t expected = origin;
    for (const Message& member : members) {
        std::int64_t const found = tables.min_offset(member, base);
        if (found != absent) {
            present.push_back(member.value);
            // The start of the log may cut a copy: what is left of it is no place of its own.
            bool const cut = key.drained() && found - (&member - members.data()) < key.start;
            displaced = displaced || (found != expected && !cut);
        } else if (key.drained() ? expected >= key.start : tables.overtaken(key, expected)) {
            missing.push_back(member.value);
        }
        ++expected;
    }
    if (displaced || !missing.empty()) {
        findings.add(Code::torn_batch,
                     {findings.key(members[0].key), findings.values("present", present),
                      findings.values("missing", missing)});
    }
}

}  // namespace

/// Rule 22: a batch, not FAILED, of which a part is missing or displaced. A copy that the start of
/// the log cuts displaces nothing.
void torn_batch(const Tables& tables, Findings& findings) {
    for (const Send& send : tables.pairing.sends) {
        if (send.batch && send.status != Status::failed && send.message_count != 0) {
            judge_batch(tables, send, findings);
        }
    }
}

}  // namespace brokersim::reports
