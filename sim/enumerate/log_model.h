// LogModel: what a recovery may find, given what was done to a log and what was promised of it.
//
// The log is a list of states, one per append and cut. A crash may leave the state after the first
// k of them, for some k that is not below what was promised: nothing promised is lost, nothing cut
// returns once its cut was promised, and no entry is skipped. Term and vote likewise.
#pragma once

#include "broker_core/base/hard_state.h"
#include "broker_core/base/ids.h"
#include "broker_core/wal/wal.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::enumeration {

using broker::Bytes;
using broker::ByteSpan;
using broker::HardState;
using broker::LogIndex;
using broker::Term;

/// What is wrong with what a recovery found.
enum class Finding : std::uint8_t {
    lost_acked,   // an entry that was promised is gone, or another stands in its place
    phantom,      // an entry that was never appended
    offset_gap,   // entries that do not follow each other
    resurrected,  // an entry returns that was cut, or that an earlier recovery did not find
    torn_batch,   // an entry without its whole payload
    double_vote,  // a term or vote older than the promised one, never stored, or below the log's
    crashloop,    // a legal image is refused, or the recovery never ends
};
inline constexpr std::size_t finding_count = 7;
/// "LOST_ACKED" and so on.
std::string_view name_of(Finding finding);

/// An entry that was appended once: its place in LogModel::items().
using ItemId = std::uint32_t;
inline constexpr ItemId unknown_item = UINT32_MAX;   // never appended
inline constexpr ItemId torn_item = UINT32_MAX - 1;  // index and term are known, the payload not

struct Item {
    LogIndex index;
    Term term;
    bool control = false;
    Bytes payload;
};

/// What one recovery found.
struct Found {
    const char* refusal = nullptr;  // static text: why it did not come up
    LogIndex base;
    Term base_term;
    bool base_sound = true;     // its content is what was written
    bool gap = false;           // indexes do not follow each other
    std::vector<ItemId> items;  // behind the base
    HardState hard_state;
    Term last_term;
    std::uint64_t fingerprint = 0;  // of base and items

    friend bool operator==(const Found&, const Found&) = default;
};

/// What is promised at one crash point, as ranges of what may be found.
struct Claims {
    std::uint32_t state_least = 0;
    std::uint32_t state_most = 0;
    std::uint32_t vote_least = 0;
    std::uint32_t vote_most = 0;
    LogIndex base_least;
    LogIndex base_most;

    friend bool operator==(const Claims&, const Claims&) = default;
};

struct Judgement {
    Finding finding;
    std::string text;
};

class LogModel {
public:
    LogModel();

    // What is done to the log.
    ItemId append(Item item);
    void truncate(LogIndex first);
    void store(const HardState& state);
    void write_base(LogIndex index);

    // What it promises. Entries up to `index`, with all that was done before them.
    void promise(LogIndex index);
    void promise_all();
    void promise_vote(const HardState& state);
    void promise_base() { base_least_ = base_most_; }
    [[nodiscard]] Claims claims() const;

    [[nodiscard]] const std::vector<Item>& items() const { return items_; }
    [[nodiscard]] LogIndex last_index() const { return LogIndex{states_.back().size()}; }
    /// Of the entry that stands at `index` now; index 0: no term.
    [[nodiscard]] Term term_at(LogIndex index) const;

    /// Names an entry that was read. extras: items that are known besides; they have the numbers
    /// from items().size() on.
    [[nodiscard]] ItemId identify(const broker::wal::RecoveredEntry& entry,
                                  std::span<const Item> extras) const;
    /// What booting found, in numbers.
    [[nodiscard]] Found describe(const broker::wal::Booted& booted,
                                 std::span<const Item> extras) const;
    /// Bytes of the snapshot that stands for the log up to here.
    static Bytes snapshot_of(LogIndex index, Term term);

    /// What is wrong with it, if anything is.
    [[nodiscard]] std::optional<Judgement> judge(const Found& found, const Claims& claims) const;
    /// The same, without words.
    [[nodiscard]] bool allows(const Found& found, const Claims& claims) const;
    /// What is wrong with a recovery that had to find exactly the log `expected`, or with what was
    /// appended since: `extra`, which must be there if `must` holds.
    [[nodiscard]] std::optional<Judgement> judge_again(const Found& found, const Found& expected,
                                                       ItemId extra, bool may, bool must) const;

private:
    using State = std::vector<ItemId>;

    [[nodiscard]] std::optional<Judgement> judge_itself(const Found& found) const;
    [[nodiscard]] std::optional<Judgement> judge_vote(const Found& found,
                                                      const Claims& claims) const;
    [[nodiscard]] std::string text_of(ItemId item) const;
    [[nodiscard]] bool is_state(const Found& found, std::uint32_t state) const;

    std::vector<Item> items_;
    std::vector<std::vector<ItemId>> by_index_;  // all that ever stood at an index
    std::vector<State> states_;
    std::vector<std::uint32_t> appended_at_;  // state that brought the entry, by index - 1
    std::uint32_t promised_ = 0;              // state
    std::vector<HardState> votes_;
    std::uint32_t vote_promised_ = 0;
    LogIndex base_least_;
    LogIndex base_most_;
    // Of each state behind base 0 and behind base_most_, made on demand by describe()'s rule.
    mutable std::vector<std::uint64_t> fingerprints_[2];
};

}  // namespace brokersim::enumeration
