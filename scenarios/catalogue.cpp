// The legality table, the traps, and the ranges of the other catalogues.
#include "scenarios/catalogue.h"

#include "faults/mutant_table.h"
#include "scenarios/properties.h"
#include "scenarios/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace brokersim {
namespace {

constexpr std::string_view as_t03 = "legal if not idempotent and retried";

// "never": such a loss or copy is a bug. Loss with acks=0 is never counted.
constexpr std::array legality = {
    LegalityRow{"T01", "no fault", "never", "never"},
    LegalityRow{"T02", "request lost or connection reset before the append", "no ack exists",
                "never"},
    LegalityRow{"T03", "response lost or timed out, and the client retries", "never",
                "legal if not idempotent, at most one per attempt"},
    LegalityRow{"T04", "process crash of the leader, page cache kept, same leader again", "never",
                as_t03},
    LegalityRow{"T05", "leader change, entry not committed", "legal with acks=1", as_t03},
    LegalityRow{"T06", "leader change, entry committed", "never", as_t03},
    LegalityRow{"T07", "power loss of the leader alone", "legal with acks=1 if not committed",
                as_t03},
    LegalityRow{"T08", "power loss of fewer brokers than a quorum",
                "legal with acks=1 if not committed", as_t03},
    LegalityRow{"T09", "power loss of a quorum or more at once", "legal with acks=1", as_t03},
    LegalityRow{"T10", "torn write in the tail that no sync covered", "as T07 to T09", as_t03},
    LegalityRow{"T11", "synced data silently gone back (a sync that lies, a stale image)",
                "legal with acks=1; with acks=all only without a quorum of intact copies", as_t03},
    LegalityRow{"T12", "detectable damage on fewer brokers than a quorum", "never if committed",
                "never"},
    LegalityRow{"T13", "detectable damage on a quorum or more", "legal, and reported", "never"},
    LegalityRow{"T14", "a sync fails or the disk is full, on the leader",
                "legal with acks=1 if never committed", as_t03},
    LegalityRow{"T15", "a wiped disk whose broker keeps its identity",
                "legal with acks=1 if not committed", as_t03},
    LegalityRow{"T16", "forced reconfiguration, unclean election", "legal, and declared", as_t03},
    LegalityRow{"T17", "producer state legally expired", "never", "legal, at most one per attempt"},
    LegalityRow{"T18", "a client raises its epoch with a batch of unknown fate", "never",
                "legal for those batches"},
    LegalityRow{"T19", "graceful stop and restart", "never", "never"},
    LegalityRow{"T20", "clock jump, skew or pause",
                "legal with acks=1 if deposed meanwhile and not committed", as_t03},
};

constexpr std::array traps = {
    TrapRow{"raft-figure-8", "an entry of an old term on a quorum is not committed by counting"},
    TrapRow{"aba-write", "an old completion arrives after truncate and rewrite"},
    TrapRow{"disjoint-quorums-single-step", "two membership changes at once have two quorums"},
    TrapRow{"crash-inside-recovery", "a node crashes while it recovers from a crash"},
    TrapRow{"crash-between-rename-and-directory-sync", "a new segment's name is not yet durable"},
    TrapRow{"transfer-under-slow-disk", "leadership is transferred while a sync takes long"},
    TrapRow{"sequence-wrap", "a producer's sequence wraps from 2147483647 to 0"},
    TrapRow{"producer-expiry-at-window-edge", "a retry comes as its producer's state expires"},
    TrapRow{"crash-serve-power-loss", "a node serves from its page cache, then loses power"},
    TrapRow{"sigterm-inside-batch-window", "a stop while frames are gathered and not written"},
    TrapRow{"old-leader-isolated", "a leader keeps its clients and loses its followers"},
    TrapRow{"all-brokers-lose-power-with-torn-tails", "every log ends in a torn frame"},
    TrapRow{"retry-after-failover", "a batch's response is lost and its retry meets a new leader"},
};

/// Catalogues of which only the length is known here: faults of disks, processes, networks, clocks
/// and membership, and lessons of the incident.
struct Range {
    std::string_view prefix;
    int last;
};
constexpr std::array ranges = {Range{"FD-", 25}, Range{"FP-", 14}, Range{"FN-", 15},
                               Range{"FC-", 8},  Range{"FM-", 10}, Range{"I-", 36}};

bool in_a_range(std::string_view id) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
        for (int i = 1; i <= range.last; ++i) {
            if (id == fmt::format("{}{:02}", range.prefix, i)) {
                return true;
            }
        }
        return false;
    });
}

constexpr std::string_view trap_prefix = "trap:";

}  // namespace

std::span<const LegalityRow> legality_table() {
    return legality;
}

std::span<const TrapRow> trap_table() {
    return traps;
}

bool covers_something(std::string_view id) {
    auto const is_row = [&](const LegalityRow& row) { return row.id == id; };
    if (std::any_of(legality.begin(), legality.end(), is_row) || find_mutant(id) != nullptr) {
        return true;
    }
    if (id.substr(0, trap_prefix.size()) == trap_prefix) {
        return std::any_of(traps.begin(), traps.end(), [&](const TrapRow& row) {
            return row.name == id.substr(trap_prefix.size());
        });
    }
    return in_a_range(id) || is_invariant(id);
}

std::optional<std::string> nearest_cover(std::string_view id) {
    std::vector<std::string> trap_names;
    for (const TrapRow& row : traps) {
        trap_names.push_back(std::string{trap_prefix} + std::string{row.name});
    }
    std::vector<Candidate> candidates;
    for (const std::string& name : trap_names) {
        candidates.push_back({name});
    }
    for (const MutantRow& row : mutant_table()) {
        candidates.push_back({row.name});
    }
    return nearest(id, candidates);
}

}  // namespace brokersim
