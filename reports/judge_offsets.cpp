// Rules 7, 8, 14 and 16: what stands at each offset.
#include "reports/judge_rules.h"

#include <algorithm>

namespace brokersim::reports {

namespace {

/// Calls `visit(id, key, slot)` for every slot, in the order of keys and offsets.
template <class Visit>
void each_slot(const Tables& tables, Visit visit) {
    for (KeyId id = 0; id < tables.keys.size(); ++id) {
        const KeyTable& key = tables.keys[id];
        for (std::uint32_t i = 0; i < key.slot_count; ++i) {
            visit(id, key, key.first_slot + i);
        }
    }
}

}  // namespace

/// Rule 7: an offset listed as corrupt, by anyone; once.
void corrupt_record(const Tables& tables, Findings& findings) {
    for (std::uint32_t const slot : tables.corrupt) {
        auto const owner = std::upper_bound(
            tables.keys.begin(), tables.keys.end(), slot,
            [](std::uint32_t wanted, const KeyTable& key) { return wanted < key.first_slot; });
        // Keys without slots share their first slot with the next key: the last one begins there.
        const KeyTable& key = *(owner - 1);
        findings.add(Code::corrupt_record,
                     {findings.key(static_cast<KeyId>(&key - tables.keys.data())),
                      Findings::number("offset", tables.offset_of(key, slot))});
    }
}

/// Rule 8: read values, acked values and "a control entry" (null) at one offset are two or more.
void inconsistent_offset(const Tables& tables, Findings& findings) {
    each_slot(tables, [&](KeyId id, const KeyTable& key, std::uint32_t slot) {
        const Sighting& first = tables.sightings[slot];
        bool const control = (first.slot_flags & sighting::slot_control) != 0;
        if (first.message == none || (first.next_in_slot == none && !control)) {
            return;
        }
        std::vector<ValueId> values;
        if (control) {
            values.push_back(no_value);
        }
        for (std::uint32_t index = slot; index != none;
             index = tables.sightings[index].next_in_slot) {
            values.push_back(tables.pairing.messages[tables.sightings[index].message].value);
        }
        findings.add(Code::inconsistent_offset,
                     {findings.key(id), Findings::number("offset", tables.offset_of(key, slot)),
                      findings.sorted_values("values", values)});
    });
}

namespace {

/// The drain itself accounts for this offset: a record, a control entry or a corrupt one.
bool in_drain(const Tables& tables, std::uint32_t slot) {
    std::uint8_t const flags = tables.sightings[slot].slot_flags;
    if ((flags & (sighting::slot_control | sighting::slot_drain_corrupt)) != 0) {
        return true;
    }
    if (tables.sightings[slot].message == none) {
        return false;
    }
    for (std::uint32_t index = slot; index != none; index = tables.sightings[index].next_in_slot) {
        if ((tables.sightings[index].flags & sighting::drained) != 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

/// Rule 14: contiguous, drained: a maximal run of [S, H) for which the drain has nothing.
void offset_gap(const Tables& tables, Findings& findings) {
    if (!tables.history.config.contiguous) {
        return;
    }
    for (KeyId id = 0; id < tables.keys.size(); ++id) {
        const KeyTable& key = tables.keys[id];
        if (!key.drained()) {
            continue;
        }
        std::int64_t expected = key.start;
        auto const report_until = [&](std::int64_t offset) {
            if (expected < offset) {
                findings.add(Code::offset_gap,
                             {findings.key(id), Findings::number("first", expected),
                              Findings::number("last", offset - 1)});
            }
        };
        std::uint32_t const end = tables.lower_slot(key, key.hw);
        for (std::uint32_t slot = tables.lower_slot(key, key.start); slot < end; ++slot) {
            if (in_drain(tables, slot)) {
                std::int64_t const offset = tables.offset_of(key, slot);
                report_until(offset);
                expected = offset + 1;
            }
        }
        report_until(key.hw);
    }
}

/// Rule 16: a polled record at or above the hw of its response, a drained one at or above H.
void read_above_hw(const Tables& tables, Findings& findings) {
    const History& history = tables.history;
    auto const check = [&](KeyId id, History::Range records, std::int64_t hw) {
        for (const Record& record : history.records(records)) {
            if (record.offset >= hw) {
                findings.add(
                    Code::read_above_hw,
                    {findings.key(id), findings.value("value", record.value),
                     Findings::number("offset", record.offset), Findings::number("hw", hw)});
            }
        }
    };
    for (const CompletedPoll& poll : tables.polls) {
        for (const History::StoredPart& part : history.parts(history.ops()[poll.op])) {
            if (part.hw != absent) {
                check(part.key, part.records, part.hw);
            }
        }
    }
    for (KeyId id = 0; id < tables.keys.size(); ++id) {
        if (tables.keys[id].drained()) {
            check(id, history.drain_of(history.ops()[tables.keys[id].drain_op]).records,
                  tables.keys[id].hw);
        }
    }
}

}  // namespace brokersim::reports
