// What an element of each kind may carry: the grammar of the fault vocabulary, as a table.
#pragma once

#include "faults/fault.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace brokersim {

/// Whom a kind can act on.
enum class TargetUse : std::uint8_t {
    none,     // it acts on the groups of a topology, or on a fault
    brokers,  // one or more brokers
    links,    // what leaves or reaches these brokers; without a target every link
    clients,  // one client or all
};

/// How a kind of `random` is placed.
enum class Placement : std::uint8_t {
    never,        // only scripts place it
    every,        // again and again, after a drawn time
    per_message,  // one element over a whole phase, which strikes with a probability
};

/// Whether random elements of a kind wait for work in flight, without which they would find little
/// to break.
enum class Waits : std::uint8_t { no, mostly, always };

/// How many of its nodes a kind takes down: `keep_quorum` and `max_down` limit that.
enum class Downs : std::uint8_t { none, one_by_one, all };

struct KindRules {
    FaultKind kind;
    TargetUse target;
    Placement placement;
    bool lasts;             // takes a `for`
    bool topology;          // needs a topology, may have a direction
    std::string_view args;  // names, separated by blanks
    Waits waits;
    Downs downs;
};

std::span<const KindRules> kind_rules();
const KindRules& rules_of(FaultKind kind);

/// The words that "only" of this kind may hold, as bits; 0: it strikes no single messages.
std::uint32_t words_struck_by(FaultKind kind);

/// An operation of an administrator, which the leader of a partition takes or refuses.
bool is_administration(FaultKind kind);
/// Damage to what a disk stores, or seems to: the budget decides whether it may happen.
bool is_damage(FaultKind kind);
/// Whether a broker may come to hold a partition by it that did not when the topic was created.
bool may_move_replicas(FaultKind kind);

std::optional<FaultKind> fault_kind_named(std::string_view name);

/// Whether `list`, words separated by blanks, has `word`.
bool has_word(std::string_view list, std::string_view word);

}  // namespace brokersim
