// Property: whatever a crash leaves, recovery finds a prefix of what was done, with all that was
// promised in it.
//
// A log on the simulated disk takes drawn appends, truncations, terms and completions, and dies by
// drawn crashes of each kind, several times over, so that every recovery is itself recovered from.
// The model is the list of operations since the log was last wholly durable: the log found must be
// the one after the first k of them, for some k that is not below what was promised. In particular
// nothing promised is lost, nothing truncated returns once its cut was promised, and no entry is
// skipped. Bases cut prefixes or replace the log whole; what was found behind one must be what the
// model has there. Sizes stand around the sector, where most defects hide.
#include "broker_core/base/random.h"
#include "broker_core/wal/wal.h"
#include "tests/support/manual_disk.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

namespace broker::wal {
namespace {

using brokersim::test::ManualDisk;

constexpr DiskIdentity identity{ClusterId{1}, BrokerId{1}, DiskUuid{1}};
constexpr std::array<std::uint64_t, 7> record_sizes = {1, 40, 300, 488, 512, 1000, 1512};

/// Entries as far as the model tells them apart: each append has a number of its own.
struct Item {
    Term term;
    std::uint64_t number;
    std::uint64_t size;

    friend bool operator==(Item const&, Item const&) = default;
};
using Items = std::vector<Item>;

Bytes payload_of(Item const& item) {
    Bytes bytes(std::max<std::uint64_t>(item.size, 8));
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
        if (i + 8 <= bytes.size()) {
            store_le(bytes.data() + i, item.number);
        }
    }
    return bytes;
}

/// Every log since the last moment at which all was durable, the oldest first.
class Model {
public:
    void append(Item const& item) {
        Items next = states_.back();
        next.push_back(item);
        states_.push_back(std::move(next));
        appended_at_.resize(states_.back().size());
        appended_at_.back() = states_.size() - 1;
    }
    void truncate(std::size_t kept) {
        Items next = states_.back();
        next.resize(kept);
        states_.push_back(std::move(next));
        appended_at_.resize(kept);
    }
    /// A base from elsewhere replaces the log: entries up to `index` are nobody's business here.
    void install(std::uint64_t index, Term term) {
        states_.emplace_back(index, Item{term, 0, 0});
        appended_at_.assign(index, states_.size() - 1);
    }
    /// Entry `index` was reported durable: so is everything done up to its append.
    void promised(std::uint64_t index) {
        if (index > 0 && index <= appended_at_.size()) {
            promised_ = std::max(promised_, appended_at_[index - 1]);
        }
    }
    void all_promised() { promised_ = states_.size() - 1; }
    /// Whether a log with this base and these entries behind it may be found.
    [[nodiscard]] bool allows(Base const& base, Items const& found) const {
        std::uint64_t const gone = base.index.value();
        for (std::size_t k = promised_; k < states_.size(); ++k) {
            Items const& state = states_[k];
            bool const based =
                gone <= state.size() && (gone == 0 || state[gone - 1].term == base.term);
            auto const behind = state.begin() + static_cast<std::ptrdiff_t>(based ? gone : 0);
            if (based && std::equal(behind, state.end(), found.begin(), found.end())) {
                return true;
            }
        }
        return false;
    }
    void restart_from(Base const& base, Items found) {
        found.insert(found.begin(), base.index.value(), Item{base.term, 0, 0});
        appended_at_.assign(found.size(), 0);
        states_ = {found};
        promised_ = 0;
    }
    [[nodiscard]] Items const& now() const { return states_.back(); }

private:
    std::vector<Items> states_{Items{}};
    std::vector<std::size_t> appended_at_;  // state that brought the entry; 0: the oldest
    std::size_t promised_ = 0;
};

class CrashRun {
public:
    explicit CrashRun(std::uint64_t seed) : random_{seed, "test.crash"}, disk_{seed} {
        tuning_.segment_bytes = draw(2) == 0 ? 4096 : 8192;
        tuning_.group_window = Duration{};
        tuning_.group_max_batches = 1 + static_cast<std::uint32_t>(draw(4));
        tuning_.max_inflight_writes = 1 + static_cast<std::uint32_t>(draw(4));
        tuning_.max_inflight_syncs = 1 + static_cast<std::uint32_t>(draw(2));
        tuning_.preallocate = draw(2) == 0;
    }

    /// Runs some lives of one log; false, with text(), at the first that breaks the property.
    bool run(int lives) {
        for (int life = 0; life < lives; ++life) {
            if (!start()) {
                return false;
            }
            std::uint64_t const steps = 5 + draw(60);
            for (std::uint64_t step = 0; step < steps; ++step) {
                act();
            }
            crash();
        }
        return true;
    }
    [[nodiscard]] std::uint64_t bases_found() const { return bases_found_; }
    [[nodiscard]] std::string const& text() const { return text_; }
    [[nodiscard]] std::uint64_t recovered_frames() const { return recovered_frames_; }

private:
    std::uint64_t draw(std::uint64_t bound) { return random_.below(bound); }

