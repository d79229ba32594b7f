// Overlays, and what a reading makes of them.
#include "sim/disk_damage.h"

#include <algorithm>

namespace brokersim {
namespace {

struct Range {
    std::uint64_t begin;
    std::uint64_t end;
};

/// The bytes that two ranges share; empty (begin >= end) if none.
Range common(std::uint64_t offset, std::uint64_t length, std::uint64_t other,
             std::uint64_t other_length) {
    return Range{std::max(offset, other), std::min(offset + length, other + other_length)};
}

}  // namespace

void DiskDamage::show(std::uint32_t element, std::uint32_t inode, std::uint64_t offset,
                      Bytes shown) {
    std::uint64_t const length = shown.size();
    overlays_.push_back(Overlay{element, inode, offset, length, std::move(shown), false});
}

void DiskDamage::hide(std::uint32_t element, std::uint32_t inode, std::uint64_t offset,
                      std::uint64_t length) {
    overlays_.push_back(Overlay{element, inode, offset, length, {}, false});
}

void DiskDamage::mislead(std::uint32_t element, std::uint32_t inode, std::uint64_t offset,
                         Bytes shown) {
    std::uint64_t const length = shown.size();
    overlays_.push_back(Overlay{element, inode, offset, length, std::move(shown), true});
}

void DiskDamage::lift(std::uint32_t element) {
    std::erase_if(overlays_, [=](const Overlay& one) { return one.element == element; });
}

void DiskDamage::overwritten(std::uint32_t inode, std::uint64_t offset, std::uint64_t length) {
    std::erase_if(overlays_, [=](const Overlay& one) {
        Range const shared = common(one.offset, one.length, offset, length);
        return one.inode == inode && shared.begin < shared.end;
    });
}

void DiskDamage::went_back(std::uint32_t inode, std::uint64_t offset, std::uint64_t length) {
    std::erase_if(overlays_, [=](const Overlay& one) {
        Range const shared = common(one.offset, one.length, offset, length);
        return one.once && one.inode == inode && shared.begin < shared.end;
    });
}

void DiskDamage::forget(std::uint32_t inode) {
    std::erase_if(overlays_, [=](const Overlay& one) { return one.inode == inode; });
}

void DiskDamage::count(std::uint32_t element) {
    auto const at = std::find_if(readings_.begin(), readings_.end(), [=](const Reading& reading) {
        return reading.element == element;
    });
    if (at == readings_.end()) {
        readings_.push_back(Reading{element, 1});
    } else {
        ++at->count;
    }
}

bool DiskDamage::read(std::uint32_t inode, std::uint64_t offset, Bytes& content) {
    bool readable = true;
    Bytes const right = content;  // each is measured by it: any one of several would have sufficed
    std::erase_if(overlays_, [&](const Overlay& one) {
        if (one.inode != inode) {
            return false;
        }
        Range const shared = common(one.offset, one.length, offset, content.size());
        if (shared.begin >= shared.end) {
            return false;
        }
        count(one.element);  // damage that nobody reads is latent, and proves nothing
        bool differs = one.shown.empty();
        readable = readable && !one.shown.empty();
        for (std::uint64_t at = shared.begin; !one.shown.empty() && at < shared.end; ++at) {
            std::byte const shown = one.shown[at - one.offset];
            differs = differs || right[at - offset] != shown;
            content[at - offset] = shown;
        }
        if (differs) {
            ++met_;
            met_for_good_ += one.once ? 0U : 1U;
            effective_.push_back(one.element);
        }
        // A reading that stopped before what is wrong is not the one that shows it.
        return one.once && differs;
    });
    return readable;
}

bool DiskDamage::is_damaged(std::uint32_t inode) const {
    return std::any_of(overlays_.begin(), overlays_.end(),
                       [=](const Overlay& one) { return one.inode == inode && !one.once; });
}

std::uint64_t DiskDamage::chances(std::uint32_t element) const {
    for (const Reading& reading : readings_) {
        if (reading.element == element) {
            return reading.count;
        }
    }
    return 0;
}

std::vector<std::uint32_t> DiskDamage::take_effective() {
    std::vector<std::uint32_t> taken;
    taken.swap(effective_);
    return taken;
}

std::vector<std::uint32_t> DiskLies::take_effective() {
    std::vector<std::uint32_t> taken;
    taken.swap(effective_);
    return taken;
}

void DiskLies::corrected(std::uint32_t inode, std::uint64_t offset, ByteSpan data) {
    for (Lie& lie : told_) {
        Range const shared = common(lie.offset, lie.before.size(), offset, data.size());
        for (std::uint64_t at = shared.begin; lie.inode == inode && at < shared.end; ++at) {
            lie.before[at - lie.offset] = data[at - offset];
        }
    }
}

}  // namespace brokersim
