// Trace: the rolling hash of a run, and, when somebody looks, one line per thing that happened.
//
// Every event folds into a 64-bit state; the fold is a bijection of the state before, so no event
// can erase the history behind it. Lines are made only if a sink is set, and never change the hash.
#pragma once

#include "broker_core/base/hash.h"
#include "broker_core/base/time.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim {

class TraceSink {
public:
    TraceSink() = default;
    TraceSink(const TraceSink&) = delete;
    TraceSink& operator=(const TraceSink&) = delete;
    virtual ~TraceSink() = default;
    virtual void line(std::uint64_t event, broker::Time time, std::string_view text) = 0;
};

class RunObserver;

class Trace {
public:
    static constexpr std::uint64_t checkpoint_every = 4096;

    explicit Trace(TraceSink* sink = nullptr, RunObserver* observer = nullptr)
        : sink_{sink}, observer_{observer} {}

    /// Who looks at the run; nullptr: nobody.
    [[nodiscard]] RunObserver* observer() const { return observer_; }
    /// Keeps the state after every event, for finding the first one that differs.
    void keep_states() { keep_states_ = true; }
    /// By number of the event: the state after it; [0] before the first one. Empty unless kept.
    [[nodiscard]] const std::vector<std::uint64_t>& states() const { return states_; }
    /// The run is over: keeps the last state.
    void finish() {
        if (keep_states_) {
            states_.push_back(state_);
        }
    }

    void fold(std::uint64_t word) { state_ = broker::fold64(state_, word); }
    void event(std::uint64_t number, broker::Time time, std::uint64_t what) {
        finish();
        fold(static_cast<std::uint64_t>(time.nanoseconds()));
        fold(what);
        event_ = number;
        time_ = time;
        if (number % checkpoint_every == 0) {
            checkpoints_.push_back(state_);
        }
    }
    /// Text: std::string(); called only if somebody looks.
    template <class Text>
    void line(Text text) {
        if (sink_ != nullptr) {
            sink_->line(event_, time_, text());
        }
    }
    [[nodiscard]] std::uint64_t hash() const { return broker::mix64(state_); }
    /// The state after every checkpoint_every events.
    [[nodiscard]] const std::vector<std::uint64_t>& checkpoints() const { return checkpoints_; }

private:
    TraceSink* sink_;
    RunObserver* observer_;
    bool keep_states_ = false;
    std::vector<std::uint64_t> states_;
    std::uint64_t state_ = 0x62726f6b65727369ULL;  // "brokersi": any constant will do
    std::uint64_t event_ = 0;
    broker::Time time_;
    std::vector<std::uint64_t> checkpoints_;
};

}  // namespace brokersim
