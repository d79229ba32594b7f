// What a leader knows of one member's log, and how it feeds it.
#pragma once

#include "broker_core/base/ids.h"
#include "broker_core/base/time.h"
#include "broker_core/base/tuning.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

namespace broker::raft {

/// Three modes. Probing: one append at a time until the logs are known to agree. Replicating:
/// appends are sent ahead of their replies, up to a window of messages and bytes. Installing: what
/// the member needs is only in the snapshot, which goes over chunk by chunk, one at a time.
/// Invariant: match < next. Every entry <= match is stored on the member and equal to ours.
class Progress {
public:
    explicit Progress(LogIndex next) : next_{next} {}

    [[nodiscard]] LogIndex match() const { return match_; }
    [[nodiscard]] LogIndex next() const { return next_; }
    [[nodiscard]] bool replicating() const { return mode_ == Mode::replicating; }
    [[nodiscard]] bool installing() const { return mode_ == Mode::installing; }
    [[nodiscard]] bool may_send(const RaftTuning& tuning) const {
        switch (mode_) {
            case Mode::probing:
                return !waiting_;
            case Mode::replicating:
                return in_flight_.size() < tuning.max_inflight &&
                       bytes_in_flight_ < tuning.max_inflight_bytes;
            case Mode::installing:
                break;
        }
        return false;
    }

    /// An append with `bytes` of payload left; its last entry is `last`.
    void sent(LogIndex last, std::uint64_t bytes) {
        if (mode_ != Mode::replicating) {
            waiting_ = true;
            return;
        }
        if (last >= next_) {
            next_ = last.next();
            in_flight_.push_back(InFlight{last, bytes});
            bytes_in_flight_ += bytes;
        }
    }

    /// The member holds everything up to `index`. Returns whether that is news.
    bool accepted(LogIndex index) {
        while (!in_flight_.empty() && in_flight_.front().last <= index) {
            pop_in_flight();
        }
        forgets_since_.reset();
        bool const news = index > match_;
        if (news) {
            match_ = index;
        }
        if (next_ <= match_) {
            next_ = match_.next();
        }
        // While a snapshot goes over only what lies beyond it shows that it arrived.
        if (mode_ == Mode::probing || (mode_ == Mode::installing && index >= installs_)) {
            mode_ = Mode::replicating;
            next_ = match_.next();
        }
        waiting_ = false;
        return news;
    }
    /// The member refused an append behind `index`; `retry` is where the logs may agree.
    /// Returns whether the leader should send again from there now. Datagrams overtake each other,
    /// so a refusal in full flow mostly means "not yet"; only a gap that stands for `patience` is
    /// a loss, and going back earlier would send the whole window again for each of them.
    bool rejected(LogIndex index, LogIndex retry, Time now, Duration patience) {
        if (index <= match_ || mode_ == Mode::installing ||
            (mode_ == Mode::probing && next_ != index.next())) {
            return false;
        }
        if (mode_ == Mode::replicating) {
            if (!gap_ || *gap_ != retry) {
                gap_ = retry;
                gap_since_ = now;
            }
            if (now < gap_since_ + patience) {
                return false;
            }
        }
        probe(retry < match_ ? match_.next() : retry.next());
        return true;
    }
    /// The member refused what it had confirmed. One such refusal may come late; if it still
    /// refuses after `patience`, it has lost entries: it holds at most what it agrees on up to
    /// `retry`, and is probed from there. Returns whether the leader should send again now.
    bool forgot(LogIndex retry, Time now, Duration patience) {
        if (!forgets_since_) {
            forgets_since_ = now;
        }
        if (now < *forgets_since_ + patience) {
            return false;
        }
        forgets_since_.reset();
        match_ = std::min(match_, retry);
        probe(match_.next());
        return true;
    }
    /// A sign of life that says nothing of the log: a lost probe or chunk, or a lost append at the
    /// head of a full window, may be sent again.
    void alive(const RaftTuning& tuning) {
        waiting_ = false;
        if (mode_ == Mode::replicating && !in_flight_.empty() && !may_send(tuning)) {
            pop_in_flight();
        }
    }

    /// What the member needs is in the snapshot that stands for the log up to `index`.
    void install(LogIndex index) {
        clear_in_flight();
        mode_ = Mode::installing;
        installs_ = index;
        offset_ = 0;
        waiting_ = false;
    }
    /// Which snapshot goes over, and where its next chunk begins.
    [[nodiscard]] LogIndex installs() const { return installs_; }
    [[nodiscard]] std::uint64_t chunk_offset() const { return offset_; }
    [[nodiscard]] bool may_send_chunk() const { return mode_ == Mode::installing && !waiting_; }
    void chunk_sent() { waiting_ = true; }
    /// The member wants the chunk at `offset` next.
    void chunk_wanted(std::uint64_t offset) {
        offset_ = offset;
        waiting_ = false;
    }

    bool heard_since_check = false;     // for check-quorum
    bool heard_before = false;          // in the period before this one
    std::uint64_t confirmed_round = 0;  // of reads: it knew us as leader after they were asked

private:
    enum class Mode : std::uint8_t { probing, replicating, installing };
    struct InFlight {
        LogIndex last;
        std::uint64_t bytes;
    };

    void probe(LogIndex next) {
        clear_in_flight();
        gap_.reset();
        mode_ = Mode::probing;
        next_ = next;
        waiting_ = false;
    }
    void pop_in_flight() {
        bytes_in_flight_ -= in_flight_.front().bytes;
        in_flight_.pop_front();
    }
    void clear_in_flight() {
        in_flight_.clear();
        bytes_in_flight_ = 0;
    }

    LogIndex match_;
    LogIndex next_;
    Mode mode_ = Mode::probing;
    bool waiting_ = false;            // probing or installing: for the answer to what was sent
    std::deque<InFlight> in_flight_;  // appends without a reply, ascending
    std::uint64_t bytes_in_flight_ = 0;
    std::optional<LogIndex> gap_;  // replicating: where the member's log ended when it refused
    Time gap_since_;
    std::optional<Time> forgets_since_;  // it refuses what it had confirmed
    LogIndex installs_;
    std::uint64_t offset_ = 0;
};

}  // namespace broker::raft
