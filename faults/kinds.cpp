// The table of kinds: one row per enumerator, in its order.
#include "faults/kinds.h"

#include "broker_core/base/check.h"

#include <algorithm>

namespace brokersim {
namespace {

using enum TargetUse;
using K = FaultKind;
using P = Placement;

using W = Waits;
using D = Downs;

// kind, target, placement, for, topology, args, waits, downs
constexpr KindRules rules[] = {
    {K::crash, brokers, P::every, true, false, "kind retract", W::mostly, D::all},
    {K::shutdown, brokers, P::every, true, false, "grace", W::mostly, D::all},
    {K::restart, brokers, P::never, false, false, "", W::no, D::none},
    {K::all_down, none, P::every, true, false, "kind by", W::no, D::all},
    {K::start_order, none, P::every, true, false, "kind by", W::no, D::all},
    {K::rolling_restart, brokers, P::every, false, false, "kind by graceful waits", W::no,
     D::one_by_one},
    {K::crash_loop, brokers, P::every, false, false, "kind times", W::no, D::all},
    {K::pause, brokers, P::every, true, false, "", W::always, D::none},
    {K::suspend, brokers, P::every, true, false, "counts_suspend", W::always, D::none},
    {K::slow_cpu, brokers, P::every, true, false, "by", W::no, D::none},
    {K::late_timer, brokers, P::every, true, false, "by", W::no, D::none},
    {K::clock_skew, brokers, P::every, true, false, "offset", W::no, D::none},
    {K::clock_drift, brokers, P::every, true, false, "ppm", W::no, D::none},
    {K::clock_forward, brokers, P::every, true, false, "by", W::no, D::none},
    {K::clock_back, brokers, P::every, true, false, "by", W::no, D::none},
    {K::clock_freeze, brokers, P::every, true, false, "", W::no, D::none},
    {K::monotonic_drift, brokers, P::every, true, false, "ppm", W::no, D::none},
    {K::partition, none, P::every, true, true, "", W::no, D::none},
    {K::drop, links, P::per_message, true, false, "probability", W::no, D::none},
    {K::duplicate, links, P::per_message, true, false, "probability", W::no, D::none},
    {K::reorder, links, P::per_message, true, false, "probability by", W::no, D::none},
    {K::delay, links, P::every, true, false, "by", W::no, D::none},
    {K::reset, clients, P::every, false, false, "point", W::no, D::none},
    {K::clog, links, P::every, true, false, "", W::no, D::none},
    {K::slow_link, links, P::every, true, false, "factor", W::no, D::none},
    {K::bandwidth, links, P::every, true, false, "bytes_per_second queue", W::no, D::none},
    {K::flap, none, P::every, true, true, "by", W::no, D::none},
    {K::client_partition, brokers, P::every, true, false, "", W::no, D::none},
    {K::half_open, clients, P::every, false, false, "", W::no, D::none},
    {K::refuse, brokers, P::every, true, false, "", W::no, D::none},
    {K::disk_stall, brokers, P::every, true, false, "", W::always, D::none},
    {K::slow_disk, brokers, P::every, true, false, "factor", W::always, D::none},
    {K::sync_error, brokers, P::every, true, false, "strikes during nth", W::mostly, D::all},
    {K::write_error, brokers, P::every, true, false, "strikes", W::mostly, D::all},
    {K::read_error, brokers, P::every, true, false, "strikes", W::no, D::all},
    {K::short_write, brokers, P::every, true, false, "strikes", W::mostly, D::none},
    {K::short_read, brokers, P::every, true, false, "strikes", W::no, D::none},
    {K::disk_full, brokers, P::every, true, false, "full_at strikes", W::mostly, D::all},
    {K::bit_rot, brokers, P::every, true, false, "damage_at while_up", W::no, D::all},
    {K::sector_error, brokers, P::every, true, false, "damage_at while_up", W::no, D::all},
    {K::misdirected_write, brokers, P::every, true, false, "while_up", W::no, D::all},
    {K::lost_write, brokers, P::every, true, false, "lost_at", W::no, D::all},
    {K::read_flip, brokers, P::every, false, false, "while_up", W::no, D::all},
    {K::misdirected_read, brokers, P::every, false, false, "while_up", W::no, D::all},
    {K::stale_read, brokers, P::every, false, false, "", W::no, D::all},
    {K::lost_fsync, brokers, P::every, true, false, "then_power", W::no, D::all},
    {K::stale_image, brokers, P::every, true, false, "", W::no, D::all},
    {K::wipe, brokers, P::every, false, false, "keeps_identity", W::no, D::all},
    {K::transfer_leader, brokers, P::every, false, false, "partition", W::no, D::none},
    {K::add_voter, brokers, P::every, false, false, "partition asks_early", W::no, D::none},
    {K::remove_voter, brokers, P::every, false, false, "partition asks_early", W::no, D::none},
    {K::add_learner, brokers, P::every, false, false, "partition asks_early", W::no, D::none},
    {K::promote, none, P::every, false, false, "partition asks_early", W::no, D::none},
    {K::replace_voter, brokers, P::every, false, false, "partition asks_early", W::no, D::none},
    {K::joint_change, none, P::every, false, false, "partition asks_early", W::no, D::none},
    {K::delete_records, none, P::every, false, false, "partition percent", W::no, D::none},
    {K::force_reconfigure, none, P::every, false, false, "partition", W::no, D::none},
    {K::heal, none, P::never, false, false, "fault", W::no, D::none},
};
static_assert(std::size(rules) == fault_kind_count);

}  // namespace

std::span<const KindRules> kind_rules() {
    return rules;
}

const KindRules& rules_of(FaultKind kind) {
    const KindRules& found = rules[static_cast<std::size_t>(kind)];
    CHECK(found.kind == kind);
    return found;
}

std::uint32_t words_struck_by(FaultKind kind) {
    constexpr std::uint32_t all = (1U << message_words.size()) - 1;
    constexpr std::uint32_t between_brokers = bit_of(MessageWord::produce) - 1;
    constexpr std::array of_all = {K::partition, K::flap, K::delay, K::slow_link};
    constexpr std::array of_datagrams = {K::drop, K::duplicate, K::reorder, K::clog, K::bandwidth};
    if (std::find(of_all.begin(), of_all.end(), kind) != of_all.end()) {
        return all;
    }
    return std::find(of_datagrams.begin(), of_datagrams.end(), kind) != of_datagrams.end()
               ? between_brokers
               : 0;
}

bool is_administration(FaultKind kind) {
    return kind >= FaultKind::transfer_leader && kind <= FaultKind::delete_records;
}

bool is_damage(FaultKind kind) {
    return kind >= FaultKind::bit_rot && kind <= FaultKind::wipe;
}

bool may_move_replicas(FaultKind kind) {
    return kind == FaultKind::add_voter || kind == FaultKind::add_learner ||
           kind == FaultKind::replace_voter || kind == FaultKind::joint_change;
}

std::optional<FaultKind> fault_kind_named(std::string_view name) {
    auto const found = std::find(fault_kind_names.begin(), fault_kind_names.end(), name);
    if (found == fault_kind_names.end()) {
        return std::nullopt;
    }
    return static_cast<FaultKind>(found - fault_kind_names.begin());
}

bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        std::size_t const end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == word) {
            return true;
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

}  // namespace brokersim
