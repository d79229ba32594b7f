// Which images there are: subsets, sizes, torn sectors, names.
#include "broker_core/base/random.h"
#include "sim/enumerate/crash_images.h"

#include <algorithm>

namespace brokersim::enumeration {
namespace {

/// Whether the set bits are none, all, a prefix, a suffix, all but one, or only one of `count`.
bool is_shaped(std::uint32_t mask, std::size_t count) {
    std::uint32_t const all = (1U << count) - 1;
    std::uint32_t const lost = all & ~mask;
    auto const is_run_from_zero = [](std::uint32_t bits) { return (bits & (bits + 1)) == 0; };
    auto const is_single = [](std::uint32_t bits) { return bits != 0 && (bits & (bits - 1)) == 0; };
    return is_run_from_zero(mask) || is_run_from_zero(lost) || is_single(mask) || is_single(lost);
}

}  // namespace

bool CrashImages::visit_all(ImageVisitor& visitor, Families families) {
    std::size_t const count = name_ops_.size();
    std::vector<std::uint8_t> survive(count, 0);
    auto const go = [&] {
        choose_names(survive);
        return visit_units(visitor, families);
    };
    if (count <= all_names_max) {
        for (std::uint32_t mask = 0; mask < (1U << count); ++mask) {
            for (std::size_t i = 0; i < count; ++i) {
                survive[i] = static_cast<std::uint8_t>((mask >> i) & 1U);
            }
            if (!go()) {
                return false;
            }
        }
        return true;
    }
    for (std::size_t prefix = 0; prefix <= count; ++prefix) {
        for (std::size_t i = 0; i < count; ++i) {
            survive[i] = i < prefix ? 1 : 0;
        }
        if (!go()) {
            return false;
        }
    }
    for (std::size_t omitted = 0; omitted + 1 < count; ++omitted) {  // the last one is a prefix
        for (std::size_t i = 0; i < count; ++i) {
            survive[i] = i == omitted ? 0 : 1;
        }
        if (!go()) {
            return false;
        }
    }
    return true;
}

bool CrashImages::visit_subset(ImageVisitor& visitor, bool shaped) {
    return visit_sizes(visitor, shaped) && visit_torn(visitor, shaped);
}

bool CrashImages::visit_units(ImageVisitor& visitor, Families families) {
    std::size_t const count = units_.size();
    std::vector<Fate>& fates = choice_.units;
    if (count <= exhaustive_units_max) {
        for (std::uint32_t mask = 0; mask < (1U << count); ++mask) {
            bool const shaped = is_shaped(mask, count);
            if (families == Families::shaped && !shaped) {
                continue;
            }
            for (std::size_t i = 0; i < count; ++i) {
                fates[i] = ((mask >> i) & 1U) != 0 ? Fate::kept : Fate::lost;
            }
            if (!visit_subset(visitor, shaped)) {
                return false;
            }
        }
        return true;
    }
    for (std::size_t length = 0; length <= count; ++length) {  // prefixes: none and all as well
        for (std::size_t i = 0; i < count; ++i) {
            fates[i] = i < length ? Fate::kept : Fate::lost;
        }
        if (!visit_subset(visitor, true)) {
            return false;
        }
    }
    for (std::size_t begin = 1; begin < count; ++begin) {  // suffixes
        for (std::size_t i = 0; i < count; ++i) {
            fates[i] = i >= begin ? Fate::kept : Fate::lost;
        }
        if (!visit_subset(visitor, true)) {
            return false;
        }
    }
    for (Fate const single : {Fate::lost, Fate::kept}) {  // all but one, only one
        Fate const others = single == Fate::lost ? Fate::kept : Fate::lost;
        for (std::size_t one = 0; one < count; ++one) {
            std::fill(fates.begin(), fates.end(), others);
            fates[one] = single;
            if (!visit_subset(visitor, true)) {
                return false;
            }
        }
    }
    if (families == Families::shaped) {
        return true;
    }
    broker::Random random{seed_, "enumerate.subset", count};
    for (std::size_t drawn = 0; drawn < drawn_subsets; ++drawn) {
        for (std::size_t i = 0; i < count; ++i) {
            fates[i] = random.below(2) == 0 ? Fate::lost : Fate::kept;
        }
        if (!visit_subset(visitor, false)) {
            return false;
        }
    }
    return true;
}

bool CrashImages::visit_sizes(ImageVisitor& visitor, bool shaped) {
    choice_.grown = true;
    std::uint64_t const hash = hash_now();
    bool const sizes_differ = any_growth_;
    if (!visitor.visit(*this, hash, shaped)) {
        return false;
    }
    if (!sizes_differ) {
        return true;
    }
    // Data and size are separate facts of a file system.
    choice_.grown = false;
    return visitor.visit(*this, hash_now(), shaped);
}

/// The sector that was being written when power failed is one of those in flight that are not
/// whole; of many units it is the first of them.
bool CrashImages::visit_torn(ImageVisitor& visitor, bool shaped) {
    bool const every = units_.size() <= exhaustive_units_max;
    for (std::size_t i = 0; i < units_.size(); ++i) {
        const Unit& unit = units_[i];
        if (!unit.in_flight || unit.length < 2 || choice_.units[i] != Fate::lost) {
            continue;
        }
        for (Fate const torn : {Fate::cut, Fate::cut_by_8, Fate::zeros, Fate::garbage}) {
            choice_.units[i] = torn;
            bool const go_on = visit_sizes(visitor, shaped);
            choice_.units[i] = Fate::lost;
            if (!go_on) {
                return false;
            }
        }
        if (!every) {
            return true;
        }
    }
    return true;
}

}  // namespace brokersim::enumeration
