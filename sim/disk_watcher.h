// DiskWatcher: how the truth of a disk is told to whoever keeps it; the broker never sees it.
#pragma once

#include "broker_core/base/bytes.h"

#include <cstdint>
#include <string_view>

namespace brokersim {

class DiskWatcher {
public:
    DiskWatcher() = default;
    DiskWatcher(const DiskWatcher&) = delete;
    DiskWatcher& operator=(const DiskWatcher&) = delete;
    virtual ~DiskWatcher() = default;

    /// A file came to be; `inode` is never used twice on one node.
    virtual void file_created(std::uint32_t node, std::uint32_t inode, std::string_view name) = 0;
    /// A write completed into the cache.
    virtual void written(std::uint32_t node, std::uint32_t inode, std::uint64_t offset,
                         broker::ByteSpan data) = 0;
    /// That write became durable, by a sync.
    virtual void durable(std::uint32_t node, std::uint32_t inode, std::uint64_t offset,
                         broker::ByteSpan data) = 0;
    /// A sync failed, and what it covered never happened: `content` is all the machine reads now.
    virtual void reverted(std::uint32_t node, std::uint32_t inode, broker::ByteSpan content) = 0;
    /// A name now leads to this file for the machine, or durably.
    virtual void linked(std::uint32_t node, std::uint32_t inode, std::string_view name,
                        bool durably) = 0;
    virtual void unlinked(std::uint32_t node, std::string_view name, bool durably) = 0;
    /// After a power loss: this file's name and content are all that is left of it.
    virtual void survived(std::uint32_t node, std::uint32_t inode, std::string_view name,
                          broker::ByteSpan content) = 0;
    /// Told before the survivors: everything else is gone.
    virtual void power_lost(std::uint32_t node) = 0;
    /// Told after them.
    virtual void survivors_told(std::uint32_t node) = 0;
};

}  // namespace brokersim
