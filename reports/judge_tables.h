// The judge's tables: which value stood at which offset, by whose word, and what excuses apply.
//
// Every offset that anybody named gets a slot; a slot holds its first sighting in place and chains
// further ones, so that a healthy history costs 16 bytes per offset and one step per record. A
// sighting is a distinct (offset, value) of one key with flags for who said so.
#pragma once

#include "reports/pairing.h"

#include <span>
#include <vector>

namespace brokersim::reports {

/// One distinct (offset, value) of a key; also carries what is known of its slot itself.
struct Sighting {
    std::uint32_t message = none;
    std::uint32_t next_in_slot = none;
    std::uint32_t next_of_message = none;
    std::uint8_t flags = 0;       // of (offset, value)
    std::uint8_t slot_flags = 0;  // of the offset; valid in the first sighting of a slot
};

namespace sighting {
inline constexpr std::uint8_t polled = 1;  // by a non-void poll observation
inline constexpr std::uint8_t drained = 2;
inline constexpr std::uint8_t acked = 4;                    // in A(k): a known ack that is not void
inline constexpr std::uint8_t observed = polled | drained;  // then it is in O(k, o) and V(k, v)
inline constexpr std::uint8_t slot_control = 1;
inline constexpr std::uint8_t slot_corrupt = 2;        // listed as corrupt by anyone
inline constexpr std::uint8_t slot_drain_corrupt = 4;  // by the drain
}  // namespace sighting

namespace message_flag {
inline constexpr std::uint8_t excused = 1;       // J6
inline constexpr std::uint8_t void_ack = 2;      // J9
inline constexpr std::uint8_t visible = 4;       // J8
inline constexpr std::uint8_t in_drain = 8;      // v is a value of Drain(k)
inline constexpr std::uint8_t below_start = 16;  // a < S, or an offset of V(k, v) < S
inline constexpr std::uint8_t missing = 32;      // J12; only of acked messages
inline constexpr std::uint8_t read_early = 64;   // a completed poll returned it before inv
inline constexpr std::uint8_t foreign = 128;     // J8
}  // namespace message_flag

/// What is known of one key.
struct KeyTable {
    std::int64_t base = 0;  // offset of the first slot, if dense
    std::uint32_t first_slot = 0;
    std::uint32_t slot_count = 0;
    std::uint32_t sparse_first = none;  // index of its offsets if they are too thin for an array
    std::uint32_t drain_op = none;
    std::int64_t start = 0;             // S
    std::int64_t hw = 0;                // H
    std::uint32_t first_budget = none;  // positions of budget_exceeded covering this key
    std::uint32_t last_budget = none;
    std::uint32_t last_leader = none;
    std::int64_t ok_polled_max = absent;  // for J11: over non-void observations of ok polls
    bool named = false;                   // some op names this key

    [[nodiscard]] bool drained() const { return drain_op != none; }
    /// A budget_exceeded on this key comes after `position`.
    [[nodiscard]] bool budget_after(std::uint32_t position) const {
        return last_budget != none && last_budget > position;
    }
    /// Rules 18, 19 and 21 are off.
    [[nodiscard]] bool budget_before(std::uint32_t position) const {
        return first_budget < position;
    }
};

struct CompletedPoll {
    std::uint32_t op;
    std::uint32_t invoked;  // its own position if it has no invocation
};

class Tables {
public:
    explicit Tables(const History& judged) : history{judged} {}

    /// Pass 1. Returns the flaw of a malformed history; the tables are then unusable.
    [[nodiscard]] std::optional<Malformed> build();

    const History& history;
    Pairing pairing;
    std::vector<KeyTable> keys;
    std::vector<Sighting> sightings;  // by slot, then the further ones
    std::vector<CompletedPoll> polls;
    std::vector<std::uint32_t> facts;    // positions of hw, leo, crash, budget_exceeded ops
    std::vector<std::uint32_t> dumps;    // positions of replica ops
    std::vector<std::uint32_t> corrupt;  // slots listed as corrupt, each once

