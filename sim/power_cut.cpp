// Where the world counts the instants at which power may fail, and lets it fail at one of them.
#include "sim/power_cut.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"
#include "sim/world.h"

#include <utility>

namespace brokersim {
namespace {

std::uint64_t hash_of(const DiskImage& image) {
    std::uint64_t hash = 0;
    for (const auto& [name, content] : image) {
        hash = broker::fold64(hash, broker::hash_text(name));
        hash = broker::fold64(hash, broker::hash_bytes(content));
    }
    return hash;
}

}  // namespace

void World::after_event() {
    if (phase_ != Phase::warm_up && phase_ != Phase::run) {
        return;
    }
    std::uint64_t activity = 0;
    for (const Host& host : hosts_) {
        activity += host.disk->submitted() + host.disk->completed();
    }
    if (disk_events_ != nullptr && std::exchange(disk_activity_, activity) != activity) {
        disk_events_->push_back(scheduler_.events());
    }
    if (power_cut_ != nullptr && scheduler_.events() == power_cut_->event) {
        cut_power(*power_cut_);
    }
}

void World::cut_power(const PowerCut& cut) {
    CHECK(cut.remains.size() == hosts_.size());
    for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
        remains_ = cut.remains[host];
        crash(host, CrashKind::power);
        remains_.reset();
        scheduler_.push(scheduler_.now() + cut.down, Work{WorkKind::node_start, host, 0, 0});
    }
    for (const Host& host : hosts_) {
        std::vector<AfterCut>& held = after_cut_.emplace_back();
        std::uint64_t const disk = hash_of(host.disk->image());
        for (const broker::PartitionInfo& info : topics_.partitions()) {
            const FoldedLog& log = truth_.durable_log(host.number, info.id);
            const Link* const last = log.at(log.last_index());
            held.push_back(AfterCut{log.last_index(), last == nullptr ? 0 : last->chain,
                                    truth_.hard_state(host.number, info.id), disk});
        }
    }
}

}  // namespace brokersim
