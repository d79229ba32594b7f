// CrashState: one state of an enumeration as text that a person can hand on, and its evaluation.
//
// "e41.power.u0110.s1.n01" is the disk after event 41 of the recorded trace and a power loss: a
// letter for each unit, each size choice and each pending name in their order. Letters of units:
//   0 lost, 1 kept, c the new bytes up to a cut, b likewise at a multiple of 8, z zeros, g garbage
// "e41.process.f0-2-1" is the death of the process: of each operation in flight, 0 nothing
// happened, 1 all of it, k a write up to its (k-1)th page border. A crash inside the recovery
// follows: "+e9.power.u..s..n..", counted in its own events.
#pragma once

#include "sim/enumerate/recovery_run.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokersim::enumeration {

enum class Loss : std::uint8_t { power, process };

struct NestedCrash {
    std::size_t event = 0;  // of the recovery's trace: after so many of its events
    Choice choice;

    friend bool operator==(const NestedCrash&, const NestedCrash&) = default;
};

struct CrashState {
    std::size_t event = 0;  // after so many events of the recorded trace
    Loss kind = Loss::power;
    Choice choice;                     // power
    std::vector<std::uint32_t> fates;  // process; see DiskState::process_dies
    std::optional<NestedCrash> nested;

    friend bool operator==(const CrashState&, const CrashState&) = default;
};

std::string text_of(const CrashState& state);
/// Nothing if the text is no state.
std::optional<CrashState> parse_crash_state(std::string_view text);

/// Plays single states of one recording, without tables.
class StatePlayer {
public:
    explicit StatePlayer(LogRecording& recording);

    /// Whether the recording has such a crash point, and so many units and names there.
    [[nodiscard]] bool fits(const CrashState& state);
    /// Recovers from it and says what is wrong, if anything is.
    std::optional<Judgement> play(const CrashState& state);
    /// The same finding with as little as possible: bits are taken away one by one, and the crash
    /// inside the recovery if it does not need it.
    CrashState shrink(const CrashState& state, Finding finding);

    /// How one state comes to be and what becomes of it, a line per step.
    std::vector<std::string> story(const CrashState& state);

private:
    void go_to(std::size_t event);
    /// Makes the image; false if the state does not fit.
    bool make_image(const CrashState& state);
    std::optional<Judgement> play_nested(const NestedCrash& nested, const Claims& claims);
    [[nodiscard]] const Claims& claims_of(const CrashState& state) const;
    bool try_smaller(CrashState& state, const CrashState& smaller, Finding finding);
    bool shrink_choice(CrashState& state, Finding finding, bool of_nested);
    bool shrink_fates(CrashState& state, Finding finding);
    void tell_recording(std::size_t until, std::vector<std::string>& lines) const;
    void tell_choice(const CrashImages& images, const DiskState& disk, const IoTrace& trace,
                     std::vector<std::string>& lines) const;
    void tell_found(const Found& found, std::vector<std::string>& lines) const;

    LogRecording& recording_;
    DiskState disk_;
    DiskState dead_;  // after the death of the process
    CrashImages images_;
    RecoveryRun run_;
    RecoveryRun inner_;
    Image image_;
    bool process_ = false;
};

/// What is wrong with what a crash inside a recovery left: before the log was open the outer claims
/// hold; afterwards all that the recovery had found, and what was appended since.
std::optional<Judgement> judge_nested(const LogModel& model, const Found& found,
                                      const RecoveryRun& run, std::size_t event,
                                      const Claims& claims);

}  // namespace brokersim::enumeration
