// Keeping the states of a log, and holding what was found against them.
#include "sim/enumerate/log_model.h"

#include "broker_core/base/check.h"
#include "broker_core/base/hash.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace brokersim::enumeration {
namespace {

std::uint64_t begin_fingerprint(LogIndex base, Term term) {
    return broker::fold64(broker::fold64(17, base.value()), term.value());
}

}  // namespace

std::string_view name_of(Finding finding) {
    switch (finding) {
        case Finding::lost_acked:
            return "LOST_ACKED";
        case Finding::phantom:
            return "PHANTOM";
        case Finding::offset_gap:
            return "OFFSET_GAP";
        case Finding::resurrected:
            return "RESURRECTED";
        case Finding::torn_batch:
            return "TORN_BATCH";
        case Finding::double_vote:
            return "DOUBLE_VOTE";
        case Finding::crashloop:
            return "CRASHLOOP";
    }
    return "";
}

LogModel::LogModel() : states_{State{}}, votes_{HardState{}} {}

ItemId LogModel::append(Item item) {
    CHECK(item.index == last_index().next());
    auto const id = static_cast<ItemId>(items_.size());
    by_index_.resize(std::max<std::size_t>(by_index_.size(), item.index.value()));
    by_index_[item.index.value() - 1].push_back(id);
    items_.push_back(std::move(item));
    State next = states_.back();
    next.push_back(id);
    states_.push_back(std::move(next));
    appended_at_.push_back(static_cast<std::uint32_t>(states_.size() - 1));
    return id;
}

void LogModel::truncate(LogIndex first) {
    State next = states_.back();
    next.resize(first.value() - 1);
    states_.push_back(std::move(next));
    appended_at_.resize(first.value() - 1);
}

void LogModel::store(const HardState& state) {
    votes_.push_back(state);
}

void LogModel::write_base(LogIndex index) {
    CHECK(base_most_ == LogIndex{});  // one base is enough for a small log
    base_most_ = index;
    fingerprints_[1].clear();
}

void LogModel::promise(LogIndex index) {
    if (index > LogIndex{} && index <= last_index()) {
        promised_ = std::max(promised_, appended_at_[index.value() - 1]);
    }
}

void LogModel::promise_all() {
    promised_ = static_cast<std::uint32_t>(states_.size() - 1);
    vote_promised_ = static_cast<std::uint32_t>(votes_.size() - 1);
}

void LogModel::promise_vote(const HardState& state) {
    for (std::uint32_t i = vote_promised_; i < votes_.size(); ++i) {
        if (votes_[i] == state) {
            vote_promised_ = i;
        }
    }
}

Claims LogModel::claims() const {
    return Claims{promised_,      static_cast<std::uint32_t>(states_.size() - 1),
                  vote_promised_, static_cast<std::uint32_t>(votes_.size() - 1),
                  base_least_,    base_most_};
}

Term LogModel::term_at(LogIndex index) const {
    return index == LogIndex{} ? Term{} : items_[states_.back()[index.value() - 1]].term;
}

Bytes LogModel::snapshot_of(LogIndex index, Term term) {
    Bytes bytes(8 + index.value() % 700, std::byte{0x5a});
    broker::store_le(bytes.data(), index.value() * 1000 + term.value());
    return bytes;
}

ItemId LogModel::identify(const broker::wal::RecoveredEntry& entry,
                          std::span<const Item> extras) const {
    bool known = false;
    auto const is = [&](const Item& item) {
        if (item.index != entry.index || item.term != entry.term) {
            return false;
        }
        known = true;
        if (item.control != entry.control || item.payload.size() != entry.payload.size()) {
            return false;
        }
        return entry.payload.empty() ||
               std::memcmp(item.payload.data(), entry.payload.data(), entry.payload.size()) == 0;
    };
    if (entry.index.value() >= 1 && entry.index.value() <= by_index_.size()) {
        for (ItemId const id : by_index_[entry.index.value() - 1]) {
            if (is(items_[id])) {
                return id;
            }
        }
    }
    for (std::size_t i = 0; i < extras.size(); ++i) {
        if (is(extras[i])) {
            return static_cast<ItemId>(items_.size() + i);
        }
    }
    return known ? torn_item : unknown_item;
}

Found LogModel::describe(const broker::wal::Booted& booted, std::span<const Item> extras) const {
    Found found;
    found.base = booted.base.index;
    found.base_term = booted.base.term;
    found.base_sound = found.base == LogIndex{} ||
                       (found.base == base_most_ &&
                        booted.base.snapshot == snapshot_of(found.base, found.base_term));
    found.hard_state = booted.hard_state;
    found.last_term = found.base_term;
    found.fingerprint = begin_fingerprint(found.base, found.base_term);
    found.items.reserve(booted.entries.size());
    LogIndex next = found.base.next();
    for (const broker::wal::RecoveredEntry& entry : booted.entries) {
        found.gap = found.gap || entry.index != next;
        next = entry.index.next();
        found.items.push_back(identify(entry, extras));
        found.fingerprint = broker::fold64(found.fingerprint, found.items.back());
        found.last_term = entry.term;
    }
    return found;
}

bool LogModel::is_state(const Found& found, std::uint32_t number) const {
    bool const based = found.base != LogIndex{};
    std::vector<std::uint64_t>& known = fingerprints_[based ? 1 : 0];
    for (std::size_t i = known.size(); i < states_.size(); ++i) {
        const State& state = states_[i];
        std::size_t const gone = found.base.value();
        if (gone > state.size()) {
            known.push_back(0);
            continue;
        }
        Term const term = gone == 0 ? Term{} : items_[state[gone - 1]].term;
        std::uint64_t print = begin_fingerprint(found.base, term);
        for (std::size_t at = gone; at < state.size(); ++at) {
            print = broker::fold64(print, state[at]);
        }
        known.push_back(print);
    }
    return known[number] == found.fingerprint;
}

