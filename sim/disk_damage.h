// What a disk shows in place of what was written to it: rot, sectors that cannot be read, writes
// that went astray, reads that go wrong once, and syncs that lied.
//
// Everything is an overlay beside pristine bytes, so that a fault can be lifted, a reading can be
// credited to the element behind it, and the oracle can always ask what was written. A booting
// machine is taken to read its media: clean pages may have left the cache. Bytes that no sync
// covered are in the cache alone and cannot be damaged.
#pragma once

#include "broker_core/base/bytes.h"

#include <cstdint>
#include <vector>

namespace brokersim {

using broker::Bytes;
using broker::ByteSpan;

class DiskDamage {
public:
    /// From now on `offset` of the file reads as `shown`.
    void show(std::uint32_t element, std::uint32_t inode, std::uint64_t offset, Bytes shown);
    /// Reads that touch these bytes fail.
    void hide(std::uint32_t element, std::uint32_t inode, std::uint64_t offset,
              std::uint64_t length);
    /// The next reading of the file is wrong once: `shown` at `offset`.
    void mislead(std::uint32_t element, std::uint32_t inode, std::uint64_t offset, Bytes shown);
    /// Takes back what the element did, as far as nobody read it.
    void lift(std::uint32_t element);
    /// A sector that is written anew is good again.
    void overwritten(std::uint32_t inode, std::uint64_t offset, std::uint64_t length);
    /// What stood there was lost with power, and older bytes are back: they may be the very ones
    /// that a reading was to show once, so there is no wrong reading of them any more.
    void went_back(std::uint32_t inode, std::uint64_t offset, std::uint64_t length);
    /// The file is gone.
    void forget(std::uint32_t inode);

    /// Changes `content`, which stands at `offset` of a file, to what a reading gives; false if it
    /// fails.
    bool read(std::uint32_t inode, std::uint64_t offset, Bytes& content);
    /// Whether this file reads as something else than was written.
    [[nodiscard]] bool is_damaged(std::uint32_t inode) const;
    [[nodiscard]] bool any() const { return !overlays_.empty(); }
    /// Readings that were wrong, or failed.
    [[nodiscard]] std::uint64_t met() const { return met_; }
    /// Of these, those that will be the same the next time.
    [[nodiscard]] std::uint64_t met_for_good() const { return met_for_good_; }
    /// Readings of places that the element had damaged: its chances.
    [[nodiscard]] std::uint64_t chances(std::uint32_t element) const;
    /// Elements whose damage was read since the last call.
    std::vector<std::uint32_t> take_effective();

private:
    struct Overlay {
        std::uint32_t element = 0;
        std::uint32_t inode = 0;
        std::uint64_t offset = 0;
        std::uint64_t length = 0;
        Bytes shown;  // empty: it cannot be read
        bool once = false;
    };
    struct Reading {
        std::uint32_t element;
        std::uint64_t count;
    };
    void count(std::uint32_t element);

    std::vector<Overlay> overlays_;
    std::vector<Reading> readings_;
    std::vector<std::uint32_t> effective_;
    std::uint64_t met_ = 0;
    std::uint64_t met_for_good_ = 0;
};

/// In place of an element, where the kind of the disk is behind it.
inline constexpr std::uint32_t nobody = UINT32_MAX;

/// Syncs that reported success and left the media as it was. Until power fails nobody can tell.
class DiskLies {
public:
    /// From now on every sync lies, until stop().
    void begin(std::uint32_t element) { lying_.push_back(element); }
    void stop(std::uint32_t element) { std::erase(lying_, element); }
    [[nodiscard]] bool lying() const { return !lying_.empty(); }
    [[nodiscard]] bool any() const { return !told_.empty(); }

    /// What the media holds where a sync said that `length` bytes at `offset` are durable.
    struct Lie {
        std::uint32_t element = 0;
        std::uint32_t inode = 0;
        std::uint64_t offset = 0;
        Bytes before;  // zeros where there was nothing
    };
    void tell(Lie lie) { told_.push_back(std::move(lie)); }
    /// The element behind a sync of the window that is open now.
    [[nodiscard]] std::uint32_t liar() const { return lying_.back(); }
    /// An honest sync wrote these bytes.
    void corrected(std::uint32_t inode, std::uint64_t offset, ByteSpan data);
    /// In the order in which they were told; they are taken back from the last one on.
    [[nodiscard]] const std::vector<Lie>& told() const { return told_; }
    /// Everything came true, or was lost.
    void clear() { told_.clear(); }
    void mark_effective(std::uint32_t element) { effective_.push_back(element); }
    /// Elements whose lies came to light since the last call.
    std::vector<std::uint32_t> take_effective();

private:
    std::vector<std::uint32_t> lying_;
    std::vector<Lie> told_;
    std::vector<std::uint32_t> effective_;
};

}  // namespace brokersim