    bool start() {
        log_.emplace(tuning_, identity, PartitionId{}, disk_.disk, ops_, probes_);
        Result<Booted> const booted = log_->boot();
        if (!booted) {
            text_ = booted.error().where;
            return false;
        }
        Items found;
        for (RecoveredEntry const& entry : booted->entries) {
            std::uint64_t const number = load_le<std::uint64_t>(entry.payload.data());
            found.push_back(Item{entry.term, number, entry.payload.size()});
        }
        if (booted->base.index < base_ || booted->base.index > newest_base_ ||
            (booted->base.index != LogIndex{} &&
             booted->base.snapshot != snapshot_of(booted->base.index, booted->base.term))) {
            text_ = "the base found is none that may be found";
            return false;
        }
        if (!model_.allows(booted->base, found)) {
            text_ = "the log found is none that may be found";
            return false;
        }
        if (booted->hard_state.term < durable_term_ || booted->hard_state.term > term_ ||
            (!found.empty() && found.back().term > booted->hard_state.term)) {
            text_ = "the term found is none that may be found";
            return false;
        }
        recovered_frames_ += found.size();
        found_ = found;
        found_base_ = booted->base;
        bases_found_ += found_base_.index != LogIndex{} ? 1U : 0U;
        term_ = booted->hard_state.term;
        return true;
    }

    void act() {
        if (!log_->open()) {
            complete_one();
            return;
        }
        switch (draw(14)) {
            case 0:
            case 1:
            case 2:
            case 3:
                append();
                break;
            case 4:
                truncate();
                break;
            case 5:
                if (draw(3) == 0) {
                    term_ = term_.next();
                    log_->store(HardState{term_, BrokerId{1}});
                }
                break;
            case 6:
                compact();
                break;
            case 7:
                if (draw(4) == 0) {
                    install();
                }
                break;
            default:
                complete_one();
                break;
        }
        log_->finish_step(Time{});
        listen();
    }
    void append() {
        ++numbers_;
        Item const item{term_, numbers_,
                        std::max<std::uint64_t>(8, record_sizes[draw(record_sizes.size())])};
        log_->append(Time{}, log_->last_index().next(), term_, false, payload_of(item));
        model_.append(item);
        longest_[term_] = std::max(longest_[term_], log_->last_index());
    }
    void truncate() {
        std::uint64_t const last = log_->last_index().value();
        if (last == 0 || draw(3) != 0) {
            return;
        }
        std::uint64_t const first = last - draw(std::min<std::uint64_t>(last, 6));
        if (LogIndex{first} <= newest_base_) {
            return;  // committed
        }
        Term const kept_term = first == 1 ? Term{} : model_.now()[first - 2].term;
        log_->truncate(Time{}, LogIndex{first}, kept_term);
        model_.truncate(first - 1);
    }
    static Bytes snapshot_of(LogIndex index, Term term) {
        Bytes bytes(8 + index.value() % 700, std::byte{0x5a});
        store_le(bytes.data(), index.value() * 1000 + term.value());
        return bytes;
    }
    void compact() {
        LogIndex const flushed = log_->flushed();
        if (log_->compacting() || flushed <= newest_base_) {
            return;
        }
        LogIndex const index = newest_base_ + 1 + draw(flushed.value() - newest_base_.value());
        Term const term = model_.now()[index.value() - 1].term;
        log_->compact(Base{index, term, false, snapshot_of(index, term)});
        newest_base_ = index;
    }
    void install() {
        LogIndex const index = newest_base_ + 1 + draw(12);
        Items const& now = model_.now();
        // An index and a term name one entry: none of this term may have stood there before.
        bool const stood = longest_[term_] >= index;
        if (stood || (index.value() > now.size() && !now.empty() && now.back().term > term_)) {
            return;
        }
        longest_[term_] = index;
        log_->install(Base{index, term_, true, snapshot_of(index, term_)});
        model_.install(index.value(), term_);
        newest_base_ = index;
    }
    void complete_one() {
        if (disk_.pending() == 0) {
            return;
        }
        bool const was_open = log_->open();
        DiskDone const done = disk_.complete_at(draw(disk_.pending()));
        log_->on_disk_done(Time{}, done);
        if (log_->open() && !was_open) {
            // Only from here on: a boot that did not end may have read the cache.
            base_ = found_base_.index;
            newest_base_ = base_;
            model_.restart_from(found_base_, *found_);
        }
        listen();
    }
    /// Takes note of what the log claims.
    void listen() {
        Wal::Output output;
        log_->take(output);
        if (!log_->open()) {
            return;
        }
        if (output.vote) {
            durable_term_ = std::max(durable_term_, output.vote->term());
        }
        model_.promised(log_->flushed().value());
        if (log_->idle()) {
            model_.all_promised();
        }
    }
    void crash() {
        log_.reset();
        std::uint64_t const kind = draw(3);
        if (kind != 0) {
            disk_.crash_process();
        }
        if (kind != 1) {
            disk_.crash_power();
        }
    }

    Random random_;
    ManualDisk disk_;
    WalTuning tuning_;
    OpIds ops_;
    Probes probes_;
    std::optional<Wal> log_;
    Model model_;
    std::optional<Items> found_;
    Base found_base_;
    LogIndex base_;                     // no older one may be found
    LogIndex newest_base_;              // written so far
    std::map<Term, LogIndex> longest_;  // the largest index that ever stood there, by term
    std::uint64_t bases_found_ = 0;
    Term term_;
    Term durable_term_;
    std::uint64_t numbers_ = 0;
    std::uint64_t recovered_frames_ = 0;
    std::string text_;
};

}  // namespace

TEST_CASE("wal: whatever crashes leave, recovery finds a prefix with everything promised",
          "[wal]") {
    std::uint64_t frames = 0;
    std::uint64_t bases = 0;
    for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
        CrashRun run{seed};

        bool const ok = run.run(6);

        INFO("seed " << seed << ": " << run.text());
        REQUIRE(ok);
        frames += run.recovered_frames();
        bases += run.bases_found();
    }
    CHECK(bases > 1'000);
    CHECK(frames > 10'000);
}

}  // namespace broker::wal