    [[nodiscard]] const KeyTable& key_of(const Message& message) const { return keys[message.key]; }
    [[nodiscard]] const Send* send_of(const Message& message) const {
        return message.send == none ? nullptr : &pairing.sends[message.send];
    }
    [[nodiscard]] bool is_acked(const Message& message) const {
        const Send* send = send_of(message);
        return send != nullptr && send->status == Status::acked;
    }
    [[nodiscard]] bool is_failed(const Message& message) const {
        const Send* send = send_of(message);
        return send != nullptr && send->status == Status::failed;
    }

    [[nodiscard]] std::int64_t offset_of(const KeyTable& key, std::uint32_t slot) const {
        std::uint32_t const place = slot - key.first_slot;
        return key.sparse_first == none ? key.base + place : sparse_[key.sparse_first + place];
    }
    [[nodiscard]] std::int64_t offset_of_sighting(std::uint32_t index) const {
        const Sighting& sighting = sightings[index];
        return offset_of(keys[pairing.messages[sighting.message].key], slot_of_sighting(index));
    }
    /// The first slot of the key whose offset is >= `offset`, or the end of its slots.
    [[nodiscard]] std::uint32_t lower_slot(const KeyTable& key, std::int64_t offset) const;

    /// V(k, v), ascending.
    [[nodiscard]] std::vector<std::int64_t> visible_offsets(const Message& message) const;
    /// The least offset among sightings with one of `flags`; absent if there is none.
    [[nodiscard]] std::int64_t min_offset(const Message& message, std::uint8_t flags) const;
    /// J10: undefined (absent) if nothing was read and no ack names an offset.
    [[nodiscard]] std::int64_t low(const Message& message) const {
        return min_offset(message, sighting::observed | sighting::acked);
    }
    /// J10 and rule 7: the slot counts as known to clients.
    [[nodiscard]] bool known(std::uint32_t slot) const {
        const Sighting& first = sightings[slot];
        return (first.slot_flags & sighting::slot_control) == 0 &&
               (first.message != none || (first.slot_flags & sighting::slot_corrupt) != 0);
    }
    /// J11.
    [[nodiscard]] bool overtaken(const KeyTable& key, std::int64_t offset) const {
        return !history.config.retention && key.ok_polled_max > offset;
    }
    /// J7, for an observation of `message` at `offset` by the poll completed at `position`.
    [[nodiscard]] bool is_void(const KeyTable& key, std::uint32_t position, const Message& message,
                               std::int64_t offset) const {
        return key.budget_after(position) && is_void_after_budget(key, message, offset);
    }

private:
    struct Extent {
        std::int64_t first = number_max;
        std::int64_t last = -number_max;
        std::uint64_t count = 0;
    };

    void scan_ops();
    void scan_poll(const History::Op& op);
    void name_key(KeyId key);
    void extend(KeyId key, std::int64_t offset);
    void extend_all(KeyId key, std::span<const std::int64_t> offsets);
    void lay_out_slots();
    void gather_sparse();
    void mark_excused();
    void see_drains();
    void see_polls();
    void see_acks();
    void classify(Message& message);

    [[nodiscard]] bool is_void_after_budget(const KeyTable& key, const Message& message,
                                            std::int64_t offset) const;
    [[nodiscard]] std::uint32_t slot_of_sighting(std::uint32_t index) const {
        return index < slot_total_ ? index : further_slots_[index - slot_total_];
    }
    /// The sighting of that message in that slot, or none. Follows both chains in step, because
    /// one value at very many offsets, or many at one, must not make the judge quadratic.
    [[nodiscard]] std::uint32_t find(std::uint32_t slot, std::uint32_t message) const;
    void see(std::uint32_t slot, std::uint32_t message, std::uint8_t flags);
    void mark_corrupt(KeyId key, std::span<const std::int64_t> offsets, std::uint8_t flags);

    std::vector<Extent> extents_;
    std::vector<std::int64_t> sparse_;
    std::vector<std::uint32_t> further_slots_;  // slot of sightings beyond the first ones
    std::uint32_t slot_total_ = 0;
    std::uint32_t last_crash_ = none;
    std::uint32_t last_leader_all_ = none;
    std::uint32_t first_budget_all_ = none;
    std::uint32_t last_budget_all_ = none;
};

}  // namespace brokersim::reports
