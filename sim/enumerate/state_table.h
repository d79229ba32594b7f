// StateTable: hashes of images that were seen, each with the number of what became of it.
#pragma once

#include <cstdint>
#include <vector>

namespace brokersim::enumeration {

/// Open addressing; it is asked by hash and never walked, so its order cannot matter. Two images
/// with one 64-bit hash count as one: at ten million images that happens once in 370,000 runs.
class StateTable {
public:
    static constexpr std::uint32_t none = UINT32_MAX;

    StateTable() : slots_(first_slots) {}

    /// The value of a hash, or `none`.
    [[nodiscard]] std::uint32_t find(std::uint64_t hash) const {
        std::size_t at = hash & (slots_.size() - 1);
        while (slots_[at].value != none) {
            if (slots_[at].hash == hash) {
                return slots_[at].value;
            }
            at = (at + 1) & (slots_.size() - 1);
        }
        return none;
    }
    /// The hash must be new.
    void insert(std::uint64_t hash, std::uint32_t value) {
        if ((count_ + 1) * 2 > slots_.size()) {
            grow();
        }
        place(hash, value);
        ++count_;
    }
    [[nodiscard]] std::uint64_t size() const { return count_; }

private:
    static constexpr std::size_t first_slots = 1 << 12;
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t value = none;
    };

    void place(std::uint64_t hash, std::uint32_t value) {
        std::size_t at = hash & (slots_.size() - 1);
        while (slots_[at].value != none) {
            at = (at + 1) & (slots_.size() - 1);
        }
        slots_[at] = Slot{hash, value};
    }
    void grow() {
        std::vector<Slot> former(slots_.size() * 2);
        former.swap(slots_);
        for (const Slot& slot : former) {
            if (slot.value != none) {
                place(slot.hash, slot.value);
            }
        }
    }

    std::vector<Slot> slots_;
    std::uint64_t count_ = 0;
};

}  // namespace brokersim::enumeration
