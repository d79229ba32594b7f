// Pass 1 of the judge: pairs, extents, slots, then drains, polls and acks in that order, because
// a poll observation may be void by what the drain shows, and an ack by what both show.
#include "reports/judge_tables.h"

#include <algorithm>

namespace brokersim::reports {

namespace {

/// Position of the later event of two, either of which may be none.
std::uint32_t latest(std::uint32_t left, std::uint32_t right) {
    if (left == none || right == none) {
        return left == none ? right : left;
    }
    return std::max(left, right);
}

}  // namespace

std::optional<Malformed> Tables::build() {
    if (auto flaw = pair_sends(history, pairing)) {
        return flaw;
    }
    keys.resize(history.names.key_count());
    extents_.resize(keys.size());
    scan_ops();
    lay_out_slots();
    mark_excused();
    see_drains();
    see_polls();
    see_acks();
    for (Message& message : pairing.messages) {
        classify(message);
    }
    return std::nullopt;
}

void Tables::name_key(KeyId key) {
    if (key != no_key) {
        keys[key].named = true;
    }
}

void Tables::extend(KeyId key, std::int64_t offset) {
    Extent& extent = extents_[key];
    extent.first = std::min(extent.first, offset);
    extent.last = std::max(extent.last, offset);
    ++extent.count;
}

void Tables::extend_all(KeyId key, std::span<const std::int64_t> offsets) {
    for (std::int64_t const offset : offsets) {
        extend(key, offset);
    }
}

void Tables::scan_poll(const History::Op& op) {
    for (const History::StoredPart& part : history.parts(op)) {
        if (part.key == no_key) {
            continue;
        }
        for (const Record& record : history.records(part.records)) {
            extend(part.key, record.offset);
        }
        extend_all(part.key, history.offsets(part.corrupt));
    }
}

void Tables::scan_ops() {
    std::vector<std::uint32_t> open_polls(history.names.process_count(), none);
    const auto& ops = history.ops();
    for (std::uint32_t position = 0; position < ops.size(); ++position) {
        const History::Op& op = ops[position];
        switch (op.kind) {
            case OpKind::send:
                for (const SendMop& mop : history.sends(op)) {
                    keys[mop.key].named = true;
                    if (mop.offset != absent && op.type == OpType::ok) {
                        extend(mop.key, mop.offset);
                    }
                }
                break;
            case OpKind::poll:
                for (const History::StoredPart& part : history.parts(op)) {
                    name_key(part.key);
                }
                if (op.type == OpType::invoke) {
                    open_polls[op.process] = position;
                } else {
                    std::uint32_t& open = open_polls[op.process];
                    polls.push_back({position, open == none ? position : open});
                    open = none;
                    scan_poll(op);
                }
                break;
            case OpKind::drain: {
                const History::StoredDrain& drain = history.drain_of(op);
                KeyTable& key = keys[op.key];
                key.named = true;
                key.drain_op = position;
                key.start = drain.start;
                key.hw = drain.hw;
                for (const Record& record : history.records(drain.records)) {
                    extend(op.key, record.offset);
                }
                extend_all(op.key, history.offsets(drain.control));
                extend_all(op.key, history.offsets(drain.corrupt));
                break;
            }
            case OpKind::assign:
            case OpKind::subscribe:
                for (KeyId const key : history.listed(op)) {
                    keys[key].named = true;
                }
                break;
            case OpKind::leader:
                name_key(op.key);
                (op.key == no_key ? last_leader_all_ : keys[op.key].last_leader) = position;
                break;
            case OpKind::crash:
                last_crash_ = position;
                facts.push_back(position);
                break;
            case OpKind::budget_exceeded: {
                name_key(op.key);
                if (!history.excuses(op)) {
                    break;
                }
                bool const all = op.key == no_key;
                std::uint32_t& first = all ? first_budget_all_ : keys[op.key].first_budget;
                first = std::min(first, position);
                (all ? last_budget_all_ : keys[op.key].last_budget) = position;
                facts.push_back(position);
                break;
            }
            case OpKind::hw:
            case OpKind::leo:
                keys[op.key].named = true;
                facts.push_back(position);
                break;
            case OpKind::replica:
                keys[op.key].named = true;
                dumps.push_back(position);
                break;
            case OpKind::end:
                keys[op.key].named = true;
                break;
            case OpKind::restart:
            case OpKind::partition:
            case OpKind::heal:
            case OpKind::ignored:
                break;
        }
    }
    for (KeyTable& key : keys) {
        key.first_budget = std::min(key.first_budget, first_budget_all_);
        key.last_budget = latest(key.last_budget, last_budget_all_);
        key.last_leader = latest(key.last_leader, last_leader_all_);
    }
}

void Tables::lay_out_slots() {
    bool any_sparse = false;
    for (KeyId id = 0; id < keys.size(); ++id) {
        const Extent& extent = extents_[id];
        if (extent.count == 0) {
            continue;
        }
        auto const width = static_cast<std::uint64_t>(extent.last - extent.first) + 1;
        // An array may be up to four times as long as the offsets named; thinner ones are sorted.
        if (width <= 4 * extent.count + 64) {
            keys[id].base = extent.first;
            keys[id].slot_count = static_cast<std::uint32_t>(width);
        } else {
            keys[id].sparse_first = 0;
            any_sparse = true;
        }
    }
    if (any_sparse) {
        gather_sparse();
    }
    for (KeyTable& key : keys) {
        key.first_slot = slot_total_;
        slot_total_ += key.slot_count;
    }
    sightings.resize(slot_total_);
    extents_ = {};
}

void Tables::gather_sparse() {
    std::vector<std::vector<std::int64_t>> offsets(keys.size());
    auto const gather = [&](KeyId key, std::int64_t offset) {
        if (keys[key].sparse_first != none) {
            offsets[key].push_back(offset);
        }
    };
    auto const gather_part = [&](KeyId key, History::Range records, History::Range list) {
        for (const Record& record : history.records(records)) {
            gather(key, record.offset);
        }
        for (std::int64_t const offset : history.offsets(list)) {
            gather(key, offset);
        }
    };
    for (const History::Op& op : history.ops()) {
        if (op.kind == OpKind::send && op.type == OpType::ok) {
            for (const SendMop& mop : history.sends(op)) {
                if (mop.offset != absent) {
                    gather(mop.key, mop.offset);
                }
            }
        } else if (op.kind == OpKind::poll && op.type != OpType::invoke) {
            for (const History::StoredPart& part : history.parts(op)) {
                if (part.key != no_key) {
                    gather_part(part.key, part.records, part.corrupt);
                }
            }
        } else if (op.kind == OpKind::drain) {
            const History::StoredDrain& drain = history.drain_of(op);
            gather_part(op.key, drain.records, drain.control);
            gather_part(op.key, {}, drain.corrupt);
        }
    }
    for (KeyId id = 0; id < keys.size(); ++id) {
        if (keys[id].sparse_first == none) {
            continue;
        }
        std::sort(offsets[id].begin(), offsets[id].end());
        offsets[id].erase(std::unique(offsets[id].begin(), offsets[id].end()), offsets[id].end());
        keys[id].sparse_first = static_cast<std::uint32_t>(sparse_.size());
        keys[id].slot_count = static_cast<std::uint32_t>(offsets[id].size());
        sparse_.insert(sparse_.end(), offsets[id].begin(), offsets[id].end());
    }
}

std::uint32_t Tables::lower_slot(const KeyTable& key, std::int64_t offset) const {
    if (key.sparse_first == none) {
        std::int64_t const place =
            std::clamp<std::int64_t>(offset, key.base, key.base + key.slot_count) - key.base;
        return key.first_slot + static_cast<std::uint32_t>(place);
    }
    auto const begin = sparse_.begin() + key.sparse_first;
    auto const found = std::lower_bound(begin, begin + key.slot_count, offset);
    return key.first_slot + static_cast<std::uint32_t>(found - begin);
}

void Tables::mark_excused() {
    bool const realtime = history.config.realtime;
    auto const after = [realtime](std::uint32_t event, const Send& send) {
        return event != none && (!realtime || send.invoked == none || event > send.invoked);
    };
    for (Message& message : pairing.messages) {
        if (!is_acked(message)) {
            continue;
        }
        const Send& send = pairing.sends[message.send];
        const KeyTable& key = keys[message.key];
        bool const lone_copy = send.acks == Acks::one;
        if (after(key.last_budget, send) ||
            (lone_copy && (after(last_crash_, send) || after(key.last_leader, send)))) {
            message.flags |= message_flag::excused;
        }
    }
}

std::uint32_t Tables::find(std::uint32_t slot, std::uint32_t message) const {
    std::uint32_t in_slot = sightings[slot].message == none ? none : slot;
    std::uint32_t of_message = pairing.messages[message].sightings;
    while (in_slot != none && of_message != none) {
        if (sightings[in_slot].message == message) {
            return in_slot;
        }
        if (slot_of_sighting(of_message) == slot) {
            return of_message;
        }
        in_slot = sightings[in_slot].next_in_slot;
        of_message = sightings[of_message].next_of_message;
    }
    return none;
}

void Tables::see(std::uint32_t slot, std::uint32_t message, std::uint8_t flags) {
    std::uint32_t index = slot;
    if (sightings[slot].message == none) {
        sightings[slot].message = message;
    } else if (sightings[slot].message != message) {
        index = find(slot, message);
        if (index == none) {
            index = static_cast<std::uint32_t>(sightings.size());
            sightings.push_back({.message = message, .next_in_slot = sightings[slot].next_in_slot});
            further_slots_.push_back(slot);
            sightings[slot].next_in_slot = index;
        }
    }
    Sighting& sighting = sightings[index];
    if (sighting.flags == 0) {
        sighting.next_of_message = pairing.messages[message].sightings;
        pairing.messages[message].sightings = index;
    }
    sighting.flags |= flags;
}

void Tables::mark_corrupt(KeyId key, std::span<const std::int64_t> offsets, std::uint8_t flags) {
    for (std::int64_t const offset : offsets) {
        std::uint32_t const slot = lower_slot(keys[key], offset);
        std::uint8_t& slot_flags = sightings[slot].slot_flags;
        if ((slot_flags & sighting::slot_corrupt) == 0) {
            corrupt.push_back(slot);
        }
        slot_flags |= flags;
    }
}

void Tables::see_drains() {
    for (KeyId id = 0; id < keys.size(); ++id) {
        const KeyTable& key = keys[id];
        if (!key.drained()) {
            continue;
        }
        const History::StoredDrain& drain = history.drain_of(history.ops()[key.drain_op]);
        for (const Record& record : history.records(drain.records)) {
            std::uint32_t message = pairing.find(id, record.value);
            if (message == none) {
                message = pairing.add_unsent(id, record.value);
            }
            see(lower_slot(key, record.offset), message, sighting::drained);
        }
        for (std::int64_t const offset : history.offsets(drain.control)) {
            sightings[lower_slot(key, offset)].slot_flags |= sighting::slot_control;
        }
        mark_corrupt(id, history.offsets(drain.corrupt),
                     sighting::slot_corrupt | sighting::slot_drain_corrupt);
    }
}

bool Tables::is_void_after_budget(const KeyTable& key, const Message& message,
                                  std::int64_t offset) const {
    if (message.send == none || is_failed(message)) {
        return false;
    }
    auto const index = static_cast<std::uint32_t>(&message - pairing.messages.data());
    std::uint32_t const found = find(lower_slot(key, offset), index);
    return found == none || (sightings[found].flags & sighting::drained) == 0;
}

void Tables::see_polls() {
    for (const CompletedPoll& poll : polls) {
        const History::Op& op = history.ops()[poll.op];
        for (const History::StoredPart& part : history.parts(op)) {
            if (part.key == no_key) {
                continue;
            }
            KeyTable& key = keys[part.key];
            for (const Record& record : history.records(part.records)) {
                std::uint32_t message = pairing.find(part.key, record.value);
                if (message == none) {
                    message = pairing.add_unsent(part.key, record.value);
                }
                Message& seen = pairing.messages[message];
                const Send* send = send_of(seen);
                if (send != nullptr && send->invoked != none && poll.op < send->invoked) {
                    seen.flags |= message_flag::read_early;
                }
                if (is_void(key, poll.op, seen, record.offset)) {
                    continue;
                }
                see(lower_slot(key, record.offset), message, sighting::polled);
                if (op.type == OpType::ok) {
                    key.ok_polled_max = std::max(key.ok_polled_max, record.offset);
                }
            }
            mark_corrupt(part.key, history.offsets(part.corrupt), sighting::slot_corrupt);
        }
    }
}

void Tables::see_acks() {
    for (std::uint32_t index = 0; index < pairing.messages.size(); ++index) {
        Message& message = pairing.messages[index];
        if (!is_acked(message) || message.acked == absent) {
            continue;
        }
        const KeyTable& key = key_of(message);
        std::uint32_t const slot = lower_slot(key, message.acked);
        if ((message.flags & message_flag::excused) != 0) {
            std::uint8_t const witness = key.drained() ? sighting::drained : sighting::observed;
            std::uint32_t const found = find(slot, index);
            if (found == none || (sightings[found].flags & witness) == 0) {
                message.flags |= message_flag::void_ack;
                continue;
            }
        }
        see(slot, index, sighting::acked);
    }
}

void Tables::classify(Message& message) {
    const KeyTable& key = key_of(message);
    bool const drained = key.drained();
    for (std::uint32_t index = message.sightings; index != none;
         index = sightings[index].next_of_message) {
        std::uint8_t const flags = sightings[index].flags;
        if ((flags & sighting::observed) == 0) {
            continue;
        }
        message.flags |= message_flag::visible;
        if ((flags & sighting::drained) != 0) {
            message.flags |= message_flag::in_drain;
        }
        if (drained && offset_of(key, slot_of_sighting(index)) < key.start) {
            message.flags |= message_flag::below_start;
        }
    }
    bool const visible = (message.flags & message_flag::visible) != 0;
    if (visible && (message.send == none || is_failed(message))) {
        message.flags |= message_flag::foreign;
    }
    if (!is_acked(message)) {
        return;
    }
    bool const known = message.acked != absent;
    if (drained && known && message.acked < key.start) {
        message.flags |= message_flag::below_start;
    }
    bool missing = false;
    if (drained) {
        bool const could_be_below = !known && key.start > 0 && !visible;
        missing = (message.flags & (message_flag::in_drain | message_flag::below_start)) == 0 &&
                  !could_be_below;
    } else {
        missing = !visible && known && overtaken(key, message.acked);
    }
    if (missing) {
        message.flags |= message_flag::missing;
    }
}

std::vector<std::int64_t> Tables::visible_offsets(const Message& message) const {
    std::vector<std::int64_t> offsets;
    for (std::uint32_t index = message.sightings; index != none;
         index = sightings[index].next_of_message) {
        if ((sightings[index].flags & sighting::observed) != 0) {
            offsets.push_back(offset_of_sighting(index));
        }
    }
    std::sort(offsets.begin(), offsets.end());
    return offsets;
}

std::int64_t Tables::min_offset(const Message& message, std::uint8_t flags) const {
    std::int64_t least = absent;
    for (std::uint32_t index = message.sightings; index != none;
         index = sightings[index].next_of_message) {
        if ((sightings[index].flags & flags) != 0) {
            std::int64_t const offset = offset_of_sighting(index);
            least = least == absent ? offset : std::min(least, offset);
        }
    }
    return least;
}

}  // namespace brokersim::reports
