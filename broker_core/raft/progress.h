// What a leader knows of one follower's log, and how it feeds it.
#pragma once

#include "broker_core/base/ids.h"
#include "broker_core/base/time.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

namespace broker::raft {

/// Two modes. Probing: one append at a time until the logs are known to agree. Replicating:
/// appends are sent ahead of their replies, up to a window.
/// Invariant: match < next. Every entry <= match is stored on the follower and equal to ours.
class Progress {
public:
    explicit Progress(LogIndex next) : next_{next} {}

    [[nodiscard]] LogIndex match() const { return match_; }
    [[nodiscard]] LogIndex next() const { return next_; }
    [[nodiscard]] bool replicating() const { return replicating_; }
    [[nodiscard]] bool may_send(std::uint32_t window) const {
        return replicating_ ? in_flight_.size() < window : !probe_sent_;
    }

    void sent(LogIndex last, Time now) {
        last_sent_ = now;
        if (!replicating_) {
            probe_sent_ = true;
            return;
        }
        if (last >= next_) {
            next_ = last.next();
            in_flight_.push_back(last);
        }
    }
    void heartbeat_sent(Time now) { last_sent_ = now; }
    [[nodiscard]] Time last_sent() const { return last_sent_; }

    /// The follower holds everything up to `index`. Returns whether that is news.
    bool accepted(LogIndex index) {
        while (!in_flight_.empty() && in_flight_.front() <= index) {
            in_flight_.pop_front();
        }
        bool const news = index > match_;
        if (news) {
            match_ = index;
        }
        if (next_ <= match_) {
            next_ = match_.next();
        }
        if (!replicating_) {
            replicating_ = true;
            next_ = match_.next();
        }
        probe_sent_ = false;
        return news;
    }
    /// The follower refused an append behind `index`; `retry` is where the logs may agree.
    /// Returns whether the leader should send again from there now. Datagrams overtake each other,
    /// so a refusal in full flow mostly means "not yet"; only a gap that stands for `patience` is
    /// a loss, and going back earlier would send the whole window again for each of them.
    bool rejected(LogIndex index, LogIndex retry, Time now, Duration patience) {
        if (index <= match_ || (!replicating_ && next_ != index.next())) {
            return false;
        }
        if (replicating_) {
            if (!gap_ || *gap_ != retry) {
                gap_ = retry;
                gap_since_ = now;
            }
            if (now < gap_since_ + patience) {
                return false;
            }
        }
        gap_.reset();
        replicating_ = false;
        in_flight_.clear();
        next_ = retry < match_ ? match_.next() : retry.next();
        probe_sent_ = false;
        return true;
    }
    /// The follower came back without entries it had confirmed: it holds at most what it agrees
    /// on up to `retry`, and is probed from there.
    void forgot(LogIndex retry) {
        match_ = std::min(match_, retry);
        next_ = match_.next();
        gap_.reset();
        replicating_ = false;
        in_flight_.clear();
        probe_sent_ = false;
    }
    /// A sign of life that says nothing of the log: a lost probe, or a lost append at the head of
    /// a full window, may be sent again.
    void alive(std::uint32_t window) {
        probe_sent_ = false;
        if (in_flight_.size() >= window) {
            in_flight_.pop_front();
        }
    }

    bool heard_since_check = false;  // for check-quorum
    bool heard_before = false;       // in the period before this one

private:
    LogIndex match_;
    LogIndex next_;
    bool replicating_ = false;
    bool probe_sent_ = false;
    std::deque<LogIndex> in_flight_;  // last index of each append without a reply, ascending
    Time last_sent_;
    std::optional<LogIndex> gap_;  // replicating: where the follower's log ended when it refused
    Time gap_since_;
};

}  // namespace broker::raft