bool LogModel::allows(const Found& found, const Claims& claims) const {
    if (found.refusal != nullptr || found.gap || !found.base_sound ||
        found.base < claims.base_least || found.base > claims.base_most ||
        judge_vote(found, claims)) {
        return false;
    }
    for (std::uint32_t state = claims.state_most + 1; state > claims.state_least; --state) {
        if (is_state(found, state - 1)) {
            return true;
        }
    }
    return false;
}

std::string LogModel::text_of(ItemId item) const {
    if (item >= items_.size()) {
        return "the entry appended after the first recovery";
    }
    return fmt::format("entry {} of term {}", items_[item].index.value(),
                       items_[item].term.value());
}

std::optional<Judgement> LogModel::judge_itself(const Found& found) const {
    if (found.refusal != nullptr) {
        return Judgement{Finding::crashloop, found.refusal};
    }
    if (found.gap) {
        return Judgement{Finding::offset_gap, "the indexes found do not follow each other"};
    }
    for (std::size_t i = 0; i < found.items.size(); ++i) {
        std::uint64_t const index = found.base.value() + i + 1;
        if (found.items[i] == unknown_item) {
            return Judgement{Finding::phantom, fmt::format("entry {} was never appended", index)};
        }
        if (found.items[i] == torn_item) {
            return Judgement{
                Finding::torn_batch,
                fmt::format("entry {} has not the payload it was appended with", index)};
        }
    }
    if (!found.base_sound) {
        return Judgement{Finding::phantom, "the base found was never written"};
    }
    return std::nullopt;
}

std::optional<Judgement> LogModel::judge_vote(const Found& found, const Claims& claims) const {
    bool stored = false;
    for (std::uint32_t i = claims.vote_least; i <= claims.vote_most; ++i) {
        stored = stored || votes_[i] == found.hard_state;
    }
    if (stored && found.last_term <= found.hard_state.term) {
        return std::nullopt;
    }
    const HardState& promised = votes_[claims.vote_least];
    return Judgement{
        Finding::double_vote,
        fmt::format("term {} and vote {} were found; promised were {} and {}, the log is of term "
                    "{}",
                    found.hard_state.term.value(), found.hard_state.vote.value(),
                    promised.term.value(), promised.vote.value(), found.last_term.value())};
}

std::optional<Judgement> LogModel::judge(const Found& found, const Claims& claims) const {
    if (allows(found, claims)) {
        return std::nullopt;
    }
    if (std::optional<Judgement> const itself = judge_itself(found)) {
        return itself;
    }
    if (std::optional<Judgement> const vote = judge_vote(found, claims)) {
        return vote;
    }
    if (found.base < claims.base_least || found.base > claims.base_most) {
        return Judgement{
            Finding::lost_acked,
            fmt::format("the base found ends at {}; it may at {} to {}", found.base.value(),
                        claims.base_least.value(), claims.base_most.value())};
    }
    // What must be there is what all states have that may be found.
    auto const has = [](const State& state, ItemId item) {
        return std::find(state.begin(), state.end(), item) != state.end();
    };
    for (ItemId const item : states_[claims.state_least]) {
        bool must = items_[item].index > found.base;
        for (std::uint32_t k = claims.state_least; k <= claims.state_most; ++k) {
            must = must && has(states_[k], item);
        }
        if (must && !has(found.items, item)) {
            return Judgement{Finding::lost_acked,
                             fmt::format("{} was promised and is gone", text_of(item))};
        }
    }
    for (ItemId const item : found.items) {
        bool may = false;
        for (std::uint32_t k = claims.state_least; k <= claims.state_most; ++k) {
            may = may || has(states_[k], item);
        }
        if (!may) {
            return Judgement{Finding::resurrected,
                             fmt::format("{} was cut, durably, and is back", text_of(item))};
        }
    }
    return Judgement{Finding::resurrected, "entries stand together that never did"};
}

std::optional<Judgement> LogModel::judge_again(const Found& found, const Found& expected,
                                               ItemId extra, bool may, bool must) const {
    if (std::optional<Judgement> const itself = judge_itself(found)) {
        return itself;
    }
    if (found.hard_state != expected.hard_state || found.last_term > found.hard_state.term) {
        return Judgement{Finding::double_vote,
                         "term and vote differ from what the recovery before had made durable"};
    }
    if (found.base != expected.base) {
        return Judgement{Finding::lost_acked, "another base than the recovery before had found"};
    }
    std::size_t const count = expected.items.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (i >= found.items.size() || found.items[i] != expected.items[i]) {
            return Judgement{
                Finding::lost_acked,
                fmt::format("{} was found, made durable, and is gone", text_of(expected.items[i]))};
        }
    }
    bool const appended = found.items.size() > count && found.items[count] == extra;
    if (must && !appended) {
        return Judgement{Finding::lost_acked,
                         fmt::format("{} was promised and is gone", text_of(extra))};
    }
    if (found.items.size() > count + (appended && may ? 1U : 0U)) {
        std::size_t const at = count + (appended ? 1U : 0U);
        return Judgement{Finding::resurrected,
                         fmt::format("{} is back; the recovery before had not found it",
                                     text_of(found.items[std::min(at, found.items.size() - 1)]))};
    }
    return std::nullopt;
}

}  // namespace brokersim::enumeration
